//! Ranges of bytes (RFC 9110, 14).

use std::ops::Range;

/// What a `Range` header asks of a representation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it: the header has several ranges, another unit, or cannot be read.
    Whole,
    Part(Range<u64>),
    /// No byte that there is.
    Unsatisfiable,
}

/// Reads a `Range` header for a representation of this size.
pub(super) fn read(header: &str, size: u64) -> Asked {
    let Some((unit, set)) = header.split_once('=') else { return Asked::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Asked::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Asked::Whole;
    }
    match (position(first), position(last)) {
        (Some(first), Some(last)) if first <= last => part(first, last.saturating_add(1), size),
        (Some(first), None) if last.is_empty() => part(first, size, size),
        (None, Some(0)) if first.is_empty() => Asked::Unsatisfiable,
        // There is no way to write the range of nothing.
        (None, Some(_)) if first.is_empty() && size == 0 => Asked::Whole,
        (None, Some(suffix)) if first.is_empty() => part(size.saturating_sub(suffix), size, size),
        _ => Asked::Whole,
    }
}

fn part(first: u64, end: u64, size: u64) -> Asked {
    if first < size { Asked::Part(first..end.min(size)) } else { Asked::Unsatisfiable }
}

/// Digits; more of them than fit stand for the largest number.
fn position(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_in_its_three_forms() {
        for (header, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-4", 2..5),
            ("bytes=2-", 2..10),
            ("bytes=-3", 7..10),
            ("bytes=-30", 0..10),
            ("bytes=8-99999999999999999999999", 8..10),
            ("Bytes = 1-2", 1..3),
        ] {
            assert_eq!(read(header, 10), Asked::Part(range), "{header}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_cannot_be_satisfied() {
        for header in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(read(header, 10), Asked::Unsatisfiable, "{header}");
        }
        assert_eq!(read("bytes=0-", 0), Asked::Unsatisfiable);
    }

    #[test]
    fn anything_else_is_answered_whole() {
        for header in [
            "bytes=0-1,3-4",
            "bytes=4-2",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "lines=1-2",
            "bytes",
            "bytes=--1",
            "",
        ] {
            assert_eq!(read(header, 10), Asked::Whole, "{header}");
        }
        assert_eq!(read("bytes=-5", 0), Asked::Whole);
    }
}
