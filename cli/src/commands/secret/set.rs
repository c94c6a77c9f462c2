//! `patr secret set`.

use patr_models::secret::{
    Secret,
    set::{Body, Path, SetSecret},
};

use super::{behind, roll_out, value};
use crate::{args::secret::Set, client::with_body, context::Context, exit_code::Exit, failure::Outcome};

/// Set a secret, and say what goes on with an older version or give the new one to it.
pub(super) async fn set(args: Set, ctx: &Context) -> Outcome {
    let Set { name, from_file, roll_out, wait } = args;
    let path = Path { workspace: ctx.workspace()?, secret: name };
    let body = Body { value: value::read(from_file.as_deref())? };
    let secret = ctx.client.call(with_body::<SetSecret, _>(path, body)).await?.body.0;
    ctx.printer.note(&format!("`{}` has version {}", secret.name, secret.version));
    ctx.printer.answer(&secret, None)?;
    if roll_out {
        return roll_out::to_all(&secret, &wait, ctx).await;
    }
    if let Some(hint) = hint(&secret) {
        ctx.printer.hint(&hint);
    }
    Ok(Exit::Ok)
}

fn hint(secret: &Secret) -> Option<String> {
    let names = behind(secret).iter().map(|used| format!("`{}`", used.deployment)).collect::<Vec<_>>();
    let goes = if names.len() == 1 { "goes" } else { "go" };
    let name = &secret.name;
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        format!("{names} {goes} on with an older version: `patr secret roll-out {name}` brings the new one")
    })
}
