//! The descriptor: a connector's face in catalogue, form and report.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One of the three ways to move data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "the three ways to move data are fixed by design")]
pub enum Facet {
    /// Run in the source's engine, streamed back: [`DirectQuery`](crate::DirectQuery).
    DirectQuery,
    /// Pulled into a store: [`SyncStream`](crate::SyncStream).
    SyncStream,
    /// Followed change by change: [`ChangeFeed`](crate::ChangeFeed).
    ChangeFeed,
}

/// Against what a connector was proved. A fake of our own proves our reading of
/// the vendor's documentation, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// A fake that this project wrote.
    OwnFake,
    /// Recorded traffic of the real thing.
    Cassette,
    /// A double that the vendor, or someone independent, wrote.
    Double,
    /// The real server, library or file format.
    Real,
}

/// What a connector says of itself.
///
/// ```
/// use datamiind_core::Descriptor;
///
/// let descriptor = Descriptor::new("shop", "Shop").describe("Orders of a shop.");
/// assert_eq!(descriptor.id(), "shop");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Descriptor {
    id: String,
    title: String,
    description: String,
    docs: Option<String>,
    version: String,
    config: Value,
}

impl Descriptor {
    /// Describes a connector: its id (folder, feature and registry id in one) and its title.
    #[must_use]
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            description: String::new(),
            docs: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: Value::Object(serde_json::Map::new()),
        }
    }

    /// Says what it connects to, in a sentence or two.
    #[must_use]
    pub fn describe(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Names the vendor's documentation it was written after.
    #[must_use]
    pub fn docs(mut self, url: impl Into<String>) -> Self {
        self.docs = Some(url.into());
        self
    }

    /// Takes the configuration's JSON Schema from its type.
    #[must_use]
    pub fn config<T: schemars::JsonSchema>(mut self) -> Self {
        self.config = crate::config::json_schema::<T>();
        self
    }

    /// The connector's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that people know it by.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it connects to.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The JSON Schema of its configuration.
    #[must_use]
    pub fn config_schema(&self) -> &Value {
        &self.config
    }
}
