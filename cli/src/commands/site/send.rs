//! Sends packs as they are made: only those that are not stored, several at once, again when that may help.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use patr_folder::pack::Pack;
use patr_models::{
    endpoint::{Call, NoQuery, body::Octets, headers::NoHeaders},
    ids::SiteId,
    site::{
        missing_packs::{self, MissingPacks, Packs},
        put_pack::{self, PutPack},
    },
};
use tokio::sync::mpsc::Receiver;

use crate::{
    client::{CallError, with_body},
    context::Context,
    failure::Outcome,
    printer::BytesBar,
};

/// Packs that wait to be sent. With those below, and a chunk of 4 MiB in each, no more than 72 MiB are in memory.
pub(super) const WAITING: usize = 4;
/// Packs that one question is about.
const ASKED: usize = 8;
/// Packs on their way at once: a link with a long round trip needs some to be full.
const AT_ONCE: usize = 6;
/// How often a call is tried: for about a minute, which a restart of whatever is on the way may take.
const TRIES: u32 = 8;
/// The longest pause between two tries, unless the server asks for more.
const PAUSE_MAX: Duration = Duration::from_secs(20);
/// The longest pause that a server can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);

/// What was sent.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sent {
    pub(super) bytes: u64,
    pub(super) packs: usize,
    /// Packs that an upload before had sent.
    pub(super) stored: usize,
}

/// Sends every pack that is not stored, until no more are made.
pub(super) async fn send(
    mut packs: Receiver<Pack>,
    site: SiteId,
    bar: &BytesBar,
    ctx: &Context,
) -> Outcome<Sent> {
    let batches = stream::poll_fn(move |task| {
        let mut batch = Vec::new();
        packs.poll_recv_many(task, &mut batch, ASKED).map(|count| (count > 0).then_some(batch))
    });
    let asked =
        batches.then(|batch| ask(batch, site, ctx)).map_ok(|batch| stream::iter(batch.into_iter().map(Ok)));
    let sending = asked.try_flatten().map_ok(|(pack, is_missing)| async move {
        if is_missing {
            put(&pack, site, ctx).await?;
        }
        bar.add(pack.covers);
        let size = pack.bytes.len() as u64;
        Ok(if is_missing {
            Sent { bytes: size, packs: 1, stored: 0 }
        } else {
            Sent { stored: 1, ..Sent::default() }
        })
    });
    let add = |sum: Sent, one: Sent| async move {
        Ok(Sent {
            bytes: sum.bytes + one.bytes,
            packs: sum.packs + one.packs,
            stored: sum.stored + one.stored,
        })
    };
    sending.try_buffer_unordered(AT_ONCE).try_fold(Sent::default(), add).await
}

/// Which of these are missing: an upload that was cut off goes on where it ended.
async fn ask(batch: Vec<Pack>, site: SiteId, ctx: &Context) -> Outcome<Vec<(Pack, bool)>> {
    let path = missing_packs::Path { workspace: ctx.workspace()?, site: site.into() };
    let question = Packs { packs: batch.iter().map(|pack| pack.hash.clone()).collect() };
    let answer = patiently(async || {
        let call = with_body::<MissingPacks, _>(path.clone(), question.clone());
        Ok(ctx.client.call(call).await?.body.0)
    });
    let missing = answer.await?.packs;
    let marked = batch.into_iter().map(|pack| {
        let is_missing = missing.contains(&pack.hash);
        (pack, is_missing)
    });
    Ok(marked.collect())
}

async fn put(pack: &Pack, site: SiteId, ctx: &Context) -> Outcome<()> {
    let path = put_pack::Path { workspace: ctx.workspace()?, site: site.into(), pack: pack.hash.clone() };
    let body: Bytes = pack.bytes.clone();
    let putting = patiently(async || {
        let (path, body) = (path.clone(), Octets(body.clone()));
        ctx.client.call(Call::<PutPack> { path, query: NoQuery {}, headers: NoHeaders, body }).await
    });
    putting.await?;
    Ok(())
}

/// Repeats a call that changes nothing when it is repeated, until it works or that is no use.
pub(super) async fn patiently<T>(call: impl AsyncFn() -> Result<T, CallError>) -> Result<T, CallError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match call().await {
            Err(error) if error.is_passing() && attempt < TRIES => {
                tokio::time::sleep(pause(attempt, error.retry_after(), random())).await;
            }
            outcome => return outcome,
        }
    }
}

/// Full jitter: uploads that failed together do not come back together. `random` is 0 to 255.
fn pause(attempt: u32, retry_after: Option<Duration>, random: u8) -> Duration {
    if let Some(asked) = retry_after {
        return asked.min(RETRY_AFTER_MAX);
    }
    let most = Duration::from_millis(500).saturating_mul(1 << attempt.min(10)).min(PAUSE_MAX);
    most.mul_f64(f64::from(random) / 255.0)
}

/// Without randomness pauses are the longest ones.
fn random() -> u8 {
    let mut byte = [255];
    let filled = getrandom::fill(&mut byte);
    if filled.is_ok() { byte[0] } else { 255 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_longest_and_the_server_is_heard() {
        assert_eq!(pause(1, None, 255), Duration::from_secs(1));
        assert_eq!(pause(3, None, 255), Duration::from_secs(4));
        assert_eq!(pause(30, None, 255), PAUSE_MAX);
        assert_eq!(pause(3, None, 0), Duration::ZERO);
        assert_eq!(pause(1, Some(Duration::from_secs(7)), 0), Duration::from_secs(7));
        assert_eq!(pause(1, Some(Duration::from_secs(9999)), 0), RETRY_AFTER_MAX);
    }
}
