//! `ChangeFeed`: row-level changes, in order, from a consistent snapshot on.

use std::{fmt, pin::Pin, sync::Arc, task};

use arrow::{
    array::{Array as _, RecordBatch},
    buffer::BooleanBuffer,
    datatypes::SchemaRef,
};
use async_trait::async_trait;
use futures::stream::{BoxStream, Stream};

use crate::{
    checkpoint::Checkpoint,
    context::Context,
    error::{Error, ErrorKind, Result},
};

/// Follows the changes of streams, row by row, in the order of the source.
///
/// # Contract
///
#[doc = include_str!("contract/change.md")]
///
/// # Example
///
/// ```
/// use datamiind_core::{ChangeEvent, Context, Follow, Source, memory::MemorySource};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let source = MemorySource::sample();
/// let cx = Context::offline();
/// let changes = source.change_feed().unwrap();
///
/// let mut feed = changes.follow(&cx, Follow::new("mirror", ["customers"])).await?;
/// let mut rows = 0;
/// while let Some(event) = feed.try_next().await? {
///     match event {
///         ChangeEvent::Changes(batch) => rows += batch.len(),
///         // Stored: now the source may forget it.
///         ChangeEvent::Commit(upto) => { feed.acker().ack(&upto).await?; break }
///         _ => {}
///     }
/// }
/// assert_eq!(rows, 3);
/// changes.forget(&cx, "mirror").await?;
/// # datamiind_core::Result::Ok(()) }).unwrap();
/// ```
#[async_trait]
pub trait ChangeFeed: fmt::Debug + Send + Sync {
    /// Starts a feed with a snapshot, or goes on with it from a checkpoint.
    ///
    /// The feed does not end by itself.
    async fn follow(&self, cx: &Context, follow: Follow) -> Result<Feed>;

    /// Frees all that a feed holds at the source. Does nothing where there is none.
    async fn forget(&self, cx: &Context, feed: &str) -> Result<()>;
}

/// Tells the source what has been stored, so that it may let go of it.
#[async_trait]
pub trait Ack: fmt::Debug + Send + Sync {
    /// Acknowledges all up to a commit that the host has stored durably.
    ///
    /// # Errors
    ///
    /// `CheckpointLost` for a checkpoint of another feed, and what the source says.
    async fn ack(&self, upto: &Checkpoint) -> Result<()>;
}

/// What to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Follow {
    /// The feed's name: what the source keeps for it (a slot, a reader) bears this name.
    pub feed: String,
    /// The streams, by their names in the catalog.
    pub streams: Vec<String>,
    /// Where to go on from; from a new snapshot where `None`.
    pub resume: Option<Checkpoint>,
}

impl Follow {
    /// Follows these streams from a snapshot on.
    #[must_use]
    pub fn new(
        feed: impl Into<String>,
        streams: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            feed: feed.into(),
            streams: streams.into_iter().map(Into::into).collect(),
            resume: None,
        }
    }

    /// Goes on from a checkpoint, where there is one.
    #[must_use]
    pub fn resume(mut self, checkpoint: impl Into<Option<Checkpoint>>) -> Self {
        self.resume = checkpoint.into();
        self
    }
}

/// One event of a feed, in the order of the source.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChangeEvent {
    /// The columns of a stream from here on.
    Schema {
        /// The stream.
        stream: Arc<str>,
        /// Its columns.
        schema: SchemaRef,
    },
    /// Rows of one stream that were read or changed, in order.
    Changes(ChangeBatch),
    /// All rows of a stream went at once.
    Truncate {
        /// The stream.
        stream: Arc<str>,
    },
    /// How far the snapshot of a stream has come.
    Snapshot(SnapshotProgress),
    /// A transaction ended: what came before may be stored and, then, acknowledged.
    Commit(Checkpoint),
    /// Nothing changes just now; the position may be acknowledged.
    Idle(Checkpoint),
    /// Changes between two positions are lost at the source: the streams need a resync.
    Gap(Gap),
    /// All events since the last commit (or the start) are void and come again.
    /// Only the retry layer sends it.
    Rewind,
}

/// How far the snapshot of a stream has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotProgress {
    /// The stream.
    pub stream: Arc<str>,
    /// Rows handed out.
    pub rows: u64,
    /// About how many there are, where the source knows.
    pub total: Option<u64>,
    /// Whether the stream's snapshot is complete.
    pub done: bool,
}

impl SnapshotProgress {
    /// Notes progress of a snapshot.
    #[must_use]
    pub fn new(stream: Arc<str>, rows: u64, total: Option<u64>, done: bool) -> Self {
        Self { stream, rows, total, done }
    }
}

/// A loss that the source admits: what is missing, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The streams that miss changes; all of the feed where empty.
    pub streams: Vec<Arc<str>>,
    /// The last position that is whole, as the source writes it.
    pub from: String,
    /// The first position that is there again.
    pub to: String,
    /// Why the source no longer has what lies between.
    pub reason: String,
}

impl Gap {
    /// Notes a loss between two positions.
    #[must_use]
    pub fn new(from: impl Into<String>, to: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { streams: Vec::new(), from: from.into(), to: to.into(), reason: reason.into() }
    }
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// It was there when the snapshot was taken.
    Read,
    /// It was inserted.
    Insert,
    /// It was updated; `rows` has it afterwards, `old` before.
    Update,
    /// It was deleted; `rows` has what the source sent of it, at least its key.
    Delete,
}

/// Changes of one stream, in order, column by column.
///
/// A cell is in one of three states: a value, null, or *absent*, which means
/// that the source did not send it (an unchanged TOAST value of PostgreSQL, a
/// partial row image of MySQL). Whoever stores an absent cell leaves the stored
/// value alone.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeBatch {
    stream: Arc<str>,
    ops: Vec<Op>,
    rows: RecordBatch,
    old: Option<RecordBatch>,
    absent: Vec<Option<BooleanBuffer>>,
}

/// One cell of a [`ChangeBatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The source did not send it: leave what is stored alone.
    Absent,
    /// It is null.
    Null,
    /// It has a value, in the column at the same row.
    Value,
}

impl ChangeBatch {
    /// Makes a batch of changes: one row for each op.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] where the numbers of ops and rows differ.
    pub fn new(stream: impl Into<Arc<str>>, ops: Vec<Op>, rows: RecordBatch) -> Result<Self> {
        same_length("ops", ops.len(), rows.num_rows())?;
        Ok(Self { stream: stream.into(), ops, rows, old: None, absent: Vec::new() })
    }

    /// Adds the rows as they were before, of the same schema; null where there was none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] where their number differs.
    pub fn with_old(mut self, old: RecordBatch) -> Result<Self> {
        same_length("old", old.num_rows(), self.rows.num_rows())?;
        self.old = Some(old);
        Ok(self)
    }

    /// Marks cells of a column that the source did not send: set bits are absent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] where there is no such column or the length differs.
    pub fn with_absent(mut self, column: usize, cells: BooleanBuffer) -> Result<Self> {
        same_length("absent", cells.len(), self.rows.num_rows())?;
        if column >= self.rows.num_columns() {
            return Err(Error::new(ErrorKind::Internal, "the batch has no such column")
                .with("column", column));
        }
        self.absent.resize(self.rows.num_columns(), None);
        self.absent[column] = Some(cells);
        Ok(self)
    }

    /// The stream that changed.
    #[must_use]
    pub fn stream(&self) -> &Arc<str> {
        &self.stream
    }

    /// What happened, row by row.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The rows after the change; a deleted row has what the source sent of it.
    #[must_use]
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// The rows before the change, where the source sends them.
    #[must_use]
    pub fn old(&self) -> Option<&RecordBatch> {
        self.old.as_ref()
    }

    /// The number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether there is no change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Tells the state of a cell. A cell outside the batch is absent.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Cell {
        if row >= self.rows.num_rows() || column >= self.rows.num_columns() {
            return Cell::Absent;
        }
        let absent = self.absent.get(column).and_then(Option::as_ref);
        match absent {
            Some(cells) if cells.value(row) => Cell::Absent,
            _ if self.rows.column(column).is_null(row) => Cell::Null,
            _ => Cell::Value,
        }
    }
}

fn same_length(what: &'static str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Internal,
        format!("a change batch has {found} {what} for {expected} rows"),
    ))
}

/// A feed that runs: its events, and the way to acknowledge them.
pub struct Feed {
    events: BoxStream<'static, Result<ChangeEvent>>,
    acker: Arc<dyn Ack>,
}

impl Feed {
    /// Puts events and their acknowledgement together.
    #[must_use]
    pub fn new(events: BoxStream<'static, Result<ChangeEvent>>, acker: Arc<dyn Ack>) -> Self {
        Self { events, acker }
    }

    /// The way to acknowledge, which may outlive the feed.
    #[must_use]
    pub fn acker(&self) -> &Arc<dyn Ack> {
        &self.acker
    }

    /// Takes the feed apart.
    #[must_use]
    pub fn into_parts(self) -> (BoxStream<'static, Result<ChangeEvent>>, Arc<dyn Ack>) {
        (self.events, self.acker)
    }
}

impl Stream for Feed {
    type Item = Result<ChangeEvent>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> task::Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("acker", &self.acker).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{ArrayRef, Int64Array, StringArray},
        datatypes::{DataType, Field, Schema},
    };

    use super::*;

    #[test]
    fn absent_null_and_value_are_kept_apart_cell_by_cell() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("body", DataType::Utf8, true),
        ]));
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let bodies: ArrayRef = Arc::new(StringArray::from(vec![None, None, Some("x")]));
        let rows = RecordBatch::try_new(schema, vec![ids, bodies]).unwrap();
        let ops = vec![Op::Update, Op::Update, Op::Insert];
        let batch = ChangeBatch::new("t", ops, rows)
            .unwrap()
            .with_absent(1, BooleanBuffer::from(vec![true, false, false]))
            .unwrap();
        let cells: Vec<Cell> = (0..3).map(|row| batch.cell(row, 1)).collect();
        assert_eq!(cells, [Cell::Absent, Cell::Null, Cell::Value]);
        assert_eq!(batch.cell(0, 0), Cell::Value);
        assert_eq!(batch.cell(3, 0), Cell::Absent);
    }

    #[test]
    fn a_batch_whose_parts_differ_in_length_is_refused() {
        let rows = RecordBatch::new_empty(Arc::new(Schema::empty()));
        assert!(ChangeBatch::new("t", vec![Op::Insert], rows).is_err());
    }
}
