//! What somebody may do: permissions, each for all resources of its type, only some, or all but some.
//!
//! An [`Access`] is a set of pairs of permission and resource. Sets are united where somebody has several roles, and
//! intersected where a token is to open no more than its maker may; both stay within the three forms of [`Scope`].

use std::collections::{BTreeMap, BTreeSet};

use super::Permission;

/// Resources of one type, by id; secrets by name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All, and those that are made later.
    All,
    Only(BTreeSet<String>),
    /// All, and those that are made later, but these.
    Except(BTreeSet<String>),
}

impl Scope {
    /// No resource at all.
    pub const NONE: Self = Self::Only(BTreeSet::new());

    pub fn contains(&self, resource: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(resource),
            Self::Except(ids) => !ids.contains(resource),
        }
    }

    /// Whether there can be any resource in it.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Only(ids) if ids.is_empty())
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Only(one), Self::Only(two)) => Self::Only(one | two),
            (Self::Except(one), Self::Except(two)) => Self::except(one & two),
            (Self::Only(only), Self::Except(but)) | (Self::Except(but), Self::Only(only)) => {
                Self::except(but - only)
            }
        }
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, scope) | (scope, Self::All) => scope.clone(),
            (Self::Only(one), Self::Only(two)) => Self::Only(one & two),
            (Self::Except(one), Self::Except(two)) => Self::except(one | two),
            (Self::Only(only), Self::Except(but)) | (Self::Except(but), Self::Only(only)) => {
                Self::Only(only - but)
            }
        }
    }

    /// Whether everything in `other` is in this.
    pub fn covers(&self, other: &Self) -> bool {
        self.intersection(other).normal() == other.clone().normal()
    }

    fn except(ids: BTreeSet<String>) -> Self {
        Self::Except(ids).normal()
    }

    /// All but nothing is all.
    fn normal(self) -> Self {
        match self {
            Self::Except(ids) if ids.is_empty() => Self::All,
            scope => scope,
        }
    }
}

/// A permission for some resources: what roles and tokens are made of.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    pub permission: Permission,
    #[serde(default = "all", skip_serializing_if = "is_all")]
    pub resources: Scope,
}

fn all() -> Scope {
    Scope::All
}

fn is_all(scope: &Scope) -> bool {
    *scope == Scope::All
}

impl Grant {
    /// A permission for all resources of its type.
    pub fn all(permission: Permission) -> Self {
        Self { permission, resources: Scope::All }
    }
}

/// Everything that somebody may do in a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access(BTreeMap<Permission, Scope>);

impl Access {
    /// Everything that there is.
    pub fn full() -> Self {
        Permission::ALL.iter().copied().map(Grant::all).collect()
    }

    /// For which resources a permission is held.
    pub fn scope(&self, permission: Permission) -> &Scope {
        const NONE: &Scope = &Scope::NONE;
        self.0.get(&permission).unwrap_or(NONE)
    }

    /// Whether a permission is held: for any resource, or for all where it cannot be given for single ones.
    pub fn allows(&self, permission: Permission) -> bool {
        let scope = self.scope(permission);
        if permission.is_per_resource() { !scope.is_none() } else { *scope == Scope::All }
    }

    /// Whether a permission is held for this resource.
    pub fn allows_on(&self, permission: Permission, resource: &str) -> bool {
        self.scope(permission).contains(resource)
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let both = self.0.iter().filter_map(|(&permission, scope)| {
            let scope = scope.intersection(other.0.get(&permission)?);
            (!scope.is_none()).then_some((permission, scope))
        });
        Self(both.collect())
    }

    /// The first thing in `other` that is not in this.
    pub fn lacks(&self, other: &Self) -> Option<Permission> {
        let mut held = other.0.iter();
        held.find(|(permission, scope)| !self.scope(**permission).covers(scope))
            .map(|(permission, _)| *permission)
    }

    /// As a list, in the order of the permissions.
    pub fn grants(&self) -> Vec<Grant> {
        let grants = self.0.iter();
        grants.map(|(&permission, scope)| Grant { permission, resources: scope.clone() }).collect()
    }
}

/// The union: what one of several roles allows is allowed.
impl FromIterator<Grant> for Access {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        let mut access = Self::default();
        access.extend(grants);
        access
    }
}

impl Extend<Grant> for Access {
    fn extend<I: IntoIterator<Item = Grant>>(&mut self, grants: I) {
        for Grant { permission, resources } in grants {
            let scope = self.scope(permission).union(&resources);
            if !scope.is_none() {
                self.0.insert(permission, scope);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RESOURCES: [&str; 4] = ["a", "b", "c", "made-later"];

    fn ids() -> impl Strategy<Value = BTreeSet<String>> {
        proptest::collection::btree_set(
            proptest::sample::select(&["a", "b", "c"][..]).prop_map(str::to_owned),
            0..=3,
        )
    }

    fn scopes() -> impl Strategy<Value = Scope> {
        prop_oneof![Just(Scope::All), ids().prop_map(Scope::Only), ids().prop_map(Scope::Except)]
    }

    proptest! {
        #[test]
        fn a_union_holds_what_either_holds_and_an_intersection_what_both_do(one in scopes(), two in scopes()) {
            for id in RESOURCES {
                let (in_one, in_two) = (one.contains(id), two.contains(id));
                prop_assert_eq!(one.union(&two).contains(id), in_one || in_two);
                prop_assert_eq!(one.intersection(&two).contains(id), in_one && in_two);
            }
            let covers = RESOURCES.iter().all(|id| one.contains(id) || !two.contains(id));
            prop_assert_eq!(one.covers(&two), covers);
        }

        #[test]
        fn a_token_opens_what_it_and_its_maker_may(one in scopes(), two in scopes()) {
            let of = |resources: &Scope| -> Access {
                [Grant { permission: Permission::SiteView, resources: resources.clone() }].into_iter().collect()
            };
            let both = of(&one).intersection(&of(&two));
            for id in RESOURCES {
                prop_assert_eq!(both.allows_on(Permission::SiteView, id), one.contains(id) && two.contains(id));
            }
            prop_assert_eq!(of(&one).lacks(&of(&two)).is_none(), one.covers(&two));
            prop_assert_eq!(both.lacks(&Access::full()), Some(Permission::WorkspaceView));
        }
    }

    #[test]
    fn roles_add_up() {
        let only = |id: &str| Scope::Only([id.to_owned()].into());
        let grants = [
            Grant { permission: Permission::SiteView, resources: only("a") },
            Grant { permission: Permission::SiteView, resources: only("b") },
            Grant { permission: Permission::SiteEdit, resources: Scope::NONE },
        ];
        let access: Access = grants.into_iter().collect();
        assert!(access.allows_on(Permission::SiteView, "a") && access.allows_on(Permission::SiteView, "b"));
        assert!(!access.allows_on(Permission::SiteView, "c") && !access.allows(Permission::SiteEdit));
        assert_eq!(access.grants().len(), 1);
    }

    #[test]
    fn a_grant_is_written_as_people_would() {
        let json =
            r#"[{"permission":"site:view"},{"permission":"site:edit","resources":{"only":["site_1"]}}]"#;
        let grants: Vec<Grant> = serde_json::from_str(json).unwrap();
        assert_eq!(grants[0], Grant::all(Permission::SiteView));
        assert_eq!(serde_json::to_string(&grants).unwrap(), json);
    }
}
