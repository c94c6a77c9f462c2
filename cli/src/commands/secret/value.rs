//! The value of a secret: typed without an echo, piped, or from a file. It is never an argument, and never shown.

use std::{
    fs::File,
    io::{IsTerminal, Read},
    path::Path,
};

use patr_models::{limits::SECRET_MAX, secret::SecretValue};

use crate::{failure::Failure, text};

/// Reads the value from where it comes.
pub(super) fn read(file: Option<&Path>) -> Result<SecretValue, Failure> {
    let bytes = match file {
        Some(path) => from_file(path)?,
        None if std::io::stdin().is_terminal() => typed()?,
        None => without_line_end(at_most(std::io::stdin().lock(), "stdin")?),
    };
    check(&bytes)?;
    Ok(SecretValue::from_bytes(bytes))
}

fn from_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    at_most(file, &name)
}

fn typed() -> Result<Vec<u8>, Failure> {
    let typed = rpassword::prompt_password("Value: ");
    typed
        .map(String::into_bytes)
        .map_err(|error| Failure::usage(format!("cannot read from the terminal: {error}")))
}

/// A little more than a value may have, so that one that is too long is seen to be.
fn at_most(from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(SECRET_MAX as u64 + 3).read_to_end(&mut bytes);
    read.map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    Ok(bytes)
}

/// `echo` and editors end a line that was not meant to have an end; text of several lines ends as it should.
fn without_line_end(mut bytes: Vec<u8>) -> Vec<u8> {
    let single = bytes.iter().filter(|&&byte| byte == b'\n').count() == 1;
    if single && bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    bytes
}

fn check(bytes: &[u8]) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Err(Failure::usage("the value is empty"));
    }
    if bytes.len() > SECRET_MAX {
        let most = text::bytes(SECRET_MAX as u64);
        return Err(Failure::usage(format!("the value is longer than a secret may be ({most})")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_single_line_is_dropped_and_text_is_kept() {
        let kept = |text: &str| String::from_utf8(without_line_end(text.into())).unwrap();
        assert_eq!(["x\n", "x\r\n", "x", "x\r", "\n"].map(kept), ["x", "x", "x", "x\r", ""]);
        assert_eq!(["x\ny\n", "x\n\n", "\nx"].map(kept), ["x\ny\n", "x\n\n", "\nx"]);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert!(check(b"").is_err());
        assert!(check(&vec![0; SECRET_MAX]).is_ok());
        assert!(check(&vec![0; SECRET_MAX + 1]).is_err());
        let read = at_most(&vec![0; SECRET_MAX + 9][..], "x").unwrap();
        assert!(check(&without_line_end(read)).is_err());
    }
}
