//! `/account`. Its forms are calls of the API, which the script makes: nothing can be done here that a program could not do.

use std::fmt::Write;

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use patr_models::{
    oauth::Authorization, page::ListQuery, second_factor::SecondFactors, session::LogIn, user::User,
};

use super::{Page, html::escape, log_in_url, person, see_other};
use crate::{
    answer::{Fault, Refused},
    auth::cookie,
    ctx::Ctx,
    db::{oauth, sessions, users},
    handlers::second_factor,
};

/// Logins that the page shows, and programs.
const SHOWN: u16 = 50;

pub(super) async fn show(ctx: &Ctx, parts: &Parts) -> Result<Response<Bytes>, Fault> {
    let Some(person) = person(ctx, &parts.headers).await? else {
        return see_other(&log_in_url("/account"), Some(&cookie::clear(&ctx.settings)));
    };
    let row: Option<users::Row> = ctx.db.optional(users::by_id(person.user)).await?;
    let Some(row) = row else { return see_other("/login", Some(&cookie::clear(&ctx.settings))) };
    let user = User::from(&row);
    let factors = second_factor::show(ctx, user.id).await.map_err(fault)?;
    let query = ListQuery { limit: Some(SHOWN), ..ListQuery::default() };
    let sessions: Vec<sessions::Row> = ctx.db.fetch(sessions::list(user.id, ctx.now, &query)).await?;
    let log_ins: Vec<LogIn> = sessions.into_iter().map(|row| row.seen_by(&person.hash)).collect();
    let let_in: Vec<oauth::AuthorizationRow> =
        ctx.db.fetch(oauth::authorizations(user.id, ctx.now, &query)).await?;
    let let_in: Vec<Authorization> = let_in.into_iter().map(Authorization::from).collect();
    let body = [
        "<h1>Your account</h1>".to_owned(),
        profile(&user, ctx.settings.mail.is_some()),
        password(),
        authenticator(&factors),
        passkeys(&factors),
        recovery_codes(&factors),
        logins(&log_ins),
        programs(&let_in),
        end(),
        dialog(&factors),
    ]
    .concat();
    let email = user.email.as_str();
    Page { title: "Your account", body, person: Some(email), ..Page::default() }.respond(ctx, StatusCode::OK)
}

fn fault(refused: Refused) -> Fault {
    match refused {
        Refused::Fault(fault) => fault,
        Refused::Common(common) => Fault::new(format_args!("a page is refused: {common:?}")),
    }
}

fn profile(user: &User, mail: bool) -> String {
    let verify = match (user.email_verified, mail) {
        (true, _) => "<p class=note>You have shown that this address is yours.</p>",
        (false, true) => {
            "<form data-method=POST data-path=\"/api/v1/me/email/verification\" data-done=\"A link is on its way.\">\
             <p class=note>You have not shown yet that this address is yours.</p>\
             <button class=second>Send me a link</button></form>"
        }
        (false, false) => "<p class=note>This installation sends no mail: addresses are not proved.</p>",
    };
    format!(
        "<section><h2>Profile</h2>\
         <form data-method=PATCH data-path=\"/api/v1/me\" data-done=\"Saved.\">\
         <label>Name<input name=name maxlength=80 autocomplete=name value=\"{}\"></label><button>Save</button></form>\
         <form data-method=POST data-path=\"/api/v1/me/email\" \
         data-done=\"{}\">\
         <label>E-mail<input type=email name=email autocomplete=email required value=\"{}\"></label>\
         <button>Change the address</button></form>{verify}</section>",
        escape(user.name.as_str()),
        if mail {
            "A link is on its way to the new address: open it, and the address is changed."
        } else {
            "Saved."
        },
        escape(user.email.as_str()),
    )
}

fn password() -> String {
    "<section><h2>Password</h2>\
     <form data-method=POST data-path=\"/api/v1/me/password\" \
     data-done=\"Your password is another now, and your other logins have ended.\">\
     <label>New password<input type=password name=password autocomplete=new-password minlength=8 maxlength=256 \
     required></label><button>Change the password</button></form></section>"
        .to_owned()
}

fn authenticator(factors: &SecondFactors) -> String {
    let inner = if let Some(since) = factors.totp_since {
        format!(
            "<p class=note>Asked at every login since {}.</p>\
             <form data-method=DELETE data-path=\"/api/v1/me/totp\" data-next=\"/account\">\
             <button class=second>Remove it</button></form>",
            time(since)
        )
    } else {
        "<p class=note>An app on your phone that shows a new code every half minute.</p>\
         <form data-method=POST data-path=\"/api/v1/me/totp\" id=totp><button class=second>Set it up</button></form>\
         <div id=enrolment hidden><p>Scan this with the app, or type the key in.</p>\
         <img id=qr alt=\"QR code of the key\" width=220 height=220><p><code id=seed></code></p>\
         <form data-method=PUT data-path=\"/api/v1/me/totp\" data-codes data-next=\"/account\">\
         <label>The code that it shows now<input name=code inputmode=numeric autocomplete=one-time-code \
         pattern=\"[0-9]{6}\" required></label><button>Use it from now on</button></form></div>"
            .to_owned()
    };
    format!("<section><h2>Authenticator app</h2>{inner}</section>")
}

fn passkeys(factors: &SecondFactors) -> String {
    let mut rows = String::new();
    for passkey in &factors.passkeys {
        let used = passkey
            .last_used_at
            .map_or_else(|| "never used".to_owned(), |at| format!("last used {}", time(at)));
        // Writing to a string does not fail.
        let _ = write!(
            rows,
            "<li><span>{}<small>added {}, {used}</small></span>\
             <form data-method=DELETE data-path=\"/api/v1/me/passkeys/{}\" data-next=\"/account\">\
             <button class=second>Remove</button></form></li>",
            escape(passkey.name.as_str()),
            time(passkey.created_at),
            passkey.id,
        );
    }
    format!(
        "<section><h2>Passkeys</h2><p class=note>A key on your device, unlocked as the device is. It logs in alone.</p>\
         <ul>{rows}</ul><form data-method=POST data-path=\"/api/v1/me/passkeys\" id=add-passkey data-codes \
         data-next=\"/account\"><label>What to call it<input name=name maxlength=40 required></label>\
         <button class=second>Add a passkey</button></form></section>"
    )
}

fn recovery_codes(factors: &SecondFactors) -> String {
    if factors.totp_since.is_none() && factors.passkeys.is_empty() {
        return "<section id=codes hidden></section>".to_owned();
    }
    format!(
        "<section id=codes><h2>Recovery codes</h2><p class=note>{} left. Each lets you in once, in place of the app or a \
         passkey.</p><form data-method=POST data-path=\"/api/v1/me/recovery-codes\" data-codes>\
         <button class=second>Make new ones</button></form></section>",
        factors.recovery_codes_left
    )
}

fn logins(log_ins: &[LogIn]) -> String {
    let mut rows = String::new();
    for log_in in log_ins {
        let device = if log_in.device.is_empty() { "an unknown device" } else { &log_in.device };
        let end = if log_in.current {
            "<em>this one</em>".to_owned()
        } else {
            format!(
                "<form data-method=DELETE data-path=\"/api/v1/me/sessions/{}\" data-next=\"/account\">\
                 <button class=second>End</button></form>",
                log_in.id
            )
        };
        // Writing to a string does not fail.
        let _ = write!(
            rows,
            "<li><span>{}<small>{}since {}, last used {}</small></span>{end}</li>",
            escape(device),
            log_in.address.as_ref().map(|address| format!("{}, ", escape(address))).unwrap_or_default(),
            time(log_in.created_at),
            time(log_in.last_used_at),
        );
    }
    format!(
        "<section><h2>Logins</h2><ul>{rows}</ul>\
         <form data-method=DELETE data-path=\"/api/v1/me/sessions\" data-next=\"/account\">\
         <button class=second>End all but this one</button></form></section>"
    )
}

/// What programs of others were let do; nothing where that is nothing.
fn programs(let_in: &[Authorization]) -> String {
    let mut rows = String::new();
    for authorization in let_in {
        // Writing to a string does not fail.
        let _ = write!(
            rows,
            "<li><span>{}<small>since {}</small></span>\
             <form data-method=DELETE data-path=\"/api/v1/oauth/authorizations/{}\" data-next=\"/account\">\
             <button class=second>Take back</button></form></li>",
            escape(authorization.client_name.as_str()),
            time(authorization.created_at),
            authorization.id,
        );
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<section><h2>Programs</h2><p class=note>You have let these act for you.</p><ul>{rows}</ul></section>"
    )
}

fn end() -> String {
    "<section><h2>Delete the account</h2><p class=note>Ends your logins and tokens and takes you out of every workspace. \
     Nothing brings it back.</p><form data-method=DELETE data-path=\"/api/v1/me\" data-next=\"/login\" \
     data-confirm=\"Delete your account? Nothing brings it back.\"><button class=danger>Delete my account</button></form>\
     </section>"
        .to_owned()
}

/// Asked before what is dangerous; the script shows it when the API wants a proof.
fn dialog(factors: &SecondFactors) -> String {
    let code = if factors.totp_since.is_some() || factors.recovery_codes_left > 0 {
        "<label>Or a code<input name=code autocomplete=one-time-code autocapitalize=none></label>"
    } else {
        ""
    };
    let passkey = if factors.passkeys.is_empty() {
        ""
    } else {
        "<button type=button class=second id=prove-passkey>Use a passkey</button>"
    };
    format!(
        "<dialog id=proof aria-labelledby=proof-title><form method=dialog><h2 id=proof-title>Is it really you?</h2>\
         <label>Password<input type=password name=password autocomplete=current-password></label>{code}\
         <p class=wrong role=alert hidden></p><button value=prove>Go on</button>{passkey}\
         <button value=cancel class=plain formnovalidate>Cancel</button></form></dialog>"
    )
}

/// Shown in the reader's own time zone by the script.
fn time(at: patr_models::time::Millis) -> String {
    format!("<time datetime=\"{at}\">{at}</time>")
}
