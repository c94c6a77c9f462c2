//! `patr account show`, `set-name`, `set-email`, `verify-email`.

use patr_models::{
    name::Email,
    second_factor::{
        SecondFactors,
        get::{self, GetSecondFactors},
    },
    user::{
        PersonName, User,
        change_email::{self, ChangeEmail},
        send_verification::{self, SendVerification},
        update::{self, UpdateProfile},
        who_am_i::{self, WhoAmI},
    },
};

use crate::{
    client::{plain, with_body},
    commands::proof::proved,
    context::Context,
    exit_code::Exit,
    failure::Outcome,
    text,
};

/// Whoever is logged in.
pub(super) async fn me(ctx: &Context) -> Outcome<User> {
    Ok(ctx.client.call(plain::<WhoAmI>(who_am_i::Path {})).await?.body.0)
}

/// The account as JSON is the API's, with what it is protected by beside.
#[derive(serde::Serialize)]
struct Shown {
    #[serde(flatten)]
    user: User,
    second_factors: SecondFactors,
}

pub(super) async fn show(ctx: &Context) -> Outcome {
    let user = me(ctx).await?;
    let second_factors = ctx.client.call(plain::<GetSecondFactors>(get::Path {})).await?.body.0;
    let verified = if user.email_verified { "" } else { " (not proved)" };
    let fields = [
        ("email", format!("{}{verified}", user.email)),
        ("name", text::or_dash(Some(user.name.as_str()).filter(|name| !name.is_empty()))),
        ("id", user.id.to_string()),
        ("since", text::time(user.created_at)),
        (
            "authenticator app",
            second_factors
                .totp_since
                .map_or_else(|| "none".to_owned(), |at| format!("since {}", text::time(at))),
        ),
        ("passkeys", second_factors.passkeys.len().to_string()),
        ("recovery codes", second_factors.recovery_codes_left.to_string()),
    ];
    ctx.printer.item(&Shown { user, second_factors }, &fields)?;
    Ok(Exit::Ok)
}

pub(super) async fn set_name(name: PersonName, ctx: &Context) -> Outcome {
    let call = with_body::<UpdateProfile, _>(update::Path {}, update::Body { name });
    let user = ctx.client.call(call).await?.body.0;
    ctx.printer.note(&if user.name.is_empty() {
        "you have no name now".to_owned()
    } else {
        format!("you are called `{}` now", user.name)
    });
    Ok(Exit::Ok)
}

pub(super) async fn set_email(email: Email, ctx: &Context) -> Outcome {
    let body = change_email::Body { email };
    let call = || with_body::<ChangeEmail, _>(change_email::Path {}, body.clone());
    let sent = proved(ctx, call).await?.body.0.sent;
    let email = &body.email;
    ctx.printer.note(&if sent {
        format!("a link is on its way to {email}: open it, and the address is changed")
    } else {
        format!("your address is {email} now; this installation sends no mail, so it is not proved")
    });
    Ok(Exit::Ok)
}

pub(super) async fn verify_email(ctx: &Context) -> Outcome {
    ctx.client.call(plain::<SendVerification>(send_verification::Path {})).await?;
    ctx.printer.note("a link is on its way to your address");
    Ok(Exit::Ok)
}
