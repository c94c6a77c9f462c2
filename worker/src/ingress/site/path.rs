//! Paths as browsers ask for them (percent-encoded) and as files have them.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use worker::Url;

/// What `encodeURIComponent` encodes (ECMA-262, 19.2.6.4).
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The path of a file, from the path of a request: each segment decoded, repeated slashes collapsed. A segment that
/// is not the encoding of text stays as it is.
pub(super) fn decode(path: &str) -> Cow<'_, str> {
    if !path.contains('%') && !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let decoded: Vec<_> = path.split('/').map(decode_segment).collect();
    Cow::Owned(collapse(&decoded.join("/")).into_owned())
}

fn decode_segment(segment: &str) -> Cow<'_, str> {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = segment.as_bytes();
    let well_formed = bytes
        .iter()
        .enumerate()
        .all(|(at, &byte)| byte != b'%' || (hex(bytes.get(at + 1)) && hex(bytes.get(at + 2))));
    let decoded = well_formed.then(|| percent_decode_str(segment).decode_utf8().ok()).flatten();
    decoded.unwrap_or(Cow::Borrowed(segment))
}

/// The one way in which the path of a file is asked for: `encodeURIComponent` of each segment.
pub(super) fn encode(path: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.!~*'()".contains(&byte);
    if path.bytes().all(plain) {
        return Cow::Borrowed(path);
    }
    let encoded: Vec<String> =
        path.split('/').map(|segment| utf8_percent_encode(segment, COMPONENT).to_string()).collect();
    Cow::Owned(encoded.join("/"))
}

/// A path that a rule leads to, as a browser would understand it: dot segments and backslashes resolved, and no
/// repeated slashes, so that it never is the address of another host.
pub(super) fn tidy(path: &str) -> String {
    let Ok(mut url) = Url::parse("http://site") else { return "/".to_owned() };
    url.set_path(path);
    collapse(url.path()).into_owned()
}

fn collapse(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let mut collapsed = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !collapsed.ends_with('/') {
            collapsed.push(c);
        }
    }
    Cow::Owned(collapsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_segment_is_decoded_or_stays_as_it_is() {
        for (asked, file) in [
            ("/a%20b/c", "/a b/c"),
            ("/%F0%9F%98%80", "/😀"),
            ("/100%", "/100%"),
            ("/%A0%A0/%20", "/%A0%A0/ "),
            ("/%zz%20", "/%zz%20"),
            ("/%25A0", "/%A0"),
            ("//a///b", "/a/b"),
            ("/a%2F%2Fb", "/a/b"),
            ("/a%2f..%2fb", "/a/../b"),
            ("/a+b", "/a+b"),
            ("/", "/"),
        ] {
            assert_eq!(decode(asked), file, "{asked}");
        }
    }

    #[test]
    fn a_path_is_encoded_as_encode_uri_component_does_for_each_segment() {
        for (file, canonical) in [
            ("/a b/[c]", "/a%20b/%5Bc%5D"),
            ("/é#?%&", "/%C3%A9%23%3F%25%26"),
            ("/-_.!~*'()/x", "/-_.!~*'()/x"),
            ("/a@b+c", "/a%40b%2Bc"),
        ] {
            assert_eq!(encode(file), canonical);
            assert_eq!(decode(canonical), file);
        }
    }

    #[test]
    fn a_tidy_path_stays_on_its_host_whatever_was_written() {
        for (written, tidied) in [
            ("//evil.example", "/evil.example"),
            ("/\\evil.example", "/evil.example"),
            ("/a/..//evil.example", "/evil.example"),
            ("/.//evil.example", "/evil.example"),
            ("/%2e%2e/%2E%2E/x", "/x"),
            ("/a b/é", "/a%20b/%C3%A9"),
        ] {
            assert_eq!(tidy(written), tidied, "{written}");
        }
    }
}
