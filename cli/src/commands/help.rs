//! `patr help`.

use std::fmt::Write;

use clap::CommandFactory;

use crate::{
    args::Cli,
    exit_code::Exit,
    failure::{Failure, Outcome},
    printer::Printer,
};

/// Explain a command, or the exit status.
pub(crate) fn help(words: &[String], printer: &Printer) -> Outcome {
    if words.iter().map(String::as_str).eq(["exit-codes"]) {
        printer.raw(&exit_codes())?;
        return Ok(Exit::Ok);
    }
    let mut root = Cli::command();
    root.build();
    let mut command = &mut root;
    for word in words {
        command = command.find_subcommand_mut(word).ok_or_else(|| {
            Failure::usage(format!("there is no command `{}`", words.join(" ")))
                .hint("`patr help` lists the commands")
        })?;
    }
    printer.raw(&command.render_help().to_string())?;
    Ok(Exit::Ok)
}

fn exit_codes() -> String {
    let mut text = "What the exit status of `patr` means:\n\n".to_owned();
    for exit in Exit::ALL {
        let _ = writeln!(text, "{:>5}  {}", exit.number(), exit.meaning());
    }
    text.push_str("\n`patr exec` ends with the status of the command that it ran.\n");
    text
}
