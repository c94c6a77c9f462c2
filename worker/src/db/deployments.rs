//! Deployments, their releases and tombstones.

use std::collections::BTreeSet;

use patr_models::{
    auth::Scope,
    deployment::{
        Autoscale, Digest, Failure, Generation, Outcome, Power, Release, ReleaseNumber, WorkloadSpec,
    },
    ids::{DeploymentId, Ref, RunnerId, UserId, WorkspaceId},
    internal::Facts,
    managed_url::Host,
    name::Name,
    page::ListQuery,
    time::Millis,
    wire::{DesiredDeployment, Tombstone},
};

use super::{
    Json, Statement, Text, after, before_number, filter, in_scope, page_size, placements, scope, unless_there,
};

/// A deployment with its current release.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: DeploymentId,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) name: Name,
    /// Where it is; the first of them is asked where one is enough.
    #[serde(deserialize_with = "placements::in_order")]
    pub(crate) placed: Vec<placements::Row>,
    pub(crate) generation: Generation,
    pub(crate) release: ReleaseNumber,
    pub(crate) power: Power,
    pub(crate) replicas: u32,
    #[serde(deserialize_with = "super::from_json_option")]
    pub(crate) autoscale: Option<Autoscale>,
    pub(crate) restart: u64,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) spec: WorkloadSpec,
    pub(crate) digest: Option<Digest>,
    /// Of the automatic managed URL.
    pub(crate) host: Option<Host>,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) created_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) updated_at: Millis,
}

impl Row {
    /// Where it is, also where it only is until it serves elsewhere.
    pub(crate) fn runners(&self) -> BTreeSet<RunnerId> {
        self.placed.iter().map(|placed| placed.runner).collect()
    }

    pub(crate) fn desired(self) -> DesiredDeployment {
        let Self {
            id,
            workspace_id,
            name,
            generation,
            release,
            power,
            replicas,
            autoscale,
            restart,
            spec,
            digest,
            ..
        } = self;
        DesiredDeployment {
            id,
            workspace: workspace_id,
            name,
            generation,
            release,
            power,
            replicas,
            autoscale,
            restart,
            spec,
            digest,
            sealed: None,
        }
    }
}

macro_rules! select {
    ($($rest:tt)+) => {
        concat!(
            "SELECT d.*, r.spec, r.digest,
                    (SELECT host FROM managed_urls m WHERE m.deployment_id = d.id AND m.automatic = 1) AS host, ",
            placements::placed!(),
            " FROM deployments d JOIN releases r ON r.deployment_id = d.id AND r.number = d.release ",
            $($rest)+
        )
    };
}

pub(crate) fn get(workspace: WorkspaceId, reference: &Ref<DeploymentId>) -> Statement {
    Statement::new(
        select!("WHERE d.workspace_id = ?1 AND (d.id = ?2 OR d.name = ?2)"),
        &[&Text(workspace), &Text(reference)],
    )
}

pub(crate) fn list(workspace: WorkspaceId, seen: &Scope, query: &ListQuery) -> Statement {
    let (ids, only) = scope(seen);
    Statement::new(
        select!(
            "WHERE d.workspace_id = ?1 AND d.id > ?2 AND instr(d.name, ?3)",
            in_scope!("d.id"),
            "ORDER BY d.id LIMIT ?4"
        ),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query), &ids, &only],
    )
}

pub(crate) fn on_runner(runner: RunnerId) -> Statement {
    Statement::new(
        select!(
            "JOIN placements h ON h.deployment_id = d.id WHERE h.runner_id = ?1 ORDER BY h.deployment_id"
        ),
        &[&Text(runner)],
    )
}

/// A deployment to be made, with its first release.
pub(crate) struct New<'a> {
    pub(crate) id: DeploymentId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) runners: &'a [placements::Wanted],
    pub(crate) name: &'a Name,
    pub(crate) replicas: u32,
    pub(crate) autoscale: Option<Autoscale>,
    pub(crate) spec: &'a WorkloadSpec,
    pub(crate) by: UserId,
    pub(crate) now: Millis,
}

pub(crate) fn insert(new: &New<'_>) -> Vec<Statement> {
    let mut statements = vec![
        Statement::new(
            "INSERT INTO deployments
                 (id, workspace_id, name, generation, release, power, replicas, autoscale, created_at, updated_at)
             VALUES (?1, ?2, ?3, 1, 1, 'running', ?4, ?5, ?6, ?6)",
            &[
                &Text(new.id),
                &Text(new.workspace),
                &new.name.as_str(),
                &new.replicas,
                &new.autoscale.map(Json),
                &new.now,
            ],
        ),
        release_insert(new.id, 1, new.spec, new.by, new.now),
    ];
    statements.extend(placements::set(new.id, new.runners, 1, false));
    statements
}

pub(crate) fn release_insert(
    deployment: DeploymentId,
    number: ReleaseNumber,
    spec: &WorkloadSpec,
    by: UserId,
    now: Millis,
) -> Statement {
    Statement::new(
        "INSERT INTO releases (deployment_id, number, spec, digest, created_by, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[&Text(deployment), &number, &Json(spec), &spec.image.digest().map(Text), &Text(by), &now],
    )
}

/// The next generation; see [`super::unless_there`].
pub(crate) fn bump(id: DeploymentId, expected: Generation, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(unless_there!("deployments", "generation = ?2"), &[&Text(id), &expected]),
        Statement::new(
            "UPDATE deployments SET generation = generation + 1, updated_at = ?2 WHERE id = ?1",
            &[&Text(id), &now],
        ),
    ]
}

/// Makes a release the current one; any that has not ended has been overtaken.
pub(crate) fn set_release(id: DeploymentId, number: ReleaseNumber, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new("UPDATE deployments SET release = ?2 WHERE id = ?1", &[&Text(id), &number]),
        Statement::new(
            "UPDATE releases SET outcome = 'superseded', ended_at = ?3
             WHERE deployment_id = ?1 AND number <> ?2 AND outcome = 'pending'",
            &[&Text(id), &number, &now],
        ),
    ]
}

pub(crate) fn set_scale(id: DeploymentId, replicas: u32, autoscale: Option<Autoscale>) -> Statement {
    Statement::new(
        "UPDATE deployments SET replicas = ?2, autoscale = ?3 WHERE id = ?1",
        &[&Text(id), &replicas, &autoscale.map(Json)],
    )
}

/// Calls off the rollout of a release. Fails as a whole if it has ended; see [`super::unless_there`].
pub(crate) fn cancel(id: DeploymentId, number: ReleaseNumber, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO releases (deployment_id) SELECT NULL WHERE NOT EXISTS
                 (SELECT 1 FROM releases WHERE deployment_id = ?1 AND number = ?2 AND outcome = 'pending')",
            &[&Text(id), &number],
        ),
        Statement::new(
            "UPDATE releases SET outcome = 'cancelled', ended_at = ?3 WHERE deployment_id = ?1 AND number = ?2",
            &[&Text(id), &number, &now],
        ),
    ]
}

pub(crate) fn set_power(id: DeploymentId, power: Power) -> Statement {
    let power = match power {
        Power::Running => "running",
        Power::Stopped => "stopped",
    };
    Statement::new("UPDATE deployments SET power = ?2 WHERE id = ?1", &[&Text(id), &power])
}

pub(crate) fn count_restart(id: DeploymentId) -> Statement {
    Statement::new("UPDATE deployments SET restart = restart + 1 WHERE id = ?1", &[&Text(id)])
}

#[derive(serde::Deserialize)]
pub(crate) struct Highest {
    pub(crate) number: ReleaseNumber,
}

pub(crate) fn highest_release(id: DeploymentId) -> Statement {
    Statement::new("SELECT max(number) AS number FROM releases WHERE deployment_id = ?1", &[&Text(id)])
}

macro_rules! releases {
    ($rest:literal) => {
        concat!("SELECT r.*, u.email FROM releases r LEFT JOIN users u ON u.id = r.created_by ", $rest)
    };
}

pub(crate) fn release(id: DeploymentId, number: ReleaseNumber) -> Statement {
    Statement::new(releases!("WHERE r.deployment_id = ?1 AND r.number = ?2"), &[&Text(id), &number])
}

/// The newest release before `current` that was live.
pub(crate) fn last_live(id: DeploymentId, current: ReleaseNumber) -> Statement {
    Statement::new(
        releases!(
            "WHERE r.deployment_id = ?1 AND r.number < ?2 AND r.outcome = 'live' ORDER BY r.number DESC LIMIT 1"
        ),
        &[&Text(id), &current],
    )
}

pub(crate) fn releases(id: DeploymentId, query: &ListQuery) -> Statement {
    Statement::new(
        releases!("WHERE r.deployment_id = ?1 AND r.number < ?2 ORDER BY r.number DESC LIMIT ?3"),
        &[&Text(id), &before_number(query), &page_size(query)],
    )
}

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct ReleaseRow {
    pub(crate) number: ReleaseNumber,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) spec: WorkloadSpec,
    digest: Option<Digest>,
    outcome: String,
    #[serde(deserialize_with = "super::from_json_option")]
    failure: Option<Failure>,
    #[serde(deserialize_with = "super::millis_option")]
    ended_at: Option<Millis>,
    created_by: UserId,
    email: Option<String>,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
}

impl ReleaseRow {
    pub(crate) fn is_pending(&self) -> bool {
        self.outcome == "pending"
    }

    pub(crate) fn with(self, current: ReleaseNumber) -> Release {
        let at = self.ended_at.unwrap_or_default();
        let outcome = match (self.outcome.as_str(), self.failure) {
            ("live", _) => Outcome::Live { at },
            ("failed", Some(failure)) => Outcome::Failed { at, failure },
            ("superseded", _) => Outcome::Superseded { at },
            ("cancelled", _) => Outcome::Cancelled { at },
            _ => Outcome::Pending,
        };
        Release {
            number: self.number,
            current: self.number == current,
            spec: self.spec,
            digest: self.digest,
            outcome,
            created_by: self.created_by,
            created_by_email: self.email,
            created_at: self.created_at,
        }
    }
}

/// Deletes a deployment and leaves the proof of it for each of its runners.
pub(crate) fn delete(row: &Row) -> Vec<Statement> {
    vec![
        placements::bury(row.id, row.generation + 1),
        Statement::new(
            "DELETE FROM managed_urls WHERE deployment_id = ?1 AND automatic = 1",
            &[&Text(row.id)],
        ),
        Statement::new("DELETE FROM deployments WHERE id = ?1", &[&Text(row.id)]),
    ]
}

#[derive(serde::Deserialize)]
pub(crate) struct TombstoneRow {
    deployment_id: DeploymentId,
    generation: Generation,
}

impl From<TombstoneRow> for Tombstone {
    fn from(row: TombstoneRow) -> Self {
        Self { deployment: row.deployment_id, generation: row.generation }
    }
}

pub(crate) fn tombstones(runner: RunnerId) -> Statement {
    Statement::new("SELECT deployment_id, generation FROM tombstones WHERE runner_id = ?1", &[&Text(runner)])
}

/// Keeps what a runner found out. Only about deployments that are there, and only its first word on each release: a digest
/// never changes, and an end is an end, so a late or repeated report undoes nothing. The first runner on which a release is
/// live makes it live, and another one on which it fails makes it failed. As many statements for a thousand facts as for
/// one: D1 limits the queries of a request.
pub(crate) fn record(runner: RunnerId, facts: &Facts, now: Millis) -> Vec<Statement> {
    let releases = Json(&facts.releases);
    vec![
        Statement::new(
            "UPDATE releases SET digest = f.digest
             FROM (SELECT value ->> 'deployment' AS deployment, value ->> 'release' AS number, value ->> 'digest' AS digest
                   FROM json_each(?2)) f
             WHERE releases.deployment_id = f.deployment AND releases.number = f.number
             AND f.digest IS NOT NULL AND releases.digest IS NULL
             AND EXISTS (SELECT 1 FROM placements WHERE deployment_id = f.deployment AND runner_id = ?1)",
            &[&Text(runner), &releases],
        ),
        Statement::new(
            "UPDATE releases SET outcome = f.how, failure = f.failure, ended_at = ?3
             FROM (SELECT value ->> 'deployment' AS deployment, value ->> 'release' AS number,
                          value ->> '$.ended.how' AS how,
                          CASE WHEN (SELECT count(*) FROM placements WHERE deployment_id = value ->> 'deployment') > 1
                               THEN json_set(value -> '$.ended.failure', '$.message',
                                             'on `' || (SELECT name FROM runners WHERE id = ?1) || '`: '
                                             || (value ->> '$.ended.failure.message'))
                               ELSE value -> '$.ended.failure' END AS failure
                   FROM json_each(?2)) f
             WHERE releases.deployment_id = f.deployment AND releases.number = f.number AND f.how IS NOT NULL
             AND (releases.outcome = 'pending' OR releases.outcome = 'live' AND f.how = 'failed')
             AND NOT EXISTS (SELECT 1 FROM rollouts o WHERE o.deployment_id = f.deployment AND o.number = f.number
                             AND o.runner_id = ?1)
             AND EXISTS (SELECT 1 FROM placements WHERE deployment_id = f.deployment AND runner_id = ?1)",
            &[&Text(runner), &releases, &now],
        ),
        Statement::new(
            "INSERT OR IGNORE INTO rollouts (deployment_id, number, runner_id)
             SELECT p.deployment_id, value ->> 'release', p.runner_id
             FROM json_each(?2) JOIN placements p ON p.deployment_id = value ->> 'deployment' AND p.runner_id = ?1
             WHERE value ->> '$.ended.how' IS NOT NULL",
            &[&Text(runner), &releases],
        ),
        Statement::new(
            "DELETE FROM tombstones WHERE runner_id = ?1 AND deployment_id IN (SELECT value FROM json_each(?2))",
            &[&Text(runner), &Json(&facts.gone)],
        ),
    ]
}

/// The runners of these deployments, each once: so each session is asked once.
pub(crate) fn runners_of(rows: &[Row]) -> BTreeSet<RunnerId> {
    rows.iter().flat_map(Row::runners).collect()
}
