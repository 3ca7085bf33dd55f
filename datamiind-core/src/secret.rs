//! Secrets that cannot be printed, and the scrubber that finds them where they leak.
//!
//! A password reaches a program through its configuration and leaves it through
//! a log line. [`Secret`] closes the front door: it has no `Display` and no
//! `Serialize`, and its `Debug` is three stars. [`Scrubber`] closes the back
//! door: a server may echo the password in an error, so everything that leaves a
//! source is searched for every secret its configuration held, in the forms in
//! which secrets travel (plain, JSON-escaped, percent-encoded, base64).

use std::{borrow::Cow, cell::RefCell, fmt, sync::Arc};

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// What stands in a text where a secret stood.
pub const REDACTED: &str = "***";

/// Shorter secrets are not searched for: they would tear holes into every text.
const SHORTEST: usize = 4;

thread_local! {
    static SEEN: RefCell<Option<Vec<Secret>>> = const { RefCell::new(None) };
}

/// A string that cannot be printed and is wiped from memory when dropped.
///
/// It cannot be formatted into a message:
///
/// ```compile_fail
/// let password = datamiind_core::Secret::new("hunter2");
/// println!("{password}"); // Secret has no Display
/// ```
///
/// nor written into a state or a report:
///
/// ```compile_fail
/// let password = datamiind_core::Secret::new("hunter2");
/// serde_json::to_string(&password); // Secret has no Serialize
/// ```
///
/// and `Debug`, which derives reach, says nothing:
///
/// ```
/// let password = datamiind_core::Secret::new("hunter2");
/// assert_eq!(format!("{password:?}"), "Secret(***)");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let secret = Self(Arc::new(Zeroizing::new(text.into())));
        SEEN.with_borrow_mut(|seen| {
            if let Some(seen) = seen {
                seen.push(secret.clone());
            }
        });
        secret
    }

    /// Hands out the plain text, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Runs `f` and collects every secret that is made meanwhile on this thread.
    ///
    /// This is how the secrets of a configuration become known without any
    /// connector listing them: see [`connect`](crate::connect).
    pub fn collect<T>(f: impl FnOnce() -> T) -> (T, Scrubber) {
        let outer = SEEN.replace(Some(Vec::new()));
        let value = f();
        let seen = SEEN.replace(outer).unwrap_or_default();
        SEEN.with_borrow_mut(|outer| {
            if let Some(outer) = outer {
                outer.extend(seen.iter().cloned());
            }
        });
        let scrubber = Scrubber::of(seen.iter().map(Self::expose));
        (value, scrubber)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({REDACTED})")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "password", "writeOnly": true })
    }
}

/// Replaces known secrets in texts by three stars.
///
/// ```
/// use datamiind_core::Scrubber;
///
/// let scrubber = Scrubber::of(["p@ss word"]);
/// assert_eq!(scrubber.scrub("login p@ss word failed"), "login *** failed");
/// assert_eq!(scrubber.scrub("?key=p%40ss%20word"), "?key=***");
/// assert_eq!(scrubber.scrub("Basic cEBzcyB3b3Jk"), "Basic ***");
/// ```
#[derive(Clone, Default)]
pub struct Scrubber {
    forms: Arc<Vec<Zeroizing<String>>>,
}

impl Scrubber {
    /// Makes a scrubber for these secrets. Those of under four bytes are not searched for.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<Zeroizing<String>> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST)
            .flat_map(forms)
            .map(Zeroizing::new)
            .collect();
        // The longest first, so that a secret within another does not leave a rest.
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms: Arc::new(forms) }
    }

    /// Tells whether there is nothing to search for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Replaces each secret in the text, in each form that it is known to travel in.
    #[must_use]
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in self.forms.iter() {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), REDACTED));
            }
        }
        text
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrubber({} forms)", self.forms.len())
    }
}

/// Lists the forms in which a secret travels.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        percent(secret, false, true),
        percent(secret, false, false),
        percent(secret, true, true),
        base64(secret.as_bytes(), b"+/"),
        base64(secret.as_bytes(), b"-_"),
        secret.to_lowercase(),
    ]
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
fn percent(text: &str, plus: bool, upper: bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' if plus => out.push('+'),
            _ if upper => out.push_str(&format!("%{byte:02X}")),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

/// Encodes as base64 without padding (RFC 4648); `last` are the characters of 62 and 63.
fn base64(bytes: &[u8], last: &[u8; 2]) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            let index = ((word >> (18 - 6 * i)) & 63) as usize;
            let byte = ALPHABET.get(index).copied().unwrap_or_else(|| last[index - ALPHABET.len()]);
            out.push(char::from(byte));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_the_vectors_of_rfc_4648() {
        let vectors = [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in vectors {
            assert_eq!(base64(plain.as_bytes(), b"+/"), encoded);
        }
        assert_eq!(base64(&[0xfb, 0xff], b"-_"), "-_8");
    }

    #[test]
    fn a_secret_is_found_in_every_form_it_travels_in() {
        let secret = "a\"b/c+d Ü";
        let scrubber = Scrubber::of([secret]);
        for form in forms(secret) {
            let text = format!("before {form} after");
            assert_eq!(scrubber.scrub(&text), "before *** after", "{form}");
        }
    }

    #[test]
    fn secrets_made_while_collecting_are_known_to_the_scrubber_and_to_outer_collectors() {
        let ((inner, made), outer) = Secret::collect(|| {
            let (made, inner) = Secret::collect(|| Secret::new("inner-secret"));
            (inner, made)
        });
        assert_eq!(made.expose(), "inner-secret");
        assert_eq!(inner.scrub("x inner-secret"), "x ***");
        assert_eq!(outer.scrub("x inner-secret"), "x ***");
    }
}
