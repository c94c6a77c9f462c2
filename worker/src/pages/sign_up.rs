//! `/sign-up`: an account, and the login that comes with it. The first one of an installation needs its bootstrap secret.

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use patr_models::{
    endpoint::{Call, NoQuery, body::Json, headers::NoHeaders},
    error::ApiError,
    user::{
        Session,
        sign_up::{self, Path},
    },
};

use super::{
    Page,
    html::{escape, problem},
    person, see_other,
};
use crate::{
    answer::{Failure, Fault},
    auth::cookie,
    ctx::Ctx,
    handlers::users,
};

/// What the form was sent with.
#[derive(Debug, Default)]
struct Fields {
    email: String,
    password: String,
    bootstrap_secret: String,
}

impl Fields {
    fn read(text: &[u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in url::form_urlencoded::parse(text) {
            match &*name {
                "email" => fields.email = value.into_owned(),
                "password" => fields.password = value.into_owned(),
                "bootstrap_secret" => value.trim().clone_into(&mut fields.bootstrap_secret),
                _ => {}
            }
        }
        fields
    }

    fn call(&self) -> Result<sign_up::Body, String> {
        let secret = &self.bootstrap_secret;
        Ok(sign_up::Body {
            email: self.email.parse().map_err(said)?,
            password: self.password.parse().map_err(said)?,
            bootstrap_secret: (!secret.is_empty()).then(|| secret.clone()),
        })
    }
}

fn said(problem: impl ToString) -> String {
    problem.to_string()
}

pub(super) async fn show(ctx: &Ctx, parts: &Parts) -> Result<Response<Bytes>, Fault> {
    if person(ctx, &parts.headers).await?.is_some() {
        return see_other("/", None);
    }
    form(ctx, &Fields::default(), StatusCode::OK, None)
}

pub(super) async fn submit(ctx: &Ctx, body: &[u8]) -> Result<Response<Bytes>, Fault> {
    let fields = Fields::read(body);
    match sign_up(ctx, &fields).await? {
        Ok(session) => {
            let cookie = cookie::set(&ctx.settings, &session.token, users::SESSION.as_secs());
            see_other("/", Some(&cookie))
        }
        Err((status, wrong)) => form(ctx, &fields, status, Some(&wrong)),
    }
}

/// As the API does it; or what is wrong, in its words.
async fn sign_up(ctx: &Ctx, fields: &Fields) -> Result<Result<Session, (StatusCode, String)>, Fault> {
    let body = match fields.call() {
        Ok(body) => Json(body),
        Err(wrong) => return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, wrong))),
    };
    let call = Call { path: Path {}, query: NoQuery {}, headers: NoHeaders, body };
    match users::sign_up(ctx, (), call).await {
        Ok(made) => Ok(Ok(made.body.0)),
        Err(Failure::Api(error)) => Ok(Err(refusal(&error))),
        Err(Failure::Common(error)) => Ok(Err(refusal(&error))),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn refusal(error: &impl ApiError) -> (StatusCode, String) {
    let hint = error.hint().map(|hint| format!(": {hint}")).unwrap_or_default();
    let status = StatusCode::from_u16(error.doc().status.get()).unwrap_or(StatusCode::FORBIDDEN);
    (status, format!("{}{hint}.", error.message()))
}

fn form(
    ctx: &Ctx,
    fields: &Fields,
    status: StatusCode,
    wrong: Option<&str>,
) -> Result<Response<Bytes>, Fault> {
    let body = format!(
        "<h1>Sign up</h1>{}<form method=post action=\"/sign-up\">\
         <label>E-mail<input type=email name=email autocomplete=username required autofocus value=\"{}\"></label>\
         <label>Password<input type=password name=password autocomplete=new-password minlength=8 maxlength=256 required></label>\
         {}<button>Sign up</button></form><p><a href=\"/login\">I have an account</a></p>",
        problem(wrong),
        escape(&fields.email),
        secret_field(ctx),
    );
    Page { title: "Sign up", body, ..Page::default() }.respond(ctx, status)
}

/// It is never shown again: whoever looks at the screen has no use for it.
fn secret_field(ctx: &Ctx) -> String {
    let (when, required) =
        if ctx.settings.sign_up_open { (", for the first account", "") } else { ("", " required") };
    format!(
        "<label>Bootstrap secret{when}<input type=password name=bootstrap_secret autocomplete=off{required}></label>\
         <p>The local edge prints it on its first start; on Cloudflare it is the secret BOOTSTRAP_SECRET. \
         Whoever was invited to a workspace needs none: <code>patr join</code> takes the link.</p>"
    )
}
