//! `/oauth/authorize`: a person lets a client do something, or not (RFC 6749, 4.1; RFC 7636; RFC 9207).
//!
//! ```text
//! is the client known, and the address one of its own? ──no──▶ a page says so: nobody is sent anywhere
//!   └─▶ is somebody logged in? ──no──▶ /login, and back
//!         └─▶ is what it asks possible? ──no──▶ a page says so, with a way back
//!               └─▶ consent ──▶ back to the client, with a code or with `access_denied`
//! ```
//!
//! Anybody can register a client, so that its addresses are not trusted: nobody is sent there but by their own decision
//! (RFC 9700, 4.11.2). The form is read as the address is, and what it says is checked anew.

mod consent;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, request::Parts};
use patr_models::{
    auth::prefix,
    ids::{AuthorizationId, WorkspaceId},
    oauth::{CODE_LIFE_S, RedirectUri, Scopes},
    page::{ListQuery, MAX_LIMIT},
    token::{Opening, WORKSPACES_MAX},
    workspace::Workspace,
};

use super::{form::Form, problem::Problem};
use crate::{
    answer::{Fault, Refused},
    auth::{self, Person},
    ctx::{Audited, Ctx, new_secret},
    db::{
        DbError,
        oauth::{self as db, ClientRow, NewCode},
        workspaces,
    },
    limits,
    pages::{self, log_in_url, see_other},
};

pub(crate) const PATH: &str = "/oauth/authorize";
/// What the address may say; the form says it again.
const PARAMETERS: [&str; 8] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];
/// What begins the names of the fields with which workspaces are chosen.
const WORKSPACE: &str = "workspace.";

/// In the audit log.
const LET_IN: &str = "AuthorizeClient";

/// A client that is known, and where a person is sent back to.
struct Client {
    row: ClientRow,
    redirect: RedirectUri,
    state: Option<String>,
}

/// What a person is asked.
struct Question {
    person: Person,
    client: Client,
    scopes: Scopes,
    challenge: String,
    form: Form,
}

/// Why nobody is asked.
enum Halt {
    /// It is not known who asks, or whom to send back where.
    Unknown(String),
    LogIn(String),
    Impossible(Box<Client>, Problem),
    Fault(Fault),
}

impl<F: Into<Fault>> From<F> for Halt {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

impl Halt {
    fn respond(self, ctx: &Ctx) -> Result<Response<Bytes>, Fault> {
        match self {
            Self::Unknown(problem) => consent::unknown(ctx, &problem),
            Self::LogIn(next) => see_other(&log_in_url(&next), None),
            Self::Impossible(client, problem) => consent::impossible(ctx, &client, &problem),
            Self::Fault(fault) => Err(fault),
        }
    }
}

/// Asks the person.
pub(crate) async fn show(ctx: &Ctx, parts: &Parts) -> Result<Response<Bytes>, Fault> {
    let query = parts.uri.query().unwrap_or_default();
    match read(ctx, &parts.headers, query.as_bytes()).await {
        Ok(question) => consent::ask(ctx, &question, StatusCode::OK, None).await,
        Err(halt) => halt.respond(ctx),
    }
}

/// Hears what the person says. The form has come from our own page.
pub(crate) async fn submit(ctx: &Ctx, headers: &HeaderMap, body: &[u8]) -> Result<Response<Bytes>, Fault> {
    let question = match read(ctx, headers, body).await {
        Ok(question) => question,
        Err(halt) => return halt.respond(ctx),
    };
    match question.form.get("decision") {
        Some("approve") => approve(ctx, question).await,
        _ => {
            let refused =
                [("error", "access_denied"), ("error_description", "the person does not want this")];
            consent::lead_back(ctx, &question.client, &refused)
        }
    }
}

async fn read(ctx: &Ctx, headers: &HeaderMap, text: &[u8]) -> Result<Question, Halt> {
    let form = Form::parse(text).map_err(|problem| Halt::Unknown(problem.description))?;
    let client = Client::find(ctx, &form).await?;
    let Some(person) = pages::person(ctx, headers).await? else { return Err(Halt::LogIn(again(&form))) };
    match wanted(&form) {
        Ok((scopes, challenge)) => Ok(Question { person, client, scopes, challenge, form }),
        Err(problem) => Err(Halt::Impossible(Box::new(client), problem)),
    }
}

/// The same question, as an address.
fn again(form: &Form) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(PARAMETERS.iter().filter_map(|name| Some((name, form.get(name)?))));
    format!("{PATH}?{}", query.finish())
}

impl Client {
    async fn find(ctx: &Ctx, form: &Form) -> Result<Self, Halt> {
        let unknown = |what: &str| Halt::Unknown(what.to_owned());
        let id = form.get("client_id").and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| unknown("It does not say which program asks."))?;
        let row: Option<ClientRow> = ctx.db.optional(db::client(id)).await?;
        let row =
            row.ok_or_else(|| unknown("The program that asks is not registered here, or not any more."))?;
        let redirect = redirect(&row.redirect_uris, form.get("redirect_uri"));
        let redirect = redirect
            .ok_or_else(|| unknown("It leads back to an address that the program is not registered with."))?;
        Ok(Self { row, redirect, state: form.get("state").map(str::to_owned) })
    }

    /// The address that a person is sent back to, with what the client is told (RFC 9207: and by whom).
    fn back(&self, ctx: &Ctx, said: &[(&str, &str)]) -> Result<String, Fault> {
        let issuer = ctx.settings.control_url();
        let mut said = said.to_vec();
        said.extend(self.state.as_deref().map(|state| ("state", state)));
        said.push(("iss", &issuer));
        self.redirect.with(&said).map(String::from).ok_or_else(|| Fault::new("a redirect URI is an address"))
    }
}

/// The address that was asked for, if it is one of the client's; the only one there is when none was.
fn redirect(own: &[RedirectUri], asked: Option<&str>) -> Option<RedirectUri> {
    match (asked, own) {
        (Some(asked), _) => asked.parse().ok().filter(|asked| own.iter().any(|own| own.allows(asked))),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// What is wanted, and what the client proves itself with later.
fn wanted(form: &Form) -> Result<(Scopes, String), Problem> {
    if form.required("response_type")? != "code" {
        return Err(Problem::new("unsupported_response_type", "response_type has to be code"));
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Problem::invalid_request("response_mode has to be query"));
    }
    // Without a method it would be `plain`, which whoever listens in could use.
    if form.get("code_challenge_method") != Some("S256") {
        return Err(Problem::invalid_request("code_challenge_method has to be S256"));
    }
    let challenge = form.required("code_challenge")?;
    if URL_SAFE_NO_PAD.decode(challenge).map_or(0, |hash| hash.len()) != 32 {
        return Err(Problem::invalid_request("code_challenge has to be a SHA-256 in base64url"));
    }
    let scopes = form.get("scope").unwrap_or_default().parse();
    let scopes: Scopes = scopes
        .map_err(|error: patr_models::oauth::ScopesError| Problem::new("invalid_scope", error.to_string()))?;
    Ok((scopes, challenge.to_owned()))
}

/// The workspaces that a person can let a client into.
async fn workspaces_of(ctx: &Ctx, person: &Person) -> Result<Vec<Workspace>, Fault> {
    let query = ListQuery { limit: Some(MAX_LIMIT), ..ListQuery::default() };
    let rows: Vec<workspaces::Row> = ctx.db.fetch(workspaces::list(person.user, None, &query)).await?;
    Ok(rows.into_iter().map(Workspace::from).collect())
}

async fn approve(ctx: &Ctx, question: Question) -> Result<Response<Bytes>, Fault> {
    let own = workspaces_of(ctx, &question.person).await?;
    let chosen = question.form.named(WORKSPACE).filter_map(|id| id.parse::<WorkspaceId>().ok());
    let chosen: Vec<_> = chosen.filter(|id| own.iter().any(|workspace| workspace.id == *id)).collect();
    if chosen.is_empty() || chosen.len() > WORKSPACES_MAX {
        let wrong = format!("Choose at least one workspace, and {WORKSPACES_MAX} at most.");
        return consent::ask(ctx, &question, StatusCode::BAD_REQUEST, Some(&wrong)).await;
    }
    match limits::count(ctx, &format!("{LET_IN}/{}", question.person.user), limits::CONSENTS).await {
        Ok(()) => {}
        Err(Refused::Common(_)) => {
            let wrong = "You have let in many programs in a short time. Try again in some minutes.";
            return consent::ask(ctx, &question, StatusCode::TOO_MANY_REQUESTS, Some(wrong)).await;
        }
        Err(Refused::Fault(fault)) => return Err(fault),
    }
    let Question { person, client, scopes, challenge, .. } = question;
    let grants = scopes.access().grants();
    let opening = |workspace| Opening { workspace, grants: Some(grants.clone()) };
    let openings: Vec<Opening> = chosen.into_iter().map(opening).collect();
    let code = new_secret(prefix::CODE)?;
    let authorization: AuthorizationId = ctx.id()?;
    let new = NewCode {
        authorization,
        client: client.row.id,
        user: person.user,
        openings: &openings,
        scope: &scopes.to_string(),
        hash: &auth::hash(&code),
        redirect_uri: &client.redirect,
        challenge: &challenge,
        expires_at: ctx.now + Duration::from_secs(CODE_LIFE_S.into()),
    };
    let what = Audited::new(LET_IN, authorization, client.row.name.as_str()).with("workspaces", &openings);
    match ctx.write(&person, what, db::code_insert(&new, ctx.now).to_vec()).await {
        // The client is gone meanwhile.
        Err(DbError::Reference) => {
            Halt::Unknown("The program that asks is not registered here any more.".to_owned()).respond(ctx)
        }
        Err(error) => Err(error.into()),
        Ok(()) => consent::lead_back(ctx, &client, &[("code", &code)]),
    }
}
