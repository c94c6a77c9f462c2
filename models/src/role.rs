//! Roles: named sets of permissions in a workspace.

use crate::auth::{Access, Grant, Permission, ResourceType};

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
}
