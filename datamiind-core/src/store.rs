//! `Store`: where synced data lives, and the one transaction that moves it on.

use std::fmt;

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use async_trait::async_trait;

use crate::{checkpoint::Checkpoint, error::Result, query::BatchStream, sync::Reject};

/// Keeps streams as tables, and each table's checkpoint with it.
///
/// # Contract
///
/// - **T1** A commit is one transaction: rows, schema change, rejects and
///   checkpoint become visible together, or none of them does.
/// - **T2** Each commit of a table has the sequence number of the one before it
///   plus one. Of two writers that build on the same one, one commits and the
///   other fails with `Fenced`.
/// - **T3** A transaction that is dropped leaves nothing that a reader sees.
/// - **T4** No value is altered: a batch that does not fit the table's schema is
///   refused with `Schema`.
/// - **T5** A table that another connector or source writes is refused with
///   `CheckpointLost` and stays as it was.
/// - **T6** Memory is bounded by the batch, not by the transaction.
///
/// # Example
///
/// ```
/// use datamiind_core::{Context, Store, WriteMode, memory::MemoryStore, Checkpoint, Origin};
/// # use datamiind_core::arrow::{array::{ArrayRef, Int64Array, RecordBatch}};
/// # use std::sync::Arc;
/// # futures::executor::block_on(async {
/// # let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
/// # let batch = RecordBatch::try_from_iter([("id", ids)])?;
/// let store = MemoryStore::new();
/// let origin = Origin::new("shop", "shop-7", "orders");
///
/// let mut transaction = store.begin("orders", &origin).await?;
/// transaction.schema(batch.schema()).await?;
/// transaction.write(batch).await?;
/// let head = transaction.commit(Checkpoint::new(&origin, 1, &2)?).await?;
/// assert_eq!(head.sequence, 1);
/// # datamiind_core::Result::Ok(()) }).unwrap();
/// ```
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Tells where a table stands; `None` where there is no such table.
    async fn head(&self, table: &str) -> Result<Option<Head>>;

    /// Lists the tables, by name.
    async fn tables(&self) -> Result<Vec<String>>;

    /// Starts a transaction on a table, new or known, for rows of this origin.
    ///
    /// # Errors
    ///
    /// `CheckpointLost` for a table of another origin, and what the storage says.
    async fn begin(
        &self,
        table: &str,
        origin: &crate::checkpoint::Origin,
    ) -> Result<Box<dyn Transaction>>;

    /// Reads a table as it stands.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is no such table.
    async fn scan(&self, table: &str) -> Result<BatchStream>;
}

/// Where a table stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Head {
    /// The number of the last commit; the first is 1.
    pub sequence: u64,
    /// The columns.
    pub schema: SchemaRef,
    /// The checkpoint of the last commit.
    pub checkpoint: Checkpoint,
    /// How many rows were rejected in all commits.
    pub rejected: u64,
}

impl Head {
    /// Notes where a table stands.
    #[must_use]
    pub fn new(sequence: u64, schema: SchemaRef, checkpoint: Checkpoint, rejected: u64) -> Self {
        Self { sequence, schema, checkpoint, rejected }
    }
}

/// One transaction on one table. Dropping it gives it up.
#[async_trait]
pub trait Transaction: fmt::Debug + Send {
    /// Where the table stood when the transaction began.
    fn head(&self) -> Option<&Head>;

    /// Sets the columns from here on. The store does as it is told: whether a
    /// change is allowed is the drift gate's decision, made before this call.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a change that the storage cannot express.
    async fn schema(&mut self, schema: SchemaRef) -> Result<()>;

    /// Writes rows of the latest schema.
    ///
    /// # Errors
    ///
    /// `Schema` for a batch of another schema, and what the storage says.
    async fn write(&mut self, batch: RecordBatch) -> Result<()>;

    /// Keeps rows that could not be decoded beside the table.
    async fn reject(&mut self, rejects: Vec<Reject>) -> Result<()>;

    /// Makes all of it visible at once, and the checkpoint with it.
    ///
    /// # Errors
    ///
    /// `Fenced` where another writer has committed meanwhile: nothing of this
    /// transaction is visible then.
    async fn commit(self: Box<Self>, checkpoint: Checkpoint) -> Result<Head>;
}
