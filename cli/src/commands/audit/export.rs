//! `patr audit export`.

use patr_models::audit::{
    export::{ExportAudit, Path},
    export_account::{self, ExportAccountAudit},
};

use crate::{
    client::plain,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

/// Write out the whole log, a line of JSON each, whatever form the rest of the output has.
pub(super) async fn export(account: bool, ctx: &Context) -> Outcome {
    let mut lines = if account {
        ctx.client.stream(plain::<ExportAccountAudit>(export_account::Path {})).await?
    } else {
        ctx.client.stream(plain::<ExportAudit>(Path { workspace: ctx.workspace()? })).await?
    };
    loop {
        match lines.chunk().await {
            Ok(Some(bytes)) => ctx.printer.bytes(&bytes)?,
            Ok(None) => return Ok(Exit::Ok),
            Err(problem) => {
                let failure = Failure::failed(format!("the export broke off: {problem}"));
                return Err(failure.hint("what was written is not the whole log").into());
            }
        }
    }
}
