//! A prefix takes whole segments only, and what is handed on keeps what was asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patr_models::managed_url::{Host, PathPrefix, WebUrl, forward_url};

fuzz_target!(|input: (&str, &str, Option<&str>)| {
    let (prefix, path, query) = input;
    if let Ok(host) = prefix.parse::<Host>() {
        assert_eq!(host.as_str().parse(), Ok(host.clone()));
    }
    if let Ok(to) = prefix.parse::<WebUrl>() {
        let forwarded = forward_url(&to, path, query);
        assert!(query.is_none_or(|query| query.is_empty() || forwarded.contains(query)));
    }
    let Ok(prefix) = prefix.parse::<PathPrefix>() else { return };
    assert_eq!(prefix.as_str().parse(), Ok(prefix.clone()));
    let whole = if prefix == PathPrefix::root() { "" } else { prefix.as_str() };
    let segments = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let below = segments(path).starts_with(&segments(whole)[..]);
    match prefix.strip(path) {
        Some(rest) => {
            assert_eq!(format!("{whole}{rest}"), path);
            assert!(below || whole.is_empty());
        }
        None => assert!(!below),
    }
});
