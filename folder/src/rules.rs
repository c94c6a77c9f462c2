//! `_redirects` and `_headers` of a folder: read, checked, and with the addresses of deployments in their place.

use std::{collections::HashMap, fmt};

use patr_models::{
    ids::{DeploymentId, Ref},
    site::{
        config::HtmlHandling,
        rules::{HeaderRule, Redirect, headers_file, redirects_file},
    },
};

/// The names of the two files.
pub const REDIRECTS: &str = "_redirects";
pub const HEADERS: &str = "_headers";

/// How a line names a deployment as what answers in its place: `deployment:NAME[:PORT]/path`.
const SCHEME: &str = "deployment:";

/// Something about a line of a file that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    file: &'static str,
    /// From 1.
    line: usize,
    problem: String,
    /// The line itself, where the problem does not show it.
    text: Option<String>,
}

impl Trouble {
    pub fn new(file: &'static str, line: usize, problem: &str) -> Self {
        Self { file, line, problem: problem.to_owned(), text: None }
    }

    fn of(file: &'static str, problem: redirects_file::Problem) -> Self {
        Self { file, line: problem.line, problem: problem.problem, text: Some(problem.text) }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)?;
        self.text.as_ref().map_or(Ok(()), |text| write!(f, "\n    {text}"))
    }
}

/// A deployment that a line names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upstream {
    pub deployment: Ref<DeploymentId>,
    /// Its first http port when absent.
    pub port: Option<u16>,
}

/// The text of the two files; either may be absent.
#[derive(Debug, Clone, Default)]
pub struct RuleFiles {
    pub redirects: Option<String>,
    pub headers: Option<String>,
}

/// The rules of both files.
pub type Rules = (Vec<Redirect>, Vec<HeaderRule>);

impl RuleFiles {
    /// The deployments that redirects name.
    pub fn upstreams(&self) -> Vec<Upstream> {
        let lines = self.redirects.iter().flat_map(|text| text.lines()).filter(|line| !is_comment(line));
        let words = lines.flat_map(str::split_whitespace);
        let mut upstreams: Vec<Upstream> = Vec::new();
        for upstream in words.filter_map(|word| upstream(word).and_then(Result::ok)) {
            if !upstreams.contains(&upstream.0) {
                upstreams.push(upstream.0);
            }
        }
        upstreams
    }

    /// The rules, with the address of each deployment in its place; or everything that is wrong with them.
    pub fn rules(
        &self,
        html_handling: HtmlHandling,
        addresses: &HashMap<Upstream, String>,
    ) -> Result<Rules, Vec<Trouble>> {
        let redirects = self.redirects.as_deref().unwrap_or_default();
        let (text, mut troubles) = with_addresses(redirects, addresses);
        let (redirects, problems) = redirects_file::parse(&text, html_handling);
        let known: Vec<usize> = troubles.iter().map(|trouble| trouble.line).collect();
        let problems = problems.into_iter().filter(|problem| !known.contains(&problem.line));
        troubles.extend(problems.map(|problem| Trouble::of(REDIRECTS, problem)));
        troubles.sort_by_key(|trouble| trouble.line);
        let (headers, problems) = headers_file::parse(self.headers.as_deref().unwrap_or_default());
        troubles.extend(problems.into_iter().map(|problem| Trouble::of(HEADERS, problem)));
        if troubles.is_empty() { Ok((redirects, headers)) } else { Err(troubles) }
    }

    /// Redirects that an earlier one leaves nothing for; `rules` are those of these files.
    pub fn never_reached(&self, rules: &[Redirect]) -> Vec<Trouble> {
        let lines = self.redirects.iter().flat_map(|text| text.lines().enumerate());
        let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !is_comment(line));
        let numbered: Vec<(usize, &Redirect)> = lines.map(|(at, _)| at + 1).zip(rules).collect();
        let mut takers: Vec<(usize, &Redirect)> = Vec::new();
        let mut troubles = Vec::new();
        for (line, rule) in numbered {
            if let Some((earlier, taker)) = takers.iter().find(|(_, taker)| taker.from.covers(&rule.from)) {
                let problem =
                    format!("line {earlier} (`{}`) takes all of this, so it is never reached", taker.from);
                let text = Some(format!("{} {}", rule.from, rule.to));
                troubles.push(Trouble { file: REDIRECTS, line, problem, text });
            } else if !rule.from.is_exact() && rule.when.is_empty() {
                takers.push((line, rule));
            }
        }
        troubles
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The deployment of a word and the path after it, if it names one.
fn upstream(word: &str) -> Option<Result<(Upstream, &str), String>> {
    let rest = word.strip_prefix(SCHEME)?;
    let (name, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (name, port) = name.split_once(':').map_or((name, None), |(name, port)| (name, Some(port)));
    let read = || {
        let deployment = name.parse().map_err(|error| format!("`{word}`: {error}"))?;
        let port =
            port.map(str::parse).transpose().map_err(|_| format!("`{word}` has no port after its `:`"))?;
        Ok((Upstream { deployment, port }, path))
    };
    Some(read())
}

/// The lines of `_redirects` with addresses for deployments. A rule that does not answer in place cannot name one: its
/// visitors would be sent to an address of which the site's owner knows nothing.
fn with_addresses(text: &str, addresses: &HashMap<Upstream, String>) -> (String, Vec<Trouble>) {
    let (mut lines, mut troubles) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        let Some(word) = line.split_whitespace().find(|word| word.starts_with(SCHEME)) else {
            lines.push(line.to_owned());
            continue;
        };
        let is_rewrite = line.split_whitespace().any(|word| matches!(word, "200" | "200!"));
        match upstream(word) {
            _ if is_comment(line) => lines.push(line.to_owned()),
            Some(Ok((upstream, path))) if is_rewrite => {
                // Without an address it is only checked: any host does.
                let address = addresses.get(&upstream).map_or("https://deployment.invalid", String::as_str);
                let path = if path.is_empty() { "/" } else { path };
                lines.push(line.replacen(word, &format!("{}{path}", address.trim_end_matches('/')), 1));
            }
            Some(Ok(_)) => {
                let problem = format!("`{word}` answers in place: give the status 200");
                troubles.push(Trouble::new(REDIRECTS, at + 1, &problem));
                lines.push(line.to_owned());
            }
            Some(Err(problem)) => {
                troubles.push(Trouble::new(REDIRECTS, at + 1, &problem));
                lines.push(line.to_owned());
            }
            None => lines.push(line.to_owned()),
        }
    }
    (lines.join("\n"), troubles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(redirects: &str) -> RuleFiles {
        RuleFiles { redirects: Some(redirects.to_owned()), headers: None }
    }

    fn rules(files: &RuleFiles) -> Result<Vec<Redirect>, Vec<String>> {
        let rules = files.rules(HtmlHandling::default(), &HashMap::new());
        rules.map(|rules| rules.0).map_err(|troubles| troubles.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_problem_of_both_files_has_its_place() {
        let files = RuleFiles {
            redirects: Some("/a /b\n/c\n/d /e 418\n".to_owned()),
            headers: Some("X-A: 1\n".to_owned()),
        };
        let troubles = rules(&files).unwrap_err();
        let places: Vec<&str> = troubles.iter().filter_map(|text| text.split(": ").next()).collect();
        assert_eq!(places, ["_redirects:2", "_redirects:3", "_headers:1"]);
        assert!(troubles[1].ends_with("\n    /d /e 418"), "{}", troubles[1]);
    }

    #[test]
    fn a_deployment_gives_way_to_its_address() {
        let files =
            files("# deployment:old\n/api/* deployment:api:8080/v1/:splat 200\n/x deployment:web 200\n");
        let [api, web] = &files.upstreams()[..] else { panic!("{:?}", files.upstreams()) };
        assert_eq!((api.port, web.port), (Some(8080), None));
        let addresses = HashMap::from([
            (api.clone(), "https://api-acme.example.com".to_owned()),
            (web.clone(), "https://web-acme.example.com/".to_owned()),
        ]);
        let (rules, _) = files.rules(HtmlHandling::default(), &addresses).unwrap();
        assert_eq!(rules[0].to, "https://api-acme.example.com/v1/:splat");
        assert_eq!(rules[1].to, "https://web-acme.example.com/");
    }

    #[test]
    fn a_deployment_answers_in_place_or_not_at_all() {
        let [trouble] = &rules(&files("/a deployment:api/ 301")).unwrap_err()[..] else { panic!() };
        assert_eq!(trouble, "_redirects:1: `deployment:api/` answers in place: give the status 200");
        for wrong in ["/a deployment:Api/ 200", "/a deployment:api:x/ 200", "/a deployment: 200"] {
            assert_eq!(rules(&files(wrong)).unwrap_err().len(), 1, "{wrong}");
        }
    }

    #[test]
    fn a_rule_behind_a_splat_that_takes_everything_is_never_reached() {
        let files = files("/old /new\n# more\n/blog/* /news/:splat\n/blog/a /b\n/blog /c\n/blog/:x /d 301\n");
        let never: Vec<usize> =
            files.never_reached(&rules(&files).unwrap()).iter().map(|trouble| trouble.line).collect();
        assert_eq!(never, [4, 6]);
    }

    #[test]
    fn a_rule_with_a_condition_leaves_something() {
        let files = files("/* /de/:splat 302 Language=de\n/a /b\n");
        assert_eq!(files.never_reached(&rules(&files).unwrap()), []);
    }
}
