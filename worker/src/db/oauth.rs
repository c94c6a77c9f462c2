//! Clients of others, what they were let do, and the secrets that they have for it.

use patr_models::{
    ids::{AuthorizationId, ClientId, Ref, TokenId, UserId},
    name::{Email, Name},
    oauth::{Authorization, Client, RedirectUri},
    page::ListQuery,
    time::Millis,
    token::Opening,
};

use super::{Json, Statement, Text, after, filter, page_size, unless_there};

#[derive(serde::Deserialize)]
pub(crate) struct ClientRow {
    pub(crate) id: ClientId,
    pub(crate) name: Name,
    pub(crate) secret_hash: Option<String>,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) redirect_uris: Vec<RedirectUri>,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    /// Who has registered it.
    pub(crate) email: Email,
}

impl From<ClientRow> for Client {
    fn from(row: ClientRow) -> Self {
        let confidential = row.secret_hash.is_some();
        let ClientRow { id, name, redirect_uris, created_at, .. } = row;
        Self { id, name, redirect_uris, confidential, created_at }
    }
}

pub(crate) fn client_insert(client: &Client, user: UserId, secret_hash: Option<&str>) -> Statement {
    Statement::new(
        "INSERT INTO oauth_clients (id, user_id, name, secret_hash, redirect_uris, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            &Text(client.id),
            &Text(user),
            &client.name.as_str(),
            &secret_hash,
            &Json(&client.redirect_uris),
            &client.created_at,
        ],
    )
}

pub(crate) fn client(id: ClientId) -> Statement {
    Statement::new(
        "SELECT c.*, u.email FROM oauth_clients c JOIN users u ON u.id = c.user_id WHERE c.id = ?1",
        &[&Text(id)],
    )
}

pub(crate) fn client_of(user: UserId, reference: &Ref<ClientId>) -> Statement {
    Statement::new(
        "SELECT c.*, u.email FROM oauth_clients c JOIN users u ON u.id = c.user_id
         WHERE c.user_id = ?1 AND (c.id = ?2 OR c.name = ?2)",
        &[&Text(user), &Text(reference)],
    )
}

pub(crate) fn clients(user: UserId, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT c.*, u.email FROM oauth_clients c JOIN users u ON u.id = c.user_id
         WHERE c.user_id = ?1 AND c.id > ?2 AND instr(c.name, ?3) ORDER BY c.id LIMIT ?4",
        &[&Text(user), &after(query), &filter(query), &page_size(query)],
    )
}

pub(crate) fn client_count(user: UserId) -> Statement {
    Statement::new("SELECT count(*) AS count FROM oauth_clients WHERE user_id = ?1", &[&Text(user)])
}

/// With all that it was let do; see [`super::unless_there`].
pub(crate) fn client_delete(id: ClientId) -> Vec<Statement> {
    vec![
        Statement::new(unless_there!("oauth_clients"), &[&Text(id)]),
        Statement::new("DELETE FROM oauth_clients WHERE id = ?1", &[&Text(id)]),
    ]
}

#[derive(serde::Deserialize)]
pub(crate) struct AuthorizationRow {
    pub(crate) id: AuthorizationId,
    client_id: ClientId,
    pub(crate) client_name: Name,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) openings: Vec<Opening>,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "super::millis_option")]
    renewed_at: Option<Millis>,
    #[serde(deserialize_with = "super::millis")]
    expires_at: Millis,
}

impl From<AuthorizationRow> for Authorization {
    fn from(row: AuthorizationRow) -> Self {
        let AuthorizationRow { id, client_id, client_name, openings, created_at, renewed_at, expires_at } =
            row;
        Self { id, client: client_id, client_name, workspaces: openings, created_at, renewed_at, expires_at }
    }
}

pub(crate) fn authorization_of(user: UserId, id: AuthorizationId) -> Statement {
    Statement::new(
        "SELECT a.*, c.name AS client_name FROM oauth_authorizations a JOIN oauth_clients c ON c.id = a.client_id
         WHERE a.user_id = ?1 AND a.id = ?2",
        &[&Text(user), &Text(id)],
    )
}

pub(crate) fn authorizations(user: UserId, now: Millis, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT a.*, c.name AS client_name FROM oauth_authorizations a JOIN oauth_clients c ON c.id = a.client_id
         WHERE a.user_id = ?1 AND a.id > ?2 AND instr(c.name, ?3) AND a.expires_at > ?5 ORDER BY a.id LIMIT ?4",
        &[&Text(user), &after(query), &filter(query), &page_size(query), &now],
    )
}

/// With every secret that hangs on it; see [`super::unless_there`].
pub(crate) fn authorization_delete(id: AuthorizationId) -> [Statement; 2] {
    [
        Statement::new(unless_there!("oauth_authorizations"), &[&Text(id)]),
        Statement::new("DELETE FROM oauth_authorizations WHERE id = ?1", &[&Text(id)]),
    ]
}

/// Takes back all that somebody has let clients do.
pub(crate) fn forget_all(user: UserId) -> Statement {
    Statement::new("DELETE FROM oauth_authorizations WHERE user_id = ?1", &[&Text(user)])
}

/// What a person lets a client do, and the code that says so to the client.
pub(crate) struct NewCode<'a> {
    pub(crate) authorization: AuthorizationId,
    pub(crate) client: ClientId,
    pub(crate) user: UserId,
    pub(crate) openings: &'a [Opening],
    pub(crate) scope: &'a str,
    pub(crate) hash: &'a str,
    pub(crate) redirect_uri: &'a RedirectUri,
    pub(crate) challenge: &'a str,
    pub(crate) expires_at: Millis,
}

pub(crate) fn code_insert(new: &NewCode<'_>, now: Millis) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO oauth_authorizations (id, client_id, user_id, openings, scope, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &[
                &Text(new.authorization),
                &Text(new.client),
                &Text(new.user),
                &Json(new.openings),
                &new.scope,
                &now,
                &new.expires_at,
            ],
        ),
        Statement::new(
            "INSERT INTO oauth_codes (hash, authorization_id, redirect_uri, challenge, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                &new.hash,
                &Text(new.authorization),
                &new.redirect_uri.as_str(),
                &new.challenge,
                &new.expires_at,
            ],
        ),
    ]
}

/// A code, used or not.
#[derive(serde::Deserialize)]
pub(crate) struct Code {
    pub(crate) authorization_id: AuthorizationId,
    pub(crate) user_id: UserId,
    pub(crate) client_id: ClientId,
    pub(crate) scope: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) expires_at: Millis,
    #[serde(deserialize_with = "super::truth")]
    pub(crate) used: bool,
}

pub(crate) fn code(hash: &str) -> Statement {
    Statement::new(
        "SELECT o.*, a.user_id, a.client_id, a.scope FROM oauth_codes o
         JOIN oauth_authorizations a ON a.id = o.authorization_id WHERE o.hash = ?1",
        &[&hash],
    )
}

/// Fails the batch when the code was used meanwhile: a null where none may be.
pub(crate) fn code_use(hash: &str) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO oauth_codes (hash, authorization_id) SELECT '', NULL
             WHERE NOT EXISTS (SELECT 1 FROM oauth_codes WHERE hash = ?1 AND used = 0)",
            &[&hash],
        ),
        Statement::new("UPDATE oauth_codes SET used = 1 WHERE hash = ?1", &[&hash]),
    ]
}

/// A refresh token, used or not.
#[derive(serde::Deserialize)]
pub(crate) struct Refresh {
    pub(crate) authorization_id: AuthorizationId,
    pub(crate) user_id: UserId,
    pub(crate) client_id: ClientId,
    pub(crate) scope: String,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) expires_at: Millis,
    #[serde(deserialize_with = "super::truth")]
    pub(crate) used: bool,
}

pub(crate) fn refresh(hash: &str) -> Statement {
    Statement::new(
        "SELECT r.*, a.user_id, a.client_id, a.scope FROM oauth_refresh_tokens r
         JOIN oauth_authorizations a ON a.id = r.authorization_id WHERE r.hash = ?1",
        &[&hash],
    )
}

/// As [`code_use`].
pub(crate) fn refresh_use(hash: &str) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO oauth_refresh_tokens (hash, authorization_id) SELECT '', NULL
             WHERE NOT EXISTS (SELECT 1 FROM oauth_refresh_tokens WHERE hash = ?1 AND used = 0)",
            &[&hash],
        ),
        Statement::new("UPDATE oauth_refresh_tokens SET used = 1 WHERE hash = ?1", &[&hash]),
    ]
}

/// What a client is given.
pub(crate) struct NewTokens<'a> {
    pub(crate) authorization: AuthorizationId,
    pub(crate) access: TokenId,
    pub(crate) access_hash: &'a str,
    pub(crate) access_expires_at: Millis,
    pub(crate) refresh_hash: &'a str,
    pub(crate) refresh_expires_at: Millis,
}

pub(crate) fn tokens_insert(new: &NewTokens<'_>, now: Millis) -> [Statement; 3] {
    [
        Statement::new(
            "UPDATE oauth_authorizations SET renewed_at = ?2, expires_at = ?3 WHERE id = ?1",
            &[&Text(new.authorization), &now, &new.refresh_expires_at],
        ),
        Statement::new(
            "INSERT INTO oauth_access_tokens (id, hash, authorization_id, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            &[&Text(new.access), &new.access_hash, &Text(new.authorization), &now, &new.access_expires_at],
        ),
        Statement::new(
            "INSERT INTO oauth_refresh_tokens (hash, authorization_id, expires_at) VALUES (?1, ?2, ?3)",
            &[&new.refresh_hash, &Text(new.authorization), &new.refresh_expires_at],
        ),
    ]
}

/// What a good access token says.
#[derive(serde::Deserialize)]
pub(crate) struct Bearer {
    pub(crate) id: TokenId,
    pub(crate) user_id: UserId,
    pub(crate) client_id: ClientId,
    pub(crate) scope: String,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) openings: Vec<Opening>,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) created_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) expires_at: Millis,
}

pub(crate) fn by_hash(hash: &str, now: Millis) -> Statement {
    Statement::new(
        "SELECT t.*, a.user_id, a.client_id, a.scope, a.openings FROM oauth_access_tokens t
         JOIN oauth_authorizations a ON a.id = t.authorization_id WHERE t.hash = ?1 AND t.expires_at > ?2",
        &[&hash, &now],
    )
}

/// Ends one access token.
pub(crate) fn forget(hash: &str) -> Statement {
    Statement::new("DELETE FROM oauth_access_tokens WHERE hash = ?1", &[&hash])
}

pub(super) fn sweep(now: Millis) -> [Statement; 3] {
    [
        Statement::new("DELETE FROM oauth_authorizations WHERE expires_at <= ?1", &[&now]),
        Statement::new("DELETE FROM oauth_refresh_tokens WHERE expires_at <= ?1", &[&now]),
        Statement::new("DELETE FROM oauth_access_tokens WHERE expires_at <= ?1", &[&now]),
    ]
}
