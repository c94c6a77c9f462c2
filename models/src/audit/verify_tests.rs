use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::audit::{AuditEntry, sample};

fn chain(length: u64) -> Vec<AuditEntry> {
    let mut prev = GENESIS.to_owned();
    let mut next = |seq| {
        let line = sample(seq, &prev);
        prev.clone_from(&line.hash);
        line
    };
    (1..=length).map(&mut next).collect()
}

fn lines(entries: &[AuditEntry]) -> Vec<String> {
    entries.iter().map(AuditEntry::to_line).collect()
}

fn check(lines: &[String]) -> Result<Verified, Problem> {
    verify(lines.iter().map(String::as_str), None)
}

/// Every member of a line, inner ones too, as paths of JSON (RFC 6901).
fn members(value: &Value, path: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let path = format!("{path}/{name}");
        members(value, &path, found);
        found.push(path);
    }
}

/// Some other value.
fn other(value: &Value, salt: u8) -> Value {
    match value {
        Value::Null => json!(0),
        Value::Bool(it) => json!(!it),
        Value::Number(it) => json!(it.as_u64().unwrap_or_default() + 1 + u64::from(salt)),
        Value::String(it) if it.is_empty() => json!("a"),
        Value::String(it) => {
            let mut letters: Vec<char> = it.chars().collect();
            let at = usize::from(salt) % letters.len();
            letters[at] = if letters[at] == '0' { '1' } else { '0' };
            json!(letters.into_iter().collect::<String>())
        }
        Value::Array(_) | Value::Object(_) => json!("another"),
    }
}

#[test]
fn an_export_is_good_as_it_was_written() {
    let entries = chain(5);
    let verified = check(&lines(&entries)).unwrap();
    assert_eq!((verified.first, verified.last, &verified.head), (1, 5, &entries[4].hash));
    assert_eq!(verified.chain, entries[0].chain);
    assert_eq!(check(&[]), Err(Problem::Empty));
}

proptest! {
    #[test]
    fn any_change_of_any_member_of_any_line_is_named(
        length in 1_u64..6, line in any::<prop::sample::Index>(), member in any::<prop::sample::Index>(), salt in any::<u8>(),
    ) {
        let mut lines = lines(&chain(length));
        let at = line.index(lines.len());
        let mut value: Value = serde_json::from_str(&lines[at]).unwrap();
        let mut paths = Vec::new();
        members(&value, "", &mut paths);
        let place = value.pointer_mut(&paths[member.index(paths.len())]).unwrap();
        *place = other(place, salt);
        lines[at] = text(&value);
        let named = match check(&lines).unwrap_err() {
            Problem::Changed { line, .. } | Problem::Unreadable { line } => line,
            problem => panic!("{problem}"),
        };
        prop_assert_eq!(named, at + 1);
    }

    #[test]
    fn a_member_that_is_taken_away_or_added_is_named(length in 1_u64..6, line in any::<prop::sample::Index>(), name in "[a-z]{1,8}") {
        let mut lines = lines(&chain(length));
        let at = line.index(lines.len());
        let mut value: Value = serde_json::from_str(&lines[at]).unwrap();
        let members = value.as_object_mut().unwrap();
        if members.remove(&name).is_none() {
            members.insert(name, json!(1));
        }
        lines[at] = text(&value);
        let named = match check(&lines).unwrap_err() {
            Problem::Changed { line, .. } | Problem::Unreadable { line } => line,
            problem => panic!("{problem}"),
        };
        prop_assert_eq!(named, at + 1);
    }

    #[test]
    fn a_dropped_line_is_named_unless_it_was_the_last(length in 2_u64..8, line in any::<prop::sample::Index>()) {
        let mut lines = lines(&chain(length));
        let at = line.index(lines.len() - 1);
        lines.remove(at);
        let seq = at as u64 + 1;
        prop_assert_eq!(check(&lines), Err(Problem::Dropped { line: at + 1, from: seq, to: seq }));
    }

    #[test]
    fn a_moved_line_is_named(length in 2_u64..8, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let mut lines = lines(&chain(length));
        let (from, to) = (from.index(lines.len()), to.index(lines.len()));
        prop_assume!(from != to);
        let line = lines.remove(from);
        lines.insert(to, line);
        let Err(Problem::Moved { line, seq }) = check(&lines) else { panic!("{:?}", check(&lines)) };
        // Two neighbours that changed places: either was moved.
        let is_it = seq == from as u64 + 1 || (from.abs_diff(to) == 1 && seq == to as u64 + 1);
        prop_assert!(is_it && line == from.min(to) + 1, "{} {}", line, seq);
    }

    #[test]
    fn a_line_that_is_there_twice_is_named(length in 1_u64..8, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let mut lines = lines(&chain(length));
        let (from, to) = (from.index(lines.len()), to.index(lines.len() + 1));
        lines.insert(to, lines[from].clone());
        let problem = check(&lines).unwrap_err();
        prop_assert!(matches!(problem, Problem::Inserted { .. } | Problem::Moved { .. }), "{}", problem);
    }

    #[test]
    fn a_line_whose_hash_was_made_anew_is_named_by_the_next(length in 2_u64..8, line in any::<prop::sample::Index>()) {
        let mut entries = chain(length);
        let at = line.index(entries.len() - 1);
        let forged = AuditEntry { name: "forged".to_owned(), ..entries[at].clone() };
        entries[at] = forged.sealed();
        prop_assert_eq!(check(&lines(&entries)), Err(Problem::Replaced { line: at + 1, seq: at as u64 + 1 }));
    }
}

#[test]
fn a_line_of_another_chain_is_named() {
    let mut entries = chain(3);
    entries[1] = AuditEntry { chain: "none".to_owned(), ..entries[1].clone() }.sealed();
    assert_eq!(check(&lines(&entries)), Err(Problem::Inserted { line: 2, seq: 2 }));
}

#[test]
fn an_end_that_was_written_anew_or_cut_off_shows_against_a_head_that_was_noted() {
    let entries = chain(4);
    let noted = Some(entries[3].hash.as_str());
    let against = |entries: &[AuditEntry]| {
        let lines = lines(entries);
        verify(lines.iter().map(String::as_str), noted).map(|_| ())
    };
    assert_eq!(against(&entries), Ok(()));
    let unknown = Err(Problem::HeadUnknown { head: entries[3].hash.clone() });
    assert_eq!(against(&entries[..3]), unknown);
    let mut rewritten = entries.clone();
    rewritten[3] = AuditEntry { name: "forged".to_owned(), ..entries[3].clone() }.sealed();
    assert_eq!(check(&lines(&rewritten)).map(|_| ()), Ok(()), "by itself it is as good");
    assert_eq!(against(&rewritten), unknown);
    let mut grown = entries.clone();
    grown.push(sample(5, &entries[3].hash));
    assert_eq!(against(&grown), Ok(()), "a chain that goes on still has the head that was noted");
}

#[test]
fn a_beginning_that_a_later_line_says_was_removed_is_not_missed() {
    let mut entries = chain(4);
    let removed = json!({ "through": 2, "hash": entries[1].hash });
    let anchor =
        AuditEntry { action: RETENTION.to_owned(), after: Some(removed), ..sample(5, &entries[3].hash) };
    entries.push(anchor.sealed());
    assert_eq!(check(&lines(&entries[2..])).unwrap().first, 3);
    assert_eq!(check(&lines(&entries[3..])), Err(Problem::Dropped { line: 1, from: 1, to: 3 }));
    assert_eq!(check(&lines(&entries[2..4])), Err(Problem::Dropped { line: 1, from: 1, to: 2 }));
}

#[test]
fn two_members_of_one_name_are_no_line_of_ours() {
    let line = lines(&chain(1)).remove(0);
    let doubled = line.replacen('{', "{\"action\":\"Nothing\",", 1);
    assert_eq!(check(&[doubled]), Err(Problem::Changed { line: 1, seq: 1 }));
}
