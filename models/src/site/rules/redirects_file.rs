//! `_redirects`: one rule a line, `from [query…] to [status] [Country=…] [Language=…] [Cookie=…]`.
//!
//! What Cloudflare's static assets understand means the same here; conditions, and queries before the target, are
//! Netlify's. A line that cannot be used is a [`Problem`] with its number, never skipped in silence.

use super::{Conditions, Pattern, Redirect};
use crate::site::config::HtmlHandling;

/// What is wrong with a line of `_redirects` or `_headers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// Of the line.
    pub text: String,
    pub problem: String,
}

/// Longest line, in bytes; as Cloudflare's.
pub(super) const LINE_MAX: usize = 2_000;

/// Reads the file: the rules in its order, and what is wrong with it.
pub fn parse(text: &str, html_handling: HtmlHandling) -> (Vec<Redirect>, Vec<Problem>) {
    let (mut rules, mut problems) = (Vec::<Redirect>::new(), Vec::new());
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match rule(line, html_handling) {
            Ok(rule) if rules.iter().any(|known| known.from == rule.from && known.when == rule.when) => {
                let problem =
                    format!("an earlier line has the same `{}`, so this one is never reached", rule.from);
                problems.push(Problem { line: number, text: shown(line), problem });
            }
            Ok(rule) => rules.push(rule),
            Err(problem) => problems.push(Problem { line: number, text: shown(line), problem }),
        }
    }
    (rules, problems)
}

/// As much of a line as a message shows.
pub(super) fn shown(line: &str) -> String {
    if line.chars().count() <= 120 {
        line.to_owned()
    } else {
        line.chars().take(119).chain(['…']).collect()
    }
}

fn rule(line: &str, html_handling: HtmlHandling) -> Result<Redirect, String> {
    if line.len() > LINE_MAX {
        return Err(format!("a line may have {LINE_MAX} bytes; this one has {}", line.len()));
    }
    let mut words = words(line);
    let from = words.next().unwrap_or_default();
    if from.contains('?') {
        return Err(format!(
            "`{from}` has a query: write its parameters after the path, as in `/store id=:id /item/:id`"
        ));
    }
    let mut when = Conditions::default();
    let to = loop {
        let word = words.next().ok_or("expected a path or an address to lead to")?;
        match word.split_once('=') {
            // An address may have a query of its own.
            Some((name, value)) if !is_target(word) => when.query.push((name.to_owned(), value.to_owned())),
            _ => break word,
        }
    };
    let mut status = 302;
    for (at, word) in words.enumerate() {
        match word.split_once('=') {
            Some((name, values)) => condition(&mut when, name, values)?,
            None if at == 0 => status = parse_status(word)?,
            None => return Err(format!("expected `Country=…`, `Language=…` or `Cookie=…`, found `{word}`")),
        }
    }
    let from: Pattern = with_slash(from).parse().map_err(|error: super::PatternError| error.to_string())?;
    let rule = Redirect { from, to: target(to)?, status, when };
    check(&rule, html_handling)?;
    Ok(rule)
}

/// Up to a comment: `#` after a space. One within an address is its fragment.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace().take_while(|word| !word.starts_with('#'))
}

fn is_target(word: &str) -> bool {
    word.starts_with('/') || word.contains("://")
}

fn with_slash(from: &str) -> String {
    if is_target(from) { from.to_owned() } else { format!("/{from}") }
}

fn target(to: &str) -> Result<String, String> {
    let web = to.starts_with("https://") || to.starts_with("http://");
    if web || (to.starts_with('/') && !to.starts_with("//")) {
        return Ok(to.to_owned());
    }
    Err(format!("`{to}` is neither a path that begins with one `/` nor an address with `https://`"))
}

fn parse_status(word: &str) -> Result<u16, String> {
    // Netlify's `!` says that a rule comes before files; here every rule does.
    match word.trim_end_matches('!').parse() {
        Ok(status @ (200 | 301 | 302 | 303 | 307 | 308 | 404)) => Ok(status),
        _ => Err(format!("the status is 200, 301, 302 (the default), 303, 307, 308 or 404, not `{word}`")),
    }
}

fn condition(when: &mut Conditions, name: &str, values: &str) -> Result<(), String> {
    let values = values.split(',').filter(|value| !value.is_empty());
    match name.to_ascii_lowercase().as_str() {
        "country" => when.country.extend(values.map(str::to_ascii_lowercase)),
        "language" => when.language.extend(values.map(str::to_ascii_lowercase)),
        "cookie" => when.cookie.extend(values.map(str::to_owned)),
        _ => return Err(format!("there is no condition `{name}`: use `Country`, `Language` or `Cookie`")),
    }
    Ok(())
}

fn check(rule: &Redirect, html_handling: HtmlHandling) -> Result<(), String> {
    let from = rule.from.as_str();
    let external = rule.to.contains("://");
    if rule.status == 404 && external {
        return Err("404 answers with a page of the site: give a path".to_owned());
    }
    if !external && rule.when.is_empty() && !rule.is_rewrite() {
        let to = rule.to.split(['?', '#']).next().unwrap_or_default();
        let to_index = to.ends_with("/index.html") || to.ends_with("/index");
        let handled = html_handling != HtmlHandling::None;
        if to == from || (to_index && (from.ends_with("/*") || (from.ends_with('/') && handled))) {
            return Err("this leads round in a circle: the page that it leads to leads back here".to_owned());
        }
    }
    if !external && rule.is_rewrite() && from == "/*" && rule.when.is_empty() && rule.status == 200 {
        return Err(
            "this answers every request with one page, scripts and images too: for a single-page application set \
             `not_found = \"single-page-application\"` in patr.site.toml"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<Redirect, String> {
        let (mut rules, mut problems) = parse(line, HtmlHandling::default());
        match (rules.pop(), problems.pop()) {
            (Some(rule), None) => Ok(rule),
            (None, Some(problem)) => Err(problem.problem),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rule_has_a_status_of_302_unless_it_says_another() {
        let rule = one("/a /b").unwrap();
        assert_eq!((rule.from.as_str(), rule.to.as_str(), rule.status), ("/a", "/b", 302));
        assert_eq!(one("/a /b 301").unwrap().status, 301);
        assert_eq!(one("/a /b 200!").unwrap().status, 200);
        assert!(one("/a /b 418").unwrap_err().contains("not `418`"));
    }

    #[test]
    fn a_comment_ends_a_line_and_a_fragment_does_not() {
        assert_eq!(one("/a /b#part # why").unwrap().to, "/b#part");
        assert_eq!(parse("# only this\n\n  \n", HtmlHandling::default()), (Vec::new(), Vec::new()));
    }

    #[test]
    fn conditions_come_before_and_after_the_target() {
        let rule =
            one("/store id=:id lang=de /item/:id?x=1 301 Country=at,CH Language=de Cookie=beta").unwrap();
        assert_eq!(
            rule.when.query,
            [("id".to_owned(), ":id".to_owned()), ("lang".to_owned(), "de".to_owned())]
        );
        assert_eq!((rule.to.as_str(), rule.status), ("/item/:id?x=1", 301));
        assert_eq!(rule.when.country, ["at", "ch"]);
        assert_eq!(
            (&rule.when.language[..], &rule.when.cookie[..]),
            (&["de".to_owned()][..], &["beta".to_owned()][..])
        );
        assert!(rule.is_dynamic());
        assert!(one("/a /b 302 Role=admin").unwrap_err().contains("no condition `Role`"));
    }

    #[test]
    fn each_problem_has_its_line() {
        let (rules, problems) = parse("/a /b\n/c\n/a /d\n/e ftp://x\n", HtmlHandling::default());
        assert_eq!(rules.len(), 1);
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(problems[1].problem.contains("never reached"));
    }

    #[test]
    fn rules_that_lead_round_in_a_circle_are_refused() {
        for line in ["/a /a", "/* /index.html 302", "/docs/* /index 301", "/ /index.html"] {
            assert!(one(line).unwrap_err().contains("circle"), "{line}");
        }
        assert!(one("/* /index.html 200").unwrap_err().contains("single-page-application"));
        assert!(one("/app/* /app/shell 200").is_ok());
        let (rules, _) = parse("/ /index.html", HtmlHandling::None);
        assert_eq!(rules.len(), 1);
    }

    #[test]
    fn only_a_path_or_a_web_address_can_be_led_to() {
        assert!(one("/a //evil.example").is_err());
        assert!(one("/a b").is_err());
        assert!(one("/api/* https://api.example/:splat 200").unwrap().is_rewrite());
        assert!(one("/a?b=1 /c").unwrap_err().contains("query"));
    }
}
