//! A volume with the contents of another, through the tunnels of both runners.
//!
//! ```text
//!  row, copying ──▶ its runner has made it ──▶ the archive is piped in ──▶ no longer copying
//!                             └──────────── trouble ─────┴──▶ row gone, tombstone
//! ```
//!
//! A copy that nobody sees to its end stays in the list, waiting, until somebody deletes it: no deployment gets half of
//! a volume.

use patr_models::{
    auth::Permission,
    endpoint::{Call, Reply, body::Created},
    runner::Connection,
    volume::copy::{self, CopyVolume},
};

use super::{
    find, made, model, state,
    work::{Trouble, check_snapshot, fill, reading},
};
use crate::{
    answer::{Answer, Failure},
    auth::Member,
    ctx::Ctx,
    db::{
        DbError, runners,
        volumes::{self as db, New, Row},
    },
    platform::log,
};

/// How often a session is asked for news of a volume that is being made; each time takes 20 seconds at most.
const LOOKS: u8 = 6;

pub(crate) async fn copy(ctx: &Ctx, caller: Member, call: Call<CopyVolume>) -> Answer<CopyVolume> {
    let from = find(ctx, &caller, &call.path.volume).await?;
    // Who has a copy has what was in it.
    caller.require_on(Permission::VolumeRead, &from.id, from.name.as_str())?;
    let copy::Body { name, runner, snapshot } = call.body.0;
    let runner = runner.unwrap_or_else(|| from.runner_id.into());
    if let Some(snapshot) = snapshot {
        check_snapshot(ctx, &from, snapshot).await?;
    }
    let found: Option<runners::Row> = ctx.db.optional(runners::get(caller.workspace, &runner)).await?;
    let found = found.filter(|found| caller.may(Permission::RunnerView, &found.id));
    let unknown = || Failure::Api(copy::Error::RunnerNotFound { runner: runner.to_string() });
    let on = found.ok_or_else(unknown)?.id;

    let (id, workspace, now) = (ctx.id()?, caller.workspace, ctx.now);
    let new = New { id, workspace, runner: on, name, shared: from.shared, copying: true, now };
    let statements = vec![db::insert(&new), runners::touch(on)];
    match ctx.write(&caller, made::<CopyVolume>(&new), statements).await {
        Err(error) if error.is_unique("volumes.workspace_id") => {
            return Err(Failure::Api(copy::Error::NameTaken { name: new.name }));
        }
        Err(DbError::Reference) => return Err(unknown()),
        outcome => outcome?,
    }
    ctx.runners.wake(on).await;

    let to = find(ctx, &caller, &id.into()).await?;
    let piped = async {
        wait_until_made(ctx, &to).await?;
        let archive = reading(ctx, &from, snapshot).await?;
        fill(ctx, &to, archive).await?;
        Ok(ctx.db.batch(db::copied(id)).await?)
    };
    if let Err(trouble) = piped.await {
        undo(ctx, &to).await;
        return Err(Trouble::into(trouble));
    }
    let row = find(ctx, &caller, &id.into()).await?;
    Ok(Reply::new(Created(model(ctx, row).await?)))
}

/// Waits until a runner says that it has a volume.
async fn wait_until_made(ctx: &Ctx, volume: &Row) -> Result<(), Trouble> {
    let mut after = None;
    for _ in 0..LOOKS {
        let observed = ctx.runners.observe(volume.runner_id, after).await?;
        if !matches!(observed.connection, Connection::Online { .. }) {
            return Err(Trouble::Away(volume.runner_name.clone()));
        }
        if state::seen(volume.id, &observed).is_some() {
            return Ok(());
        }
        after = Some(observed.version);
    }
    Err(Trouble::Said(format!("`{}` has not made the volume", volume.runner_name)))
}

/// Takes back what has come to nothing.
async fn undo(ctx: &Ctx, volume: &Row) {
    let mut statements = db::delete(volume.id, volume.runner_id);
    statements.push(runners::touch(volume.runner_id));
    match ctx.db.batch(statements).await {
        Ok(()) => ctx.runners.wake(volume.runner_id).await,
        // Somebody has deleted it meanwhile.
        Err(DbError::Stale) => {}
        Err(error) => log(format_args!("{}: {} stays half copied: {error}", ctx.request, volume.id)),
    }
}
