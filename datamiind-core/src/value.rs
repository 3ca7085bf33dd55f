//! Single values: the parameters of a query, the cells of the reference source.

/// One value, of the types that every source has.
///
/// ```
/// use datamiind_core::Value;
///
/// let params: Vec<Value> = vec![7.into(), "paid".into(), Value::Null];
/// assert_eq!(params[0], Value::Int(7));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer of 64 bits.
    Int(i64),
    /// A float of 64 bits.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

macro_rules! from {
    ($($kind:ty => $variant:ident),* $(,)?) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from! { bool => Bool, i32 => Int, i64 => Int, f64 => Float, &str => Text, String => Text, Vec<u8> => Bytes }

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
