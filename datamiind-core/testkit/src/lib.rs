//! The contract of datamiind as trials: one call proves a source.
