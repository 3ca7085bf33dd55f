//! Layers: what is done around every source, written once.
//!
//! A [`Layer`] takes a source and returns one that behaves a little better. A
//! wrapper that forwards method by method forgets one some day, and with it a
//! facet; so a layer here is an [`Intercept`], whose every method forwards unless
//! it is written, and [`Wrapped`] keeps the facets of what it wraps.
//!
//! | layer | does |
//! |---|---|
//! | [`Redact`] | takes known secrets out of every error |
//! | [`Trace`] | a span for each call, an event for each end |
//! | [`Timeout`] | a deadline for each call and for each pause between events |
//! | [`Limit`] | so many calls at once, so many a second |
//! | [`RetryLayer`] | tries again what can be tried again, from the last checkpoint |
//!
//! Order matters: what is added last sees the call first. A usual stack is
//! `source.layer(&timeout).layer(&limit).layer(&retry).layer(&trace)`.

mod limit;
mod redact;
mod retry;
mod timeout;
mod trace;

use std::{fmt, sync::Arc};

use async_trait::async_trait;

pub use self::{
    limit::Limit,
    redact::Redact,
    retry::{Backoff, RetryLayer},
    timeout::Timeout,
    trace::Trace,
};
use crate::{
    catalog::Catalog,
    change::{ChangeFeed, Feed, Follow},
    context::Context,
    descriptor::Descriptor,
    error::{Error, ErrorKind, Result},
    health::Health,
    query::{BatchStream, Dialect, DirectQuery, Query},
    source::Source,
    sync::{Pull, SyncEvents, SyncStream},
};

/// Wraps a source, keeping its facets.
pub trait Layer: fmt::Debug + Send + Sync {
    /// Wraps a source.
    fn layer(&self, source: Arc<dyn Source>) -> Arc<dyn Source>;
}

/// What happens around the calls to a source. Each method forwards unless it is written.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use datamiind_core::{Context, Pull, Result, Source, SourceExt, SyncEvents,
///     layer::{Intercept, Layer, Wrapped}, memory::MemorySource};
///
/// /// Counts the pulls.
/// #[derive(Clone, Debug, Default)]
/// struct Count(Arc<AtomicU64>);
///
/// #[async_trait::async_trait]
/// impl Intercept for Count {
///     async fn pull(&self, inner: &Arc<dyn Source>, cx: &Context, pull: Pull) -> Result<SyncEvents> {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         datamiind_core::layer::pull(inner, cx, pull).await
///     }
/// }
/// impl Layer for Count {
///     fn layer(&self, source: Arc<dyn Source>) -> Arc<dyn Source> {
///         Wrapped::around(source, self.clone())
///     }
/// }
///
/// let count = Count::default();
/// let source = Arc::new(MemorySource::sample()).layer(&count);
/// let cx = Context::offline();
/// let sync = source.sync_stream().unwrap();
/// futures::executor::block_on(sync.pull(&cx, Pull::new("customers"))).unwrap();
/// assert_eq!(count.0.load(Ordering::Relaxed), 1);
/// ```
#[async_trait]
pub trait Intercept: fmt::Debug + Send + Sync + 'static {
    /// Around [`Source::check`].
    async fn check(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Health> {
        inner.check(cx).await
    }

    /// Around [`Source::discover`].
    async fn discover(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Catalog> {
        inner.discover(cx).await
    }

    /// Around [`DirectQuery::query`].
    async fn query(
        &self,
        inner: &Arc<dyn Source>,
        cx: &Context,
        query: Query,
    ) -> Result<BatchStream> {
        self::query(inner, cx, query).await
    }

    /// Around [`SyncStream::pull`].
    async fn pull(&self, inner: &Arc<dyn Source>, cx: &Context, pull: Pull) -> Result<SyncEvents> {
        self::pull(inner, cx, pull).await
    }

    /// Around [`ChangeFeed::follow`].
    async fn follow(&self, inner: &Arc<dyn Source>, cx: &Context, follow: Follow) -> Result<Feed> {
        self::follow(inner, cx, follow).await
    }

    /// Around [`ChangeFeed::forget`].
    async fn forget(&self, inner: &Arc<dyn Source>, cx: &Context, feed: &str) -> Result<()> {
        forget(inner, cx, feed).await
    }
}

/// Queries a source, or says that it cannot be queried.
///
/// # Errors
///
/// `Unsupported` where the facet is missing, else what the source says.
pub async fn query(source: &Arc<dyn Source>, cx: &Context, query: Query) -> Result<BatchStream> {
    match source.direct_query() {
        Some(facet) => facet.query(cx, query).await,
        None => Err(missing(source, "direct query")),
    }
}

/// Pulls from a source, or says that it cannot be pulled from.
///
/// # Errors
///
/// `Unsupported` where the facet is missing, else what the source says.
pub async fn pull(source: &Arc<dyn Source>, cx: &Context, pull: Pull) -> Result<SyncEvents> {
    match source.sync_stream() {
        Some(facet) => facet.pull(cx, pull).await,
        None => Err(missing(source, "sync")),
    }
}

/// Follows a source, or says that it cannot be followed.
///
/// # Errors
///
/// `Unsupported` where the facet is missing, else what the source says.
pub async fn follow(source: &Arc<dyn Source>, cx: &Context, follow: Follow) -> Result<Feed> {
    match source.change_feed() {
        Some(facet) => facet.follow(cx, follow).await,
        None => Err(missing(source, "a change feed")),
    }
}

/// Ends a feed of a source, or says that it has none.
///
/// # Errors
///
/// `Unsupported` where the facet is missing, else what the source says.
pub async fn forget(source: &Arc<dyn Source>, cx: &Context, feed: &str) -> Result<()> {
    match source.change_feed() {
        Some(facet) => facet.forget(cx, feed).await,
        None => Err(missing(source, "a change feed")),
    }
}

fn missing(source: &Arc<dyn Source>, facet: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("the source does not have {facet}"))
        .with("connector", source.descriptor().id())
}

/// A source with an interception around it, and the same facets.
#[derive(Debug)]
pub struct Wrapped<I> {
    inner: Arc<dyn Source>,
    with: I,
}

impl<I: Intercept> Wrapped<I> {
    /// Puts an interception around a source.
    #[must_use]
    pub fn around(inner: Arc<dyn Source>, with: I) -> Arc<dyn Source> {
        Arc::new(Self { inner, with })
    }
}

#[async_trait]
impl<I: Intercept> Source for Wrapped<I> {
    fn descriptor(&self) -> &Descriptor {
        self.inner.descriptor()
    }

    async fn check(&self, cx: &Context) -> Result<Health> {
        self.with.check(&self.inner, cx).await
    }

    async fn discover(&self, cx: &Context) -> Result<Catalog> {
        self.with.discover(&self.inner, cx).await
    }

    fn direct_query(&self) -> Option<&dyn DirectQuery> {
        self.inner.direct_query().map(|_| self as _)
    }

    fn sync_stream(&self) -> Option<&dyn SyncStream> {
        self.inner.sync_stream().map(|_| self as _)
    }

    fn change_feed(&self) -> Option<&dyn ChangeFeed> {
        self.inner.change_feed().map(|_| self as _)
    }
}

#[async_trait]
impl<I: Intercept> DirectQuery for Wrapped<I> {
    fn dialect(&self) -> Dialect {
        self.inner.direct_query().map_or(Dialect::Ansi, DirectQuery::dialect)
    }

    async fn query(&self, cx: &Context, query: Query) -> Result<BatchStream> {
        self.with.query(&self.inner, cx, query).await
    }
}

#[async_trait]
impl<I: Intercept> SyncStream for Wrapped<I> {
    async fn pull(&self, cx: &Context, pull: Pull) -> Result<SyncEvents> {
        self.with.pull(&self.inner, cx, pull).await
    }
}

#[async_trait]
impl<I: Intercept> ChangeFeed for Wrapped<I> {
    async fn follow(&self, cx: &Context, follow: Follow) -> Result<Feed> {
        self.with.follow(&self.inner, cx, follow).await
    }

    async fn forget(&self, cx: &Context, feed: &str) -> Result<()> {
        self.with.forget(&self.inner, cx, feed).await
    }
}
