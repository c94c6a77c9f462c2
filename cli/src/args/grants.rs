//! `--allow`: permissions, for all resources or some.

use patr_models::{
    auth::{Permission, ResourceType},
    ids::{Ref, WorkspaceId},
};

/// `[WORKSPACE/]PERMISSION[=NAME,…]` or `…!=NAME,…`; `site:*` is every permission about sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allow {
    /// The only workspace that it is for.
    pub(crate) workspace: Option<Ref<WorkspaceId>>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) resources: Named,
}

/// Resources of one type, as a person calls them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    All,
    Only(Vec<String>),
    Except(Vec<String>),
}

/// Reads an [`Allow`].
pub(crate) fn allow(text: &str) -> Result<Allow, String> {
    let (what, resources) = split(text)?;
    let (workspace, what) = match what.split_once('/') {
        Some((workspace, what)) => (Some(workspace.parse().map_err(|error| format!("{error}"))?), what),
        None => (None, what),
    };
    let mut permissions = permissions(what)?;
    if resources != Named::All {
        let all = permissions.len();
        permissions.retain(|permission| permission.is_per_resource());
        // Of `site:*` those that are about single sites; of one permission that is not there is nothing left.
        if permissions.is_empty() || (all == 1 && permissions.len() != 1) {
            return Err(format!("`{what}` is for all or for none, not for single resources"));
        }
    }
    Ok(Allow { workspace, permissions, resources })
}

fn split(text: &str) -> Result<(&str, Named), String> {
    let Some((what, names)) = text.split_once('=') else { return Ok((text, Named::All)) };
    let names: Vec<String> =
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        return Err(format!("`{text}` names nothing after `=`"));
    }
    Ok(match what.strip_suffix('!') {
        Some(what) => (what, Named::Except(names)),
        None => (what, Named::Only(names)),
    })
}

fn permissions(text: &str) -> Result<Vec<Permission>, String> {
    let Some(kind) = text.strip_suffix(":*") else {
        let one = text.parse().map_err(|error| format!("{error}; see `patr token create --help`"))?;
        return Ok(vec![one]);
    };
    let kind = ResourceType::ALL.iter().find(|known| known.as_str() == kind);
    let kind = kind.ok_or_else(|| format!("`{text}` is not about anything that there is"))?;
    Ok(Permission::ALL.iter().copied().filter(|permission| permission.resource_type() == *kind).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_for_all_some_or_all_but_some() {
        let one = |text: &str| {
            let Allow { workspace, permissions, resources } = allow(text).unwrap();
            let workspace = workspace.map(|workspace| workspace.to_string()).unwrap_or_default();
            (workspace, permissions.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" "), resources)
        };
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(one("site:edit"), (String::new(), "site:edit".to_owned(), Named::All));
        assert_eq!(
            one("acme/site:edit=docs, blog"),
            ("acme".to_owned(), "site:edit".to_owned(), Named::Only(names(&["docs", "blog"])))
        );
        assert_eq!(
            one("url:view!=shop/api"),
            (String::new(), "url:view".to_owned(), Named::Except(names(&["shop/api"])))
        );
        assert_eq!(one("audit:*").1, "audit:view");
        assert_eq!(one("volume:*").1, "volume:view volume:create volume:edit volume:read volume:delete");
        assert_eq!(one("volume:*=data").1, "volume:view volume:edit volume:read volume:delete");
    }

    #[test]
    fn what_there_is_not_is_refused() {
        for wrong in [
            "",
            "site",
            "site:fly",
            "sites:*",
            "site:edit=",
            "member:view=ada",
            "site:create=docs",
            "a b/site:edit",
        ] {
            assert!(allow(wrong).is_err(), "{wrong}");
        }
    }
}
