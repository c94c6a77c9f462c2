//! Work on what is in volumes, which only their runners can do.

use bytes::Bytes;
use patr_models::{
    endpoint::Call,
    ids::SnapshotId,
    internal::TunnelTrouble,
    name::Name,
    volume::{
        archive::{self, ReadVolume},
        copy::{self, CopyVolume},
        create_snapshot::{self, CreateSnapshot},
        delete_snapshot::{self, DeleteSnapshot},
        restore::{self, RestoreVolume},
    },
    wire::{OpenRequest, VolumeWork},
};
use worker::{Headers, Response, ResponseBody, ResponseBuilder};

use super::find;
use crate::{
    answer::{Failure, Fault, Refused},
    auth::Member,
    ctx::Ctx,
    db::volumes::{self as db, Row, SnapshotRow},
    ingress::tunnel::{Opened, open},
};

/// Longest sentence of a runner that is passed on, in bytes.
const SENTENCE: usize = 512;

/// Why a runner has not done what it was asked.
pub(super) enum Trouble {
    Away(Name),
    /// In its own words.
    Said(String),
    NoSnapshot(SnapshotId),
    Refused(Refused),
}

impl<R: Into<Refused>> From<R> for Trouble {
    fn from(refused: R) -> Self {
        Self::Refused(refused.into())
    }
}

impl Trouble {
    fn of(trouble: TunnelTrouble, runner: &Name) -> Self {
        match trouble {
            TunnelTrouble::LaneDown | TunnelTrouble::Lost => Self::Away(runner.clone()),
            TunnelTrouble::Busy => Self::Said("it has too many streams open".to_owned()),
            TunnelTrouble::NoReplica
            | TunnelTrouble::Unreachable
            | TunnelTrouble::Protocol
            | TunnelTrouble::Timeout => {
                Self::Said("its agent is too old for volumes, or broke off".to_owned())
            }
        }
    }

    fn said(words: &[u8]) -> Self {
        let words = String::from_utf8_lossy(&words[..words.len().min(SENTENCE)]);
        Self::Said(words.trim().to_owned())
    }
}

macro_rules! troubles {
    ($($module:ident of $endpoint:ident { $($snapshot:tt)* })*) => {$(
        impl From<Trouble> for Failure<$endpoint> {
            fn from(trouble: Trouble) -> Self {
                match trouble {
                    Trouble::Away(runner) => Self::Api($module::Error::RunnerAway { runner: runner.to_string() }),
                    Trouble::Said(problem) => Self::Api($module::Error::VolumeTrouble { problem }),
                    Trouble::NoSnapshot(snapshot) => troubles!(@snapshot $module snapshot $($snapshot)*),
                    Trouble::Refused(refused) => refused.into(),
                }
            }
        }
    )*};
    (@snapshot $module:ident $id:ident declared) => {
        Self::Api($module::Error::NoSuchSnapshot { snapshot: $id })
    };
    (@snapshot $module:ident $id:ident in the path) => {
        crate::handlers::absent("snapshot", $id).into()
    };
}
troubles! {
    archive of ReadVolume { declared }
    copy of CopyVolume { declared }
    restore of RestoreVolume { declared }
    create_snapshot of CreateSnapshot { in the path }
    delete_snapshot of DeleteSnapshot { in the path }
}

/// Has work done whose answer is short.
pub(super) async fn perform(ctx: &Ctx, on: &Row, work: VolumeWork) -> Result<Bytes, Trouble> {
    let answer = ctx.runners.perform(on.runner_id, &OpenRequest::Volume { work }).await?;
    let answer = answer.map_err(|trouble| Trouble::of(trouble, &on.runner_name))?;
    if answer.status().is_success() { Ok(answer.into_body()) } else { Err(Trouble::said(answer.body())) }
}

/// Checks that a snapshot is of this volume.
pub(super) async fn check_snapshot(ctx: &Ctx, volume: &Row, id: SnapshotId) -> Result<(), Trouble> {
    let found: Option<SnapshotRow> = ctx.db.optional(db::snapshot(volume.id, id)).await?;
    found.map(|_| ()).ok_or(Trouble::NoSnapshot(id))
}

/// Begins to read a volume, or a snapshot of it.
pub(super) async fn reading(
    ctx: &Ctx,
    from: &Row,
    snapshot: Option<SnapshotId>,
) -> Result<ResponseBody, Trouble> {
    if let Some(snapshot) = snapshot {
        check_snapshot(ctx, from, snapshot).await?;
    }
    let work = VolumeWork::Read { volume: from.id, snapshot };
    match open(ctx, from.runner_id, 0, &OpenRequest::Volume { work }, None).await? {
        Opened::Answer(response) => answered(response).await,
        Opened::Trouble(trouble) => Err(Trouble::of(trouble, &from.runner_name)),
    }
}

/// Fills a volume that is empty, from an archive as it comes.
pub(super) async fn fill(ctx: &Ctx, on: &Row, archive: ResponseBody) -> Result<(), Trouble> {
    let ResponseBody::Stream(archive) = archive else {
        return Err(Fault::new("an archive is not a stream").into());
    };
    let work = VolumeWork::Fill { volume: on.id };
    match open(ctx, on.runner_id, 0, &OpenRequest::Volume { work }, Some(archive.into())).await? {
        Opened::Answer(response) => answered(response).await.map(|_| ()),
        Opened::Trouble(trouble) => Err(Trouble::of(trouble, &on.runner_name)),
    }
}

/// What a runner answers with; a sentence if it refuses.
async fn answered(mut response: Response) -> Result<ResponseBody, Trouble> {
    if response.status_code() == 200 {
        return Ok(response.into_parts().1);
    }
    Err(Trouble::said(&response.bytes().await?))
}

pub(crate) async fn read(
    ctx: &Ctx,
    caller: Member,
    call: Call<ReadVolume>,
) -> Result<Response, Failure<ReadVolume>> {
    let row = find(ctx, &caller, &call.path.volume).await?;
    let archive = reading(ctx, &row, call.query.snapshot).await?;
    // What comes from an object is immutable: the body goes on under headers of our own.
    let headers = Headers::new();
    headers.set("content-type", "application/x-tar")?;
    headers.set("content-disposition", &format!("attachment; filename=\"{}.tar\"", row.name))?;
    headers.set("cache-control", "no-store")?;
    Ok(ResponseBuilder::new().with_headers(headers).body(archive))
}
