//! Between what people type into a form and what a deployment runs.

use std::{collections::BTreeMap, str::FromStr};

use patr_models::{
    deployment::{
        PortSpec, WorkloadSpec,
        spec::{EnvName, PortProtocol, SecretUse},
    },
    name::Name,
};

use crate::text::deployments as words;

/// Ports, as in `80, 5432/tcp`.
pub fn ports(text: &str) -> Result<Vec<PortSpec>, String> {
    text.split([',', ' ', '\n']).filter(|part| !part.is_empty()).map(port).collect()
}

fn port(text: &str) -> Result<PortSpec, String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "http"));
    let protocol = match protocol {
        "http" => PortProtocol::Http,
        "tcp" => PortProtocol::Tcp,
        "udp" => PortProtocol::Udp,
        _ => return Err(words::not_a_port(text)),
    };
    number.parse().map(|port| PortSpec { port, protocol }).map_err(|_| words::not_a_port(text))
}

/// A port as it is typed.
pub fn port_text(port: PortSpec) -> String {
    match port.protocol {
        PortProtocol::Http => port.port.to_string(),
        PortProtocol::Tcp => format!("{}/tcp", port.port),
        PortProtocol::Udp => format!("{}/udp", port.port),
    }
}

/// Environment variables, one `NAME=VALUE` a line.
pub fn env(text: &str) -> Result<BTreeMap<EnvName, String>, String> {
    pairs(text, |value| Ok(value.to_owned()))
}

/// Environment variables whose values are secrets, one `NAME=SECRET` a line.
pub fn secrets(text: &str) -> Result<BTreeMap<EnvName, SecretUse>, String> {
    pairs(text, |value| {
        let name: Name = value.trim().parse().map_err(said)?;
        Ok(SecretUse::newest(name))
    })
}

fn pairs<T>(text: &str, value: impl Fn(&str) -> Result<T, String>) -> Result<BTreeMap<EnvName, T>, String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (name, given) = line.split_once('=').ok_or_else(|| words::no_pair(line))?;
            Ok((EnvName::from_str(name.trim()).map_err(said)?, value(given)?))
        })
        .collect()
}

/// What is wrong, in words.
pub fn said(problem: impl ToString) -> String {
    problem.to_string()
}

/// The variables of a deployment as lines; `None` where a value has several lines, which would be torn apart.
pub fn env_lines(spec: &WorkloadSpec) -> Option<String> {
    let is_plain = |value: &String| !value.contains(['\n', '\r']);
    let line = |(name, value): (&EnvName, &String)| format!("{name}={value}\n");
    spec.env.values().all(is_plain).then(|| spec.env.iter().map(line).collect())
}

/// The same of those whose values are secrets.
pub fn secret_lines(spec: &WorkloadSpec) -> String {
    spec.secrets.iter().map(|(name, used)| format!("{name}={}\n", used.secret)).collect()
}

/// Text of a program without what would command a terminal or reorder what is read: colours go, the rest is written out.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let (before, from) = rest.split_at(at);
        out.extend(before.chars().map(shown));
        let parameters = &from[2..];
        let end = parameters
            .find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')
            .unwrap_or(parameters.len());
        let is_colour = parameters[end..].starts_with('m');
        if !is_colour {
            out.push_str("\u{241b}[");
        }
        rest = &parameters[if is_colour { end + 1 } else { 0 }..];
    }
    out.extend(rest.chars().map(shown));
    out
}

/// The same of a text with lines.
pub fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// A sign that stands for a character that does something.
fn shown(c: char) -> char {
    match c {
        '\t' => c,
        // The pictures of the control characters (Unicode, 2400 to 2421).
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            '\u{fffd}'
        }
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_http_unless_they_say_otherwise() {
        let read = ports("80, 5432/tcp\n53/udp").unwrap();
        assert_eq!(read.iter().copied().map(port_text).collect::<Vec<_>>(), ["80", "5432/tcp", "53/udp"]);
        assert!(
            ports("eighty").unwrap_err().contains("eighty")
                && ports("80/ftp").is_err()
                && ports("70000").is_err()
        );
        assert_eq!(ports(" "), Ok(Vec::new()));
    }

    #[test]
    fn a_value_keeps_all_that_follows_the_first_sign() {
        let read = env("A=1\n\n B = x=y \n").unwrap();
        assert_eq!(read[&"A".parse().unwrap()], "1");
        assert_eq!(read[&"B".parse().unwrap()], " x=y ");
        assert!(env("A").unwrap_err().contains("`A`") && env("1A=x").is_err());
    }

    #[test]
    fn what_is_read_of_a_deployment_is_what_it_is_written_from() {
        let mut spec = WorkloadSpec::of("nginx".parse().unwrap());
        spec.env = env("A=1\nB=x y").unwrap();
        spec.secrets = secrets("KEY=api-key").unwrap();
        assert_eq!(env(&env_lines(&spec).unwrap()), Ok(spec.env.clone()));
        assert_eq!(secrets(&secret_lines(&spec)), Ok(spec.secrets.clone()));
        spec.env.insert("C".parse().unwrap(), "a\nb".to_owned());
        assert_eq!(env_lines(&spec), None);
    }

    #[test]
    fn a_programs_text_commands_and_reorders_nothing() {
        assert_eq!(visible("\x1b[1;31mred\x1b[0m \x1b[2Jgone\ttab"), "red \u{241b}[2Jgone\ttab");
        assert_eq!(visible("a\u{202e}b\x07\x1b]0;t\x07"), "a\u{fffd}b\u{2407}\u{241b}]0;t\u{2407}");
        assert_eq!(visible("\x1b["), "\u{241b}[");
        assert_eq!(visible("<b>ä</b>"), "<b>ä</b>");
    }
}
