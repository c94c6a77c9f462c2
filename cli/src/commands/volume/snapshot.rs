//! `patr volume snapshot`.

use patr_models::{
    endpoint::{Call, NoQuery, body::NoBody, headers::Once},
    ids::{Ref, VolumeId},
    volume::create_snapshot::{CreateSnapshot, Path},
};

use crate::{
    client::{LONG_ANSWER, new_key},
    context::Context,
    exit_code::Exit,
    failure::Outcome,
    text,
};

/// Keep what is in a volume now. A script wants the id.
pub(super) async fn snapshot(volume: Ref<VolumeId>, ctx: &Context) -> Outcome {
    let call = Call::<CreateSnapshot> {
        path: Path { workspace: ctx.workspace()?, volume: volume.clone() },
        query: NoQuery {},
        headers: Once { key: new_key() },
        body: NoBody,
    };
    let mut line = ctx.printer.status();
    line.set(&format!("copying `{volume}`"));
    let made = ctx.client.call_within(call, LONG_ANSWER).await;
    drop(line);
    let made = made?.body.0;
    ctx.printer.note(&format!("a snapshot of `{volume}` is made: {}", text::bytes(made.bytes)));
    ctx.printer.answer(&made, Some(&made.id.to_string()))?;
    Ok(Exit::Ok)
}
