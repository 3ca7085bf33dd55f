//! Time as an effect: connectors ask the context, tests own the answer.

use std::{
    collections::BTreeMap,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context as Task, Poll, Wake, Waker},
    time::{Duration, SystemTime},
};

use futures::future::BoxFuture;

/// Where time comes from. No connector reads the wall clock or sleeps by itself.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Tells the time.
    fn now(&self) -> SystemTime;

    /// Completes once `pause` has passed on this clock. Dropping it forgets it.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;
}

/// A clock that stands still until it is moved: for tests and examples.
///
/// It starts at 2026-01-01T00:00:00Z. [`run`](Self::run) drives a future and,
/// whenever that can only wait, jumps to the next moment someone sleeps for, so
/// an hour of back-off passes at once and always in the same way.
///
/// ```
/// use std::time::Duration;
/// use datamiind_core::{Clock, TestClock};
///
/// let clock = TestClock::new();
/// let before = clock.now();
/// clock.run(clock.sleep(Duration::from_secs(3600)));
/// assert_eq!(clock.now().duration_since(before).unwrap(), Duration::from_secs(3600));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TestClock(Arc<Mutex<Timers>>);

#[derive(Debug, Default)]
struct Timers {
    passed: Duration,
    next_id: u64,
    waiting: BTreeMap<(Duration, u64), Waker>,
}

/// 2026-01-01T00:00:00Z in seconds since the Unix epoch.
const START: u64 = 1_767_225_600;

impl TestClock {
    /// Makes a clock that stands at 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock forward and wakes all who slept until then.
    pub fn advance(&self, by: Duration) {
        let due = {
            let mut timers = self.timers();
            timers.passed += by;
            let now = timers.passed;
            let later = timers.waiting.split_off(&(now, u64::MAX));
            std::mem::replace(&mut timers.waiting, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Tells how far the clock has moved since it was made.
    #[must_use]
    pub fn passed(&self) -> Duration {
        self.timers().passed
    }

    /// Drives a future to its end on this thread, jumping over every pause.
    ///
    /// For futures that wait for nothing but this clock and each other; one that
    /// waits for a socket is given the processor until it is done.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let alarm = Arc::new(Alarm::default());
        let waker = Waker::from(Arc::clone(&alarm));
        let mut task = Task::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
                return output;
            }
            if alarm.take() {
                continue;
            }
            let next = self.timers().waiting.keys().next().map(|(at, _)| *at);
            match next {
                Some(at) => {
                    let by = at.saturating_sub(self.passed());
                    self.advance(by);
                }
                None => std::thread::yield_now(),
            }
        }
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(START) + self.passed()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let mut timers = self.timers();
        let key = (timers.passed.saturating_add(pause), timers.next_id);
        timers.next_id += 1;
        drop(timers);
        let slot = Slot { clock, key };
        Box::pin(poll_fn(move |task| {
            let mut timers = slot.clock.timers();
            if timers.passed >= slot.key.0 {
                return Poll::Ready(());
            }
            timers.waiting.insert(slot.key, task.waker().clone());
            Poll::Pending
        }))
    }
}

/// A place among the sleepers, given up when its sleeper is dropped.
struct Slot {
    clock: TestClock,
    key: (Duration, u64),
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.clock.timers().waiting.remove(&self.key);
    }
}

#[derive(Default)]
struct Alarm(std::sync::atomic::AtomicBool);

impl Alarm {
    fn take(&self) -> bool {
        self.0.swap(false, std::sync::atomic::Ordering::SeqCst)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures::future::{Either, select};

    use super::*;

    #[test]
    fn the_shorter_of_two_sleeps_wins_and_the_dropped_one_is_forgotten() {
        let clock = TestClock::new();
        let race = select(clock.sleep(Duration::from_secs(2)), clock.sleep(Duration::from_secs(9)));
        assert!(matches!(clock.run(race), Either::Left(_)));
        assert_eq!(clock.passed(), Duration::from_secs(2));
        assert!(clock.timers().waiting.is_empty());
    }
}
