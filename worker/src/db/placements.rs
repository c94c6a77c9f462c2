//! On which runners deployments are.

use std::collections::BTreeSet;

use patr_models::{
    deployment::Generation,
    ids::{DeploymentId, Ref, RunnerId},
    internal::ReleaseFact,
    managed_url::Share,
    name::Name,
};

use super::{Json, Statement, Text};

/// A runner that a deployment is on, as part of the deployment's row.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) runner: RunnerId,
    pub(crate) name: Name,
    position: u32,
    pub(crate) weight: u8,
    arrived: u8,
    leaving: Option<Generation>,
}

impl Row {
    /// Whether it was taken off the list, and serves until another one does.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Whether the deployment was live there since it was put there.
    pub(crate) fn has_arrived(&self) -> bool {
        self.arrived != 0
    }

    /// Whether this is the runner that somebody means.
    fn is(&self, reference: &Ref<RunnerId>) -> bool {
        match reference {
            Ref::Id(id) => self.runner == *id,
            Ref::Name(name) => self.name == *name,
        }
    }
}

/// The runners of a deployment as a column, in the order of the list; those that leave come last.
pub(super) fn in_order<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Row>, D::Error> {
    let mut rows: Vec<Row> = super::from_json_option(from)?.unwrap_or_default();
    rows.sort_by_key(|row| (row.is_leaving(), row.position));
    Ok(rows)
}

/// The column for [`in_order`], of the deployment `d`.
macro_rules! placed {
    () => {
        "(SELECT json_group_array(json_object('runner', p.runner_id, 'name', n.name, 'position', p.position,
                                              'weight', p.weight, 'arrived', p.arrived, 'leaving', p.leaving))
          FROM placements p JOIN runners n ON n.id = p.runner_id WHERE p.deployment_id = d.id) AS placed"
    };
}
pub(super) use placed;

/// Those of the runners that somebody means: the named one, or all. An error is the name that none of them has.
pub(crate) fn meant<'r>(placed: &'r [Row], named: Option<&Ref<RunnerId>>) -> Result<Vec<&'r Row>, String> {
    let Some(named) = named else { return Ok(placed.iter().collect()) };
    placed.iter().find(|row| row.is(named)).map(|row| vec![row]).ok_or_else(|| named.to_string())
}

/// Who gets which part of the requests. Where the deployment has not arrived yet they would wait for its first replica, so
/// as long as it is anywhere else such a runner stands by.
pub(crate) fn shares(placed: &[Row]) -> Vec<Share> {
    let anywhere = placed.iter().any(Row::has_arrived);
    let (there, coming): (Vec<&Row>, Vec<&Row>) =
        placed.iter().partition(|row| row.has_arrived() || !anywhere);
    let there = there.into_iter().map(|row| Share { runner: row.runner, weight: row.weight });
    there.chain(coming.into_iter().map(|row| Share { runner: row.runner, weight: 0 })).collect()
}

/// A line of a list of runners, found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Wanted {
    pub(crate) runner: RunnerId,
    pub(crate) weight: u8,
}

impl patr_models::audit::Shown for Wanted {}

/// Puts a deployment on these runners with the change that makes `generation`. With `keep`, one that is not among them stays
/// until another one serves; else it is told to take the deployment away.
pub(crate) fn set(id: DeploymentId, wanted: &[Wanted], generation: Generation, keep: bool) -> Vec<Statement> {
    let list = Json(wanted);
    let mut statements = vec![
        Statement::new(
            "DELETE FROM tombstones WHERE deployment_id = ?1
             AND runner_id IN (SELECT value ->> 'runner' FROM json_each(?2))",
            &[&Text(id), &list],
        ),
        Statement::new(
            "INSERT INTO placements (deployment_id, runner_id, position, weight, since)
             SELECT ?1, value ->> 'runner', key, value ->> 'weight', ?3 FROM json_each(?2) WHERE true
             ON CONFLICT (deployment_id, runner_id) DO UPDATE SET
                 position = excluded.position, weight = excluded.weight, leaving = NULL",
            &[&Text(id), &list, &generation],
        ),
    ];
    if keep {
        statements.push(Statement::new(
            "UPDATE placements SET leaving = ?3 WHERE deployment_id = ?1 AND leaving IS NULL AND arrived = 1
             AND runner_id NOT IN (SELECT value ->> 'runner' FROM json_each(?2))",
            &[&Text(id), &list, &generation],
        ));
    }
    statements.extend([
        Statement::new(
            "INSERT OR REPLACE INTO tombstones (deployment_id, runner_id, generation)
             SELECT deployment_id, runner_id, ?3 FROM placements WHERE deployment_id = ?1 AND (leaving IS NULL OR ?4 = 0)
             AND runner_id NOT IN (SELECT value ->> 'runner' FROM json_each(?2))",
            &[&Text(id), &list, &generation, &keep],
        ),
        Statement::new(
            "DELETE FROM placements WHERE deployment_id = ?1 AND (leaving IS NULL OR ?3 = 0)
             AND runner_id NOT IN (SELECT value ->> 'runner' FROM json_each(?2))",
            &[&Text(id), &list, &keep],
        ),
    ]);
    statements
}

/// Tells every runner of a deployment to take it away.
pub(super) fn bury(id: DeploymentId, generation: Generation) -> Statement {
    Statement::new(
        "INSERT OR REPLACE INTO tombstones (deployment_id, runner_id, generation)
         SELECT deployment_id, runner_id, ?2 FROM placements WHERE deployment_id = ?1",
        &[&Text(id), &generation],
    )
}

/// A deployment that is live on a runner for the first time since it was put there, or that may leave another one now.
#[derive(serde::Deserialize)]
pub(crate) struct Arrival {
    pub(crate) deployment_id: DeploymentId,
    /// The runner that it leaves.
    pub(crate) leaves: Option<RunnerId>,
}

/// What follows from these facts for where deployments are.
pub(crate) fn arrivals(runner: RunnerId, facts: &[ReleaseFact]) -> Statement {
    Statement::new(
        "SELECT p.deployment_id, o.runner_id AS leaves
         FROM json_each(?2) f JOIN placements p ON p.deployment_id = f.value ->> 'deployment' AND p.runner_id = ?1
         LEFT JOIN placements o ON o.deployment_id = p.deployment_id AND o.leaving <= f.value ->> 'generation'
         WHERE f.value ->> '$.ended.how' = 'live' AND f.value ->> 'generation' >= p.since AND p.leaving IS NULL
         AND (p.arrived = 0 OR o.runner_id IS NOT NULL)",
        &[&Text(runner), &Json(facts)],
    )
}

/// Deployments are live on this runner.
pub(crate) fn arrive(runner: RunnerId, deployments: &BTreeSet<DeploymentId>) -> Statement {
    Statement::new(
        "UPDATE placements SET arrived = 1
         WHERE runner_id = ?1 AND deployment_id IN (SELECT value FROM json_each(?2))",
        &[&Text(runner), &Json(deployments)],
    )
}

/// The hosts of these deployments: their requests are shared otherwise. Those with one runner have nothing to share.
pub(crate) fn touch_shared(deployments: &BTreeSet<DeploymentId>) -> Statement {
    Statement::new(
        "UPDATE hosts SET revision = revision + 1
         WHERE host IN (SELECT m.host FROM json_each(?1) f JOIN managed_urls m ON m.deployment_id = f.value
                        WHERE (SELECT count(*) FROM placements WHERE deployment_id = f.value) > 1)",
        &[&Json(deployments)],
    )
}

/// What was taken off the lists of these deployments may go. The tombstone is newer than anything that runs there; should it
/// come back, that is a newer generation still.
pub(crate) fn leave(deployments: &BTreeSet<DeploymentId>) -> Vec<Statement> {
    let list = Json(deployments);
    vec![
        Statement::new(
            "INSERT OR REPLACE INTO tombstones (deployment_id, runner_id, generation)
             SELECT p.deployment_id, p.runner_id, d.generation + 1
             FROM json_each(?1) f JOIN placements p ON p.deployment_id = f.value
             JOIN deployments d ON d.id = p.deployment_id WHERE p.leaving IS NOT NULL",
            &[&list],
        ),
        Statement::new(
            "DELETE FROM placements WHERE leaving IS NOT NULL AND deployment_id IN (SELECT value FROM json_each(?1))",
            &[&list],
        ),
    ]
}
