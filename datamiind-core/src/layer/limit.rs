//! So many calls at once, so many a second.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures::{
    Stream, StreamExt as _,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    lock,
};

use super::{Intercept, Layer, Wrapped};
use crate::{
    catalog::Catalog,
    change::{Feed, Follow},
    context::Context,
    error::{Error, ErrorKind, Result},
    health::Health,
    query::{BatchStream, Query},
    source::Source,
    sync::{Pull, SyncEvents},
};

/// Lets so many calls run at once and so many start in a time.
///
/// A stream counts as running until it is dropped. Callers wait in order. One
/// `Limit`, cloned, may guard several sources that share an account.
#[derive(Clone, Debug)]
pub struct Limit {
    seats: Seats,
    pace: Option<Pace>,
}

impl Limit {
    /// Lets `calls` run at once; at least one.
    #[must_use]
    pub fn concurrency(calls: usize) -> Self {
        Self { seats: Seats::new(calls.max(1)), pace: None }
    }

    /// Lets `calls` start in each `per`, evenly spaced after a burst of `calls`.
    #[must_use]
    pub fn rate(mut self, calls: u32, per: Duration) -> Self {
        self.pace = Some(Pace { step: per / calls.max(1), burst: per, next: Arc::default() });
        self
    }

    async fn enter(&self, cx: &Context) -> Result<Seat> {
        let seat = cx.cancel().guard(self.seats.take()).await?;
        if let Some(pace) = &self.pace {
            let pause = pace.reserve(cx.now());
            if !pause.is_zero() {
                cx.pause(pause).await?;
            }
        }
        Ok(seat)
    }
}

/// The generic cell rate algorithm (ITU-T I.371): one time stamp is all its state.
#[derive(Clone, Debug)]
struct Pace {
    step: Duration,
    burst: Duration,
    next: Arc<Mutex<Option<SystemTime>>>,
}

impl Pace {
    /// Takes the next place and tells how long to wait for it.
    fn reserve(&self, now: SystemTime) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + self.step);
        let ahead = at.duration_since(now).unwrap_or_default();
        ahead.saturating_sub(self.burst.saturating_sub(self.step))
    }
}

/// Seats that are handed out in order and come back when dropped.
#[derive(Clone, Debug)]
struct Seats {
    free: Arc<lock::Mutex<UnboundedReceiver<()>>>,
    back: UnboundedSender<()>,
}

/// One seat, given back when dropped.
#[derive(Debug)]
struct Seat(UnboundedSender<()>);

impl Seats {
    fn new(seats: usize) -> Self {
        let (back, free) = unbounded();
        for _ in 0..seats {
            let _receiver_is_held_below = back.unbounded_send(());
        }
        Self { free: Arc::new(lock::Mutex::new(free)), back }
    }

    async fn take(&self) -> Result<Seat> {
        match self.free.lock().await.next().await {
            Some(()) => Ok(Seat(self.back.clone())),
            None => Err(Error::new(ErrorKind::Internal, "the limiter is closed")),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _limiter_may_be_gone = self.0.unbounded_send(());
    }
}

fn seated<T>(
    items: impl Stream<Item = T> + Send + 'static,
    seat: Seat,
) -> impl Stream<Item = T> + Send + 'static {
    items.map(move |item| {
        let _held_until_the_stream_goes = &seat;
        item
    })
}

impl Layer for Limit {
    fn layer(&self, source: Arc<dyn Source>) -> Arc<dyn Source> {
        Wrapped::around(source, self.clone())
    }
}

#[async_trait]
impl Intercept for Limit {
    async fn check(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Health> {
        let _seat = self.enter(cx).await?;
        inner.check(cx).await
    }

    async fn discover(&self, inner: &Arc<dyn Source>, cx: &Context) -> Result<Catalog> {
        let _seat = self.enter(cx).await?;
        inner.discover(cx).await
    }

    async fn query(
        &self,
        inner: &Arc<dyn Source>,
        cx: &Context,
        query: Query,
    ) -> Result<BatchStream> {
        let seat = self.enter(cx).await?;
        let rows = super::query(inner, cx, query).await?;
        Ok(BatchStream::new(Arc::clone(rows.schema()), seated(rows, seat)))
    }

    async fn pull(&self, inner: &Arc<dyn Source>, cx: &Context, pull: Pull) -> Result<SyncEvents> {
        let seat = self.enter(cx).await?;
        Ok(seated(super::pull(inner, cx, pull).await?, seat).boxed())
    }

    async fn follow(&self, inner: &Arc<dyn Source>, cx: &Context, follow: Follow) -> Result<Feed> {
        let seat = self.enter(cx).await?;
        let (events, acker) = super::follow(inner, cx, follow).await?.into_parts();
        Ok(Feed::new(seated(events, seat).boxed(), acker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TestClock;

    #[test]
    fn a_burst_passes_at_once_and_the_rest_is_spaced() {
        let clock = TestClock::new();
        let cx = Context::offline().with_clock(Arc::new(clock.clone()));
        let limit = Limit::concurrency(8).rate(4, Duration::from_secs(1));
        for i in 0..8_u32 {
            clock.run(async { limit.enter(&cx).await.map(drop) }).unwrap();
            let expected = Duration::from_millis(250) * i.saturating_sub(3);
            assert_eq!(clock.passed(), expected, "call {i}");
        }
    }

    #[test]
    fn the_third_caller_of_two_seats_waits_for_one_to_come_back() {
        let seats = Seats::new(2);
        let take = || futures::FutureExt::now_or_never(seats.take());
        let (one, _two) = (take().unwrap().unwrap(), take().unwrap().unwrap());
        assert!(take().is_none());
        drop(one);
        assert!(take().is_some());
    }
}
