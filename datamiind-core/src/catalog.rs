//! The catalog: what a source has, stream by stream.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// Field metadata key: the source's own identity of a column.
///
/// It outlives a rename and is never given to another column: PostgreSQL's
/// `attnum`, SQL Server's `column_id`, a Notion property id. A source that has
/// none sets none. See [`column_id`].
pub const COLUMN_ID: &str = "datamiind.column_id";

/// Field metadata key: the type's name at the source, where Arrow's says less.
pub const SOURCE_TYPE: &str = "datamiind.source_type";

/// Reads the source's own identity of a column, where the source has one.
///
/// ```
/// use datamiind_core::{arrow::datatypes::{DataType, Field}, column_id, with_column_id};
///
/// let field = with_column_id(Field::new("total", DataType::Int64, true), "7");
/// assert_eq!(column_id(&field), Some("7"));
/// ```
#[must_use]
pub fn column_id(field: &Field) -> Option<&str> {
    field.metadata().get(COLUMN_ID).map(String::as_str)
}

/// Notes the source's own identity of a column.
#[must_use]
pub fn with_column_id(field: Field, id: impl Into<String>) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(COLUMN_ID.to_owned(), id.into());
    field.with_metadata(metadata)
}

/// All streams of a source, ordered by name.
///
/// Two discoveries of an unchanged source serialise to the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    streams: Vec<StreamInfo>,
}

impl Catalog {
    /// Makes a catalog; the streams are put in order of their names.
    #[must_use]
    pub fn new(streams: impl IntoIterator<Item = StreamInfo>) -> Self {
        let mut streams: Vec<StreamInfo> = streams.into_iter().collect();
        streams.sort_by(|a, b| a.name.cmp(&b.name));
        Self { streams }
    }

    /// Lists the streams.
    #[must_use]
    pub fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    /// Looks up a stream by its name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] that lists the names there are.
    pub fn stream(&self, name: &str) -> Result<&StreamInfo> {
        self.streams.iter().find(|s| s.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.streams.iter().map(|s| s.name.as_str()).take(20).collect();
            Error::new(ErrorKind::NotFound, "the source has no such stream")
                .with("stream", name)
                .hinted(format!("the streams are: {}", names.join(", ")))
        })
    }
}

/// One stream: a table, an endpoint, a set of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamInfo {
    /// The name that [`Pull`](crate::Pull) and [`Follow`](crate::Follow) take: unique in the source.
    pub name: String,
    /// What the source says about it, if anything.
    pub description: Option<String>,
    /// The columns now; columns carry [`COLUMN_ID`] where the source has one.
    pub schema: SchemaRef,
    /// The columns that tell rows apart; empty where there are none.
    pub primary_key: Vec<String>,
    /// The columns that an incremental sync may order by; empty where the source keeps its own position.
    pub cursor_fields: Vec<String>,
    /// How the stream can be moved.
    pub modes: Modes,
    /// How deleted rows show.
    pub deletes: Deletes,
    /// About how many rows there are, where the source knows at no cost.
    pub rows: Option<u64>,
}

impl StreamInfo {
    /// Makes a stream that can be read in full and shows no deletes.
    #[must_use]
    pub fn new(name: impl Into<String>, schema: impl Into<Arc<Schema>>) -> Self {
        Self {
            name: name.into(),
            description: None,
            schema: schema.into(),
            primary_key: Vec::new(),
            cursor_fields: Vec::new(),
            modes: Modes { full: true, ..Modes::default() },
            deletes: Deletes::Hidden,
            rows: None,
        }
    }

    /// Sets the columns that tell rows apart.
    #[must_use]
    pub fn with_primary_key(
        mut self,
        columns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.primary_key = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how the stream can be moved.
    #[must_use]
    pub fn with_modes(mut self, modes: Modes) -> Self {
        self.modes = modes;
        self
    }

    /// Sets how deleted rows show.
    #[must_use]
    pub fn with_deletes(mut self, deletes: Deletes) -> Self {
        self.deletes = deletes;
        self
    }
}

/// How a stream can be moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the three ways to move data are the three facets")]
pub struct Modes {
    /// Everything, by [`SyncStream`](crate::SyncStream).
    pub full: bool,
    /// What is new since a checkpoint, by [`SyncStream`](crate::SyncStream).
    pub incremental: bool,
    /// Row-level changes, by [`ChangeFeed`](crate::ChangeFeed).
    pub changes: bool,
}

/// How deleted rows show in an incremental sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deletes {
    /// They do not: only a full sync shows that a row is gone.
    #[default]
    Hidden,
    /// As [`SyncEvent::Deletes`](crate::SyncEvent::Deletes) with the keys.
    Keys,
    /// Not at all, since rows are only ever added.
    Never,
}

/// Picks columns of a schema by name, in the order of the names.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] with the `column` that is not there.
pub fn project(schema: &Schema, columns: &[String]) -> Result<(SchemaRef, Vec<usize>)> {
    let indices = columns
        .iter()
        .map(|name| {
            schema.index_of(name).map_err(|_| {
                Error::new(ErrorKind::NotFound, "the stream has no such column")
                    .with("column", name)
            })
        })
        .collect::<Result<Vec<usize>>>()?;
    Ok((Arc::new(schema.project(&indices)?), indices))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn a_catalog_serialises_the_same_whatever_order_it_was_made_in() {
        let schema = Arc::new(Schema::new(vec![with_column_id(
            Field::new("id", DataType::Int64, false),
            "1",
        )]));
        let stream =
            |name: &str| StreamInfo::new(name, Arc::clone(&schema)).with_primary_key(["id"]);
        let one = Catalog::new([stream("b"), stream("a")]);
        let two = Catalog::new([stream("a"), stream("b")]);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(text, serde_json::to_string(&two).unwrap());
        assert_eq!(serde_json::from_str::<Catalog>(&text).unwrap(), one);
    }

    #[test]
    fn a_missing_stream_is_answered_with_those_there_are() {
        let catalog = Catalog::new([StreamInfo::new("orders", Schema::empty())]);
        let error = catalog.stream("order").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.hint().contains("orders"));
    }
}
