//! `patr account totp`, `recovery-codes`.

use patr_models::second_factor::{
    RecoveryCodes,
    begin_totp::{self, BeginTotp},
    enable_totp::{self, EnableTotp},
    new_recovery_codes::{self, NewRecoveryCodes},
    remove_totp::{self, RemoveTotp},
};

use crate::{
    client::{plain, with_body},
    commands::{access::prompt, proof::proved},
    context::Context,
    exit_code::Exit,
    failure::Outcome,
};

pub(super) async fn enable(ctx: &Context) -> Outcome {
    prompt::need_terminal("enable it in a browser, at `/account` of the installation")?;
    let enrolment = proved(ctx, || plain::<BeginTotp>(begin_totp::Path {})).await?.body.0;
    ctx.printer.note(&format!(
        "add this key to your authenticator app, as text or as the address of a QR code:\n  {}\n  {}",
        enrolment.secret, enrolment.url
    ));
    let code = prompt::line("The code that it shows now: ", &ctx.printer)?;
    let call = with_body::<EnableTotp, _>(enable_totp::Path {}, enable_totp::Body { code });
    let codes = ctx.client.call(call).await?.body.0;
    ctx.printer.note("from now on a login asks for a code of the app");
    show(&codes, ctx)
}

pub(super) async fn disable(ctx: &Context) -> Outcome {
    proved(ctx, || plain::<RemoveTotp>(remove_totp::Path {})).await?;
    ctx.printer.note("no authenticator app is asked any more");
    Ok(Exit::Ok)
}

pub(super) async fn recovery_codes(ctx: &Context) -> Outcome {
    let codes = proved(ctx, || plain::<NewRecoveryCodes>(new_recovery_codes::Path {})).await?.body.0;
    show(&codes, ctx)
}

/// The codes on stdout, the rest to people.
fn show(codes: &RecoveryCodes, ctx: &Context) -> Outcome {
    if codes.recovery_codes.is_empty() {
        return Ok(Exit::Ok);
    }
    ctx.printer.answer(codes, None)?;
    if !ctx.printer.is_json() {
        ctx.printer.raw(&codes.recovery_codes.iter().map(|code| format!("{code}\n")).collect::<String>())?;
    }
    ctx.printer.note("keep these recovery codes: each lets you in once, and they are not shown again");
    Ok(Exit::Ok)
}
