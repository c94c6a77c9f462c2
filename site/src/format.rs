//! Times, sizes and counts, for people.

use std::time::Duration;

use patr_models::time::Millis;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long ago something was, in its largest unit.
pub fn ago(at: Millis, now: Millis) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        // A clock that is behind the edge's shows the same.
        0..10 => "just now".to_owned(),
        10..MINUTE => format!("{seconds} s ago"),
        MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        HOUR..DAY => format!("{} h ago", seconds / HOUR),
        _ => format!("{} ago", counted(seconds / DAY, "day")),
    }
}

/// How long it is until something, in its largest unit.
pub fn ahead(at: Millis, now: Millis) -> String {
    let seconds = at.since(now).as_secs();
    match seconds {
        0 => "over".to_owned(),
        1..HOUR => format!("in {} min", seconds.div_ceil(MINUTE)),
        HOUR..DAY => format!("in {} h", seconds / HOUR),
        _ => format!("in {}", counted(seconds / DAY, "day")),
    }
}

/// A moment to the second, in UTC.
pub fn exact(at: Millis) -> String {
    let text = at.to_string();
    let end = text.find('.').unwrap_or(text.len());
    format!("{} UTC", text[..end].replace('T', " "))
}

/// A size such as `12.3 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let exponent = ((count.ilog2() / 10) as usize).min(UNITS.len());
    let shift = 10 * (exponent as u32 - 1);
    // Tenths, rounded down, in whole numbers.
    let tenths = (count >> shift) * 10 / 1024;
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[exponent - 1])
}

/// A count with its noun, such as `1 file` or `3 files`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The beginning of a long hexadecimal name.
pub fn short(text: &str, letters: usize) -> &str {
    text.char_indices().nth(letters).map_or(text, |(end, _)| &text[..end])
}

/// From what age on an answer is said to be old.
pub const OLD: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Millis {
        Millis(count * 1000)
    }

    #[test]
    fn times_are_said_in_their_largest_unit() {
        let now = seconds(10 * DAY);
        let said = [3, 42, 61, 2 * HOUR, DAY, 3 * DAY].map(|age| ago(now - Duration::from_secs(age), now));
        assert_eq!(said, ["just now", "42 s ago", "1 min ago", "2 h ago", "1 day ago", "3 days ago"]);
        assert_eq!(ago(seconds(11 * DAY), now), "just now");
    }

    #[test]
    fn what_is_to_come_is_said_the_same_way() {
        let now = seconds(DAY);
        let said = [0, 30, 2 * HOUR, 7 * DAY].map(|away| ahead(now + Duration::from_secs(away), now));
        assert_eq!(said, ["over", "in 1 min", "in 2 h", "in 7 days"]);
    }

    #[test]
    fn an_exact_time_is_to_the_second() {
        assert_eq!(exact(Millis(1_764_000_000_123)), "2025-11-24 16:00:00 UTC");
    }

    #[test]
    fn a_text_is_cut_between_letters() {
        assert_eq!((short("sha256:abc", 6), short("äöü", 2), short("a", 5)), ("sha256", "äö", "a"));
    }

    #[test]
    fn sizes_have_one_decimal() {
        assert_eq!([bytes(0), bytes(1536), bytes(5 << 30)], ["0 B", "1.5 KiB", "5.0 GiB"]);
    }
}
