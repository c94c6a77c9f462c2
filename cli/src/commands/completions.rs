//! `patr completions`.

use clap::CommandFactory;
use clap_complete::{Shell as Target, generate};

use crate::{
    args::{Cli, Shell},
    exit_code::Exit,
    failure::Outcome,
    printer::Printer,
};

/// Print a completion script.
pub(crate) fn completions(shell: Shell, printer: &Printer) -> Outcome {
    let target = match shell {
        Shell::Bash => Target::Bash,
        Shell::Zsh => Target::Zsh,
        Shell::Fish => Target::Fish,
    };
    let mut script = Vec::new();
    generate(target, &mut Cli::command(), "patr", &mut script);
    printer.raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
