//! Alerts: what someone must be told, and the sink that tells them.

use std::{fmt, time::SystemTime};

use async_trait::async_trait;

use crate::{
    context::Context,
    error::{Error, Owner, Result},
    health::Severity,
};

/// Something that someone must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// The same for the same trouble, so that a sink tells it once.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// Who is told.
    pub owner: Owner,
    /// What happened, in one line.
    pub title: String,
    /// What to do next.
    pub action: String,
    /// When it was noticed, by the context's clock.
    pub at: SystemTime,
}

impl Alert {
    /// Makes the alert for an error; `key` names the trouble, as `pause/orders`.
    #[must_use]
    pub fn from_error(cx: &Context, key: impl Into<String>, error: &Error) -> Self {
        Self {
            key: key.into(),
            severity: Severity::Error,
            owner: error.owner(),
            title: format!("{}: {}", error.kind(), error.message()),
            action: error.hint().to_owned(),
            at: cx.now(),
        }
    }
}

/// Tells alerts to people. Contract:
///
/// - An alert whose `key` was told and not resolved is told once.
/// - It returns when the alert is safe with it, not before.
/// - A failure to tell is an error, never a panic; the caller goes on.
#[async_trait]
pub trait AlertSink: fmt::Debug + Send + Sync + 'static {
    /// Tells an alert.
    async fn alert(&self, cx: &Context, alert: Alert) -> Result<()>;

    /// Ends the trouble of this key, where there is one.
    async fn resolve(&self, cx: &Context, key: &str) -> Result<()>;
}
