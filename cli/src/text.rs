//! Text for people: tables, sizes, times, and what a terminal must not be told by a server.

use std::fmt::Write;

use patr_models::time::Millis;

/// Columns as wide as their widest cell, two spaces apart. Control characters are escaped.
pub(crate) fn table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let headers = headers.iter().map(|&header| header.to_owned()).collect::<Vec<_>>();
    let cells = std::iter::once(&headers).chain(rows);
    let cells = cells.map(|row| row.iter().map(|cell| escape(cell)).collect::<Vec<_>>()).collect::<Vec<_>>();
    let width = |at: usize| cells.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths = (0..headers.len()).map(|at| width(at).unwrap_or_default()).collect::<Vec<_>>();
    cells.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let padded = row.iter().zip(widths).map(|(cell, &width)| format!("{cell:width$}"));
    format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
}

/// Shows what would command a terminal, or reorder its text, as `\u{…}`.
pub(crate) fn escape(text: &str) -> String {
    escaping(text, commands)
}

fn commands(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders
}

fn escaping(text: &str, bad: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if bad(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Like [`escape`], but keeps tabs and the sequences that only choose colors (ECMA-48, SGR).
pub(crate) fn escape_log(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let (before, from) = rest.split_at(at);
        out.push_str(&escaping(before, |c| c != '\t' && commands(c)));
        let length = sgr_length(from);
        let (sequence, after) = from.split_at(length.unwrap_or(1));
        out.push_str(&if length.is_some() { sequence.to_owned() } else { escape(sequence) });
        rest = after;
    }
    out.push_str(&escaping(rest, |c| c != '\t' && commands(c)));
    out
}

/// The length of the color sequence that `text` begins with.
fn sgr_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
    parameters[end..].starts_with('m').then_some(end + 3)
}

/// A size such as `12.3 MiB`.
pub(crate) fn bytes(count: u64) -> String {
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

/// A count such as `12,345`.
pub(crate) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun, such as `1 file` or `3 files`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let mut out = count(number);
    let _ = write!(out, " {noun}{}", if number == 1 { "" } else { "s" });
    out
}

/// A moment to the second, in UTC.
pub(crate) fn time(at: Millis) -> String {
    let text = at.to_string();
    let end = text.find('.').unwrap_or(text.len());
    format!("{}Z", text[..end].replace('T', " "))
}

/// At most `most` letters, so that one long cell does not spread a whole table.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// The value, or a dash.
pub(crate) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// The candidate that `typed` most likely stands for: at most a third of its letters differ.
pub(crate) fn nearest<'c>(typed: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let most = typed.chars().count().div_ceil(3);
    let near = candidates.map(|candidate| (distance(typed, candidate), candidate));
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, candidate)| candidate)
}

/// Letters to insert, delete, replace, or swap with their neighbour (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.chars().collect::<Vec<_>>(), other.chars().collect::<Vec<_>>());
    // rows[i][j] leads from the first i letters of one to the first j of the other.
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for (i, letter) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, against) in other.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(letter != against);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == other[j - 1] && one[i - 1] == *against {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_command_the_terminal() {
        assert_eq!(escape("a\x1b[2Jb\u{9b}\u{202e}\n"), "a\\u{1b}[2Jb\\u{9b}\\u{202e}\\u{a}");
        assert_eq!(escape("grüße ✓"), "grüße ✓");
    }

    #[test]
    fn a_log_keeps_its_colors_and_nothing_else() {
        assert_eq!(escape_log("\x1b[1;31mred\x1b[0m\tx"), "\x1b[1;31mred\x1b[0m\tx");
        assert_eq!(escape_log("\x1b[2J\x1b]0;t\x07\x1b["), "\\u{1b}[2J\\u{1b}]0;t\\u{7}\\u{1b}[");
    }

    #[test]
    fn columns_line_up_and_have_no_space_at_the_end() {
        let rows = [vec!["web".to_owned(), "x".to_owned()], vec!["b".to_owned(), String::new()]];
        assert_eq!(table(&["NAME", "S"], &rows), "NAME  S\nweb   x\nb\n");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            [bytes(1023), bytes(1024), bytes(1536), bytes(1 << 20), bytes(u64::MAX)].join(" "),
            "1023 B 1.0 KiB 1.5 KiB 1.0 MiB 16777215.9 TiB"
        );
        assert_eq!([count(5_u64), count(1000_u64), count(1_234_567_u64)].join(" "), "5 1,000 1,234,567");
        assert_eq!((counted(1, "file"), counted(0, "file")), ("1 file".to_owned(), "0 files".to_owned()));
    }

    #[test]
    fn a_long_cell_is_cut_by_letters() {
        assert_eq!([shortened("grüße", 5), shortened("grüße!", 5)].join(" "), "grüße grüß…");
    }

    #[test]
    fn a_slip_finds_what_was_meant_and_nonsense_finds_nothing() {
        let runners = ["home-box", "office"];
        assert_eq!(nearest("hom-box", runners.into_iter()), Some("home-box"));
        assert_eq!(nearest("ofifce", runners.into_iter()), Some("office"));
        assert_eq!(nearest("zzz", runners.into_iter()), None);
    }
}
