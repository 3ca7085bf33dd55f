//! `DirectQuery`: the source's engine runs the query, Arrow streams back.

use std::{fmt, pin::Pin, task, time::Duration};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use async_trait::async_trait;
use futures::stream::{BoxStream, Stream, StreamExt as _};

use crate::{context::Context, error::Result, value::Value};

/// Runs a query in the source's own engine and streams the rows back.
///
/// Nothing is stored on the way and nothing is written at the source.
///
/// # Contract
///
#[doc = include_str!("contract/query.md")]
///
/// # Example
///
/// ```
/// use datamiind_core::{Context, Query, Source, memory::MemorySource};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let source = MemorySource::sample();
/// let cx = Context::offline();
/// let query = Query::new("select name from customers where id = ?").bind(2);
/// let rows = source.direct_query().unwrap().query(&cx, query).await?;
/// assert_eq!(rows.schema().field(0).name(), "name");
/// let batches: Vec<_> = rows.try_collect().await?;
/// assert_eq!(batches.iter().map(|b| b.num_rows()).sum::<usize>(), 1);
/// # datamiind_core::Result::Ok(()) }).unwrap();
/// ```
#[async_trait]
pub trait DirectQuery: fmt::Debug + Send + Sync {
    /// Tells which SQL the source speaks.
    fn dialect(&self) -> Dialect;

    /// Runs one query that only reads.
    async fn query(&self, cx: &Context, query: Query) -> Result<BatchStream>;
}

/// The SQL, or other language, that a source speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// Standard SQL, and no vendor's extension of it.
    Ansi,
    /// PostgreSQL.
    Postgres,
    /// Amazon Redshift.
    Redshift,
    /// MySQL and MariaDB.
    MySql,
    /// SQL Server.
    MsSql,
    /// Snowflake.
    Snowflake,
    /// BigQuery's GoogleSQL.
    BigQuery,
    /// SQLite.
    Sqlite,
}

/// A query: its text, what is bound to it, and its bounds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// The text, in the source's dialect, with that dialect's placeholders.
    pub text: String,
    /// The values for the placeholders, in order. Bound, never spliced.
    pub params: Vec<Value>,
    /// The most rows to return; the source is told to stop there.
    pub max_rows: Option<u64>,
    /// The most bytes of Arrow to return, after which the stream fails with
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit).
    pub max_bytes: Option<u64>,
    /// How long it may take in all, after which the stream fails with
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout).
    pub deadline: Option<Duration>,
}

impl Query {
    /// Makes a query without parameters and without bounds.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            params: Vec::new(),
            max_rows: None,
            max_bytes: None,
            deadline: None,
        }
    }

    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.params.push(value.into());
        self
    }

    /// Returns at most so many rows.
    #[must_use]
    pub fn max_rows(mut self, rows: u64) -> Self {
        self.max_rows = Some(rows);
        self
    }

    /// Fails past so many bytes of Arrow.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Fails once it has taken so long.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

impl From<&str> for Query {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Query {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A stream of batches whose schema is known before the first of them.
///
/// It owns all it needs (`'static`), so it may outlive the source it came from.
/// Dropping it cancels the work at the source and frees what it held there.
pub struct BatchStream {
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch>>,
}

impl BatchStream {
    /// Wraps batches that all have this schema. The stream ends at the first error.
    pub fn new(
        schema: SchemaRef,
        batches: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
    ) -> Self {
        let mut failed = false;
        let batches = batches
            .take_while(move |batch| {
                let go_on = !failed;
                failed |= batch.is_err();
                futures::future::ready(go_on)
            })
            .boxed();
        Self { schema, batches }
    }

    /// The schema of every batch.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Stream for BatchStream {
    type Item = Result<RecordBatch>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> task::Poll<Option<Self::Item>> {
        self.batches.as_mut().poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.batches.size_hint()
    }
}

impl fmt::Debug for BatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream").field("schema", &self.schema).finish_non_exhaustive()
    }
}
