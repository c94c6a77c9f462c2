//! `patr audit verify`.

use std::{fs, io::Read, path::Path};

use patr_models::audit::verify::{self, Verified};

use crate::{
    args::audit::Verify,
    exit_code::Exit,
    failure::{Failure, Outcome},
    printer::Printer,
};

/// Check that an export is as it was written; no installation is asked.
pub(crate) fn verify(args: &Verify, printer: &Printer) -> Outcome {
    let text = read(&args.file)?;
    let verified = verify::verify(text.lines(), args.head.as_deref())
        .map_err(|problem| Failure::failed(problem.to_string()))?;
    let Verified { chain, first, last, head } = &verified;
    printer.item(
        &verified,
        &[("chain", chain.clone()), ("entries", format!("{first} to {last}")), ("head", head.clone())],
    )?;
    printer.note("nothing was changed, dropped, inserted or moved");
    if args.head.is_none() {
        printer.hint(
            "note the head: with `--head` a later export shows that the end was not cut off or written anew",
        );
    }
    Ok(Exit::Ok)
}

fn read(file: &Path) -> Result<String, Failure> {
    let name = file.display();
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    let bytes = bytes.map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{name}: not an export of an audit log")))
}
