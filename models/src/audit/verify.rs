//! Whether an export is what was written: nothing changed, dropped, inserted or moved.
//!
//! ```text
//! line 1        line 2        line 3
//! prev = 0…0 ┌─ prev = h1  ┌─ prev = h2      hash = SHA-256 of everything else in the line
//! hash = h1 ─┘  hash = h2 ─┘  hash = h3
//! ```
//!
//! Who can write to the database can make a whole chain anew, or cut off its end. That shows against a head, the hash of
//! any line, that somebody noted before.

use std::fmt;

use serde_json::Value;

use super::{
    GENESIS, RETENTION,
    canonical::{digest, member, text},
};

/// What a good export is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    pub chain: String,
    /// The number of the first line. More than 1 when those before it were removed because of their age, which a later line
    /// then says.
    pub first: u64,
    /// The number of the last line.
    pub last: u64,
    /// The hash of the last line: what to note.
    pub head: String,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There are no lines.
    Empty,
    /// Not a line of an export.
    Unreadable { line: usize },
    /// The line is not what its hash is of.
    Changed { line: usize, seq: u64 },
    /// The line's hash was made anew: the next one follows another.
    Replaced { line: usize, seq: u64 },
    /// Lines are missing here.
    Dropped { line: usize, from: u64, to: u64 },
    /// There is another line with this number, or it belongs to another chain.
    Inserted { line: usize, seq: u64 },
    /// The line with this number stands elsewhere.
    Moved { line: usize, seq: u64 },
    /// No line has the hash that was noted earlier.
    HeadUnknown { head: String },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "there are no lines"),
            Self::Unreadable { line } => write!(f, "line {line} is no line of an export"),
            Self::Changed { line, seq } => write!(f, "line {line}: entry {seq} was changed"),
            Self::Replaced { line, seq } => {
                write!(f, "line {line}: entry {seq} was replaced: the one after it follows another")
            }
            Self::Dropped { line, from, to } if from == to => {
                write!(f, "line {line}: entry {from} was dropped before it")
            }
            Self::Dropped { line, from, to } => {
                write!(f, "line {line}: entries {from} to {to} were dropped before it")
            }
            Self::Inserted { line, seq } => write!(f, "line {line}: entry {seq} was inserted"),
            Self::Moved { line, seq } => write!(f, "line {line}: entry {seq} was moved"),
            Self::HeadUnknown { head } => {
                write!(f, "no entry has the hash {head}: the end of the log was cut off or written anew")
            }
        }
    }
}

/// What of a line its place is checked by.
struct Link {
    seq: u64,
    chain: String,
    prev: String,
    hash: String,
    is_good: bool,
    /// The last entry that this one says was removed, and its hash.
    removed: Option<(u64, String)>,
}

impl Link {
    fn read(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let members = value.as_object()?;
        let own = |name| member(members, name).to_owned();
        let removed = members.get("after").filter(|_| member(members, "action") == RETENTION);
        let removed = removed.and_then(Value::as_object);
        let hash = own("hash");
        Some(Self {
            seq: members.get("seq")?.as_u64()?,
            chain: own("chain"),
            prev: own("prev"),
            // Two members of one name, of which readers take one or the other, are no line that we wrote.
            is_good: digest(&value) == hash && text(&value) == line,
            hash,
            removed: removed
                .and_then(|it| Some((it.get("through")?.as_u64()?, member(it, "hash").to_owned()))),
        })
    }
}

/// Checks the lines of an export, and that one of them has the hash `head`, if one was noted.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify<'l>(lines: impl IntoIterator<Item = &'l str>, head: Option<&str>) -> Result<Verified, Problem> {
    let mut links = Vec::new();
    for (at, line) in lines.into_iter().enumerate() {
        links.push(Link::read(line).ok_or(Problem::Unreadable { line: at + 1 })?);
    }
    let (Some(first), Some(last)) = (links.first(), links.last()) else { return Err(Problem::Empty) };
    check_start(&links, first)?;
    for at in 0..links.len() {
        check_link(&links, at)?;
    }
    if let Some(head) = head.filter(|head| !links.iter().any(|link| link.hash == *head)) {
        return Err(Problem::HeadUnknown { head: head.to_owned() });
    }
    Ok(Verified { chain: first.chain.clone(), first: first.seq, last: last.seq, head: last.hash.clone() })
}

/// A chain begins with 1, or after what a later line says was removed.
fn check_start(links: &[Link], first: &Link) -> Result<(), Problem> {
    let (line, seq) = (1, first.seq);
    if !first.is_good {
        return Err(Problem::Changed { line, seq });
    }
    let removed = |(through, hash): &(u64, String)| through + 1 == seq && *hash == first.prev;
    let begins = if seq == 1 {
        first.prev == GENESIS
    } else {
        links.iter().filter(|link| link.is_good).filter_map(|link| link.removed.as_ref()).any(removed)
    };
    if begins {
        return Ok(());
    }
    match misplaced(links, 0, 1) {
        Some(seq) => Err(Problem::Moved { line, seq }),
        None if seq <= 1 => Err(Problem::Inserted { line, seq }),
        None => Err(Problem::Dropped { line, from: 1, to: seq - 1 }),
    }
}

fn check_link(links: &[Link], at: usize) -> Result<(), Problem> {
    let (link, line) = (&links[at], at + 1);
    let seq = link.seq;
    if !link.is_good {
        return Err(Problem::Changed { line, seq });
    }
    let Some(before) = at.checked_sub(1).map(|at| &links[at]) else { return Ok(()) };
    if link.chain != before.chain {
        return Err(Problem::Inserted { line, seq });
    }
    let expected = before.seq + 1;
    if seq > expected {
        return Err(match misplaced(links, at, expected) {
            Some(seq) => Problem::Moved { line, seq },
            None => Problem::Dropped { line, from: expected, to: seq - 1 },
        });
    }
    if seq < expected {
        return Err(Problem::Inserted { line, seq });
    }
    if link.prev != before.hash {
        return Err(Problem::Replaced { line: line - 1, seq: before.seq });
    }
    Ok(())
}

/// Which line is not where it belongs, when another one is where `expected` should be and that is further down.
fn misplaced(links: &[Link], at: usize, expected: u64) -> Option<u64> {
    let further = links[at + 1..].iter().position(|link| link.seq == expected)?;
    // When the one that is expected comes right after, it is the one in between that does not belong there.
    Some(if further == 0 { links[at].seq } else { expected })
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
