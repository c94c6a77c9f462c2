//! Roles of workspaces' own, and who has which.

use patr_models::{
    auth::{Access, Grant},
    ids::{Ref, RoleId, WorkspaceId},
    name::Name,
    page::ListQuery,
    role::{HeldRole, Role, RoleKey},
    time::Millis,
};

use super::{Json, Statement, Text, filter, page_size, unless_there};

/// A role that somebody has or is invited to.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Held {
    #[serde(rename = "role")]
    pub(crate) key: RoleKey,
    /// Of one of the workspace's own.
    name: Option<Name>,
    grants: Option<Vec<Grant>>,
}

impl Held {
    pub(crate) fn grants(&self) -> Vec<Grant> {
        match self.key {
            RoleKey::BuiltIn(role) => role.access().grants(),
            RoleKey::Own(_) => self.grants.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn access(&self) -> Access {
        self.grants().into_iter().collect()
    }

    pub(crate) fn name(&self) -> String {
        self.name.as_ref().map_or_else(|| self.key.to_string(), ToString::to_string)
    }

    /// `None` only for a name that the schema rules out.
    pub(crate) fn model(&self) -> Option<HeldRole> {
        Some(match self.key {
            RoleKey::BuiltIn(role) => HeldRole { id: None, name: role.name()? },
            RoleKey::Own(id) => HeldRole { id: Some(id), name: self.name.clone()? },
        })
    }
}

/// The roles in a table, as JSON for [`Held`].
macro_rules! held {
    ($table:literal, $condition:literal) => {
        concat!(
            "(SELECT json_group_array(json_object('role', h.role, 'name', r.name, 'grants', json(r.grants))) FROM ",
            $table, " h LEFT JOIN roles r ON r.id = h.role_id WHERE ", $condition, ")"
        )
    };
}
pub(super) use held;

/// What is held, in the order of the keys.
pub(super) fn in_order<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Held>, D::Error> {
    let mut held: Vec<Held> = super::from_json(from)?;
    held.sort_by_key(|held| held.key);
    Ok(held)
}

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: RoleId,
    pub(crate) name: Name,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) grants: Vec<Grant>,
    pub(crate) generation: u64,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    updated_at: Millis,
}

impl Row {
    pub(crate) fn access(&self) -> Access {
        self.grants.iter().cloned().collect()
    }
}

impl From<Row> for Role {
    fn from(row: Row) -> Self {
        Self {
            role: HeldRole { id: Some(row.id), name: row.name },
            grants: row.grants,
            created_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
        }
    }
}

pub(crate) fn get(workspace: WorkspaceId, reference: &Ref<RoleId>) -> Statement {
    Statement::new(
        "SELECT * FROM roles WHERE workspace_id = ?1 AND (id = ?2 OR name = ?2)",
        &[&Text(workspace), &Text(reference)],
    )
}

/// Those of these that are there.
pub(crate) fn among(workspace: WorkspaceId, references: &[&Ref<RoleId>]) -> Statement {
    Statement::new(
        "SELECT r.* FROM roles r WHERE r.workspace_id = ?1
         AND (r.id IN (SELECT value FROM json_each(?2)) OR r.name IN (SELECT value FROM json_each(?2)))",
        &[&Text(workspace), &Json(references)],
    )
}

/// Those after one of them, or from the first on.
pub(crate) fn list(workspace: WorkspaceId, after: Option<RoleId>, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT * FROM roles WHERE workspace_id = ?1 AND id > ?2 AND instr(name, ?3) ORDER BY id LIMIT ?4",
        &[
            &Text(workspace),
            &after.map(|id| id.to_string()).unwrap_or_default(),
            &filter(query),
            &page_size(query),
        ],
    )
}

pub(crate) fn count(workspace: WorkspaceId) -> Statement {
    Statement::new("SELECT count(*) AS count FROM roles WHERE workspace_id = ?1", &[&Text(workspace)])
}

pub(crate) fn insert(
    workspace: WorkspaceId,
    id: RoleId,
    name: &Name,
    grants: &[Grant],
    now: Millis,
) -> Statement {
    Statement::new(
        "INSERT INTO roles (id, workspace_id, name, grants, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        &[&Text(id), &Text(workspace), &name.as_str(), &Json(grants), &now],
    )
}

/// Fails the batch when a role has changed since it was at this generation; see [`super::unless_there`].
pub(crate) fn unchanged(id: RoleId, generation: u64) -> Statement {
    Statement::new(unless_there!("roles", "generation = ?2"), &[&Text(id), &generation])
}

pub(crate) fn update(id: RoleId, name: &Name, grants: &[Grant], now: Millis) -> Statement {
    Statement::new(
        "UPDATE roles SET name = ?2, grants = ?3, generation = generation + 1, updated_at = ?4 WHERE id = ?1",
        &[&Text(id), &name.as_str(), &Json(grants), &now],
    )
}

/// Foreign keys refuse it while something has the role.
pub(crate) fn delete(id: RoleId) -> Statement {
    Statement::new("DELETE FROM roles WHERE id = ?1", &[&Text(id)])
}

/// Something that has a role.
#[derive(serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Holder {
    Member {
        name: String,
    },
    /// The address is absent when it is for nobody in particular.
    Invitation {
        name: Option<String>,
    },
    Federation {
        name: String,
    },
}

/// Members first.
pub(crate) fn holder(id: RoleId) -> Statement {
    Statement::new(
        "SELECT 'member' AS kind, u.email AS name FROM member_roles h JOIN users u ON u.id = h.user_id
         WHERE h.role_id = ?1
         UNION ALL
         SELECT 'invitation', i.email FROM invitation_roles h JOIN invitations i ON i.id = h.invitation_id
         WHERE h.role_id = ?1
         UNION ALL
         SELECT 'federation', f.name FROM federation_roles h JOIN federations f ON f.id = h.federation_id
         WHERE h.role_id = ?1 LIMIT 1",
        &[&Text(id)],
    )
}
