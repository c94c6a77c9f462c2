//! A version that is there goes live.

use patr_models::{
    endpoint::{Call, Reply, body::Json},
    site::{
        VersionNumber,
        rollback::{Error, RollBackSite},
    },
};

use super::{TRIES, go_live};
use crate::{
    answer::{Answer, Failure},
    auth::Member,
    blobs::{self, Unstored},
    ctx::{Ctx, audited},
    db::{
        DbError,
        sites::{Row, unchanged},
        versions as db,
    },
    handlers::sites,
    routes_kv,
};

impl From<Unstored> for Failure<RollBackSite> {
    fn from(unstored: Unstored) -> Self {
        match unstored {
            Unstored::BeingDeleted => Self::Api(Error::BeingDeleted),
            Unstored::Refused(refused) => refused.into(),
        }
    }
}

pub(crate) async fn roll_back(ctx: &Ctx, caller: Member, call: Call<RollBackSite>) -> Answer<RollBackSite> {
    // What is carried follows from what is live: should that change meanwhile, it is worked out anew.
    for _ in 0..TRIES {
        let row = sites::find(ctx, &caller, &call.path.site).await?;
        let version = find(ctx, &row, call.body.0.version).await?;
        if row.live == Some(version.number) {
            return Ok(Reply::new(Json(sites::model(ctx, row))));
        }
        let after = go_live::open(blobs::manifest(ctx, caller.workspace, &version.manifest).await?)?;
        let mut statements = vec![unchanged(row.id, row.generation)];
        statements.extend(go_live::statements(ctx, caller.workspace, &row, version.number, &after).await?);
        let what = audited::<RollBackSite>(row.id, row.name.as_str());
        let what = what.changing("live", &row.live, &Some(version.number));
        match ctx.write(&caller, what, statements).await {
            Err(DbError::Stale) => {}
            outcome => {
                outcome?;
                routes_kv::publish(ctx).await;
                let row = sites::find(ctx, &caller, &row.id.into()).await?;
                return Ok(Reply::new(Json(sites::model(ctx, row))));
            }
        }
    }
    Err(Failure::Api(Error::Busy))
}

/// The one that is asked for, or the one before the live one.
async fn find(ctx: &Ctx, row: &Row, wanted: Option<VersionNumber>) -> Result<db::Row, Failure<RollBackSite>> {
    let statement = match wanted {
        Some(number) => db::get(row.id, number),
        None => db::before(row.id, row.live.unwrap_or_default()),
    };
    let found: Option<db::Row> = ctx.db.optional(statement).await?;
    found.ok_or(Failure::Api(match wanted {
        Some(version) => Error::NoSuchVersion { version },
        None => Error::NothingToRollBackTo,
    }))
}
