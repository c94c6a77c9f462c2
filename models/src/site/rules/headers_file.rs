//! `_headers`: a path, then one header a line below it. `! Name` takes a header away.

use http::{HeaderName, HeaderValue};

use super::{
    HeaderRule, Pattern,
    redirects_file::{LINE_MAX, Problem, shown},
};

/// Headers that say how a message is framed or which bytes it has: the ingress alone knows them.
const RESERVED: [&str; 6] =
    ["content-length", "transfer-encoding", "connection", "content-encoding", "content-range", "date"];

/// Reads the file: the rules in its order, and what is wrong with it.
pub fn parse(text: &str) -> (Vec<HeaderRule>, Vec<Problem>) {
    let mut reader = Reader::default();
    for (at, line) in text.lines().enumerate() {
        reader.line(at + 1, line.trim());
    }
    reader.finish();
    (reader.rules, reader.problems)
}

/// The path that header lines belong to.
#[derive(Default)]
enum Block {
    /// Before the first path.
    #[default]
    None,
    Open {
        line: usize,
        rule: HeaderRule,
        /// Some line below it was wrong: that it has no header is then no second problem.
        faulty: bool,
    },
    /// Its path was wrong; what stands below it is not looked at.
    Skipped,
}

#[derive(Default)]
struct Reader {
    rules: Vec<HeaderRule>,
    problems: Vec<Problem>,
    block: Block,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let read = if line.len() > LINE_MAX {
            Err(format!("a line may have {LINE_MAX} bytes; this one has {}", line.len()))
        } else if line.starts_with('/')
            || line.split_whitespace().next().is_some_and(|word| word.contains("://"))
        {
            self.finish();
            self.open(number, line)
        } else {
            self.header(line)
        };
        if let Err(problem) = read {
            if let Block::Open { faulty, .. } = &mut self.block {
                *faulty = true;
            }
            self.problems.push(Problem { line: number, text: shown(line), problem });
        }
    }

    fn open(&mut self, number: usize, line: &str) -> Result<(), String> {
        self.block = Block::Skipped;
        let path: Pattern = line.parse().map_err(|error: super::PatternError| error.to_string())?;
        let rule = HeaderRule { path, set: Vec::new(), unset: Vec::new() };
        self.block = Block::Open { line: number, rule, faulty: false };
        Ok(())
    }

    fn header(&mut self, line: &str) -> Result<(), String> {
        let rule = match &mut self.block {
            Block::Skipped => return Ok(()),
            Block::None => {
                return Err("expected a path that begins with `/` before the first header".to_owned());
            }
            Block::Open { rule, .. } => rule,
        };
        if let Some(name) = line.strip_prefix('!') {
            rule.unset.push(header_name(name.trim())?);
            return Ok(());
        }
        let (name, value) =
            line.split_once(':').ok_or("expected `Name: value`, or `! Name` to take one away")?;
        let (name, value) = (header_name(name.trim())?, value.trim());
        if value.is_empty() {
            return Err(format!("`{name}` has no value; `! {name}` takes it away"));
        }
        HeaderValue::from_str(value)
            .map_err(|_| format!("the value of `{name}` has characters that no header may have"))?;
        match rule.set.iter_mut().find(|(known, _)| *known == name && name != "set-cookie") {
            Some((_, known)) => {
                known.push_str(", ");
                known.push_str(value);
            }
            None => rule.set.push((name, value.to_owned())),
        }
        Ok(())
    }

    fn finish(&mut self) {
        let Block::Open { line, rule, faulty } = std::mem::take(&mut self.block) else { return };
        if !rule.set.is_empty() || !rule.unset.is_empty() {
            self.rules.push(rule);
        } else if !faulty {
            let text = rule.path.to_string();
            self.problems.push(Problem {
                line,
                text,
                problem: "no headers stand below this path".to_owned(),
            });
        }
    }
}

fn header_name(name: &str) -> Result<String, String> {
    let parsed: HeaderName = name.parse().map_err(|_| format!("`{name}` is not the name of a header"))?;
    if RESERVED.contains(&parsed.as_str()) {
        return Err(format!("`{name}` says how the answer is sent, and cannot be set or taken away"));
    }
    Ok(parsed.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(rule: &HeaderRule) -> Vec<(&str, &str)> {
        rule.set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn headers_belong_to_the_path_above_them() {
        let text = "/*\n  X-Frame-Options: DENY\n  ! Server\n\n# more\n/a/:b\n  Link: </x>\n  Link: </y>\n";
        let (rules, problems) = parse(text);
        assert_eq!(problems, []);
        assert_eq!(
            (pairs(&rules[0]), &rules[0].unset[..]),
            (vec![("x-frame-options", "DENY")], &["server".to_owned()][..])
        );
        assert_eq!(pairs(&rules[1]), [("link", "</x>, </y>")]);
    }

    #[test]
    fn each_problem_has_its_line_and_nothing_is_said_twice() {
        let text = "X-A: 1\n/a\n/b\n  no header\n/*/*\n  X-B: 2\n/c\n  X-C:\n  Content-Length: 3\n  X Y: 1\n";
        let (rules, problems) = parse(text);
        assert_eq!(rules, []);
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 2, 4, 5, 8, 9, 10]);
    }

    #[test]
    fn a_value_may_have_colons_and_cookies_stay_apart() {
        let (rules, _) = parse(
            "/\n  Content-Security-Policy: default-src https://x:1\n  Set-Cookie: a=1\n  Set-Cookie: b=2",
        );
        assert_eq!(
            pairs(&rules[0]),
            [
                ("content-security-policy", "default-src https://x:1"),
                ("set-cookie", "a=1"),
                ("set-cookie", "b=2")
            ]
        );
    }
}
