//! Roles: named sets of permissions in a workspace.

use std::{fmt, str::FromStr};

use crate::{
    auth::{Access, Grant, Permission, ResourceType, Scope},
    ids::{DeploymentId, IdError, ManagedUrlId, RoleId, RunnerId, SiteId, VolumeId},
    limits::ROLE_RESOURCES_MAX,
    name::Name,
    time::Millis,
};

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod update;

/// A role that members can have.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Role {
    #[serde(flatten)]
    pub role: HeldRole,
    /// What it allows.
    pub grants: Vec<Grant>,
    /// Absent for a built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Millis>,
}

/// A role by its name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct HeldRole {
    /// Absent for a built-in one, which its name tells from all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RoleId>,
    pub name: Name,
}

/// What tells a role from all others in its workspace: the name of a built-in one, or the id of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum RoleKey {
    BuiltIn(BuiltIn),
    Own(RoleId),
}

impl FromStr for RoleKey {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        BuiltIn::named(text).map_or_else(|| text.parse().map(Self::Own), |role| Ok(Self::BuiltIn(role)))
    }
}

impl fmt::Display for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(role) => f.write_str(role.as_str()),
            Self::Own(id) => id.fmt(f),
        }
    }
}

impl From<RoleKey> for String {
    fn from(key: RoleKey) -> Self {
        format!("{key}")
    }
}

impl TryFrom<String> for RoleKey {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

/// What a list of grants allows, if each of them makes sense.
pub fn check(grants: &[Grant]) -> Result<Access, String> {
    let mut named = 0;
    for Grant { permission, resources } in grants {
        let (Scope::Only(ids) | Scope::Except(ids)) = resources else { continue };
        let name = permission.as_str();
        if !permission.is_per_resource() {
            return Err(format!("`{name}` is given for all or not at all"));
        }
        let kind = permission.resource_type();
        if let Some(id) = ids.iter().find(|id| !is_named_so(kind, id)) {
            return Err(format!(
                "`{id}` is no {} that `{name}` could be for: expected {}",
                kind.noun(),
                form(kind)
            ));
        }
        named += ids.len();
    }
    if named > ROLE_RESOURCES_MAX {
        return Err(format!("{named} resources are named, and {ROLE_RESOURCES_MAX} is the limit"));
    }
    Ok(grants.iter().cloned().collect())
}

/// Whether a resource of a type can be known by this in a scope.
fn is_named_so(kind: ResourceType, id: &str) -> bool {
    match kind {
        ResourceType::Runner => id.parse::<RunnerId>().is_ok(),
        ResourceType::Deployment => id.parse::<DeploymentId>().is_ok(),
        ResourceType::Volume => id.parse::<VolumeId>().is_ok(),
        ResourceType::Site => id.parse::<SiteId>().is_ok(),
        ResourceType::Url => id.parse::<ManagedUrlId>().is_ok(),
        ResourceType::Secret => id.parse::<Name>().is_ok(),
        ResourceType::Workspace | ResourceType::Member | ResourceType::Role | ResourceType::Audit => false,
    }
}

fn form(kind: ResourceType) -> &'static str {
    if kind == ResourceType::Secret { "a name" } else { "an id" }
}

/// The roles that every workspace has and nobody can change.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BuiltIn {
    /// Everything. A workspace always has at least one.
    Owner,
    /// Everything but deleting the workspace.
    Admin,
    /// Everything about what runs, nothing about people and machines but to see them.
    Developer,
    /// Sees everything but logs, and changes nothing.
    Viewer,
}

impl BuiltIn {
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Developer, Self::Viewer];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Viewer => "viewer",
        }
    }

    /// As roles are named; `None` only if it were no name.
    pub fn name(self) -> Option<Name> {
        self.as_str().parse().ok()
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    pub fn allows(self, permission: Permission) -> bool {
        let is_view = permission.as_str().ends_with(":view");
        match self {
            Self::Owner => true,
            Self::Admin => permission != Permission::WorkspaceDelete,
            Self::Developer => match permission.resource_type() {
                ResourceType::Deployment
                | ResourceType::Secret
                | ResourceType::Volume
                | ResourceType::Site
                | ResourceType::Url => true,
                ResourceType::Workspace
                | ResourceType::Member
                | ResourceType::Role
                | ResourceType::Runner => is_view,
                ResourceType::Audit => false,
            },
            Self::Viewer => is_view && permission.resource_type() != ResourceType::Audit,
        }
    }

    pub fn access(self) -> Access {
        Permission::ALL
            .iter()
            .copied()
            .filter(|&permission| self.allows(permission))
            .map(Grant::all)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_may_do_less_than_the_one_before() {
        for [more, less] in BuiltIn::ALL.windows(2).map(|pair| <[BuiltIn; 2]>::try_from(pair).unwrap()) {
            let (more, less) = (more.access(), less.access());
            assert_eq!(more.lacks(&less), None);
            assert!(less.lacks(&more).is_some());
        }
    }

    #[test]
    fn a_viewer_changes_nothing() {
        let grants = BuiltIn::Viewer.access().grants();
        assert!(grants.iter().all(|grant| grant.permission.as_str().ends_with(":view")));
    }

    #[test]
    fn a_key_is_a_built_in_name_or_an_id() {
        let own = "role_00000000000000000000000000";
        for text in ["owner", "viewer", own] {
            assert_eq!(text.parse::<RoleKey>().unwrap().to_string(), text);
        }
        for text in ["ops", "run_00000000000000000000000000", ""] {
            assert!(text.parse::<RoleKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_scope_names_what_its_permission_is_about() {
        let grant =
            |permission, id: &str| Grant { permission, resources: Scope::Only([id.to_owned()].into()) };
        let fine = [
            grant(Permission::SiteView, "site_00000000000000000000000000"),
            grant(Permission::SecretView, "db"),
            Grant::all(Permission::MemberInvite),
        ];
        assert_eq!(check(&fine).unwrap().grants().len(), 3);
        for wrong in [
            grant(Permission::SiteView, "docs"),
            grant(Permission::SiteView, "run_00000000000000000000000000"),
            grant(Permission::SiteCreate, "site_00000000000000000000000000"),
            grant(Permission::MemberView, "usr_00000000000000000000000000"),
        ] {
            assert!(check(std::slice::from_ref(&wrong)).is_err(), "{wrong:?}");
        }
        let many = (0..=ROLE_RESOURCES_MAX).map(|n| format!("n{n}")).collect();
        let many = [Grant { permission: Permission::SecretView, resources: Scope::Only(many) }];
        assert!(check(&many).is_err());
    }
}
