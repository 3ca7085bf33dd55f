//! The connectors of datamiind: a registry of what is compiled in.
