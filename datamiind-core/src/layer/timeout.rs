//! A deadline for each call and for each pause between events.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{
    Stream, StreamExt as _,
    future::{Either, select},
    stream,
};

use super::{Intercept, Layer, Wrapped};
use crate::{
    catalog::Catalog,
    change::{Feed, Follow},
    clock::Clock,
    context::Context,
    error::{Error, ErrorKind, Result},
    health::Health,
    query::{BatchStream, Query},
    source::Source,
    sync::{Pull, SyncEvents},
};

/// Fails a call, or a stream, that gives no answer for so long.
///
/// The deadline is for one answer, not for the whole stream: a sync may take
/// hours, as long as something comes. A change feed's `Idle` counts as an answer.
#[derive(Clone, Copy, Debug)]
pub struct Timeout(Duration);

impl Timeout {
    /// Makes the layer for this deadline.
    #[must_use]
    pub fn new(deadline: Duration) -> Self {
        Self(deadline)
    }

    async fn within<T>(
        &self,
        cx: &Context,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        within(cx.clock().as_ref(), self.0, call).await
    }

    fn paced<T: Send + 'static>(
        &self,
        cx: &Context,
        items: impl Stream<Item = Result<T>> + Send + Unpin + 'static,
    ) -> impl Stream<Item = Result<T>> + Send + 'static {
        let (clock, deadline) = (Arc::clone(cx.clock()), self.0);
        stream::unfold(Some(items), move |items| {
            let clock = Arc::clone(&clock);
            async move {
                let mut items = items?;
                match within(clock.as_ref(), deadline, async { Ok(items.next().await) }).await {
                    Ok(item) => item.map(|item| (item, Some(items))),
                    Err(late) => Some((Err(late), None)),
                }
            }
        })
    }
}

async fn within<T>(
    clock: &dyn Clock,
    deadline: Duration,
    call: impl Future<Output = Result<T>> + Send,
) -> Result<T> {
    match select(std::pin::pin!(call), clock.sleep(deadline)).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => {
            Err(Error::new(ErrorKind::Timeout, "the source gave no answer in time")
                .with("deadline_ms", deadline.as_millis()))
        }
    }
}

impl Layer for Timeout {
    fn layer(&self, source: Arc<dyn Source>) -> Arc<dyn Source> {
        Wrapped::around(source, *self)
    }
}

#[async_trait]
impl Intercept for Timeout {
    async fn check(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Health> {
        self.within(cx, inner.check(cx)).await
    }

    async fn discover(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Catalog> {
        self.within(cx, inner.discover(cx)).await
    }

    async fn query(
        &self,
        inner: &Arc<dyn Source>,
        cx: &Context,
        query: Query,
    ) -> Result<BatchStream> {
        let rows = self.within(cx, super::query(inner, cx, query)).await?;
        Ok(BatchStream::new(Arc::clone(rows.schema()), self.paced(cx, rows)))
    }

    async fn pull(&self, inner: &Arc<dyn Source>, cx: &Context, pull: Pull) -> Result<SyncEvents> {
        let events = self.within(cx, super::pull(inner, cx, pull)).await?;
        Ok(self.paced(cx, events).boxed())
    }

    async fn follow(&self, inner: &Arc<dyn Source>, cx: &Context, follow: Follow) -> Result<Feed> {
        let feed = self.within(cx, super::follow(inner, cx, follow)).await?;
        let (events, acker) = feed.into_parts();
        Ok(Feed::new(self.paced(cx, events).boxed(), acker))
    }

    async fn forget(&self, inner: &Arc<dyn Source>, cx: &Context, feed: &str) -> Result<()> {
        self.within(cx, super::forget(inner, cx, feed)).await
    }
}
