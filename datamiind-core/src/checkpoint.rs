//! Checkpoints: where a stream stands, in a form that outlives the program.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// A place in a stream: everything before it has been handed out.
///
/// Opaque to the host, which stores it beside the data it covers and hands it
/// back to resume. It names the connector, the source and the stream that it
/// belongs to and the version of its state, and is refused where those do not
/// fit: a guess would lose rows or double them.
///
/// ```
/// use datamiind_core::{Checkpoint, ErrorKind, Origin};
///
/// let orders = Origin::new("shop", "shop-7", "orders");
/// let checkpoint = Checkpoint::new(&orders, 2, &41_u64).unwrap();
/// let text = serde_json::to_string(&checkpoint).unwrap();
///
/// let read: Checkpoint = serde_json::from_str(&text).unwrap();
/// assert_eq!(read.open::<u64>(&orders, 2).unwrap(), 41);
///
/// let error = read.open::<u64>(&Origin::new("shop", "shop-8", "orders"), 2).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::CheckpointLost);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(flatten)]
    origin: Origin,
    version: u16,
    state: Value,
}

/// Whose checkpoint it is: connector, source and stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    connector: String,
    source: String,
    stream: String,
}

impl Origin {
    /// Names an origin: the connector's id, what identifies the source (never a
    /// secret: a server's system identifier, a bucket and a prefix), the stream
    /// or feed.
    #[must_use]
    pub fn new(
        connector: impl Into<String>,
        source: impl Into<String>,
        stream: impl Into<String>,
    ) -> Self {
        Self { connector: connector.into(), source: source.into(), stream: stream.into() }
    }

    /// The connector's id.
    #[must_use]
    pub fn connector(&self) -> &str {
        &self.connector
    }

    /// What identifies the source.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The stream or feed.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.stream
    }
}

impl Checkpoint {
    /// Makes a checkpoint from a connector's own state.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] where the state does not serialise to JSON.
    pub fn new(origin: &Origin, version: u16, state: &impl Serialize) -> Result<Self> {
        let state = serde_json::to_value(state).map_err(|error| {
            Error::new(ErrorKind::Internal, "the checkpoint's state does not serialise")
                .caused_by(error)
        })?;
        Ok(Self { origin: origin.clone(), version, state })
    }

    /// Whose checkpoint it is.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The version of the state's layout.
    #[must_use]
    pub fn version(&self) -> u16 {
        self.version
    }

    /// Hands the state back to the connector that made it.
    ///
    /// A connector that has changed its layout reads [`version`](Self::version)
    /// first and opens each version that it still knows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CheckpointLost`] when connector, source, stream or version
    /// are not those expected, or the state cannot be read.
    pub fn open<T: DeserializeOwned>(&self, expected: &Origin, version: u16) -> Result<T> {
        let differs = |what: &'static str, found: &str, expected: &str| {
            Error::new(ErrorKind::CheckpointLost, format!("the checkpoint is of another {what}"))
                .with("stream", self.origin.stream())
                .with("found", found)
                .with("expected", expected)
                .hinted("use the checkpoint where it was made, or start this stream over")
        };
        for (what, found, expected) in [
            ("connector", &self.origin.connector, &expected.connector),
            ("source", &self.origin.source, &expected.source),
            ("stream", &self.origin.stream, &expected.stream),
        ] {
            if found != expected {
                return Err(differs(what, found, expected));
            }
        }
        if self.version != version {
            let (found, expected) = (self.version.to_string(), version.to_string());
            return Err(differs("version", &found, &expected));
        }
        serde_json::from_value(self.state.clone()).map_err(|error| {
            Error::new(ErrorKind::CheckpointLost, "the checkpoint's state cannot be read")
                .with("stream", self.origin.stream())
                .caused_by(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_opens_only_where_it_was_made() {
        let made = Origin::new("c", "s", "t");
        let checkpoint = Checkpoint::new(&made, 1, &"here").unwrap();
        let others = [
            (Origin::new("x", "s", "t"), 1, "connector"),
            (Origin::new("c", "x", "t"), 1, "source"),
            (Origin::new("c", "s", "x"), 1, "stream"),
            (made.clone(), 2, "version"),
        ];
        for (origin, version, what) in others {
            let error = checkpoint.open::<String>(&origin, version).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CheckpointLost);
            assert!(error.message().contains(what), "{error}");
        }
        assert!(checkpoint.open::<u64>(&made, 1).is_err());
        assert_eq!(checkpoint.open::<String>(&made, 1).unwrap(), "here");
    }
}
