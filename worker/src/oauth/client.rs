//! Which client asks: one with a secret shows it, in the header or in the form, and one without only names itself
//! (RFC 6749, 2.3.1 and 3.2.1).

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{header, request::Parts};
use patr_models::ids::{TokenId, UserId, WorkspaceId};

use super::{
    form::Form,
    problem::{Problem, Stop},
};
use crate::{
    auth::{self, Actor},
    ctx::Ctx,
    db::oauth::{self, ClientRow},
};

/// The client that asks. What is wrong stays unsaid: whoever asks knows who it is.
pub(super) async fn authenticate(ctx: &Ctx, parts: &Parts, form: &Form) -> Result<ClientRow, Stop> {
    let (id, secret) = match basic(parts)? {
        Some((id, secret)) => {
            if form.get("client_secret").is_some() || form.get("client_id").is_some_and(|other| other != id) {
                return Err(Problem::invalid_request("a client shows who it is in one way").into());
            }
            (id, Some(secret))
        }
        None => (form.required("client_id")?.to_owned(), form.get("client_secret").map(str::to_owned)),
    };
    let id = id.parse().map_err(|_| Problem::invalid_client())?;
    let row: Option<ClientRow> = ctx.db.optional(oauth::client(id)).await?;
    let row = row.ok_or_else(Problem::invalid_client)?;
    let good = match (&row.secret_hash, secret) {
        (None, None) => true,
        (Some(hash), Some(secret)) => auth::is_secret(auth::hash(&secret).as_bytes(), hash.as_bytes()),
        (None, Some(_)) | (Some(_), None) => false,
    };
    if good { Ok(row) } else { Err(Problem::invalid_client().into()) }
}

/// Id and secret of the header. Both are encoded as in a form before they are joined.
fn basic(parts: &Parts) -> Result<Option<(String, String)>, Problem> {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let read = || {
        let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
        let bytes = STANDARD.decode(text.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let text = String::from_utf8(bytes).ok()?;
        let (id, secret) = text.split_once(':')?;
        let plain =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().ok().map(String::from);
        Some((plain(id)?, plain(secret)?))
    };
    read().map(Some).ok_or_else(Problem::invalid_client)
}

/// A client, for the person who lets it act.
pub(super) struct Acting {
    pub(super) user: UserId,
    pub(super) token: Option<TokenId>,
}

impl Actor for Acting {
    fn user(&self) -> Option<UserId> {
        Some(self.user)
    }
    fn token(&self) -> Option<TokenId> {
        self.token
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        None
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn of(value: &str) -> Result<Option<(String, String)>, Problem> {
        let (parts, ()) = Request::builder().header("authorization", value).body(()).unwrap().into_parts();
        basic(&parts)
    }

    #[test]
    fn the_header_holds_both_as_in_a_form() {
        let encoded = STANDARD.encode("app_1:a%3Ab%20c");
        assert_eq!(of(&format!("Basic {encoded}")), Ok(Some(("app_1".to_owned(), "a:b c".to_owned()))));
        for wrong in ["Bearer x", "Basic", "Basic !", &format!("Basic {}", STANDARD.encode("no colon"))] {
            assert_eq!(of(wrong), Err(Problem::invalid_client()), "{wrong}");
        }
    }
}
