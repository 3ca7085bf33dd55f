//! Tries again what can be tried again, from the last checkpoint.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt as _, future::BoxFuture, stream};

use super::{Intercept, Layer, Wrapped};
use crate::{
    catalog::Catalog,
    change::{ChangeEvent, Feed, Follow},
    checkpoint::Checkpoint,
    context::Context,
    error::{Error, Result, Retry},
    health::Health,
    query::{BatchStream, Query},
    source::Source,
    sync::{Pull, SyncEvent, SyncEvents},
};

/// How long to wait between tries: doubling from `first` up to `most`, for `tries` tries.
///
/// A pause that the source names is kept, up to `most`; a longer one ends the
/// tries, since waiting less would only annoy the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    tries: u32,
}

impl Default for Backoff {
    /// Five tries, waiting half a second, then one, two and four.
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(60), 5)
    }
}

impl Backoff {
    /// Makes a plan of pauses; `tries` counts the first call too.
    #[must_use]
    pub fn new(first: Duration, most: Duration, tries: u32) -> Self {
        Self { first, most, tries }
    }

    /// Tells how long to wait after so many failures in a row, or to give up.
    fn pause(&self, failures: u32, error: &Error) -> Option<Duration> {
        if failures >= self.tries {
            return None;
        }
        match error.retry() {
            Retry::Never | Retry::Resync => None,
            Retry::After(pause) => (pause <= self.most).then_some(pause),
            Retry::Backoff => {
                let doublings = (failures - 1).min(31);
                Some(self.first.saturating_mul(1 << doublings).min(self.most))
            }
        }
    }
}

/// Tries again after errors that a retry can mend.
///
/// A pull or a feed that breaks goes on from its last checkpoint: the layer sends
/// `Rewind`, which voids the events since then, and they come again. Progress
/// (a checkpoint) starts the count of tries anew. A query is only started again
/// before its first batch, since its rows have no place to go on from.
#[derive(Clone, Copy, Debug, Default)]
pub struct RetryLayer(Backoff);

impl RetryLayer {
    /// Makes the layer with this plan of pauses.
    #[must_use]
    pub fn new(backoff: Backoff) -> Self {
        Self(backoff)
    }

    async fn again<T>(
        &self,
        cx: &Context,
        call: impl Fn() -> BoxFuture<'static, Result<T>>,
    ) -> Result<T> {
        let mut failures = 0;
        loop {
            let error = match call().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            failures += 1;
            wait(cx, self.0, failures, error).await?;
        }
    }
}

/// Waits as the plan says, or hands the error back.
async fn wait(cx: &Context, backoff: Backoff, failures: u32, error: Error) -> Result<()> {
    let Some(pause) = backoff.pause(failures, &error) else { return Err(error) };
    tracing::info!(
        kind = error.kind().as_str(),
        failures,
        pause_ms = pause.as_millis(),
        "retrying"
    );
    cx.pause(pause).await
}

impl Layer for RetryLayer {
    fn layer(&self, source: Arc<dyn Source>) -> Arc<dyn Source> {
        Wrapped::around(source, *self)
    }
}

/// What the layer needs to know of an event to go on after it.
trait Resumable: Send + Sized + 'static {
    fn checkpoint(&self) -> Option<&Checkpoint>;
    fn rewind() -> Self;
}

impl Resumable for SyncEvent {
    fn checkpoint(&self) -> Option<&Checkpoint> {
        match self {
            Self::Checkpoint(checkpoint) => Some(checkpoint),
            _ => None,
        }
    }

    fn rewind() -> Self {
        Self::Rewind
    }
}

impl Resumable for ChangeEvent {
    fn checkpoint(&self) -> Option<&Checkpoint> {
        match self {
            Self::Commit(checkpoint) | Self::Idle(checkpoint) => Some(checkpoint),
            _ => None,
        }
    }

    fn rewind() -> Self {
        Self::Rewind
    }
}

type Events<E> = stream::BoxStream<'static, Result<E>>;
type Reopen<E> =
    Box<dyn Fn(Option<Checkpoint>) -> BoxFuture<'static, Result<Events<E>>> + Send + Sync>;

struct Resuming<E> {
    cx: Context,
    backoff: Backoff,
    reopen: Reopen<E>,
    events: Option<Events<E>>,
    place: Option<Checkpoint>,
    dirty: bool,
    failures: u32,
}

impl<E: Resumable> Resuming<E> {
    /// Brings the next event, opening the stream anew as often as the plan allows.
    async fn next(&mut self) -> Option<Result<E>> {
        loop {
            let failed = match &mut self.events {
                Some(events) => match events.next().await? {
                    Ok(event) => {
                        self.note(&event);
                        return Some(Ok(event));
                    }
                    Err(error) => error,
                },
                None => match (self.reopen)(self.place.clone()).await {
                    Ok(events) => {
                        self.events = Some(events);
                        if std::mem::take(&mut self.dirty) {
                            return Some(Ok(E::rewind()));
                        }
                        continue;
                    }
                    Err(error) => error,
                },
            };
            self.events = None;
            self.failures += 1;
            if let Err(error) = wait(&self.cx, self.backoff, self.failures, failed).await {
                // The next poll ends the stream.
                self.events = Some(stream::empty().boxed());
                return Some(Err(error));
            }
        }
    }

    fn note(&mut self, event: &E) {
        match event.checkpoint() {
            Some(checkpoint) => {
                self.place = Some(checkpoint.clone());
                self.dirty = false;
                self.failures = 0;
            }
            None => self.dirty = true,
        }
    }

    fn stream(self) -> Events<E> {
        stream::unfold(self, |mut this| async move { Some((this.next().await?, this)) }).boxed()
    }
}

#[async_trait]
impl Intercept for RetryLayer {
    async fn check(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Health> {
        self.again(cx, || {
            let (inner, cx) = (Arc::clone(inner), cx.clone());
            Box::pin(async move { inner.check(&cx).await })
        })
        .await
    }

    async fn discover(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Catalog> {
        self.again(cx, || {
            let (inner, cx) = (Arc::clone(inner), cx.clone());
            Box::pin(async move { inner.discover(&cx).await })
        })
        .await
    }

    async fn query(
        &self,
        inner: &Arc<dyn Source>,
        cx: &Context,
        query: Query,
    ) -> Result<BatchStream> {
        self.again(cx, || {
            let (inner, cx, query) = (Arc::clone(inner), cx.clone(), query.clone());
            Box::pin(async move { super::query(&inner, &cx, query).await })
        })
        .await
    }

    async fn pull(&self, inner: &Arc<dyn Source>, cx: &Context, pull: Pull) -> Result<SyncEvents> {
        let place = pull.resume.clone();
        let (inner, context) = (Arc::clone(inner), cx.clone());
        let reopen: Reopen<SyncEvent> = Box::new(move |place| {
            let (inner, cx) = (Arc::clone(&inner), context.clone());
            let pull = pull.clone().resume(place);
            Box::pin(async move { super::pull(&inner, &cx, pull).await })
        });
        let events = self.again(cx, || reopen(place.clone())).await?;
        let events = Some(events);
        let (cx, backoff) = (cx.clone(), self.0);
        Ok(Resuming { cx, backoff, reopen, events, place, dirty: false, failures: 0 }.stream())
    }

    async fn follow(&self, inner: &Arc<dyn Source>, cx: &Context, follow: Follow) -> Result<Feed> {
        let place = follow.resume.clone();
        let (source, context, wanted) = (Arc::clone(inner), cx.clone(), follow.clone());
        let first = self
            .again(cx, || {
                let (inner, cx, follow) = (Arc::clone(inner), cx.clone(), follow.clone());
                Box::pin(async move { super::follow(&inner, &cx, follow).await })
            })
            .await?;
        let (events, acker) = first.into_parts();
        let reopen: Reopen<ChangeEvent> = Box::new(move |place| {
            let (inner, cx) = (Arc::clone(&source), context.clone());
            let follow = wanted.clone().resume(place);
            Box::pin(async move { Ok(super::follow(&inner, &cx, follow).await?.into_parts().0) })
        });
        let events = Some(events);
        let (cx, backoff) = (cx.clone(), self.0);
        let resuming = Resuming { cx, backoff, reopen, events, place, dirty: false, failures: 0 };
        Ok(Feed::new(resuming.stream(), acker))
    }

    async fn forget(&self, inner: &Arc<dyn Source>, cx: &Context, feed: &str) -> Result<()> {
        self.again(cx, || {
            let (inner, cx, feed) = (Arc::clone(inner), cx.clone(), feed.to_owned());
            Box::pin(async move { super::forget(&inner, &cx, &feed).await })
        })
        .await
    }
}
