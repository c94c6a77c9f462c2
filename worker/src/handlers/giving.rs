//! Roles that somebody wants to give: found, and held to what the giver may do.

use patr_models::{
    auth::Access,
    ids::{Ref, RoleId},
    limits::MEMBER_ROLES_MAX,
    role::{BuiltIn, RoleKey},
};

use crate::{
    answer::Refused,
    auth::Member,
    ctx::Ctx,
    db::{
        Statement,
        roles::{self, Held},
    },
};

/// A role that is there.
pub(super) struct Found {
    pub(super) key: RoleKey,
    name: String,
    access: Access,
    /// Of one of the workspace's own: it has to be as it was looked at when it is given.
    generation: Option<u64>,
}

impl Found {
    fn built_in(role: BuiltIn) -> Self {
        let name = role.as_str().to_owned();
        Self { key: RoleKey::BuiltIn(role), name, access: role.access(), generation: None }
    }

    fn own(row: &roles::Row) -> Self {
        let (name, generation) = (row.name.to_string(), Some(row.generation));
        Self { key: RoleKey::Own(row.id), name, access: row.access(), generation }
    }

    /// Fails the batch when the role has changed since.
    fn unchanged(&self) -> Option<Statement> {
        match self.key {
            RoleKey::Own(id) => self.generation.map(|generation| roles::unchanged(id, generation)),
            RoleKey::BuiltIn(_) => None,
        }
    }
}

/// Why roles cannot be given; each endpoint says it with its own error.
pub(super) enum Ungiven {
    NotFound(String),
    None,
    TooMany,
    More(More),
    Refused(Refused),
}

/// What a role allows beyond what the caller may.
pub(super) struct More {
    pub(super) role: String,
    pub(super) permission: String,
}

impl From<More> for Ungiven {
    fn from(more: More) -> Self {
        Self::More(more)
    }
}

impl<R: Into<Refused>> From<R> for Ungiven {
    fn from(refused: R) -> Self {
        Self::Refused(refused.into())
    }
}

/// Finds every role of a list, in the order of the keys and each once.
pub(super) async fn find_all(
    ctx: &Ctx,
    caller: &Member,
    references: &[Ref<RoleId>],
) -> Result<Vec<Found>, Ungiven> {
    if references.is_empty() {
        return Err(Ungiven::None);
    }
    if references.len() > MEMBER_ROLES_MAX {
        return Err(Ungiven::TooMany);
    }
    let own: Vec<_> = references.iter().filter(|reference| built_in(reference).is_none()).collect();
    let rows: Vec<roles::Row> =
        if own.is_empty() { Vec::new() } else { ctx.db.fetch(roles::among(caller.workspace, &own)).await? };
    let find = |reference: &Ref<RoleId>| {
        let own = || rows.iter().find(|row| is_meant(row, reference)).map(Found::own);
        let found = built_in(reference).map(Found::built_in).or_else(own);
        found.ok_or_else(|| Ungiven::NotFound(reference.to_string()))
    };
    let mut found = references.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|found| found.key);
    found.dedup_by_key(|found| found.key);
    Ok(found)
}

/// The built-in role that is named.
pub(super) fn built_in(reference: &Ref<RoleId>) -> Option<BuiltIn> {
    match reference {
        Ref::Name(name) => BuiltIn::named(name.as_str()),
        Ref::Id(_) => None,
    }
}

fn is_meant(row: &roles::Row, reference: &Ref<RoleId>) -> bool {
    match reference {
        Ref::Id(id) => row.id == *id,
        Ref::Name(name) => row.name == *name,
    }
}

/// Refuses to give or to take what the caller does not have.
fn check(caller: &Member, role: &str, access: &Access) -> Result<(), More> {
    match caller.access.lacks(access) {
        Some(permission) => Err(More { role: role.to_owned(), permission: permission.as_str().to_owned() }),
        None => Ok(()),
    }
}

impl Found {
    pub(super) fn is_owner(&self) -> bool {
        self.key == RoleKey::BuiltIn(BuiltIn::Owner)
    }

    /// Refuses to give what the caller does not have.
    pub(super) fn check(&self, caller: &Member) -> Result<(), More> {
        check(caller, &self.name, &self.access)
    }
}

impl Held {
    /// As [`Found::check`], of a role that somebody has and is to lose.
    pub(super) fn check(&self, caller: &Member) -> Result<(), More> {
        check(caller, &self.name(), &self.access())
    }
}

/// What giving these roles depends on, and their keys.
pub(super) fn statements(found: &[Found]) -> (Vec<Statement>, Vec<RoleKey>) {
    (found.iter().filter_map(Found::unchanged).collect(), found.iter().map(|found| found.key).collect())
}
