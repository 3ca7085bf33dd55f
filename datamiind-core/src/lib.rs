//! The vocabulary of datamiind: what a source is, and what it promises.
//!
//! An application that moves data meets many systems and wants to write the
//! moving once. This crate has the words for it: a [`Source`] has up to three
//! facets, and each hands out Arrow.
//!
//! | facet | for | hands out |
//! |---|---|---|
//! | [`DirectQuery`] | warehouses and databases | a [`BatchStream`] of what the source's engine answers |
//! | [`SyncStream`] | APIs, files, databases | [`SyncEvent`]s: schema, batches and, in band, checkpoints |
//! | [`ChangeFeed`] | databases with a log | [`ChangeEvent`]s: changes of rows in the source's order |
//!
//! # How it behaves
//!
//! - **Streams are lazy and pulled.** Nothing is read before it is polled, and a
//!   consumer that stops polling stops the source. Dropping a stream frees what
//!   it held.
//! - **The host owns the state.** A [`Checkpoint`] arrives among the rows it
//!   covers. The host stores both in one transaction ([`Store`]) and hands the
//!   checkpoint back to go on. A source remembers nothing.
//! - **Effects come in by [`Context`]**: the clock, HTTP, cancellation, which
//!   addresses may be dialled, how large a batch may be.
//! - **One error.** [`Error`] says what happened, where, and what to do next; its
//!   kind decides on a retry and on who is told.
//! - **Nothing is silent.** A row that cannot be decoded is a [`Reject`], a lost
//!   range is a [`Gap`], a value is never altered to fit.
//! - **The contract is numbered.** The rules of each trait stand in its docs; the
//!   package `datamiind-testkit` has a trial for each and runs them on any source.
//!
//! # A first source
//!
//! [`memory::MemorySource`] has all three facets and is what the examples of
//! this crate use. `examples/custom_source.rs` shows a source of one's own in
//! less than eighty lines.
//!
//! # What this crate is not
//!
//! It has no HTTP client, no database driver and no runtime: connectors bring
//! what they need, and an application that embeds one connector compiles one.

pub use arrow;

mod alert;
mod cancel;
mod catalog;
mod change;
mod checkpoint;
mod clock;
pub mod config;
mod context;
mod descriptor;
mod egress;
mod error;
mod health;
mod http;
pub mod layer;
pub mod memory;
mod query;
mod secret;
mod source;
mod store;
mod sync;
mod value;

pub use self::{
    alert::{Alert, AlertSink},
    cancel::{CancelSwitch, CancelToken},
    catalog::{
        COLUMN_ID, Catalog, Deletes, Modes, SOURCE_TYPE, StreamInfo, column_id, project,
        with_column_id,
    },
    change::{
        Ack, Cell, ChangeBatch, ChangeEvent, ChangeFeed, Feed, Follow, Gap, Op, SnapshotProgress,
    },
    checkpoint::{Checkpoint, Origin},
    clock::{Clock, TestClock},
    context::{Context, Limits},
    descriptor::{Descriptor, Evidence, Facet},
    egress::EgressPolicy,
    error::{Error, ErrorKind, Owner, Result, Retry},
    health::{Finding, Health, Severity},
    http::{HttpBody, HttpRequest, HttpResponse, NoTransport, Transport},
    query::{BatchStream, Dialect, DirectQuery, Query},
    secret::{REDACTED, Scrubber, Secret},
    source::{Connector, Source, SourceExt, connect},
    store::{Head, Store, Transaction},
    sync::{Pull, Reject, SyncEvent, SyncEvents, SyncStream},
    value::Value,
};

// Object safety and thread safety are part of the contract.
const _: () = {
    const fn object_safe<T: ?Sized>() {}
    object_safe::<dyn Source>();
    object_safe::<dyn DirectQuery>();
    object_safe::<dyn SyncStream>();
    object_safe::<dyn ChangeFeed>();
    object_safe::<dyn Connector>();
    object_safe::<dyn Ack>();
    object_safe::<dyn Store>();
    object_safe::<dyn Transaction>();
    object_safe::<dyn AlertSink>();
    object_safe::<dyn Transport>();
    object_safe::<dyn Clock>();
    object_safe::<dyn layer::Layer>();
    object_safe::<dyn layer::Intercept>();
    const fn send<T: Send>() {}
    send::<BatchStream>();
    send::<Feed>();
    send::<SyncEvents>();
    send::<Error>();
};
