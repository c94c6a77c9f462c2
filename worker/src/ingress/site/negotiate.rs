//! Which representation of a file a client gets (RFC 9110, 12.5.3).

use patr_models::site::manifest::{Coding, Entry, Representation};

/// The representation that `Accept-Encoding` prefers; of equals, the smallest coding. Where nothing is acceptable the
/// header is disregarded, as it may be.
pub(super) fn choose<'e>(entry: &Entry<'e>, accept: Option<&str>) -> Representation<'e> {
    let Some(accept) = accept else { return entry.identity };
    let mut best = (entry.identity, quality(accept, Coding::Identity));
    for one in entry.representations().skip(1) {
        let quality = quality(accept, one.coding);
        // They are in the order identity, gzip, br, so the later one of equals is the smaller.
        if quality > 0 && quality >= best.1 {
            best = (one, quality);
        }
    }
    best.0
}

/// Whether the file's own bytes are acceptable.
pub(super) fn takes_identity(accept: Option<&str>) -> bool {
    accept.is_none_or(|accept| quality(accept, Coding::Identity) > 0)
}

/// Whether brotli is acceptable.
pub(crate) fn takes_brotli(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| quality(accept, Coding::Brotli) > 0)
}

/// What is thought of a coding, in thousandths. Identity is acceptable unless it is said not to be, but nothing that
/// is asked for comes after it.
fn quality(accept: &str, coding: Coding) -> u16 {
    let (mut star, mut named) = (None, None);
    for part in accept.split(',') {
        let mut words = part.split(';').map(str::trim);
        let name = words.next().unwrap_or_default();
        let weight = words.find_map(weight).unwrap_or(1000);
        if name == "*" {
            star = Some(weight);
        } else if is(coding, name) {
            named = Some(weight);
        }
    }
    match (named.or(star), coding) {
        (Some(weight), _) => weight,
        (None, Coding::Identity) => 1,
        (None, _) => 0,
    }
}

fn is(coding: Coding, name: &str) -> bool {
    name.eq_ignore_ascii_case(coding.as_str())
        || (coding == Coding::Gzip && name.eq_ignore_ascii_case("x-gzip"))
}

/// `q=0.5` as thousandths; a weight that cannot be read counts as none.
fn weight(word: &str) -> Option<u16> {
    let value = word.strip_prefix("q=").or_else(|| word.strip_prefix("Q="))?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit()) && fraction.len() <= 3;
    match (whole, digits) {
        ("1", true) if fraction.bytes().all(|byte| byte == b'0') => Some(1000),
        ("0", true) => format!("{fraction:0<3}").parse().ok(),
        _ => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingress::site::fixture;

    /// The coding that is chosen of a file with all three.
    fn chosen(accept: &str) -> &'static str {
        let manifest = fixture::coded();
        choose(&manifest.find("app.js").unwrap(), Some(accept)).coding.as_str()
    }

    #[test]
    fn the_best_coding_that_is_accepted_wins() {
        for (accept, coding) in [
            ("gzip, deflate, br", "br"),
            ("gzip, deflate", "gzip"),
            ("deflate", "identity"),
            ("", "identity"),
            ("identity", "identity"),
            ("*", "br"),
            ("GZIP", "gzip"),
            ("x-gzip", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("br;q=0.4, gzip;q=0.5", "gzip"),
            ("br;q=0.5, gzip;q=0.5", "br"),
            ("identity, br;q=0.9", "identity"),
            ("identity;q=0.5, gzip;q=0.5", "gzip"),
            ("*;q=0", "identity"),
            ("*;q=0, gzip", "gzip"),
            ("*;q=0.1, br;q=0", "gzip"),
            ("gzip;q=0.001", "gzip"),
            ("gzip;q=0.000", "identity"),
            ("gzip;q=x", "identity"),
            ("gzip ; q=1.000", "gzip"),
            ("identity;q=0", "identity"),
        ] {
            assert_eq!(chosen(accept), coding, "{accept}");
        }
    }

    #[test]
    fn who_says_nothing_gets_the_file_as_it_is() {
        let manifest = fixture::coded();
        assert_eq!(choose(&manifest.find("app.js").unwrap(), None).coding, Coding::Identity);
    }

    #[test]
    fn identity_is_taken_unless_it_is_said_not_to_be() {
        assert!(takes_identity(None));
        assert!(takes_identity(Some("gzip")));
        assert!(!takes_identity(Some("gzip, identity;q=0")));
        assert!(!takes_identity(Some("gzip, *;q=0")));
        assert!(takes_identity(Some("*;q=0, identity")));
    }
}
