//! Keeping what replicas used: a row of the object's SQLite for each, apart from the session's state, because samples
//! come often and change nothing that is decided.

use std::collections::BTreeMap;

use patr_models::{
    deployment::metrics::Series, ids::DeploymentId, internal::metrics::Query, time::Millis, wire::Sample,
};
use worker::{Result, SqlStorage, SqlStorageValue, State};

use super::history::{History, KEPT};

/// Replicas that are remembered, those that are gone among them; of more, the ones that were heard of last.
const SERIES_MAX: i32 = 1000;

fn table(state: &State) -> Result<SqlStorage> {
    let sql = state.storage().sql();
    sql.exec(
        "CREATE TABLE IF NOT EXISTS metrics (deployment TEXT NOT NULL, replica TEXT NOT NULL, at INTEGER NOT NULL, \
         history TEXT NOT NULL, PRIMARY KEY (deployment, replica)) WITHOUT ROWID",
        None,
    )?;
    Ok(sql)
}

/// Adds samples.
pub fn keep(state: &State, samples: &[Sample], now: Millis) -> Result<()> {
    let sql = table(state)?;
    let mut replicas = BTreeMap::<(DeploymentId, &str), Vec<&Sample>>::new();
    for sample in samples {
        replicas.entry((sample.deployment, &sample.replica)).or_default().push(sample);
    }
    let mut grown = false;
    for ((deployment, replica), samples) in replicas {
        let key = vec![text(&deployment), text(&replica)];
        let found = histories(&sql, "deployment = ? AND replica = ?", key)?.pop();
        grown |= found.is_none();
        let mut history = found.map(|(_, history)| history).unwrap_or_default();
        samples.into_iter().for_each(|sample| history.add(sample, now));
        sql.exec(
            "INSERT OR REPLACE INTO metrics (deployment, replica, at, history) VALUES (?, ?, ?, ?)",
            vec![text(&deployment), text(&replica), number(now), serde_json::to_string(&history)?.into()],
        )?;
    }
    if grown { trim(&sql, now) } else { Ok(()) }
}

/// What the replicas of a deployment used.
pub fn read(state: &State, query: &Query, now: Millis) -> Result<Vec<Series>> {
    let found = histories(&table(state)?, "deployment = ?", vec![text(&query.deployment)])?;
    let series = found.into_iter().map(|(replica, history)| {
        let points = history.points(query.since, now);
        Series { replica, points }
    });
    Ok(series.filter(|series| !series.points.is_empty()).collect())
}

/// Forgets replicas that are gone for long, and those that are too many.
fn trim(sql: &SqlStorage, now: Millis) -> Result<()> {
    let oldest = Millis(now.0.saturating_sub(KEPT.as_millis() as u64));
    sql.exec("DELETE FROM metrics WHERE at < ?", vec![number(oldest)])?;
    sql.exec(
        "DELETE FROM metrics WHERE (deployment, replica) IN \
         (SELECT deployment, replica FROM metrics ORDER BY at DESC LIMIT -1 OFFSET ?)",
        vec![SERIES_MAX.into()],
    )?;
    Ok(())
}

fn histories(sql: &SqlStorage, which: &str, values: Vec<SqlStorageValue>) -> Result<Vec<(String, History)>> {
    #[derive(serde::Deserialize)]
    struct Row {
        replica: String,
        history: String,
    }
    let query = format!("SELECT replica, history FROM metrics WHERE {which} ORDER BY replica");
    let rows: Vec<Row> = sql.exec(&query, values)?.to_array()?;
    // One that an older script wrote and that cannot be read any more is begun anew.
    let read = |row: Row| (row.replica, serde_json::from_str(&row.history).unwrap_or_default());
    Ok(rows.into_iter().map(read).collect())
}

fn text(value: &impl ToString) -> SqlStorageValue {
    SqlStorageValue::String(value.to_string())
}

fn number(at: Millis) -> SqlStorageValue {
    SqlStorageValue::Integer(at.0.cast_signed())
}
