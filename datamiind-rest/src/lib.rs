//! Any REST API as a source, described by data instead of code.
