//! The reference source.
