//! Buckets of attempts. A row says when all that were made are forgiven: so each later than the one before, and none
//! later than a window from now.

use std::time::Duration;

use patr_models::time::Millis;

use super::Statement;

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    #[serde(deserialize_with = "super::millis")]
    pub(crate) forgiven_at: Millis,
}

/// Makes an attempt, which is forgiven `each` after those before it. Answers no row when they would not all be forgiven
/// within the window.
pub(crate) fn take(bucket: &str, now: Millis, each: Duration, window: Duration) -> Statement {
    Statement::new(
        "INSERT INTO limits (bucket, forgiven_at) VALUES (?1, ?2 + ?3)
         ON CONFLICT (bucket) DO UPDATE SET forgiven_at = max(forgiven_at, ?2) + ?3
             WHERE max(forgiven_at, ?2) + ?3 <= ?2 + ?4
         RETURNING forgiven_at",
        &[&bucket, &now, &millis(each), &millis(window)],
    )
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn get(bucket: &str) -> Statement {
    Statement::new("SELECT forgiven_at FROM limits WHERE bucket = ?1", &[&bucket])
}

pub(crate) fn forget(bucket: &str) -> Statement {
    Statement::new("DELETE FROM limits WHERE bucket = ?1", &[&bucket])
}

/// Buckets that are empty.
pub(crate) fn sweep(now: Millis) -> Statement {
    Statement::new("DELETE FROM limits WHERE forgiven_at <= ?1", &[&now])
}
