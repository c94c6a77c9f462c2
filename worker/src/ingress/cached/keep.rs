//! Whether an answer may be kept, and for how long (RFC 9111, 3 and 4.2).

use patr_models::{managed_url::UrlOptions, time::Millis};

use super::{asked::Asked, date, directives::Directives, entry::Entry, fields::Fields};

/// The longest body that is kept, in bytes: while it is sent to a slow client, it waits in memory for them.
const BODY_MAX: u64 = 8 * 1024 * 1024;

/// As long as anything lasts, in seconds (RFC 9111, 1.2.2).
pub(super) const LONG: u64 = 1 << 31;

/// An answer.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) fields: &'a dyn Fields,
}

/// Whether a target that answers so cannot answer (RFC 5861, 4).
pub(super) fn is_failure(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

/// What is kept beside an answer, if it may be kept. For how long has to be said: nothing is guessed.
pub(super) fn entry(
    asked: &Asked<'_>,
    answer: &Answer<'_>,
    options: &UrlOptions,
    now: Millis,
) -> Option<Entry> {
    let directives = Directives::of(answer.fields);
    if !asked.is_get() || !may_be_kept(answer) || !is_for_everybody(asked, &directives) {
        return None;
    }
    let vary = vary(answer.fields)?;
    let lifetime = directives.s_maxage.or(directives.max_age).or_else(|| expires(answer.fields))?;
    let age = answer.fields.get("age").and_then(|age| age.trim().parse().ok()).unwrap_or(0).min(LONG);
    let entry = Entry { at: now, age, lifetime, stale_if_error: stale_if_error(&directives, options), vary };
    (entry.kept_for() > 0).then_some(entry)
}

fn may_be_kept(answer: &Answer<'_>) -> bool {
    // Those whose meaning we know; a part of an answer is not put together with others.
    let known = matches!(answer.status, 200 | 203 | 204 | 300..=303 | 307 | 308 | 404 | 405 | 410 | 414);
    let length = answer.fields.get("content-length").and_then(|length| length.parse().ok());
    known && !answer.fields.has("set-cookie") && length.is_none_or(|length: u64| length <= BODY_MAX)
}

/// An answer to somebody with a cookie may be theirs, as long as it does not say otherwise.
fn is_for_everybody(asked: &Asked<'_>, directives: &Directives) -> bool {
    let said = directives.public || directives.s_maxage.is_some();
    let forbidden = directives.no_store || directives.no_cache || directives.private;
    !forbidden && (said || !asked.fields.has("cookie"))
}

/// The fields of a request that the answer depends on, in lower case; `None` when it depends on everything (4.1).
fn vary(fields: &dyn Fields) -> Option<Vec<String>> {
    let text = fields.get("vary").unwrap_or_default().to_ascii_lowercase();
    let mut names: Vec<String> =
        text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    (!names.iter().any(|name| name == "*")).then_some(names)
}

/// The lifetime that `Expires` gives, in seconds. A time that cannot be read is over (5.3).
fn expires(fields: &dyn Fields) -> Option<u64> {
    let at = |name: &str| fields.get(name).map(|text| date::parse(&text));
    let expires = at("expires")?.unwrap_or(0);
    // The difference to its own clock, not to ours.
    Some(expires.saturating_sub(at("date").flatten()?))
}

/// How long it may be served after it went stale, while the target cannot answer. Whoever says so means more than what
/// `s-maxage` says about it by the way (RFC 9111, 5.2.2.10); `must-revalidate` is said on purpose.
fn stale_if_error(directives: &Directives, options: &UrlOptions) -> u64 {
    if directives.must_revalidate {
        return 0;
    }
    options.stale_if_error_s.map(u64::from).or(directives.stale_if_error).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn kept_with(
        method: &str,
        asked: &[(&str, &str)],
        status: u16,
        answer: &[(&str, &str)],
        options: &UrlOptions,
    ) -> Option<Entry> {
        let asked = Asked { method, fields: &asked };
        entry(&asked, &Answer { status, fields: &answer }, options, NOW)
    }

    fn kept(status: u16, answer: &[(&str, &str)]) -> Option<Entry> {
        kept_with("GET", &[], status, answer, &UrlOptions::default())
    }

    fn said(cache_control: &str) -> Option<Entry> {
        kept(200, &[("cache-control", cache_control)])
    }

    #[test]
    fn an_answer_is_kept_for_as_long_as_it_says() {
        for (cache_control, expected) in [
            ("max-age=60", Some(60)),
            ("max-age=60, s-maxage=5", Some(5)),
            ("public, max-age=60", Some(60)),
            ("public", None),
            ("max-age=0", None),
            ("max-age=60, no-store", None),
            ("max-age=60, no-cache", None),
            ("max-age=60, private", None),
            ("max-age=60, private=\"x\"", None),
        ] {
            assert_eq!(said(cache_control).map(|entry| entry.lifetime), expected, "{cache_control}");
        }
        assert_eq!(kept(200, &[]), None, "nothing is guessed");
    }

    #[test]
    fn expires_is_measured_by_the_clock_of_whoever_says_it() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let lifetime = |expires, date: &[(&str, &str)]| {
            kept(200, &[&[("expires", expires)], date].concat()).map(|entry| entry.lifetime)
        };
        assert_eq!(lifetime("Mon, 07 Nov 1994 08:49:38 GMT", &[date]), Some(86_401));
        assert_eq!(lifetime("Sun, 06 Nov 1994 08:49:36 GMT", &[date]), None);
        assert_eq!(lifetime("0", &[date]), None);
        assert_eq!(lifetime("Mon, 07 Nov 1994 08:49:38 GMT", &[]), None);
        let both = [("expires", "0"), date, ("cache-control", "max-age=7")];
        assert_eq!(kept(200, &both).map(|entry| entry.lifetime), Some(7));
    }

    #[test]
    fn what_is_for_one_client_is_never_kept() {
        assert_eq!(kept(200, &[("cache-control", "public, max-age=60"), ("set-cookie", "a=b")]), None);
        let with_cookie = |cache_control| {
            let answer = [("cache-control", cache_control)];
            kept_with("GET", &[("cookie", "a=b")], 200, &answer, &UrlOptions::default()).is_some()
        };
        assert!(!with_cookie("max-age=60"));
        assert!(with_cookie("max-age=60, public"));
        assert!(with_cookie("s-maxage=60"));
    }

    #[test]
    fn only_whole_answers_of_a_known_meaning_to_a_get_are_kept() {
        let answer = [("cache-control", "max-age=60")];
        for (status, expected) in
            [(200, true), (404, true), (301, true), (206, false), (304, false), (500, false), (503, false)]
        {
            assert_eq!(kept(status, &answer).is_some(), expected, "{status}");
        }
        assert_eq!(kept_with("HEAD", &[], 200, &answer, &UrlOptions::default()), None);
        let large = [answer[0], ("content-length", "8388609")];
        assert_eq!(kept(200, &large), None);
    }

    #[test]
    fn an_answer_may_depend_on_fields_but_not_on_everything() {
        let vary = |value| kept(200, &[("cache-control", "max-age=60"), ("vary", value)]).map(|it| it.vary);
        assert_eq!(
            vary("Accept-Language, accept, ACCEPT"),
            Some(vec!["accept".into(), "accept-language".into()])
        );
        assert_eq!(vary(""), Some(Vec::new()));
        assert_eq!(vary("accept, *"), None);
    }

    #[test]
    fn an_answer_that_comes_old_is_fresh_for_less() {
        let aged = |age| kept(200, &[("cache-control", "max-age=60"), ("age", age)]).map(|it| it.age);
        assert_eq!(aged("59"), Some(59));
        assert_eq!(aged("60"), None);
        assert_eq!(aged("old"), Some(0));
    }

    #[test]
    fn staleness_is_allowed_by_the_url_or_else_by_the_answer_unless_it_forbids_it() {
        let stale = |cache_control, option| {
            let options = UrlOptions { cache: true, stale_if_error_s: option, ..UrlOptions::default() };
            kept_with("GET", &[], 200, &[("cache-control", cache_control)], &options)
                .map(|entry| entry.stale_if_error)
        };
        assert_eq!(stale("max-age=1", None), Some(0));
        assert_eq!(stale("max-age=1, stale-if-error=5", None), Some(5));
        assert_eq!(stale("s-maxage=1, stale-if-error=5", Some(9)), Some(9));
        assert_eq!(stale("max-age=1, must-revalidate", Some(9)), Some(0));
        assert_eq!(stale("max-age=0", Some(9)), Some(9), "kept only for when the target is away");
    }

    #[test]
    fn a_target_that_is_broken_cannot_answer_and_one_that_refuses_has() {
        assert!([500, 502, 503, 504].into_iter().all(is_failure));
        assert!(![200, 404, 429, 501].into_iter().any(is_failure));
    }
}
