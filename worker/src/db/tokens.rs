//! API tokens.

use std::{collections::BTreeMap, net::IpAddr};

use patr_models::{
    auth::Grant,
    ids::{Ref, TokenId, UserId, WorkspaceId},
    managed_url::Network,
    name::Name,
    page::ListQuery,
    time::Millis,
    token::{LastUsed, Opening, Token},
};

use super::{Json, Statement, Text, after, filter, page_size, unless_there};
use crate::auth::Opens;

/// The workspaces of a token with what it may there, as JSON, wherever a row of `tokens` is called `t`.
macro_rules! openings {
    () => {
        "(SELECT json_group_object(w.workspace_id, json(w.grants)) FROM token_workspaces w WHERE w.token_id = t.id)"
    };
}

type Openings = BTreeMap<WorkspaceId, Option<Vec<Grant>>>;

/// What a good secret says of its token.
#[derive(serde::Deserialize)]
pub(crate) struct Bearer {
    pub(crate) id: TokenId,
    pub(crate) user_id: UserId,
    pub(crate) name: Name,
    #[serde(deserialize_with = "super::truth")]
    limited: bool,
    #[serde(deserialize_with = "super::from_json")]
    openings: Openings,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) networks: Vec<Network>,
    #[serde(deserialize_with = "super::millis_option")]
    pub(crate) not_before: Option<Millis>,
    #[serde(deserialize_with = "super::millis_option")]
    pub(crate) expires_at: Option<Millis>,
    #[serde(deserialize_with = "super::millis_option")]
    pub(crate) last_used_at: Option<Millis>,
}

impl Bearer {
    pub(crate) fn opens(&self) -> Opens {
        if !self.limited {
            return Opens::Everything;
        }
        let access = |grants: &Vec<Grant>| grants.iter().cloned().collect();
        let of = |(&workspace, grants): (&WorkspaceId, &Option<Vec<Grant>>)| {
            (workspace, grants.as_ref().map(access))
        };
        Opens::Only(self.openings.iter().map(of).collect())
    }
}

/// Finds a token by its secret, or by the one before while that is good, unless it has expired.
pub(crate) fn by_hash(hash: &str, now: Millis) -> Statement {
    Statement::new(
        concat!(
            "SELECT id, user_id, name, limited, networks, not_before, expires_at, last_used_at, ",
            openings!(),
            " AS openings FROM tokens t
             WHERE (hash = ?1 OR (former_hash = ?1 AND former_until > ?2))
               AND (expires_at IS NULL OR expires_at > ?2)"
        ),
        &[&hash, &now],
    )
}

/// Notes a use.
pub(crate) fn used(id: TokenId, now: Millis, from: Option<IpAddr>) -> Statement {
    Statement::new(
        "UPDATE tokens SET last_used_at = ?2, last_used_from = ?3 WHERE id = ?1",
        &[&Text(id), &now, &from.map(Text)],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: TokenId,
    pub(crate) name: Name,
    #[serde(deserialize_with = "super::truth")]
    limited: bool,
    #[serde(deserialize_with = "super::from_json")]
    openings: Openings,
    #[serde(deserialize_with = "super::from_json")]
    networks: Vec<Network>,
    made_by: Option<TokenId>,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "super::millis_option")]
    not_before: Option<Millis>,
    #[serde(deserialize_with = "super::millis_option")]
    expires_at: Option<Millis>,
    #[serde(deserialize_with = "super::millis_option")]
    former_until: Option<Millis>,
    #[serde(deserialize_with = "super::millis_option")]
    last_used_at: Option<Millis>,
    last_used_from: Option<IpAddr>,
}

impl Row {
    pub(crate) fn token(self, now: Millis) -> Token {
        let opening = |(workspace, grants)| Opening { workspace, grants };
        Token {
            id: self.id,
            name: self.name,
            workspaces: self.limited.then(|| self.openings.into_iter().map(opening).collect()),
            networks: self.networks,
            made_by: self.made_by,
            created_at: self.created_at,
            not_before: self.not_before,
            expires_at: self.expires_at,
            former_until: self.former_until.filter(|until| *until > now),
            last_used: self.last_used_at.map(|at| LastUsed { at, from: self.last_used_from }),
        }
    }
}

pub(crate) fn insert(token: &Token, user: UserId, hash: &str) -> Vec<Statement> {
    let row = Statement::new(
        "INSERT INTO tokens (id, user_id, name, hash, limited, networks, made_by, created_at, not_before, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &[
            &Text(token.id),
            &Text(user),
            &token.name.as_str(),
            &hash,
            &token.workspaces.is_some(),
            &Json(&token.networks),
            &token.made_by.map(Text),
            &token.created_at,
            &token.not_before,
            &token.expires_at,
        ],
    );
    let openings = token.workspaces.iter().flatten().map(|opening| {
        Statement::new(
            "INSERT INTO token_workspaces (token_id, workspace_id, grants) VALUES (?1, ?2, ?3)",
            &[&Text(token.id), &Text(opening.workspace), &opening.grants.as_ref().map(Json)],
        )
    });
    std::iter::once(row).chain(openings).collect()
}

/// One token of a person. A caller that is a token itself reaches that one, and those that it made.
pub(crate) fn get(user: UserId, reference: &Ref<TokenId>, caller: Option<TokenId>) -> Statement {
    Statement::new(
        concat!(
            "SELECT *, ",
            openings!(),
            " AS openings FROM tokens t WHERE user_id = ?1 AND (id = ?2 OR name = ?2)
               AND (?3 IS NULL OR id = ?3 OR made_by = ?3)"
        ),
        &[&Text(user), &Text(reference), &caller.map(Text)],
    )
}

/// As [`get`], of all.
pub(crate) fn list(user: UserId, caller: Option<TokenId>, query: &ListQuery) -> Statement {
    Statement::new(
        concat!(
            "SELECT *, ",
            openings!(),
            " AS openings FROM tokens t WHERE user_id = ?1 AND (?2 IS NULL OR id = ?2 OR made_by = ?2)
               AND id > ?3 AND instr(name, ?4) ORDER BY id LIMIT ?5"
        ),
        &[&Text(user), &caller.map(Text), &after(query), &filter(query), &page_size(query)],
    )
}

/// See [`super::unless_there`].
pub(crate) fn there(id: TokenId) -> Statement {
    Statement::new(unless_there!("tokens"), &[&Text(id)])
}

/// Puts another secret in place of the one that is there, which is good up to a time, if it is good at all.
pub(crate) fn rotate(id: TokenId, hash: &str, former_until: Option<Millis>) -> Statement {
    Statement::new(
        "UPDATE tokens SET former_hash = CASE WHEN ?3 IS NULL THEN NULL ELSE hash END, former_until = ?3, hash = ?2
         WHERE id = ?1",
        &[&Text(id), &hash, &former_until],
    )
}

/// With those that it made.
pub(crate) fn delete(id: TokenId) -> Statement {
    Statement::new("DELETE FROM tokens WHERE id = ?1", &[&Text(id)])
}

/// Revokes all of somebody's.
pub(crate) fn forget_all(user: UserId) -> Statement {
    Statement::new("DELETE FROM tokens WHERE user_id = ?1", &[&Text(user)])
}
