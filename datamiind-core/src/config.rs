//! Configuration: one struct per connector, from which all else follows.
//!
//! A connector's configuration is one documented struct that derives serde's
//! `Deserialize` with `deny_unknown_fields` and schemars' `JsonSchema`. The same
//! definition makes the validation ([`parse`]), the form and the docs
//! ([`json_schema`]). [`parse`] names the path of the field that is wrong.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// Reads a configuration and names the field that does not fit.
///
/// # Errors
///
/// [`ErrorKind::Config`] with the field's path in the context's `field`:
///
/// ```
/// use datamiind_core::{config, ErrorKind};
///
/// #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Tls { verify: bool }
/// #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Config { host: String, tls: Tls }
///
/// let error = config::parse::<Config>(serde_json::json!({
///     "host": "db", "tls": { "verify": "yes" }
/// })).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// assert_eq!(error.get("field"), Some("tls.verify"));
///
/// let typo = config::parse::<Config>(serde_json::json!({ "hots": "db" })).unwrap_err();
/// assert_eq!(typo.get("field"), Some("hots"));
/// assert!(typo.hint().contains("host"));
/// ```
pub fn parse<T: DeserializeOwned + JsonSchema>(config: Value) -> Result<T> {
    serde_path_to_error::deserialize(config).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "(whole configuration)".to_owned() } else { path };
        let reason = without_values(&error.into_inner().to_string());
        let made =
            Error::new(ErrorKind::Config, format!("the configuration is not valid: {reason}"));
        match unknown_field(&reason) {
            Some(name) => {
                let known = known_fields(&json_schema::<T>(), &path);
                let near = nearest(name, &known);
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the fields are: {}", known.join(", ")),
                };
                made.with("field", path).hinted(hint)
            }
            None => made.with("field", path),
        }
    })
}

/// Makes the JSON Schema (draft 2020-12) of a configuration, for forms and docs.
#[must_use]
pub fn json_schema<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Takes the offending value out of serde's message: it may be a secret in the wrong field.
fn without_values(message: &str) -> String {
    let Some(rest) =
        message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))
    else {
        return message.to_owned();
    };
    let found = rest.split([' ', ',']).next().unwrap_or("another type");
    match rest.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}, found {found}"),
        None => format!("found {found}"),
    }
}

fn unknown_field(reason: &str) -> Option<&str> {
    reason.strip_prefix("unknown field `")?.split('`').next()
}

/// Lists the fields that may stand beside the one at `path`.
fn known_fields(schema: &Value, path: &str) -> Vec<String> {
    let mut at = schema;
    let mut steps: Vec<&str> = path.split('.').collect();
    steps.pop();
    for step in steps {
        let step = step.split('[').next().unwrap_or(step);
        at =
            resolve(schema, at).get("properties").and_then(|p| p.get(step)).unwrap_or(&Value::Null);
    }
    let Some(fields) = resolve(schema, at).get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    fields.keys().cloned().collect()
}

fn resolve<'a>(schema: &'a Value, at: &'a Value) -> &'a Value {
    let target = at.get("$ref").or_else(|| at.pointer("/anyOf/0/$ref")).and_then(Value::as_str);
    target.and_then(|t| t.strip_prefix('#')).and_then(|t| schema.pointer(t)).unwrap_or(at)
}

/// Finds the known name at an edit distance of at most two.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    known
        .iter()
        .map(|k| (distance(name, k), k))
        .filter(|(d, k)| *d <= 2 && *d < k.len())
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Counts edits, a swap of two neighbours being one (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut table = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let cost = usize::from(a[i - 1] != b[j - 1]);
                let mut least = (table[(i - 1) * width + j] + 1)
                    .min(table[i * width + j - 1] + 1)
                    .min(table[(i - 1) * width + j - 1] + cost);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(table[(i - 2) * width + j - 2] + 1);
                }
                least
            };
        }
    }
    table[a.len() * width + b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[derive(Debug, serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Config {
        #[expect(dead_code, reason = "read by serde only")]
        port: u16,
        #[expect(dead_code, reason = "read by serde only")]
        password: Option<Secret>,
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_echoed() {
        let error = parse::<Config>(serde_json::json!({ "port": "hunter2-in-the-wrong-field" }))
            .unwrap_err();
        assert!(!format!("{error}").contains("hunter2"), "{error}");
        assert_eq!(error.get("field"), Some("port"));
        assert!(error.message().contains("expected u16, found string"), "{error}");
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = parse::<Config>(serde_json::json!({})).unwrap_err();
        assert!(error.message().contains("missing field `port`"), "{error}");
    }

    #[test]
    fn a_secret_is_a_password_in_the_form() {
        let schema = json_schema::<Config>();
        assert!(schema.to_string().contains("\"format\":\"password\""), "{schema}");
    }
}
