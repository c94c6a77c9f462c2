//! `GET /api/v1/workspaces/{workspace}/urls/{url}/stats`
//!
//! What was asked under a managed URL, by hour. Counted at the edge and written every few seconds, so the newest is not in
//! it yet; what an isolate had counted when the platform ended it is lost.

use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{ManagedUrlId, Ref, WorkspaceId},
    time::Millis,
};

declare_api_endpoint! {
    /// Say what was asked under a managed URL, by hour
    GetUrlStats: GET "/api/v1/workspaces/{workspace}/urls/{url}/stats" {
        auth: Member(UrlView),
        path: { workspace: Ref<WorkspaceId>, url: ManagedUrlId },
        query: Query,
        response: Json<Stats>,
    }
}

/// Hours that are kept: 30 days.
pub const HOURS_MAX: u16 = 720;
/// Hours that are answered if none are asked for.
pub const HOURS: u16 = 24;

/// Ends of the buckets of [`Counts::latency`], in milliseconds; the last bucket has none.
pub const LATENCY_MS: [u32; 12] = [2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// 1 to 720, ending with the current one; 24 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<u16>,
}

impl Query {
    /// The number of hours, within bounds.
    pub fn hours(&self) -> u16 {
        self.hours.unwrap_or(HOURS).clamp(1, HOURS_MAX)
    }
}

/// What was asked.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Stats {
    /// Hours in which something was, oldest first.
    pub hours: Vec<Hour>,
}

/// An hour.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Hour {
    /// Its beginning.
    pub at: Millis,
    #[serde(flatten)]
    pub counts: Counts,
}

/// What requests came to.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(default)]
pub struct Counts {
    pub requests: u64,
    /// From 1xx to 5xx.
    pub statuses: [u64; 5],
    /// Of bodies of answers whose length was declared.
    pub bytes: u64,
    /// Requests by the time until their answer began, in the buckets that [`LATENCY_MS`] ends.
    pub latency: [u64; 13],
    /// Answered by Patr, because the target could not: which part was missing is in the answers.
    pub troubles: u64,
    /// Waited at the edge for a runner to come back.
    pub parked: u64,
    /// Asked again on another lane or runner.
    pub failovers: u64,
    /// Answered with what was kept at the edge.
    pub cached: u64,
    /// Not let through: not an allowed client, or too large.
    pub refused: u64,
    /// Requests by lane.
    pub lanes: Vec<u64>,
}

impl Counts {
    /// Adds others to these.
    pub fn add(&mut self, other: &Self) {
        let Self { requests, statuses, bytes, latency, troubles, parked, failovers, cached, refused, lanes } =
            other;
        let sums: [(&mut u64, &u64); 7] = [
            (&mut self.requests, requests),
            (&mut self.bytes, bytes),
            (&mut self.troubles, troubles),
            (&mut self.parked, parked),
            (&mut self.failovers, failovers),
            (&mut self.cached, cached),
            (&mut self.refused, refused),
        ];
        sums.into_iter().for_each(|(sum, more)| *sum += more);
        self.statuses.iter_mut().zip(statuses).for_each(|(sum, more)| *sum += more);
        self.latency.iter_mut().zip(latency).for_each(|(sum, more)| *sum += more);
        self.lanes.resize(self.lanes.len().max(lanes.len()), 0);
        self.lanes.iter_mut().zip(lanes).for_each(|(sum, more)| *sum += more);
    }

    /// The end of the bucket below which this share of the requests is, in milliseconds; `None` above the last end, or
    /// without requests.
    pub fn quantile_ms(&self, share: f64) -> Option<u32> {
        let total: u64 = self.latency.iter().sum();
        let mut left = (total as f64 * share).ceil().max(1.0);
        for (count, end) in self.latency.iter().zip(LATENCY_MS) {
            left -= *count as f64;
            if left <= 0.0 {
                return Some(end);
            }
        }
        None
    }
}

/// The bucket of a time.
pub fn bucket(milliseconds: u64) -> usize {
    LATENCY_MS.iter().position(|&end| milliseconds < u64::from(end)).unwrap_or(LATENCY_MS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_end_of_the_bucket_that_it_falls_into() {
        let mut counts = Counts::default();
        assert_eq!(counts.quantile_ms(0.5), None);
        for milliseconds in [1, 1, 1, 7, 400] {
            counts.latency[bucket(milliseconds)] += 1;
        }
        assert_eq!((counts.quantile_ms(0.5), counts.quantile_ms(0.99)), (Some(2), Some(500)));
        counts.latency[bucket(60_000)] += 1;
        assert_eq!(counts.quantile_ms(1.0), None);
    }

    #[test]
    fn counts_add_up_whatever_lanes_they_know() {
        let mut sum = Counts { requests: 1, lanes: vec![1], ..Counts::default() };
        sum.add(&Counts { requests: 2, statuses: [0, 2, 0, 0, 0], lanes: vec![0, 2], ..Counts::default() });
        assert_eq!((sum.requests, sum.statuses[1], sum.lanes), (3, 2, vec![1, 2]));
    }
}
