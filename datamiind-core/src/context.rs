//! The context: every effect a connector has, handed in with each call.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    cancel::CancelToken,
    clock::{Clock, TestClock},
    egress::EgressPolicy,
    error::Result,
    http::{NoTransport, Transport},
};

/// What a connector may do to the world, and how much of it.
///
/// A connector reads no clock, no environment and no global; it dials no address
/// that [`egress`](Self::egress) does not allow and sends no HTTP but through
/// [`http`](Self::http). So a test decides what time it is and what the network
/// answers, and the application decides what may be reached.
///
/// Cheap to clone; a stream keeps its own copy.
///
/// ```
/// use datamiind_core::{CancelToken, Context};
///
/// let (switch, token) = CancelToken::new();
/// let cx = Context::offline().with_cancel(token);
/// switch.cancel();
/// assert!(cx.cancel().check().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    http: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    cancel: CancelToken,
    egress: Arc<EgressPolicy>,
    limits: Limits,
}

/// The bounds that keep memory flat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most rows in one batch. Default 65,536.
    pub batch_rows: usize,
    /// The most bytes in one batch, as far as one row allows. Default 16 MiB.
    pub batch_bytes: usize,
    /// The most bytes in one row; a longer one is quarantined. Default 16 MiB.
    pub row_bytes: usize,
    /// The most columns in one stream. Default 4,096.
    pub columns: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { batch_rows: 65_536, batch_bytes: 16 << 20, row_bytes: 16 << 20, columns: 4_096 }
    }
}

impl Context {
    /// Makes a context from a transport and a clock; the rest has safe defaults.
    #[must_use]
    pub fn new(http: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self {
            http,
            clock,
            cancel: CancelToken::never(),
            egress: Arc::new(EgressPolicy::default()),
            limits: Limits::default(),
        }
    }

    /// Makes a context without a network and with a clock that stands still.
    #[must_use]
    pub fn offline() -> Self {
        Self::new(Arc::new(NoTransport), Arc::new(TestClock::new()))
            .with_egress(EgressPolicy::closed())
    }

    /// Replaces the transport.
    #[must_use]
    pub fn with_http(mut self, http: Arc<dyn Transport>) -> Self {
        self.http = http;
        self
    }

    /// Replaces the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Replaces the token that tells when to stop.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Replaces the egress policy.
    #[must_use]
    pub fn with_egress(mut self, egress: EgressPolicy) -> Self {
        self.egress = Arc::new(egress);
        self
    }

    /// Replaces the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The transport that HTTP goes through.
    #[must_use]
    pub fn http(&self) -> &Arc<dyn Transport> {
        &self.http
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The time, by the context's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Waits on the context's clock, unless the host wants to stop.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub async fn pause(&self, pause: Duration) -> Result<()> {
        let sleep = self.clock.sleep(pause);
        let done = async {
            sleep.await;
            Ok(())
        };
        self.cancel.guard(done).await
    }

    /// The token that tells when to stop.
    #[must_use]
    pub fn cancel(&self) -> &CancelToken {
        &self.cancel
    }

    /// The policy that each dialled address must pass.
    #[must_use]
    pub fn egress(&self) -> &EgressPolicy {
        &self.egress
    }

    /// The bounds that keep memory flat.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}
