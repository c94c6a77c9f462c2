//! JSON as RFC 8785 writes it (JSON Canonicalization Scheme), and the hash of a line.
//!
//! No number in a line has a fraction: whole numbers are written as they are, and the part of RFC 8785 that is about
//! fractions is not needed.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The one text of a value: names in the order of their UTF-16 code units (RFC 8785, 3.2.3), no space, and strings escaped
/// only where they must be.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            separated(items, out, write);
            out.push(']');
        }
        Value::Object(object) => {
            let mut members: Vec<(&String, &Value)> = object.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            out.push('{');
            separated(&members, out, |(name, value), out| {
                string(name, out);
                out.push(':');
                write(value, out);
            });
            out.push('}');
        }
        Value::String(text) => string(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn separated<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
}

/// What serde_json escapes, and how, is what RFC 8785 (3.2.2.2) says.
fn string(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

/// The hash of a line: of everything in it but its `hash`.
pub fn digest(line: &Value) -> String {
    let mut line = line.clone();
    if let Some(members) = line.as_object_mut() {
        members.remove("hash");
    }
    hex(text(&line).as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a line's member; empty when it has none.
pub(super) fn member<'a>(line: &'a Map<String, Value>, name: &str) -> &'a str {
    line.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of RFC 8785, 3.2.3, without its numbers.
    #[test]
    fn names_are_in_the_order_of_their_utf_16_code_units() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let order = ["\\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}"];
        let found = text(&value);
        let places: Vec<_> = order.iter().map(|name| found.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{found}");
    }

    #[test]
    fn strings_are_escaped_only_where_they_must_be() {
        let value = json!("\u{20ac}$\u{f}\nA'B\"\\\"/\u{7f}\u{2028}");
        assert_eq!(text(&value), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\u{7f}\u{2028}\"");
    }

    #[test]
    fn nothing_stands_between_members() {
        assert_eq!(
            text(&json!({ "b": [1, -2, true], "a": null, "c": {} })),
            r#"{"a":null,"b":[1,-2,true],"c":{}}"#
        );
    }

    /// The vector of docs/audit.md, which Python's hashlib computed.
    #[test]
    fn the_hash_of_a_line_is_the_one_that_the_page_says() {
        let page = include_str!("../../../docs/audit.md");
        let after = |mark: &str| page.split_once(mark).map(|(_, rest)| rest.trim_start()).unwrap();
        let line = after("<!-- vector -->\n```json\n").lines().next().unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(digest(&line), line["hash"].as_str().unwrap());
    }
}
