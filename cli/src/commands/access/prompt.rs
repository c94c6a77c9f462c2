//! What is asked for, on a terminal, or read from stdin.

use std::io::{IsTerminal, Read};

use patr_models::name::Email;

use crate::{failure::Failure, printer::Printer};

/// What a password is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Purpose {
    LogIn,
    /// Asked for twice, to catch a slip.
    New,
}

/// The address that was given, or that is typed now.
pub(super) fn email(given: Option<Email>, printer: &Printer) -> Result<Email, Failure> {
    if let Some(email) = given {
        return Ok(email);
    }
    need_terminal("give the address with `--email`")?;
    let typed = printer.ask("E-mail: ").map_err(cannot_ask)?;
    typed.trim().parse().map_err(|error| Failure::usage(format!("{error}")))
}

/// The password, from stdin or typed.
pub(in crate::commands) fn password(from_stdin: bool, purpose: Purpose) -> Result<String, Failure> {
    if from_stdin {
        return line_of_stdin("the password");
    }
    need_terminal(match purpose {
        Purpose::LogIn => "give the password with `--password-stdin`, or a token with `--token-stdin`",
        Purpose::New => "give the password with `--password-stdin`",
    })?;
    let password = rpassword::prompt_password("Password: ").map_err(cannot_ask)?;
    if purpose == Purpose::New {
        let again = rpassword::prompt_password("Password again: ").map_err(cannot_ask)?;
        if again != password {
            return Err(Failure::usage("the two passwords differ"));
        }
    }
    Ok(password)
}

/// All of stdin, less the line end.
pub(super) fn line_of_stdin(what: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(64 * 1024).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format!("cannot read {what} from stdin: {error}")))?;
    let line = text.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(Failure::usage(format!("expected {what} on stdin, and found nothing")));
    }
    Ok(line.to_owned())
}

/// A line that may be seen while it is typed.
pub(in crate::commands) fn line(question: &str, printer: &Printer) -> Result<String, Failure> {
    Ok(printer.ask(question).map_err(cannot_ask)?.trim().to_owned())
}

/// A line that nobody sees.
pub(in crate::commands) fn hidden(question: &str) -> Result<String, Failure> {
    rpassword::prompt_password(question).map_err(cannot_ask)
}

/// Whether somebody can be asked.
pub(in crate::commands) fn is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

pub(in crate::commands) fn need_terminal(hint: &str) -> Result<(), Failure> {
    if is_terminal() {
        return Ok(());
    }
    Err(Failure::usage("nobody can be asked: stdin is not a terminal").hint(hint))
}

#[expect(clippy::needless_pass_by_value, reason = "it is the argument of `map_err`")]
fn cannot_ask(error: std::io::Error) -> Failure {
    Failure::usage(format!("cannot read from the terminal: {error}"))
}
