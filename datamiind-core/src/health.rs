//! Health: what a check found, all of it, with what mends it.

use serde::Serialize;

use crate::{descriptor::Facet, error::Error, secret::Scrubber};

/// What a check found. No finding is good news.
///
/// ```
/// use datamiind_core::{Facet, Finding, Health};
///
/// let health = Health::default().with(
///     Finding::error("wal_level is replica")
///         .facet(Facet::ChangeFeed)
///         .remedy("alter system set wal_level = logical; -- then restart"),
/// );
/// assert!(!health.is_ok());
/// assert!(health.is_ok_for(Facet::DirectQuery));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    findings: Vec<Finding>,
}

impl Health {
    /// Adds a finding.
    #[must_use]
    pub fn with(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// Lists all findings.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Takes every known secret out of what was found.
    #[must_use]
    pub fn scrubbed(mut self, scrubber: &Scrubber) -> Self {
        for finding in &mut self.findings {
            finding.message = scrubber.scrub(&finding.message).into_owned();
            finding.remedy = finding.remedy.take().map(|text| scrubber.scrub(&text).into_owned());
        }
        self
    }

    /// Whether everything can be used.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.findings.iter().any(|f| f.severity == Severity::Error)
    }

    /// Whether one facet can be used.
    #[must_use]
    pub fn is_ok_for(&self, facet: Facet) -> bool {
        let hits = |f: &Finding| f.facet.is_none_or(|of| of == facet);
        !self.findings.iter().any(|f| f.severity == Severity::Error && hits(f))
    }
}

impl From<&Error> for Health {
    /// Turns what stopped a check into its one finding.
    fn from(error: &Error) -> Self {
        Self::default().with(Finding::error(error.to_string()).remedy(error.hint()))
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Good to know.
    Info,
    /// Works, and will not for long or not well.
    Warning,
    /// Does not work.
    Error,
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The facet that it stops; every facet where `None`.
    pub facet: Option<Facet>,
    /// What was found.
    pub message: String,
    /// What mends it: a sentence, or the statement to run.
    pub remedy: Option<String>,
}

impl Finding {
    /// Finds something that does not work.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// Finds something that will not work for long, or not well.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// Finds something good to know.
    #[must_use]
    pub fn info(message: impl Into<String>) -> Self {
        Self::new(Severity::Info, message)
    }

    fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self { severity, facet: None, message: message.into(), remedy: None }
    }

    /// Limits it to one facet.
    #[must_use]
    pub fn facet(mut self, facet: Facet) -> Self {
        self.facet = Some(facet);
        self
    }

    /// Says what mends it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}
