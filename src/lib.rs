//! The integration layer.
