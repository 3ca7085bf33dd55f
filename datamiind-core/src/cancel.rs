//! Cancellation: one switch, many who watch it.

use std::fmt;

use futures::{
    FutureExt as _,
    channel::oneshot,
    future::{BoxFuture, Shared},
};

use crate::error::{Error, ErrorKind, Result};

/// The watching end: cheap to clone, tells when the host wants to stop.
#[derive(Clone)]
pub struct CancelToken(Shared<BoxFuture<'static, bool>>);

/// The switch: [`cancel`](Self::cancel) stops all that watch its tokens.
///
/// Dropping it without cancelling leaves them running.
#[derive(Debug)]
pub struct CancelSwitch(Option<oneshot::Sender<()>>);

impl CancelToken {
    /// Makes a switch and a token that watches it.
    ///
    /// ```
    /// use datamiind_core::CancelToken;
    ///
    /// let (switch, token) = CancelToken::new();
    /// assert!(token.check().is_ok());
    /// switch.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    #[must_use]
    pub fn new() -> (CancelSwitch, Self) {
        let (switch, watched) = oneshot::channel();
        (CancelSwitch(Some(switch)), Self(watched.map(|sent| sent.is_ok()).boxed().shared()))
    }

    /// Makes a token that no one ever cancels.
    #[must_use]
    pub fn never() -> Self {
        Self(futures::future::ready(false).boxed().shared())
    }

    /// Tells whether the host wants to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.peek().copied().or_else(|| self.0.clone().now_or_never()).unwrap_or(false)
    }

    /// Completes when the host wants to stop, else never.
    pub async fn cancelled(&self) {
        if !self.0.clone().await {
            futures::future::pending::<()>().await;
        }
    }

    /// Fails once the host wants to stop.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cancelled`].
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    }

    /// Runs a future until it is done or the host wants to stop.
    ///
    /// # Errors
    ///
    /// The future's own, or [`ErrorKind::Cancelled`]; the future is dropped then.
    pub async fn guard<T>(&self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let stop = std::pin::pin!(self.cancelled());
        let work = std::pin::pin!(work);
        match futures::future::select(stop, work).await {
            futures::future::Either::Left(_) => Err(cancelled()),
            futures::future::Either::Right((done, _)) => done,
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CancelToken({})", self.is_cancelled())
    }
}

impl CancelSwitch {
    /// Asks all who watch to stop.
    pub fn cancel(mut self) {
        if let Some(switch) = self.0.take() {
            let _no_one_watches = switch.send(());
        }
    }
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the host asked to stop")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_future_is_dropped_on_cancel() {
        let (switch, token) = CancelToken::new();
        let waiting = token.guard(futures::future::pending::<Result<()>>());
        switch.cancel();
        let error = futures::executor::block_on(waiting).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }

    #[test]
    fn a_dropped_switch_cancels_no_one() {
        let (switch, token) = CancelToken::new();
        drop(switch);
        assert!(token.check().is_ok());
        assert!(token.cancelled().now_or_never().is_none());
    }
}
