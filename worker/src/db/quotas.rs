//! How much a workspace has, and whether that is too much.

use patr_models::{ids::WorkspaceId, quota::Quota};

use super::{Statement, Text};

/// What a workspace, `?1`, has of each.
macro_rules! used {
    (runners) => {
        "(SELECT count(*) FROM runners WHERE workspace_id = ?1)"
    };
    (deployments) => {
        "(SELECT count(*) FROM deployments WHERE workspace_id = ?1)"
    };
    (replicas) => {
        "(SELECT coalesce(sum(max(d.replicas, coalesce(d.autoscale ->> 'max', 0))), 0)
          FROM deployments d JOIN placements p ON p.deployment_id = d.id
          WHERE d.workspace_id = ?1 AND p.leaving IS NULL)"
    };
    (sites) => {
        "(SELECT count(*) FROM sites WHERE workspace_id = ?1)"
    };
    (site_bytes) => {
        "(SELECT coalesce(sum(size), 0) FROM blobs WHERE workspace_id = ?1)"
    };
    (volumes) => {
        "(SELECT count(*) FROM volumes WHERE workspace_id = ?1)"
    };
    (secrets) => {
        "(SELECT count(*) FROM secrets WHERE workspace_id = ?1 AND deleted_at IS NULL)"
    };
    (urls) => {
        "(SELECT count(*) FROM managed_urls WHERE workspace_id = ?1 AND version_id IS NULL)"
    };
    (members) => {
        "(SELECT count(*) FROM members WHERE workspace_id = ?1)"
    };
}

/// What the operator allows a workspace of it, if they have said so.
macro_rules! most {
    ($quota:ident) => {
        concat!("(SELECT most FROM quotas WHERE workspace_id = ?1 AND quota = '", stringify!($quota), "')")
    };
}

/// Fails the batch when there is more than the operator or, without a word of theirs, `?2` allows: a null where none may
/// be. Nothing is counted where there is no limit.
macro_rules! check {
    ($quota:ident) => {
        concat!(
            "INSERT INTO exceeded (",
            stringify!($quota),
            ") SELECT NULL WHERE CASE WHEN coalesce(",
            most!($quota),
            ", ?2) IS NULL THEN 0 ELSE ",
            used!($quota),
            " > coalesce(",
            most!($quota),
            ", ?2) END"
        )
    };
}

/// See [`check!`].
pub(crate) fn check(quota: Quota, workspace: WorkspaceId, most: Option<u64>) -> Statement {
    let sql = match quota {
        Quota::Runners => check!(runners),
        Quota::Deployments => check!(deployments),
        Quota::Replicas => check!(replicas),
        Quota::Sites => check!(sites),
        Quota::SiteBytes => check!(site_bytes),
        Quota::Volumes => check!(volumes),
        Quota::Secrets => check!(secrets),
        Quota::Urls => check!(urls),
        Quota::Members => check!(members),
    };
    Statement::new(sql, &[&Text(workspace), &most])
}

/// What a batch was stopped for, if it was a quota.
pub(crate) fn exceeded(error: &str) -> Option<Quota> {
    let (_, rest) = error.split_once("NOT NULL constraint failed: exceeded.")?;
    let end = rest.find(|letter: char| letter != '_' && !letter.is_ascii_lowercase()).unwrap_or(rest.len());
    Quota::ALL.iter().copied().find(|quota| quota.as_str() == &rest[..end])
}

/// How much there is of one thing, and what the operator allows this workspace.
#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) quota: Quota,
    pub(crate) used: u64,
    pub(crate) most: Option<u64>,
}

/// Rows of `VALUES`: D1 compiles five terms of a `UNION ALL`, and no sixth.
macro_rules! usage {
    ($first:ident $(, $quota:ident)*) => {
        concat!(
            "SELECT column1 AS quota, column2 AS used, column3 AS most FROM (VALUES ",
            usage!(@row $first) $(, ", ", usage!(@row $quota))*,
            ")"
        )
    };
    (@row $quota:ident) => {
        concat!("('", stringify!($quota), "', ", used!($quota), ", ", most!($quota), ")")
    };
}

pub(crate) fn usage(workspace: WorkspaceId) -> Statement {
    Statement::new(
        usage!(runners, deployments, replicas, sites, site_bytes, volumes, secrets, urls, members),
        &[&Text(workspace)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_batch_was_stopped_for_is_read_from_the_words_of_both_databases() {
        let sqlite = "NOT NULL constraint failed: exceeded.site_bytes";
        assert_eq!(exceeded(sqlite), Some(Quota::SiteBytes));
        assert_eq!(exceeded(&format!("D1_ERROR: {sqlite}: SQLITE_CONSTRAINT")), Some(Quota::SiteBytes));
        assert_eq!(exceeded("NOT NULL constraint failed: hosts.host"), None);
    }
}
