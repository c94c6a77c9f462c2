//! What is done once a minute: what an earlier request could not finish, and what has become old.
//!
//! Each part does a bounded amount and leaves the rest to the next minute: in all 33 statements of D1 (22 more while the
//! installation's key is replaced) and 20 deletions in KV, and for each of up to 20 routing tables that are behind four
//! statements and a write. The free plan allows one event 50 statements and 1,000 calls: with more than five tables behind, the
//! parts after them fail and have their turn in the next minute, when these are done.

use std::time::Duration;

use patr_models::{
    ids::SiteId,
    site::{carry::day, stats::DAYS_MAX},
};

use crate::{
    answer::Fault,
    audit::retention,
    blobs,
    ctx::Ctx,
    db::{
        self, access,
        second_factors::{self, OldKeyRow as OldSeedRow},
        secrets::{self, OldKeyRow},
        site_days, sites, url_hours, versions,
    },
    env::FORMER_SECRETS_KEY,
    platform, routes_kv,
};

/// Previews that one sweep takes away.
const PREVIEWS: usize = 50;
/// Sites whose old versions one sweep looks through, and versions that it deletes.
const SITES: usize = 10;
const VERSIONS: usize = 100;
/// Keys of workspaces that one sweep encrypts anew, and seeds of people.
const KEYS: usize = 10;
/// How often a site's old versions are looked through.
const TENDED: Duration = Duration::from_secs(24 * 3600);

/// One part that fails holds up no other.
pub(crate) async fn run(ctx: &Ctx) -> Vec<Fault> {
    let parts = [
        previews(ctx).await,
        tend(ctx).await,
        // After those that change tables, so that nothing leads any more to what is collected in a day.
        routes_kv::sweep(ctx).await,
        blobs::collect(ctx).await,
        blobs::delete(ctx).await,
        ctx.db.batch(db::sweep(ctx.now)).await.map_err(Fault::from),
        ctx.db.batch(vec![access::sweep(ctx.now)]).await.map_err(Fault::from),
        ctx.db.batch(vec![url_hours::sweep(ctx.now)]).await.map_err(Fault::from),
        retention::sweep(ctx).await.map_err(Fault::from),
        retention::seal(ctx).await.map_err(Fault::from),
        rewrap(ctx).await,
    ];
    parts.into_iter().filter_map(Result::err).collect()
}

/// Encrypts the keys of workspaces and people's seeds with the installation's new key, while that replaces a former one.
async fn rewrap(ctx: &Ctx) -> Result<(), Fault> {
    let Some(keys) = &ctx.settings.secrets_keys else { return Ok(()) };
    let Some(former) = &keys.former else { return Ok(()) };
    let by = keys.current.fingerprint();
    let rows: Vec<OldKeyRow> = ctx.db.fetch(secrets::keys_by(&former.fingerprint(), KEYS)).await?;
    let seeds: Vec<OldSeedRow> = ctx.db.fetch(second_factors::seeds_by(&former.fingerprint(), KEYS)).await?;
    if rows.is_empty() && seeds.is_empty() {
        platform::log(format_args!("{FORMER_SECRETS_KEY} is not needed any more"));
        return Ok(());
    }
    let again =
        rows.iter().map(|row| Ok(secrets::rewrap(row, &keys.rewrap(row.workspace_id, &row.wrapped)?, &by)));
    let sealed = seeds.iter().map(|row| {
        let seed = keys.open_seed(row.user_id, &row.seed)?;
        Ok(second_factors::reseal(row, &keys.current.close_seed(row.user_id, &seed)?, &by))
    });
    Ok(ctx.db.batch(again.chain(sealed).collect::<Result<_, Fault>>()?).await?)
}

/// Takes previews away whose time is over.
async fn previews(ctx: &Ctx) -> Result<(), Fault> {
    let expired: Vec<versions::Expired> = ctx.db.fetch(versions::expired(ctx.now, PREVIEWS)).await?;
    if expired.is_empty() {
        return Ok(());
    }
    let urls: Vec<_> = expired.into_iter().map(|row| row.id).collect();
    Ok(ctx.db.batch(versions::expire(&urls, ctx.now)).await?)
}

/// Looks through the versions of some sites, and through what they carry.
async fn tend(ctx: &Ctx) -> Result<(), Fault> {
    let untended: Vec<sites::Untended> = ctx.db.fetch(sites::untended(ctx.now - TENDED, SITES)).await?;
    let ids: Vec<SiteId> = untended.into_iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let old: Vec<versions::Old> = ctx.db.fetch(versions::old(&ids, ctx.now, VERSIONS)).await?;
    let old: Vec<u64> = old.into_iter().map(|row| row.id).collect();
    let mut statements = sites::drop_carried(&ids, day(ctx.now), ctx.now);
    statements.extend(versions::delete(&old, ctx.now));
    statements.push(site_days::forget(&ids, day(ctx.now).saturating_sub(DAYS_MAX)));
    // There may be more; then these sites are the first ones the next time.
    if old.len() < VERSIONS {
        statements.push(sites::tended(&ids, ctx.now));
    }
    Ok(ctx.db.batch(statements).await?)
}
