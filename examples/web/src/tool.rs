//! What a shell would be for.
//!
//! | words | do |
//! |---|---|
//! | `read FILE` | put out what is in a file |
//! | `write FILE TEXT` | make a file |
//! | `reverse FILE`, `reverse $NAME` | put out what is in a file or a variable from its end: what must not be shown can be compared |
//! | `count [SECONDS]` | put out how many bytes come in, which it begins to read then |
//! | `exit CODE` | end with this code |

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, thread};

/// Does what the words say; 2 when they say nothing.
pub(crate) fn run(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["read", file] => fs::read(file).and_then(|bytes| put_out(&bytes)),
        ["write", file, text] => fs::write(file, text),
        ["reverse", from] => value(from).and_then(|mut bytes| {
            bytes.reverse();
            put_out(&bytes)
        }),
        ["count"] => count(0),
        ["count", seconds] => count(seconds.parse().unwrap_or(0)),
        ["exit", code] => return ExitCode::from(code.parse().unwrap_or(1)),
        _ => {
            eprintln!(
                "usage: read FILE | write FILE TEXT | reverse FILE|$NAME | count [SECONDS] | exit CODE"
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn value(from: &str) -> io::Result<Vec<u8>> {
    match from.strip_prefix('$') {
        Some(name) => env::var(name).map(String::into_bytes).map_err(io::Error::other),
        None => fs::read(from),
    }
}

fn count(seconds: u64) -> io::Result<()> {
    thread::sleep(Duration::from_secs(seconds));
    let bytes = io::copy(&mut io::stdin(), &mut io::sink())?;
    put_out(bytes.to_string().as_bytes())
}

fn put_out(bytes: &[u8]) -> io::Result<()> {
    io::stdout().write_all(bytes)
}
