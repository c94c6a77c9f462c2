//! Releases: their history, and the ways back.

use patr_models::{
    deployment::{
        ReleaseNumber, WorkloadSpec,
        cancel::{self, CancelRollout},
        releases::ListReleases,
        rollback::{self, RollBackDeployment},
        spec::{Mount, SpecError},
    },
    endpoint::{Call, Reply, body::Json},
    name::Name,
};

use super::{
    automatic_host,
    bind::{check_writers, in_words, look_up, one_runner},
    change::{Change, change},
    find,
    place::wanted_now,
};
use crate::{
    answer::{Answer, Failure, Refused},
    audit::Changes,
    auth::Member,
    ctx::Ctx,
    db::{
        Statement,
        deployments::{self as db, ReleaseRow, Row},
        secrets, volumes,
    },
    handlers::{automatic::follow_port, check_cursor, page},
};

pub(crate) async fn releases(ctx: &Ctx, caller: Member, call: Call<ListReleases>) -> Answer<ListReleases> {
    check_cursor::<ReleaseNumber>(&call.query)?;
    let row = find(ctx, &caller, &call.path.deployment).await?;
    let rows: Vec<ReleaseRow> = ctx.db.fetch(db::releases(row.id, &call.query)).await?;
    let current = row.release;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.number.to_string(), |row| row.with(current)))))
}

pub(crate) async fn roll_back(
    ctx: &Ctx,
    caller: Member,
    call: Call<RollBackDeployment>,
) -> Answer<RollBackDeployment> {
    let wanted = call.body.0.release;
    change::<RollBackDeployment>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        let statement =
            wanted.map_or_else(|| db::last_live(row.id, row.release), |number| db::release(row.id, number));
        let found: Option<ReleaseRow> = ctx.db.optional(statement).await?;
        let release = found.ok_or(Failure::Api(match wanted {
            Some(release) => rollback::Error::NoSuchRelease { release },
            None => rollback::Error::NothingToRollBackTo,
        }))?;
        let host = automatic_host(ctx, &caller, &row.name)?.to_string();
        let statements = go_back(ctx, &caller, row, &release).await?;
        let changes = back_to(row, &release);
        Ok(Change::Write { statements, changes, host_taken: Some(rollback::Error::HostTaken { host }) })
    })
    .await
}

pub(crate) async fn cancel(ctx: &Ctx, caller: Member, call: Call<CancelRollout>) -> Answer<CancelRollout> {
    change::<CancelRollout>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        let current: Option<ReleaseRow> = ctx.db.optional(db::release(row.id, row.release)).await?;
        if !current.is_some_and(|current| current.is_pending()) {
            return Err(Failure::Api(cancel::Error::NoRollout));
        }
        let found: Option<ReleaseRow> = ctx.db.optional(db::last_live(row.id, row.release)).await?;
        let release = found.ok_or(Failure::Api(cancel::Error::NothingToGoBackTo))?;
        let host = automatic_host(ctx, &caller, &row.name)?.to_string();
        let mut statements = db::cancel(row.id, row.release, ctx.now);
        statements.extend(go_back(ctx, &caller, row, &release).await?);
        let changes = back_to(row, &release);
        Ok(Change::Write { statements, changes, host_taken: Some(cancel::Error::HostTaken { host }) })
    })
    .await
}

/// What the audit log says of it.
fn back_to(row: &Row, release: &ReleaseRow) -> Changes {
    let changes = Changes::default().changing("release", &row.release, &release.number);
    changes.changing("spec", &row.spec, &release.spec)
}

/// Why there is no way back to a release.
enum Gone {
    /// As the use is called in a sentence.
    Secret(String),
    Volume(Name),
    Scale(SpecError),
    Refused(Refused),
}

impl<R: Into<Refused>> From<R> for Gone {
    fn from(refused: R) -> Self {
        Self::Refused(refused.into())
    }
}

macro_rules! gone {
    ($($module:ident of $endpoint:ident),*) => {$(
        impl From<Gone> for Failure<$endpoint> {
            fn from(gone: Gone) -> Self {
                Self::Api(match gone {
                    Gone::Secret(secret) => $module::Error::SecretGone { secret },
                    Gone::Volume(volume) => $module::Error::VolumeGone { volume: volume.to_string() },
                    Gone::Scale(SpecError { field, problem }) => $module::Error::ScaleInvalid { field, problem },
                    Gone::Refused(refused) => return refused.into(),
                })
            }
        }
    )*};
}
gone!(rollback of RollBackDeployment, cancel of CancelRollout);

/// Makes an earlier release current, if all that it names is there.
async fn go_back(
    ctx: &Ctx,
    caller: &Member,
    row: &Row,
    release: &ReleaseRow,
) -> Result<Vec<Statement>, Gone> {
    check_writers(&release.spec, row.replicas, row.autoscale).map_err(Gone::Scale)?;
    check_runners(row, &release.spec).map_err(Gone::Scale)?;
    still_there(ctx, row, &release.spec).await?;
    let host = automatic_host(ctx, caller, &row.name)?;
    let mut statements = db::set_release(row.id, release.number, ctx.now);
    statements.extend(follow_port(ctx, caller, row, &host, &release.spec)?);
    statements.push(secrets::all_there(row.id, release.number));
    statements.push(volumes::all_there(row.id, release.number));
    Ok(statements)
}

/// Refuses what would mount a volume on several runners.
fn check_runners(row: &Row, spec: &WorkloadSpec) -> Result<(), SpecError> {
    match (spec.volumes.values().next(), wanted_now(row).len()) {
        (Some(mount), 2..) => Err(one_runner(&mount.volume)),
        _ => Ok(()),
    }
}

async fn still_there(ctx: &Ctx, row: &Row, spec: &WorkloadSpec) -> Result<(), Gone> {
    let found = look_up(ctx, row.workspace_id, spec).await?;
    if let Some(gone) = spec.secrets_used().find(|used| !found.iter().any(|found| found.answers(used))) {
        return Err(Gone::Secret(in_words(gone)));
    }
    let names = spec.volumes.values().map(|mount| &mount.volume).collect();
    let rows: Vec<volumes::Row> = if spec.volumes.is_empty() {
        Vec::new()
    } else {
        ctx.db.fetch(volumes::named(row.workspace_id, &names)).await?
    };
    // By its id: another volume may have the name by now. And it may be where the deployment is no more.
    let runners = row.runners();
    let is_there = |mount: &Mount| {
        rows.iter().any(|volume| Some(volume.id) == mount.id && runners.contains(&volume.runner_id))
    };
    let gone = spec.volumes.values().find(|mount| !is_there(mount));
    gone.map_or(Ok(()), |mount| Err(Gone::Volume(mount.volume.clone())))
}

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
