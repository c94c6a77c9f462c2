//! How the values of flags are read.

use std::time::Duration;

use patr_models::{
    deployment::spec::{EnvName, PortProtocol, PortSpec, Probe},
    limits::REPLICAS_MAX,
    time::Millis,
};

/// `8080`, `8080/http`, `5432/tcp` or `53/udp`.
pub(crate) fn port(text: &str) -> Result<PortSpec, String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "http"));
    let protocol = match protocol {
        "http" => PortProtocol::Http,
        "tcp" => PortProtocol::Tcp,
        "udp" => PortProtocol::Udp,
        other => return Err(format!("`{other}` is not a protocol: use `http`, `tcp` or `udp`")),
    };
    Ok(PortSpec { port: port_number(number)?, protocol })
}

fn port_number(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|&port| port != 0);
    number.ok_or_else(|| format!("`{text}` is not a port: use 1 to 65535"))
}

/// `8080`, `8080/healthz` or `exec:pg_isready -q`.
pub(crate) fn probe(text: &str) -> Result<Probe, String> {
    if let Some(command) = text.strip_prefix("exec:") {
        let Words(words) = words(command)?;
        return if words.is_empty() {
            Err("`exec:` needs a command".to_owned())
        } else {
            Ok(Probe::exec(words))
        };
    }
    let slash = text.find('/');
    let (number, path) = text.split_at(slash.unwrap_or(text.len()));
    Ok(Probe { path: slash.map(|_| path.to_owned()), ..Probe::tcp(port_number(number)?) })
}

/// An environment variable, with its value or to be taken from this shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvArg {
    pub(crate) name: EnvName,
    pub(crate) value: Option<String>,
}

/// `NAME=VALUE` or `NAME`.
pub(crate) fn env(text: &str) -> Result<EnvArg, String> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let name = name.parse().map_err(|error| format!("{error}"))?;
    Ok(EnvArg { name, value: value.map(str::to_owned) })
}

/// The lines of an environment file; blank ones and those that begin with `#` say nothing.
pub(crate) fn env_file(text: &str) -> Result<Vec<EnvArg>, String> {
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
    let said = lines.map(|(at, line)| (at, line.trim())).filter(|(_, line)| !line.is_empty());
    let said = said.filter(|(_, line)| !line.starts_with('#'));
    said.map(|(at, line)| env_line(line).map_err(|error| format!("line {}: {error}", at + 1))).collect()
}

fn env_line(line: &str) -> Result<EnvArg, String> {
    let mut arg = env(line)?;
    arg.value = arg.value.map(|value| unquoted(&value).to_owned());
    Ok(arg)
}

fn unquoted(value: &str) -> &str {
    let quoted = |quote| value.strip_prefix(quote).and_then(|value: &str| value.strip_suffix(quote));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

/// None at all is possible where the runner may start one: who calls this looks.
pub(crate) fn replicas(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|&number| number <= REPLICAS_MAX);
    number.ok_or_else(|| format!("`{text}` is not a number of replicas: use 1 to {REPLICAS_MAX}"))
}

/// Whole seconds: `0s`, `90s`, `10m`.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is not a time: use whole seconds or more, as `30s` or `10m`");
    let time = humantime::parse_duration(text).ok().filter(|time| time.subsec_nanos() == 0);
    time.and_then(|time| u32::try_from(time.as_secs()).ok()).ok_or_else(wrong)
}

/// Cores as thousandths: `0.5` or `500m`.
pub(crate) fn cpu(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is not a number of cores: use something like `0.5` or `500m`");
    let millis = match text.strip_suffix('m') {
        Some(millis) => millis.parse().map_err(|_| wrong())?,
        None => thousandths(text).ok_or_else(wrong)?,
    };
    if millis == 0 { Err(wrong()) } else { Ok(millis) }
}

/// Exact, unlike a float: at most three digits after the point.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.is_empty() || part.len() > 3 {
        return None;
    }
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    whole.checked_mul(1000)?.checked_add(format!("{part:0<3}").parse().ok()?)
}

/// Bytes, with the suffixes of Kubernetes: `256Mi`, `1Gi`, `500M`, `1048576`.
pub(crate) fn memory(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
    ];
    let wrong = || format!("`{text}` is not a size: use something like `256Mi`, `1Gi` or a number of bytes");
    let unit = UNITS.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)));
    let (number, unit) = unit.unwrap_or((text, 1));
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|&bytes| bytes > 0).ok_or_else(wrong)
}

/// Words of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Vec<String>);

/// Splits as a shell does. Nothing is expanded, and no shell runs.
pub(crate) fn words(text: &str) -> Result<Words, String> {
    shlex::split(text).map(Words).ok_or_else(|| "a quote is not closed".to_owned())
}

/// `10m`, `90s`, `30d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time: use something like `90s`, `10m` or `30d`");
    humantime::parse_duration(text).ok().filter(|time| !time.is_zero()).ok_or_else(wrong)
}

/// A moment, or so long from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    At(Millis),
    In(Duration),
}

impl Moment {
    pub(crate) fn from(self, now: Millis) -> Millis {
        match self {
            Self::At(at) => at,
            Self::In(time) => now + time,
        }
    }
}

/// `2h` or `2026-01-31T12:00:00Z`.
pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    let wrong = || format!("`{text}` is not a time: use something like `2h` or `2026-01-31T12:00:00Z`");
    duration(text).map(Moment::In).or_else(|_| text.parse().map(Moment::At)).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_http_unless_said_otherwise() {
        assert_eq!(port("80").unwrap().protocol, PortProtocol::Http);
        assert_eq!(port("5432/tcp").unwrap(), PortSpec { port: 5432, protocol: PortProtocol::Tcp });
        assert_eq!(port("53/udp").unwrap().protocol, PortProtocol::Udp);
        for bad in ["0", "65536", "x", "80/sctp", ""] {
            assert!(port(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_probe_connects_asks_or_runs() {
        assert_eq!(probe("80").unwrap(), Probe::tcp(80));
        assert_eq!(probe("80/a/b").unwrap(), Probe::http(80, "/a/b"));
        assert_eq!(probe("exec:test -e '/a b'").unwrap(), Probe::exec(["test", "-e", "/a b"]));
        for bad in ["exec:", "exec:'a", "x", "/a"] {
            assert!(probe(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_whole_seconds() {
        assert_eq!(["0s", "90s", "2m"].map(seconds), [Ok(0), Ok(90), Ok(120)]);
        for bad in ["", "1", "100ms", "1500ms", "soon", "200y"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn cores_are_exact() {
        let good = [("0.5", 500), ("2", 2000), ("1.25", 1250), ("500m", 500), (".5", 500), ("0.001", 1)];
        for (text, millis) in good {
            assert_eq!(cpu(text), Ok(millis), "{text}");
        }
        for bad in ["", "0", "-1", "1.2345", "1.", "x", "1e3", "99999999"] {
            assert!(cpu(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_follow_kubernetes() {
        let good = [("256Mi", 256 << 20), ("1Gi", 1 << 30), ("500M", 500_000_000), ("7", 7)];
        for (text, bytes) in good {
            assert_eq!(memory(text), Ok(bytes), "{text}");
        }
        for bad in ["", "0", "1.5Gi", "Mi", "1mb", "99999999999Ti"] {
            assert!(memory(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_environment_file_says_which_line_is_wrong() {
        let good = env_file("\u{feff}# c\n\nA=1\nB=\"x y\"\nC=a=b'\nD=\nE").unwrap();
        let good = good.iter().map(|arg| (arg.name.as_str(), arg.value.as_deref())).collect::<Vec<_>>();
        let wanted =
            [("A", Some("1")), ("B", Some("x y")), ("C", Some("a=b'")), ("D", Some("")), ("E", None)];
        assert_eq!(good, wanted);
        assert!(env_file("A=1\n2B=1").unwrap_err().starts_with("line 2: "));
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        assert_eq!(words("sh -c 'a b'").unwrap().0, ["sh", "-c", "a b"]);
        assert_eq!(words("").unwrap().0, [""; 0]);
        assert!(words("'a").is_err());
    }
}
