//! How much a workspace may have. What is counted is counted in the batch that makes more of it, after it was made: so
//! requests that race cannot have more together than one after the other.

use std::collections::BTreeMap;

use patr_models::{
    ids::WorkspaceId,
    quota::{Quota, Usage},
};

use crate::{
    answer::Fault,
    ctx::Ctx,
    db::{DbError, Statement, quotas as db},
};

/// What each workspace may have, unless the operator has said otherwise for that one. What is absent has no limit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quotas(BTreeMap<Quota, u64>);

impl Quotas {
    /// Reads them by the names of their variables, as in `QUOTA_SITE_BYTES`.
    ///
    /// # Errors
    /// One of them is no whole number: an installation without a limit that was meant to have one is worse than none.
    pub(crate) fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, Fault> {
        let mut quotas = BTreeMap::new();
        for &quota in Quota::ALL {
            let name = format!("QUOTA_{}", quota.as_str().to_ascii_uppercase());
            let Some(text) = var(&name).filter(|text| !text.is_empty()) else { continue };
            let most =
                text.parse().map_err(|_| Fault::new(format!("{name} is no whole number: `{text}`")))?;
            quotas.insert(quota, most);
        }
        Ok(Self(quotas))
    }

    fn of(&self, quota: Quota) -> Option<u64> {
        self.0.get(&quota).copied()
    }
}

/// What an action may make more of.
const COUNTED: &[(&str, &[Quota])] = &[
    ("CreateRunner", &[Quota::Runners]),
    ("CreateDeployment", &[Quota::Deployments, Quota::Replicas, Quota::Urls]),
    ("UpdateDeployment", &[Quota::Replicas, Quota::Urls]),
    ("ScaleDeployment", &[Quota::Replicas]),
    ("CreateSite", &[Quota::Sites, Quota::Urls]),
    ("CreateVersion", &[Quota::SiteBytes]),
    ("CreateVolume", &[Quota::Volumes]),
    ("CopyVolume", &[Quota::Volumes]),
    ("SetSecret", &[Quota::Secrets]),
    ("CreateUrl", &[Quota::Urls]),
    ("AcceptInvitation", &[Quota::Members]),
    ("SignUpByInvitation", &[Quota::Members]),
];

/// What stops the batch of an action that makes too much.
pub(crate) fn checks(ctx: &Ctx, action: &str, workspace: Option<WorkspaceId>) -> Vec<Statement> {
    let counted = COUNTED.iter().find(|(name, _)| *name == action).map_or(&[][..], |(_, quotas)| *quotas);
    let checks =
        workspace.into_iter().flat_map(|workspace| counted.iter().map(move |&quota| (workspace, quota)));
    checks.map(|(workspace, quota)| db::check(quota, workspace, ctx.settings.quotas.of(quota))).collect()
}

/// How much there is of everything.
pub(crate) async fn usage(ctx: &Ctx, workspace: WorkspaceId) -> Result<Vec<Usage>, DbError> {
    let rows: Vec<db::Row> = ctx.db.fetch(db::usage(workspace)).await?;
    let usage = |row: db::Row| Usage {
        quota: row.quota,
        used: row.used,
        limit: row.most.or_else(|| ctx.settings.quotas.of(row.quota)),
    };
    Ok(rows.into_iter().map(usage).collect())
}

/// The error of a batch that was stopped by a quota, with its numbers.
pub(crate) async fn explain(ctx: &Ctx, workspace: Option<WorkspaceId>, error: DbError) -> DbError {
    let (DbError::Quota(quota), Some(workspace)) = (&error, workspace) else { return error };
    match usage(ctx, workspace).await {
        Ok(usages) => usages.into_iter().find(|usage| usage.quota == *quota).map_or(error, DbError::Exceeded),
        Err(other) => other,
    }
}

#[cfg(test)]
#[path = "quotas_tests.rs"]
mod tests;
