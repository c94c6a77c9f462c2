//! Keeping [`Saved`] across hibernation.

use worker::{Result, SqlStorageValue, State};

use super::saved::Saved;

/// A row of the object's SQLite may have 2 MB; longer values are cut into rows of this many bytes.
const PART: usize = 1024 * 1024;

/// Reads what was kept; nothing kept is a new session.
pub fn load(state: &State) -> Result<Saved> {
    #[derive(serde::Deserialize)]
    struct Row {
        part: String,
    }
    let sql = state.storage().sql();
    sql.exec("CREATE TABLE IF NOT EXISTS saved (at INTEGER PRIMARY KEY, part TEXT NOT NULL)", None)?;
    let rows: Vec<Row> = sql.exec("SELECT part FROM saved ORDER BY at", None)?.to_array()?;
    if rows.is_empty() {
        return Ok(Saved::default());
    }
    let text: String = rows.into_iter().map(|row| row.part).collect();
    serde_json::from_str(&text).map_err(|error| format!("the saved session cannot be read: {error}").into())
}

/// Keeps `saved`. The statements run without an await between them, so they are one transaction (the platform
/// commits writes together when no IO comes between).
pub fn store(state: &State, saved: &Saved) -> Result<()> {
    let text = serde_json::to_string(saved)?;
    let sql = state.storage().sql();
    sql.exec("DELETE FROM saved", None)?;
    for (at, part) in parts(&text).enumerate() {
        let at = i32::try_from(at).map_err(|error| error.to_string())?;
        sql.exec(
            "INSERT INTO saved (at, part) VALUES (?, ?)",
            vec![SqlStorageValue::Integer(at.into()), SqlStorageValue::String(part.to_owned())],
        )?;
    }
    Ok(())
}

/// Cuts text between characters.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, left) = rest.split_at(rest.floor_char_boundary(PART));
        rest = left;
        (!part.is_empty()).then_some(part)
    })
}
