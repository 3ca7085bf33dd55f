//! The one error of the house: what went wrong, whether to try again, who acts.
//!
//! A connector has many failures; its host has few decisions. [`ErrorKind`] is
//! the whole of those decisions: each kind fixes whether a retry can help
//! ([`Retry`]), who is told ([`Owner`]) and what that person does next
//! ([`Error::hint`]). The table is total, so no failure goes unrouted.
//!
//! | kind | retry | owner | typical cause |
//! |---|---|---|---|
//! | `Config` | never | user | a bad field; the context's `field` names its path |
//! | `Auth` | never | user | wrong password, expired token |
//! | `Permission` | never | user | the role may not, the file is not readable, the policy forbids |
//! | `NotFound` | never | user | no such table, file, endpoint |
//! | `Schema` | never | user | a column went or changed and the policy pauses |
//! | `CheckpointLost` | resync | user | the position is gone or belongs to another source |
//! | `RateLimited` | back off, or as told | vendor | 429, quota |
//! | `Unavailable` | back off | vendor | 5xx, connection cut |
//! | `Timeout` | back off | vendor | a deadline passed |
//! | `Fenced` | never | nobody | another writer has moved the table on |
//! | `Unsupported` | never | maintainer | a facet, mode or type that is not there |
//! | `Data` | never | user | a value or file that cannot be decoded |
//! | `Limit` | never | user | a row, page or file over a bound that keeps memory flat |
//! | `Protocol` | never | maintainer | the other side broke its own contract |
//! | `Internal` | never | maintainer | a bug of ours |
//! | `Cancelled` | never | nobody | the host asked to stop |

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use crate::secret::Scrubber;

/// A result whose error is [`Error`] unless said otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as anyone has to decide on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is wrong; the context's `field` says where.
    Config,
    /// The source does not accept who we say we are.
    Auth,
    /// The source, or the egress policy, does not allow it.
    Permission,
    /// What was asked for does not exist.
    NotFound,
    /// The schema changed in a way that someone has to decide on.
    Schema,
    /// The checkpoint can no longer be resumed from.
    CheckpointLost,
    /// The source asks for fewer requests.
    RateLimited,
    /// The source cannot be reached or does not work just now.
    Unavailable,
    /// A deadline passed.
    Timeout,
    /// Another writer has moved the table on; this one must stop.
    Fenced,
    /// There is no code for this facet, mode or type.
    Unsupported,
    /// A value, row or file cannot be decoded.
    Data,
    /// Something is larger than the bound that keeps memory flat.
    Limit,
    /// The other side broke its own contract.
    Protocol,
    /// A bug of ours.
    Internal,
    /// The host asked to stop.
    Cancelled,
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same call fails the same way.
    Never,
    /// Try again after a growing pause.
    Backoff,
    /// Try again after this pause, which the source named.
    After(Duration),
    /// Start the stream over: the position is lost.
    Resync,
}

/// Who can mend it, and so who is alerted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The workspace's own administrator.
    User,
    /// The vendor of the source.
    Vendor,
    /// The maintainers of the connector.
    Maintainer,
    /// No one: nothing is broken.
    Nobody,
}

impl ErrorKind {
    /// Every kind, in the order of the table.
    pub const ALL: &'static [Self] = &[
        Self::Config,
        Self::Auth,
        Self::Permission,
        Self::NotFound,
        Self::Schema,
        Self::CheckpointLost,
        Self::RateLimited,
        Self::Unavailable,
        Self::Timeout,
        Self::Fenced,
        Self::Unsupported,
        Self::Data,
        Self::Limit,
        Self::Protocol,
        Self::Internal,
        Self::Cancelled,
    ];

    /// Says whether a retry can help.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::RateLimited | Self::Unavailable | Self::Timeout => Retry::Backoff,
            Self::CheckpointLost => Retry::Resync,
            Self::Config
            | Self::Auth
            | Self::Permission
            | Self::NotFound
            | Self::Schema
            | Self::Fenced
            | Self::Unsupported
            | Self::Data
            | Self::Limit
            | Self::Protocol
            | Self::Internal
            | Self::Cancelled => Retry::Never,
        }
    }

    /// Says who can mend it.
    #[must_use]
    pub const fn owner(self) -> Owner {
        match self {
            Self::Config
            | Self::Auth
            | Self::Permission
            | Self::NotFound
            | Self::Schema
            | Self::CheckpointLost
            | Self::Data
            | Self::Limit => Owner::User,
            Self::RateLimited | Self::Unavailable | Self::Timeout => Owner::Vendor,
            Self::Unsupported | Self::Protocol | Self::Internal => Owner::Maintainer,
            Self::Fenced | Self::Cancelled => Owner::Nobody,
        }
    }

    /// Says what to do next when nothing more exact is known.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Config => "correct the named field of the configuration",
            Self::Auth => "check the credentials and sign in again",
            Self::Permission => {
                "grant the missing right, or allow the address in the egress policy"
            }
            Self::NotFound => "check the name, and that it still exists at the source",
            Self::Schema => "decide on the change, then resume the stream",
            Self::CheckpointLost => "start the stream over with a full sync",
            Self::RateLimited => "wait, or lower the rate limit of this source",
            Self::Unavailable => "try again later; see the vendor's status",
            Self::Timeout => "try again, or raise the deadline",
            Self::Fenced => "let the other writer go on; run one sync per stream",
            Self::Unsupported => "use another mode, or ask for this one",
            Self::Data => "correct the data at the source, or let bad rows be quarantined",
            Self::Limit => "raise the limit, or split the data at the source",
            Self::Protocol => "report it: the source answered against its own documentation",
            Self::Internal => "report it: this is a bug of datamiind",
            Self::Cancelled => "run it again when wanted",
        }
    }

    /// Names the kind as it stands in logs, metrics and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Schema => "schema",
            Self::CheckpointLost => "checkpoint_lost",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Fenced => "fenced",
            Self::Unsupported => "unsupported",
            Self::Data => "data",
            Self::Limit => "limit",
            Self::Protocol => "protocol",
            Self::Internal => "internal",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The one error type: one word wide, and the only one that crosses a crate line.
///
/// `Display` is one line: kind, message, where, cause, what to do. `Debug` is
/// the same line, so an error that ends `main` reads well.
///
/// ```
/// use datamiind_core::{Error, ErrorKind, Owner, Retry};
///
/// let error = Error::new(ErrorKind::Data, "the row has 3 fields, the header 4")
///     .with("file", "orders/2026-11-24.csv")
///     .with("line", 17);
/// assert_eq!(error.retry(), Retry::Never);
/// assert_eq!(error.owner(), Owner::User);
/// assert_eq!(error.get("line"), Some("17"));
/// assert_eq!(
///     error.to_string(),
///     "data: the row has 3 fields, the header 4 (file: orders/2026-11-24.csv, line: 17); \
///      hint: correct the data at the source, or let bad rows be quarantined"
/// );
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    context: Vec<(&'static str, String)>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Makes an error of a kind, with a message that says what happened.
    #[cold]
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            context: Vec::new(),
            retry_after: None,
            source: None,
        }))
    }

    /// Adds where it happened: `file`, `line`, `field`, `stream`, `column`, `key` …
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((key, value.to_string()));
        self
    }

    /// Replaces the kind's general hint by one that fits this failure.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn caused_by(mut self, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(error.into());
        self
    }

    /// Notes the pause that the source asked for.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }

    /// Tells what kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Tells whether a retry can help, and when.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match (self.0.kind.retry(), self.0.retry_after) {
            (Retry::Backoff, Some(pause)) => Retry::After(pause),
            (retry, _) => retry,
        }
    }

    /// Tells who can mend it.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.0.kind.owner()
    }

    /// Tells what to do next, in one sentence without its stop. Never empty.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.0.hint.as_deref().unwrap_or(self.0.kind.hint())
    }

    /// Tells what happened, without kind, context and cause.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Looks up one item of the context.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.context.iter().find(|(k, _)| *k == key).map(|(_, v)| v.as_str())
    }

    /// Lists the context in the order it was added, innermost first.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.context.iter().map(|(k, v)| (*k, v.as_str()))
    }

    /// Takes every known secret out of the message, the hint, the context and the causes.
    ///
    /// The causes are flattened into text on the way, since a foreign error
    /// cannot be edited.
    #[must_use]
    pub fn scrubbed(mut self, scrubber: &Scrubber) -> Self {
        if scrubber.is_empty() {
            return self;
        }
        self.0.message = scrubber.scrub(&self.0.message).into_owned().into();
        if let Some(hint) = &self.0.hint {
            self.0.hint = Some(scrubber.scrub(hint).into_owned().into());
        }
        for (_, value) in &mut self.0.context {
            *value = scrubber.scrub(value).into_owned();
        }
        if let Some(source) = self.0.source.take() {
            let mut text = source.to_string();
            let mut next = source.source();
            while let Some(cause) = next {
                text.push_str(": ");
                text.push_str(&cause.to_string());
                next = cause.source();
            }
            self.0.source = Some(scrubber.scrub(&text).into_owned().into());
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind, self.0.message)?;
        for (i, (key, value)) in self.0.context.iter().enumerate() {
            let lead = if i == 0 { " (" } else { ", " };
            write!(f, "{lead}{key}: {value}")?;
        }
        if !self.0.context.is_empty() {
            f.write_str(")")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        write!(f, "; hint: {}", self.hint())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|error| error as _)
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::new(ErrorKind::Data, "the data does not fit its Arrow type").caused_by(error)
    }
}

const _: () = assert!(size_of::<Error>() == size_of::<usize>());
const _: () = assert!(size_of::<Result<()>>() == size_of::<usize>());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_hint_a_name_and_a_place_in_the_table() {
        let table = include_str!("error.rs");
        for kind in ErrorKind::ALL {
            assert!(!kind.hint().is_empty());
            assert!(table.contains(&format!("//! | `{kind:?}` |")), "{kind:?} is not in the table");
        }
    }

    #[test]
    fn a_named_pause_replaces_backoff_only() {
        let pause = Duration::from_secs(7);
        let limited = Error::new(ErrorKind::RateLimited, "429").retry_after(pause);
        assert_eq!(limited.retry(), Retry::After(pause));
        let auth = Error::new(ErrorKind::Auth, "401").retry_after(pause);
        assert_eq!(auth.retry(), Retry::Never);
    }

    #[test]
    fn scrubbing_reaches_the_last_cause() {
        let scrubber = Scrubber::of(["s3cr3t-token"]);
        let inner = std::io::Error::other("GET /?key=s3cr3t-token");
        let error = Error::new(ErrorKind::Unavailable, "sent s3cr3t-token")
            .with("url", "https://h/?k=s3cr3t-token")
            .caused_by(inner)
            .scrubbed(&scrubber);
        let text = format!("{error} {error:?} {:?}", StdError::source(&error));
        assert!(!text.contains("s3cr3t-token"), "{text}");
    }
}
