//! A span for each call, an event for each end.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{Stream, StreamExt as _};
use tracing::{Instrument as _, Span, info_span};

use super::{Intercept, Layer, Wrapped};
use crate::{
    catalog::Catalog,
    change::{ChangeEvent, Feed, Follow},
    context::Context,
    error::Result,
    health::Health,
    query::{BatchStream, Query},
    source::Source,
    sync::{Pull, SyncEvent, SyncEvents},
};

/// Traces each call: a span with a stable name, and how it ended.
///
/// Spans: `datamiind.check`, `datamiind.discover`, `datamiind.query`,
/// `datamiind.pull`, `datamiind.follow`, `datamiind.forget`, each with
/// `connector` and, where there is one, `stream` or `feed`. When a stream ends or
/// is dropped, an event `ended` says how many `rows` and `batches` it brought.
/// Neither a query's text nor a value of a row is ever recorded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trace;

impl Layer for Trace {
    fn layer(&self, source: Arc<dyn Source>) -> Arc<dyn Source> {
        Wrapped::around(source, *self)
    }
}

#[async_trait]
impl Intercept for Trace {
    async fn check(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Health> {
        let span = info_span!("datamiind.check", connector = inner.descriptor().id());
        told(inner.check(cx).instrument(span.clone()).await, &span)
    }

    async fn discover(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Catalog> {
        let span = info_span!("datamiind.discover", connector = inner.descriptor().id());
        told(inner.discover(cx).instrument(span.clone()).await, &span)
    }

    async fn query(
        &self,
        inner: &Arc<dyn Source>,
        cx: &Context,
        query: Query,
    ) -> Result<BatchStream> {
        let span = info_span!("datamiind.query", connector = inner.descriptor().id());
        let rows = told(super::query(inner, cx, query).instrument(span.clone()).await, &span)?;
        let schema = Arc::clone(rows.schema());
        Ok(BatchStream::new(schema, counted(rows, span, |batch| Some(batch.num_rows()))))
    }

    async fn pull(&self, inner: &Arc<dyn Source>, cx: &Context, pull: Pull) -> Result<SyncEvents> {
        let id = inner.descriptor().id();
        let span = info_span!("datamiind.pull", connector = id, stream = pull.stream);
        let events = told(super::pull(inner, cx, pull).instrument(span.clone()).await, &span)?;
        let rows = |event: &SyncEvent| match event {
            SyncEvent::Batch(batch) => Some(batch.num_rows()),
            _ => None,
        };
        Ok(counted(events, span, rows).boxed())
    }

    async fn follow(&self, inner: &Arc<dyn Source>, cx: &Context, follow: Follow) -> Result<Feed> {
        let id = inner.descriptor().id();
        let span = info_span!("datamiind.follow", connector = id, feed = follow.feed);
        let feed = told(super::follow(inner, cx, follow).instrument(span.clone()).await, &span)?;
        let (events, acker) = feed.into_parts();
        let rows = |event: &ChangeEvent| match event {
            ChangeEvent::Changes(batch) => Some(batch.len()),
            _ => None,
        };
        Ok(Feed::new(counted(events, span, rows).boxed(), acker))
    }

    async fn forget(&self, inner: &Arc<dyn Source>, cx: &Context, feed: &str) -> Result<()> {
        let span = info_span!("datamiind.forget", connector = inner.descriptor().id(), feed);
        told(super::forget(inner, cx, feed).instrument(span.clone()).await, &span)
    }
}

/// Counts what a stream brings and tells it when the stream ends or is dropped.
struct Tally {
    span: Span,
    rows: u64,
    batches: u64,
}

impl Drop for Tally {
    fn drop(&mut self) {
        let _in_span = self.span.enter();
        tracing::info!(rows = self.rows, batches = self.batches, "ended");
    }
}

fn counted<T, S>(
    items: S,
    span: Span,
    rows: impl Fn(&T) -> Option<usize> + Send + 'static,
) -> impl Stream<Item = Result<T>> + Send + 'static
where
    T: Send + 'static,
    S: Stream<Item = Result<T>> + Send + 'static,
{
    let mut tally = Tally { span, rows: 0, batches: 0 };
    items.map(move |item| {
        match &item {
            Ok(item) => {
                if let Some(rows) = rows(item) {
                    tally.rows += rows as u64;
                    tally.batches += 1;
                }
            }
            Err(error) => {
                let _in_span = tally.span.enter();
                tracing::warn!(kind = error.kind().as_str(), %error, "failed");
            }
        }
        item
    })
}

fn told<T>(result: Result<T>, span: &Span) -> Result<T> {
    if let Err(error) = &result {
        let _in_span = span.enter();
        tracing::warn!(kind = error.kind().as_str(), %error, "failed");
    }
    result
}
