//! Entity tags and the conditions over them (RFC 9110, 8.8.3 and 13.1).

use patr_models::site::manifest::{Coding, Representation};

/// The strong tag of a representation: other bytes, other tag.
pub(super) fn etag(of: &Representation<'_>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut tag = String::with_capacity(37);
    tag.push('"');
    for byte in &of.hash[..16] {
        tag.push(char::from(DIGITS[usize::from(byte >> 4)]));
        tag.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    tag.push_str(match of.coding {
        Coding::Identity => "\"",
        Coding::Gzip => "-gz\"",
        Coding::Brotli => "-br\"",
    });
    tag
}

/// Whether `If-None-Match` names the tag, by weak comparison: then the client has it already.
pub(in crate::ingress) fn none_match_fails(header: &str, etag: &str) -> bool {
    header.trim() == "*" || tags(header).any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// Whether `If-Range` lets a range be answered: by strong comparison. We have no `Last-Modified`, so a date never does.
pub(super) fn if_range_holds(header: &str, etag: &str) -> bool {
    header.trim() == etag
}

/// The tags of a list. A comma within the quotes is a part of the tag.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let open = rest.find('"')?;
        let close = open + 1 + rest.get(open + 1..)?.find('"')?;
        let (tag, after) = rest.split_at(close + 1);
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_coding_has_a_tag_of_its_own() {
        let of = |coding| {
            etag(&Representation {
                coding,
                pack: 0,
                packs: 1,
                offset: 0,
                size: 1,
                hash: &[0xa5; 32],
                chunk: None,
            })
        };
        assert_eq!(of(Coding::Identity), format!("\"{}\"", "a5".repeat(16)));
        assert_eq!(of(Coding::Gzip), format!("\"{}-gz\"", "a5".repeat(16)));
        assert_eq!(of(Coding::Brotli), format!("\"{}-br\"", "a5".repeat(16)));
    }

    #[test]
    fn a_list_of_tags_matches_any_and_a_star_everything() {
        for (header, fails) in [
            ("\"b\"", true),
            ("W/\"b\"", true),
            ("\"a\", W/\"b\"", true),
            ("\"a\",\"b\",\"c\"", true),
            ("*", true),
            (" * ", true),
            ("\"a, \"b\"", false),
            ("\"a\"", false),
            ("b", false),
            ("\"b", false),
            ("\"b-br\"", false),
            ("", false),
        ] {
            assert_eq!(none_match_fails(header, "\"b\""), fails, "{header}");
        }
    }

    #[test]
    fn a_range_is_bound_to_a_strong_tag() {
        assert!(if_range_holds("\"b\"", "\"b\""));
        assert!(!if_range_holds("W/\"b\"", "\"b\""));
        assert!(!if_range_holds("Wed, 21 Oct 2015 07:28:00 GMT", "\"b\""));
    }
}
