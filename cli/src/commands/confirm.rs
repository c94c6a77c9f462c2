//! Asking before data is lost that nothing brings back.

use std::io::IsTerminal;

use crate::{context::Context, failure::Failure};

/// Lets a person type the name of what will be lost. Without a terminal nobody can be asked, and `--yes` has to say so.
pub(super) fn by_name(what: &str, name: &str, yes: bool, ctx: &Context) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!("this {what}, and nobody can be asked: stdin is not a terminal"))
            .hint("give `--yes` if that is meant"));
    }
    let typed = ctx.printer.ask(&format!("this {what}. Type `{name}` to go on: "));
    let typed = typed.map_err(|error| Failure::usage(format!("cannot read from the terminal: {error}")))?;
    if typed.trim() == name {
        return Ok(());
    }
    Err(Failure::usage(format!("that is not `{name}`: nothing was changed")))
}
