//! What a role allows, while somebody ticks it.

use patr_models::auth::{Grant, Permission, Scope};

/// Gives a permission for everything, or takes it away.
pub fn tick(grants: &mut Vec<Grant>, permission: Permission, is_ticked: bool) {
    grants.retain(|grant| grant.permission != permission);
    if is_ticked {
        grants.push(Grant::all(permission));
    }
}

/// For which resources a permission is given; nothing where it is not.
pub fn given(grants: &[Grant], permission: Permission) -> Option<&Scope> {
    grants.iter().find(|grant| grant.permission == permission).map(|grant| &grant.resources)
}

/// The same as flags of the command line.
pub fn flags(grants: &[Grant]) -> Vec<String> {
    let flags = grants.iter().flat_map(|grant| {
        let mut flags = vec!["--allow".to_owned(), grant.permission.as_str().to_owned()];
        let (flag, ids) = match &grant.resources {
            Scope::All => return flags,
            Scope::Only(ids) => ("--only", ids),
            Scope::Except(ids) => ("--except", ids),
        };
        flags.push(flag.to_owned());
        flags.push(ids.iter().map(String::as_str).collect::<Vec<_>>().join(","));
        flags
    });
    flags.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Grant> {
        let resources = Scope::Only(["dep_1".to_owned(), "dep_2".to_owned()].into());
        vec![Grant { permission: Permission::DeploymentEdit, resources }, Grant::all(Permission::SiteView)]
    }

    #[test]
    fn what_is_not_touched_stays_for_the_resources_that_it_was_given_for() {
        let mut grants = some();
        tick(&mut grants, Permission::SiteView, false);
        tick(&mut grants, Permission::UrlView, true);
        assert_eq!(grants, [some().remove(0), Grant::all(Permission::UrlView)]);
        assert_eq!(given(&grants, Permission::SiteView), None);
    }

    #[test]
    fn what_is_ticked_again_is_given_for_everything() {
        let mut grants = some();
        tick(&mut grants, Permission::DeploymentEdit, false);
        tick(&mut grants, Permission::DeploymentEdit, true);
        assert_eq!(given(&grants, Permission::DeploymentEdit), Some(&Scope::All));
    }

    #[test]
    fn flags_say_for_which_resources() {
        let said = flags(&some()).join(" ");
        assert_eq!(said, "--allow deployment:edit --only dep_1,dep_2 --allow site:view");
    }
}
