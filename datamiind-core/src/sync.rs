//! `SyncStream`: one stream pulled into a store, resumable at any point.

use std::fmt;

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::{checkpoint::Checkpoint, context::Context, error::Result};

/// Pulls a stream: all of it, or what is new since a checkpoint.
///
/// # Contract
///
#[doc = include_str!("contract/sync.md")]
///
/// # Example
///
/// ```
/// use datamiind_core::{Context, Pull, Source, SyncEvent, memory::MemorySource};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let source = MemorySource::sample();
/// let cx = Context::offline();
/// let sync = source.sync_stream().unwrap();
///
/// let mut events = sync.pull(&cx, Pull::new("customers")).await?;
/// let (mut rows, mut place) = (0, None);
/// while let Some(event) = events.try_next().await? {
///     match event {
///         SyncEvent::Batch(batch) => rows += batch.num_rows(),
///         SyncEvent::Checkpoint(checkpoint) => place = Some(checkpoint),
///         _ => {}
///     }
/// }
/// assert_eq!(rows, 3);
///
/// // Nothing is new, so a pull from there on brings no row.
/// let again = sync.pull(&cx, Pull::new("customers").resume(place)).await?;
/// let events: Vec<_> = again.try_collect().await?;
/// assert!(!events.iter().any(|event| matches!(event, SyncEvent::Batch(_))));
/// # datamiind_core::Result::Ok(()) }).unwrap();
/// ```
#[async_trait]
pub trait SyncStream: fmt::Debug + Send + Sync {
    /// Starts pulling a stream, from its beginning or from a checkpoint.
    ///
    /// # Errors
    ///
    /// `NotFound` for a stream or column that is not there, `CheckpointLost` for
    /// a checkpoint of another source, stream or version, and what the source says.
    async fn pull(&self, cx: &Context, pull: Pull) -> Result<SyncEvents>;
}

/// The events of one pull. Dropping it frees what it held at the source.
pub type SyncEvents = BoxStream<'static, Result<SyncEvent>>;

/// What to pull.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pull {
    /// The stream's name in the catalog.
    pub stream: String,
    /// The columns to bring, in this order; all where `None`.
    pub columns: Option<Vec<String>>,
    /// Where to go on from; from the beginning where `None`.
    pub resume: Option<Checkpoint>,
}

impl Pull {
    /// Pulls all columns of a stream from its beginning.
    #[must_use]
    pub fn new(stream: impl Into<String>) -> Self {
        Self { stream: stream.into(), columns: None, resume: None }
    }

    /// Brings only these columns, in this order.
    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Goes on from a checkpoint, where there is one.
    #[must_use]
    pub fn resume(mut self, checkpoint: impl Into<Option<Checkpoint>>) -> Self {
        self.resume = checkpoint.into();
        self
    }
}

/// One event of a pull, in the order in which it must be stored.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SyncEvent {
    /// The columns from here on. First of all events, and again when they change.
    Schema(SchemaRef),
    /// Rows, new or changed, of the latest schema.
    Batch(RecordBatch),
    /// Keys of rows that are gone: the columns of the primary key, and no other.
    Deletes(RecordBatch),
    /// Rows that cannot be decoded: kept with their reason, never dropped.
    Rejects(Vec<Reject>),
    /// A place to resume from: it covers all events before it.
    Checkpoint(Checkpoint),
    /// All events since the last checkpoint (or the start) are void and come
    /// again. Only the retry layer sends it.
    Rewind,
}

/// One row that could not be decoded, with where it is and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Reject {
    /// The file, page or endpoint it came from.
    pub origin: String,
    /// The line, index or offset there, from 1 on; 0 where there is none.
    pub position: u64,
    /// The column that could not be decoded, where it is one.
    pub column: Option<String>,
    /// Why it was refused.
    pub reason: String,
    /// The row as it came, cut at [`Reject::EXCERPT`] bytes; may hold personal data.
    pub excerpt: String,
}

impl Reject {
    /// The most bytes that an excerpt keeps.
    pub const EXCERPT: usize = 4096;

    /// Notes a row that could not be decoded.
    #[must_use]
    pub fn new(origin: impl Into<String>, position: u64, reason: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            position,
            column: None,
            reason: reason.into(),
            excerpt: String::new(),
        }
    }

    /// Names the column.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Keeps the row as it came, cut at [`Reject::EXCERPT`] bytes.
    #[must_use]
    pub fn excerpt(mut self, raw: &[u8]) -> Self {
        let cut = &raw[..raw.len().min(Self::EXCERPT)];
        self.excerpt = String::from_utf8_lossy(cut).into_owned();
        self
    }
}
