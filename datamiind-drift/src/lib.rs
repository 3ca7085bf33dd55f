//! Schema drift: what changed, what the policy says, what to do.
