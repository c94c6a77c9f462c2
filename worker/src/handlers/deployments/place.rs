//! Which runners somebody means, and what a change of them is.

use std::collections::BTreeSet;

use patr_models::{
    auth::Permission,
    deployment::{
        Placement, Power, WorkloadSpec,
        create::{self, CreateDeployment},
        placement::check,
        update::{self, UpdateDeployment},
    },
};

use crate::{
    answer::{Failure, Refused},
    auth::Member,
    ctx::Ctx,
    db::{
        Statement,
        deployments::Row,
        managed_urls,
        placements::{self, Wanted},
        runners,
    },
};

/// Why a deployment cannot be on these runners.
pub(super) enum Misplaced {
    /// The list says what cannot be.
    Invalid(String),
    NoRunner(String),
    Refused(Refused),
}

impl<R: Into<Refused>> From<R> for Misplaced {
    fn from(refused: R) -> Self {
        Self::Refused(refused.into())
    }
}

macro_rules! misplaced {
    ($($module:ident of $endpoint:ident),*) => {$(
        impl From<Misplaced> for Failure<$endpoint> {
            fn from(misplaced: Misplaced) -> Self {
                Self::Api(match misplaced {
                    Misplaced::Invalid(problem) => $module::Error::RunnersInvalid { problem },
                    Misplaced::NoRunner(runner) => $module::Error::RunnerNotFound { runner },
                    Misplaced::Refused(refused) => return refused.into(),
                })
            }
        }
    )*};
}
misplaced!(create of CreateDeployment, update of UpdateDeployment);

/// Finds every runner of a list. One that the caller may not see is none.
pub(super) async fn find_all(
    ctx: &Ctx,
    caller: &Member,
    placements: &[Placement],
) -> Result<Vec<Wanted>, Misplaced> {
    check(placements).map_err(Misplaced::Invalid)?;
    let mut found: Vec<Wanted> = Vec::new();
    for Placement { runner, weight } in placements {
        let row: Option<runners::Row> = ctx.db.optional(runners::get(caller.workspace, runner)).await?;
        let row = row.filter(|row| caller.may(Permission::RunnerView, &row.id));
        let row = row.ok_or_else(|| Misplaced::NoRunner(runner.to_string()))?;
        if found.iter().any(|found| found.runner == row.id) {
            return Err(Misplaced::Invalid(format!("`{}` is named twice", row.name)));
        }
        found.push(Wanted { runner: row.id, weight: *weight });
    }
    Ok(found)
}

/// Where a deployment is, as its list says.
pub(super) fn wanted_now(row: &Row) -> Vec<Wanted> {
    let staying = row.placed.iter().filter(|placed| !placed.is_leaving());
    staying.map(|placed| Wanted { runner: placed.runner, weight: placed.weight }).collect()
}

/// Puts a deployment on other runners. It stays where it was until it serves elsewhere, if it serves at all; but not with
/// volumes, of which the new place has other ones or none.
pub(super) fn move_to(row: &Row, wanted: &[Wanted], spec: &WorkloadSpec) -> Vec<Statement> {
    let keep = row.power == Power::Running && row.spec.volumes.is_empty() && spec.volumes.is_empty();
    let mut statements = placements::set(row.id, wanted, row.generation + 1, keep);
    let runners: BTreeSet<_> = wanted.iter().map(|wanted| wanted.runner).collect();
    statements.push(runners::touch_all(&runners));
    statements.push(managed_urls::touch_leading_to(&row.id));
    statements
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
