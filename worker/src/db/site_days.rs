//! What was served of sites, by day.

use patr_models::{ids::SiteId, site::stats::Day, time::Millis};

use super::{Json, Statement, Text};
use crate::ingress::stats::Counts;

/// Adds what was counted of sites on days; of a site that is gone, nothing.
pub(crate) fn add(counted: &[((SiteId, u16), Counts)]) -> Statement {
    Statement::new(
        "INSERT INTO site_days (site_id, day, requests, bytes, s2xx, s3xx, s4xx, s5xx, hits)
         SELECT s.id, c.value ->> '$[0][1]', c.value ->> '$[1].requests', c.value ->> '$[1].bytes',
                c.value ->> '$[1].statuses[0]', c.value ->> '$[1].statuses[1]', c.value ->> '$[1].statuses[2]',
                c.value ->> '$[1].statuses[3]', c.value ->> '$[1].hits'
         FROM json_each(?1) c JOIN sites s ON s.id = c.value ->> '$[0][0]' WHERE true
         ON CONFLICT (site_id, day) DO UPDATE SET
             requests = requests + excluded.requests, bytes = bytes + excluded.bytes, s2xx = s2xx + excluded.s2xx,
             s3xx = s3xx + excluded.s3xx, s4xx = s4xx + excluded.s4xx, s5xx = s5xx + excluded.s5xx,
             hits = hits + excluded.hits",
        &[&Json(counted)],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    day: u64,
    requests: u64,
    bytes: u64,
    s2xx: u64,
    s3xx: u64,
    s4xx: u64,
    s5xx: u64,
    hits: u64,
}

impl From<Row> for Day {
    fn from(row: Row) -> Self {
        Self {
            day: Millis(row.day * 86_400_000),
            requests: row.requests,
            bytes: row.bytes,
            status_2xx: row.s2xx,
            status_3xx: row.s3xx,
            status_4xx: row.s4xx,
            status_5xx: row.s5xx,
            cache_hits: row.hits,
        }
    }
}

/// From this day on, oldest first.
pub(crate) fn since(site: SiteId, day: u16) -> Statement {
    Statement::new(
        "SELECT * FROM site_days WHERE site_id = ?1 AND day >= ?2 ORDER BY day",
        &[&Text(site), &day],
    )
}

/// Forgets the days of these sites before this one.
pub(crate) fn forget(sites: &[SiteId], before: u16) -> Statement {
    Statement::new(
        "DELETE FROM site_days WHERE site_id IN (SELECT value FROM json_each(?1)) AND day < ?2",
        &[&Json(sites), &before],
    )
}
