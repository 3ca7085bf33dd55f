//! Takes known secrets out of every error.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;

use super::{Intercept, Layer, Wrapped};
use crate::{
    catalog::Catalog,
    change::{Feed, Follow},
    context::Context,
    error::Result,
    health::Health,
    query::{BatchStream, Query},
    secret::Scrubber,
    source::Source,
    sync::{Pull, SyncEvents},
};

/// Takes known secrets out of every error that leaves a source.
///
/// [`connect`](crate::connect) adds it with the secrets of the configuration.
#[derive(Clone, Debug)]
pub struct Redact(Scrubber);

impl Redact {
    /// Makes the layer for these secrets.
    #[must_use]
    pub fn new(scrubber: Scrubber) -> Self {
        Self(scrubber)
    }

    fn clean<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.scrubbed(&self.0))
    }
}

impl Layer for Redact {
    fn layer(&self, source: Arc<dyn Source>) -> Arc<dyn Source> {
        if self.0.is_empty() { source } else { Wrapped::around(source, self.clone()) }
    }
}

#[async_trait]
impl Intercept for Redact {
    async fn check(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Health> {
        self.clean(inner.check(cx).await).map(|health| health.scrubbed(&self.0))
    }

    async fn discover(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Catalog> {
        self.clean(inner.discover(cx).await)
    }

    async fn query(
        &self,
        inner: &Arc<dyn Source>,
        cx: &Context,
        query: Query,
    ) -> Result<BatchStream> {
        let rows = self.clean(super::query(inner, cx, query).await)?;
        let (schema, layer) = (Arc::clone(rows.schema()), self.clone());
        Ok(BatchStream::new(schema, rows.map(move |batch| layer.clean(batch))))
    }

    async fn pull(&self, inner: &Arc<dyn Source>, cx: &Context, pull: Pull) -> Result<SyncEvents> {
        let events = self.clean(super::pull(inner, cx, pull).await)?;
        let layer = self.clone();
        Ok(events.map(move |event| layer.clean(event)).boxed())
    }

    async fn follow(&self, inner: &Arc<dyn Source>, cx: &Context, follow: Follow) -> Result<Feed> {
        let (events, acker) = self.clean(super::follow(inner, cx, follow).await)?.into_parts();
        let layer = self.clone();
        Ok(Feed::new(events.map(move |event| layer.clean(event)).boxed(), acker))
    }

    async fn forget(&self, inner: &Arc<dyn Source>, cx: &Context, feed: &str) -> Result<()> {
        self.clean(super::forget(inner, cx, feed).await)
    }
}
