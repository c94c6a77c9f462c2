//! What differs between two releases, in words.

use patr_models::deployment::{Digest, WorkloadSpec};
use serde_json::{Map, Value};

/// The fields in which a release differs from the one before it; its image with its name.
pub fn between(
    before: (&WorkloadSpec, Option<&Digest>),
    after: (&WorkloadSpec, Option<&Digest>),
) -> Vec<String> {
    let (old, new) = (fields(before.0), fields(after.0));
    let mut found = Vec::new();
    if before.0.image != after.0.image {
        found.push(after.0.image.to_string());
    } else if before.1 != after.1 && before.1.is_some() && after.1.is_some() {
        found.push("newer image of the same tag".to_owned());
    }
    let mut names: Vec<&String> = old.keys().chain(new.keys()).filter(|name| *name != "image").collect();
    names.sort_unstable();
    names.dedup();
    found.extend(
        names.into_iter().filter(|name| old.get(*name) != new.get(*name)).map(|name| said(name, &old, &new)),
    );
    found
}

/// A field, with the names of what is in it where it has names.
fn said(name: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> String {
    let label = name.trim_end_matches("_s").replace('_', " ");
    let (Some(Value::Object(before)), Some(Value::Object(after))) =
        (or_empty(old, new, name), or_empty(new, old, name))
    else {
        return label;
    };
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let changed: Vec<String> = keys
        .into_iter()
        .filter_map(|key| match (before.get(key), after.get(key)) {
            (None, _) => Some(format!("+{key}")),
            (_, None) => Some(format!("−{key}")),
            (was, is) => (was != is).then(|| key.clone()),
        })
        .collect();
    format!("{label}: {}", changed.join(", "))
}

/// A field; empty where it was left out and the other one has names.
fn or_empty(of: &Map<String, Value>, other: &Map<String, Value>, name: &str) -> Option<Value> {
    let empty = || other.get(name).filter(|value| value.is_object()).map(|_| Value::Object(Map::new()));
    of.get(name).cloned().or_else(empty)
}

fn fields(spec: &WorkloadSpec) -> Map<String, Value> {
    match serde_json::to_value(spec) {
        Ok(Value::Object(fields)) => fields,
        // A specification is an object with keys that are text: it is always written.
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec;

    fn of(image: &str, env: &str) -> WorkloadSpec {
        WorkloadSpec { env: spec::env(env).unwrap(), ..WorkloadSpec::of(image.parse().unwrap()) }
    }

    fn diff(before: &WorkloadSpec, after: &WorkloadSpec) -> Vec<String> {
        between((before, None), (after, None))
    }

    #[test]
    fn an_image_is_named_and_variables_are_without_their_values() {
        let found = diff(&of("web:1", "A=1\nB=2\nC=3"), &of("web:2", "B=9\nC=3\nD=4"));
        assert_eq!(found, ["web:2", "env: −A, B, +D"]);
    }

    #[test]
    fn what_was_left_out_before_is_new() {
        let mut after = of("web:1", "A=1");
        after.ports = spec::ports("80").unwrap();
        after.stop_grace_s = Some(5);
        assert_eq!(diff(&of("web:1", ""), &after), ["env: +A", "ports", "stop grace"]);
        assert_eq!(diff(&after, &after), Vec::<String>::new());
    }

    #[test]
    fn a_tag_that_means_another_image_is_said() {
        let spec = of("web:1", "");
        let digest = |digit: &str| format!("sha256:{}", digit.repeat(64)).parse::<Digest>().unwrap();
        let found = between((&spec, Some(&digest("a"))), (&spec, Some(&digest("b"))));
        assert_eq!(found, ["newer image of the same tag"]);
        assert_eq!(between((&spec, None), (&spec, Some(&digest("b")))), Vec::<String>::new());
    }
}
