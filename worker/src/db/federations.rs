//! Whose jobs a workspace trusts.

use std::collections::BTreeMap;

use patr_models::{
    federation::{Audience, Federation, Issuer, Pattern},
    ids::{FederationId, Ref, UserId, WorkspaceId},
    name::Name,
    page::ListQuery,
    role::RoleKey,
    time::Millis,
};

use super::{
    Json, Statement, Text, after, filter, page_size,
    roles::{Held, held, in_order},
    unless_there,
};

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: FederationId,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) name: Name,
    pub(crate) issuer: Issuer,
    pub(crate) audience: Audience,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) conditions: BTreeMap<String, Pattern>,
    pub(crate) created_by: UserId,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "in_order")]
    held: Vec<Held>,
}

impl Row {
    pub(crate) fn roles(&self) -> Vec<RoleKey> {
        self.held.iter().map(|held| held.key).collect()
    }
}

impl From<Row> for Federation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            issuer: row.issuer,
            audience: row.audience,
            conditions: row.conditions,
            roles: row.held.iter().filter_map(Held::model).collect(),
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT f.*, ",
            held!("federation_roles", "h.federation_id = f.id"),
            " AS held FROM federations f ",
            $rest
        )
    };
}

pub(crate) fn get(workspace: WorkspaceId, reference: &Ref<FederationId>) -> Statement {
    Statement::new(
        select!("WHERE f.workspace_id = ?1 AND (f.id = ?2 OR f.name = ?2)"),
        &[&Text(workspace), &Text(reference)],
    )
}

pub(crate) fn list(workspace: WorkspaceId, query: &ListQuery) -> Statement {
    Statement::new(
        select!("WHERE f.workspace_id = ?1 AND f.id > ?2 AND instr(f.name, ?3) ORDER BY f.id LIMIT ?4"),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query)],
    )
}

/// Those of a workspace, by its name or id, that trust an issuer.
pub(crate) fn of_issuer(workspace: &Ref<WorkspaceId>, issuer: &Issuer) -> Statement {
    Statement::new(
        select!(
            "JOIN workspaces w ON w.id = f.workspace_id
             WHERE (w.id = ?1 OR w.name = ?1) AND f.issuer = ?2"
        ),
        &[&Text(workspace), &issuer.as_str()],
    )
}

pub(crate) fn count(workspace: WorkspaceId) -> Statement {
    Statement::new("SELECT count(*) AS count FROM federations WHERE workspace_id = ?1", &[&Text(workspace)])
}

/// A trust to be written down.
pub(crate) struct New<'a> {
    pub(crate) id: FederationId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) name: &'a Name,
    pub(crate) issuer: &'a Issuer,
    pub(crate) audience: &'a Audience,
    pub(crate) conditions: &'a BTreeMap<String, Pattern>,
    pub(crate) roles: &'a [RoleKey],
    pub(crate) by: UserId,
}

pub(crate) fn insert(new: &New<'_>, now: Millis) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO federations (id, workspace_id, name, issuer, audience, conditions, created_by, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                &Text(new.id),
                &Text(new.workspace),
                &new.name.as_str(),
                &new.issuer.as_str(),
                &new.audience.as_str(),
                &Json(new.conditions),
                &Text(new.by),
                &now,
            ],
        ),
        Statement::new(
            "INSERT INTO federation_roles (federation_id, role) SELECT ?1, value FROM json_each(?2)",
            &[&Text(new.id), &Json(new.roles)],
        ),
    ]
}

/// With the tokens that it gave out; see [`super::unless_there`].
pub(crate) fn delete(id: FederationId) -> [Statement; 2] {
    [there(id), Statement::new("DELETE FROM federations WHERE id = ?1", &[&Text(id)])]
}

/// See [`super::unless_there`].
pub(crate) fn there(id: FederationId) -> Statement {
    Statement::new(unless_there!("federations"), &[&Text(id)])
}
