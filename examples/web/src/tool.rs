//! What a shell would be for.
//!
//! | words | do |
//! |---|---|
//! | `read FILE` | put out what is in a file |
//! | `write FILE TEXT` | make a file |
//! | `reverse FILE`, `reverse $NAME` | put out what is in a file or a variable from its end: what must not be shown can be compared |
//! | `count` | put out how many bytes come in |
//! | `exit CODE` | end with this code |

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::{env, fs};

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
        ["count"] => count().and_then(|bytes| put_out(bytes.to_string().as_bytes())),
        ["exit", code] => return ExitCode::from(code.parse().unwrap_or(1)),
        _ => {
            eprintln!("usage: read FILE | write FILE TEXT | reverse FILE|$NAME | count | exit CODE");
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

fn count() -> io::Result<usize> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)
}

fn put_out(bytes: &[u8]) -> io::Result<()> {
    io::stdout().write_all(bytes)
}
