//! Work on a volume.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use patr_models::wire::{ResponseHead, SnapshotMade, VolumeWork};
use patr_tunnel::Code;

use super::{encode, refuse};
use crate::{
    runtime::{Archive, Fault, Runtime},
    tunnel::{Reader, Writer},
};

pub(super) async fn serve<R: Runtime>(runtime: R, work: VolumeWork, reader: Reader, writer: Writer) {
    let done = match work {
        VolumeWork::Read { volume, snapshot } => match runtime.volume_read(volume, snapshot).await {
            Ok(archive) => return send(archive, writer).await,
            Err(fault) => Err(fault),
        },
        VolumeWork::Fill { volume } => {
            runtime.volume_fill(volume, archive(reader)).await.map(|()| Bytes::new())
        }
        VolumeWork::Snapshot { volume, snapshot } => {
            runtime.volume_snapshot(volume, snapshot).await.map(made)
        }
        VolumeWork::Restore { volume, snapshot } => {
            runtime.volume_restore(volume, snapshot).await.map(|()| Bytes::new())
        }
        VolumeWork::Forget { snapshot } => runtime.volume_forget(snapshot).await.map(|()| Bytes::new()),
    };
    match done {
        Ok(body) => writer.finish_with([ok(), body].concat().into()).await,
        Err(Fault::Failed(failure)) => refuse(writer, 409, failure.message).await,
        Err(Fault::Away(error)) => refuse(writer, 503, error.to_string()).await,
        Err(Fault::Gone(why)) => refuse(writer, 409, why).await,
    }
}

fn ok() -> Bytes {
    encode(&ResponseHead { status: 200, headers: Vec::new() })
}

fn made(bytes: u64) -> Bytes {
    // Plain data: it cannot fail to serialise.
    serde_json::to_vec(&SnapshotMade { bytes }).unwrap_or_default().into()
}

fn archive(reader: Reader) -> Archive {
    stream::unfold(reader, async |mut reader| Some((reader.read().await?, reader))).boxed()
}

/// An archive that breaks off must not look like a whole one.
async fn send(mut archive: Archive, writer: Writer) {
    if !writer.write(ok()).await {
        return;
    }
    while let Some(bytes) = archive.next().await {
        let Ok(bytes) = bytes else { return writer.abort(Code::Unreachable) };
        if !writer.write(bytes).await {
            return;
        }
    }
    writer.finish();
}
