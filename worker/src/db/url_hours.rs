//! What was asked under managed URLs, by hour.

use patr_models::{
    ids::ManagedUrlId,
    managed_url::stats::{Counts, HOURS_MAX, Hour},
    time::Millis,
};

use super::{Json, Statement, Text};

const HOUR: u64 = 3_600_000;

/// The number of an hour, from 1970 on.
pub(crate) fn hour(at: Millis) -> u32 {
    u32::try_from(at.0 / HOUR).unwrap_or(u32::MAX)
}

/// The sum of two columns that are lists, place by place. The shorter one has zeros at its end.
macro_rules! sums {
    ($column:literal) => {
        concat!(
            $column,
            " = (SELECT json_group_array(coalesce(o.value, 0) + coalesce(n.value, 0))
                          FROM json_each(url_hours.",
            $column,
            ") o
                          FULL JOIN json_each(excluded.",
            $column,
            ") n ON n.key = o.key)"
        )
    };
}

/// Adds what was counted of managed URLs in hours; of one that is gone, nothing.
pub(crate) fn add(counted: &[((ManagedUrlId, u32), Counts)]) -> Statement {
    Statement::new(
        concat!(
            "INSERT INTO url_hours (url_id, hour, requests, bytes, troubles, parked, failovers, cached, refused, statuses,
                                    latency, lanes)
             SELECT u.id, c.value ->> '$[0][1]', c.value ->> '$[1].requests', c.value ->> '$[1].bytes',
                    c.value ->> '$[1].troubles', c.value ->> '$[1].parked', c.value ->> '$[1].failovers',
                    c.value ->> '$[1].cached', c.value ->> '$[1].refused', c.value -> '$[1].statuses',
                    c.value -> '$[1].latency', c.value -> '$[1].lanes'
             FROM json_each(?1) c JOIN managed_urls u ON u.id = c.value ->> '$[0][0]' WHERE true
             ON CONFLICT (url_id, hour) DO UPDATE SET
                 requests = requests + excluded.requests, bytes = bytes + excluded.bytes,
                 troubles = troubles + excluded.troubles, parked = parked + excluded.parked,
                 failovers = failovers + excluded.failovers, cached = cached + excluded.cached,
                 refused = refused + excluded.refused, ",
            sums!("statuses"), ", ", sums!("latency"), ", ", sums!("lanes")
        ),
        &[&Json(counted)],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    hour: u64,
    requests: u64,
    bytes: u64,
    troubles: u64,
    parked: u64,
    failovers: u64,
    cached: u64,
    refused: u64,
    #[serde(deserialize_with = "super::from_json")]
    statuses: [u64; 5],
    #[serde(deserialize_with = "super::from_json")]
    latency: [u64; 13],
    #[serde(deserialize_with = "super::from_json")]
    lanes: Vec<u64>,
}

impl From<Row> for Hour {
    fn from(row: Row) -> Self {
        let Row {
            hour,
            requests,
            bytes,
            troubles,
            parked,
            failovers,
            cached,
            refused,
            statuses,
            latency,
            lanes,
        } = row;
        let counts = Counts {
            requests,
            statuses,
            bytes,
            latency,
            troubles,
            parked,
            failovers,
            cached,
            refused,
            lanes,
        };
        Self { at: Millis(hour * HOUR), counts }
    }
}

/// From this hour on, oldest first.
pub(crate) fn since(url: ManagedUrlId, hour: u32) -> Statement {
    Statement::new(
        "SELECT * FROM url_hours WHERE url_id = ?1 AND hour >= ?2 ORDER BY hour",
        &[&Text(url), &hour],
    )
}

/// Forgets what is older than anybody can ask for.
pub(crate) fn sweep(now: Millis) -> Statement {
    let first = (hour(now) + 1).saturating_sub(HOURS_MAX.into());
    Statement::new("DELETE FROM url_hours WHERE hour < ?1", &[&first])
}
