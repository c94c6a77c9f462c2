//! The head of a chain; and the lines of an installation from before there were hashes, which are given theirs.

use patr_models::audit::AuditEntry;

use super::Head;
use crate::db::{Db, DbError, audit as db};

/// How many lines are given their hashes by one statement: some 200 bytes each.
pub(super) const AT_ONCE: usize = 500;

/// The end of a chain. Lines that have no hash yet are sealed first.
pub(crate) async fn head(db: &Db, chain: &str) -> Result<Head, DbError> {
    loop {
        let last: Option<db::HeadRow> = db.optional(db::head(chain)).await?;
        match last {
            None => return Ok(Head::none()),
            Some(db::HeadRow { seq, hash }) if !hash.is_empty() => return Ok(Head { seq, hash }),
            Some(_) => seal(db, chain).await?,
        }
    }
}

/// Seals the first of a chain's lines that have no hash. Two that do so at once write the same.
pub(super) async fn seal(db: &Db, chain: &str) -> Result<(), DbError> {
    let rows: Vec<db::Row> = db.fetch(db::unsealed(chain, AT_ONCE)).await?;
    let Some(first) = rows.first() else { return Ok(()) };
    let before: Option<db::HeadRow> = db.optional(db::before(chain, first.seq)).await?;
    let mut prev = before.map_or_else(|| Head::none().hash, |row| row.hash);
    let mut seals = Vec::with_capacity(rows.len());
    for row in rows {
        let line = AuditEntry { prev, ..row.into() }.sealed();
        seals.push(db::Seal { seq: line.seq, prev: line.prev, hash: line.hash.clone() });
        prev = line.hash;
    }
    db.batch(vec![db::seal(chain, &seals)]).await
}
