//! Whether one pattern leaves anything for another.

use super::{Part, Pattern};

/// Stands for what a placeholder takes. No pattern has it as literal text, because a path is normalised.
const ANY: &str = "\u{1}";

impl Pattern {
    /// Whether everything that `other` matches is matched by this too.
    pub fn covers(&self, other: &Self) -> bool {
        // What wildcards of `other` take is something that no literal is equal to, so only wildcards of this can take
        // it, and would take anything else in its place.
        ["", ANY, "\u{1}/\u{1}"].into_iter().all(|splat| {
            let example = other.example(splat);
            let (host, path) = match example.strip_prefix("https://") {
                Some(rest) => rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash)),
                // Over every host: a pattern over one of them does not match this.
                None => ("\u{1}.\u{1}", example.as_str()),
            };
            self.matches(host, path).is_some()
        })
    }

    fn example(&self, splat: &str) -> String {
        let of = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Placeholder { .. } => ANY.to_owned(),
            Part::Splat => splat.to_owned(),
        };
        self.parts.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(one: &str, other: &str) -> bool {
        one.parse::<Pattern>().unwrap().covers(&other.parse().unwrap())
    }

    #[test]
    fn a_splat_covers_what_is_below_it() {
        for (one, other) in [
            ("/blog/*", "/blog/hello"),
            ("/blog/*", "/blog/:post"),
            ("/blog/*", "/blog/news/*"),
            ("/*", "/"),
            ("/a*", "/a/*"),
            ("/:a/:b", "/x/:y"),
            ("/*", "https://www.example.com/x"),
            ("https://:sub.example.com/*", "https://www.example.com/x"),
        ] {
            assert!(covers(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_can_still_be_reached_is_not_covered() {
        for (one, other) in [
            ("/blog/*", "/blog"),
            ("/blog/*", "/*"),
            ("/blog/:post", "/blog/*"),
            ("/a/:b", "/a/b/c"),
            ("/:a-:b", "/:a"),
            ("https://www.example.com/*", "/x"),
            ("https://:sub.example.com/*", "/x"),
        ] {
            assert!(!covers(one, other), "{one} {other}");
        }
    }
}
