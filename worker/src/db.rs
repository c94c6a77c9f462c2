//! Every SQL statement, as a value. D1 has no interactive transactions: what belongs together is one `batch`.

#[cfg(test)]
use std::rc::Rc;
use std::{collections::BTreeSet, fmt, time::Duration};

use patr_models::{
    auth::Scope,
    page::{Cursor, ListQuery},
    quota::{Quota, Usage},
    time::Millis,
};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use worker::{D1Database, D1PreparedStatement};

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod blobs;
pub(crate) mod deployments;
pub(crate) mod device;
pub(crate) mod federations;
pub(crate) mod idempotency;
pub(crate) mod invitations;
pub(crate) mod job_tokens;
pub(crate) mod limits;
pub(crate) mod mailed;
pub(crate) mod managed_urls;
pub(crate) mod members;
pub(crate) mod oauth;
pub(crate) mod passkeys;
pub(crate) mod placements;
#[cfg(test)]
mod plan;
pub(crate) mod quotas;
pub(crate) mod resources;
pub(crate) mod roles;
pub(crate) mod runners;
pub(crate) mod second_factors;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod site_days;
pub(crate) mod sites;
#[cfg(test)]
pub(crate) mod sqlite;
pub(crate) mod tokens;
pub(crate) mod url_hours;
pub(crate) mod users;
pub(crate) mod versions;
pub(crate) mod volumes;
pub(crate) mod workspaces;

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
}

impl Value {
    fn to_js(&self) -> JsValue {
        match self {
            Self::Null => JsValue::NULL,
            // D1 takes numbers as doubles: times in milliseconds and sizes stay far below 2^53.
            Self::Integer(number) => JsValue::from_f64(*number as f64),
            Self::Text(text) => JsValue::from_str(text),
        }
    }
}

/// What can be a parameter.
pub(crate) trait Param {
    fn value(&self) -> Value;
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Param for $type {
            fn value(&self) -> Value {
                i64::try_from(*self).map_or(Value::Null, Value::Integer)
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, usize, i64);

impl Param for Millis {
    fn value(&self) -> Value {
        self.0.value()
    }
}

impl Param for bool {
    fn value(&self) -> Value {
        Value::Integer((*self).into())
    }
}

impl Param for str {
    fn value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl Param for String {
    fn value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl<T: Param> Param for Option<T> {
    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Param::value)
    }
}

impl<T: Param + ?Sized> Param for &T {
    fn value(&self) -> Value {
        (**self).value()
    }
}

/// Anything that is text in the database: ids, names, hosts, hashes.
pub(crate) struct Text<T>(pub(crate) T);

impl<T: fmt::Display> Param for Text<T> {
    fn value(&self) -> Value {
        Value::Text(self.0.to_string())
    }
}

/// A value as JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: serde::Serialize> Param for Json<T> {
    fn value(&self) -> Value {
        serde_json::to_string(&self.0).map_or(Value::Null, Value::Text)
    }
}

/// Text of the database as a JSON value again.
pub(crate) fn from_json<'de, T: DeserializeOwned, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(from)?;
    serde_json::from_str(&text).map_err(serde::de::Error::custom)
}

/// As [`from_json`], for a column that may be null.
pub(crate) fn from_json_option<'de, T: DeserializeOwned, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let text = <Option<String> as serde::Deserialize>::deserialize(from)?;
    text.map(|text| serde_json::from_str(&text).map_err(serde::de::Error::custom)).transpose()
}

/// An integer of the database as a time.
pub(crate) fn millis<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Millis, D::Error> {
    <u64 as serde::Deserialize>::deserialize(from).map(Millis)
}

/// As [`millis`], for a column that may be null.
pub(crate) fn millis_option<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Millis>, D::Error> {
    <Option<u64> as serde::Deserialize>::deserialize(from).map(|number| number.map(Millis))
}

/// 0 or 1 of the database as a truth value.
pub(crate) fn truth<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    <u8 as serde::Deserialize>::deserialize(from).map(|number| number != 0)
}

/// SQL and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    sql: &'static str,
    params: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(sql: &'static str, params: &[&dyn Param]) -> Self {
        Self { sql, params: params.iter().map(|param| param.value()).collect() }
    }
}

/// What the database refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    /// A row like it is there. Holds `table.column` of what must be unique.
    #[error("not unique: {0}")]
    Unique(String),
    /// What the batch expects is not so: the row is gone, or at another generation.
    #[error("the row has changed")]
    Stale,
    /// Another request with the same `Idempotency-Key` was first.
    #[error("the Idempotency-Key is in use")]
    KeyInUse,
    /// Something still refers to the row, or what it refers to is gone.
    #[error("a reference is in the way")]
    Reference,
    /// Others write at the same time, and were first each time.
    #[error("others write at the same time")]
    Busy,
    /// The workspace would have more of it than it may.
    #[error("more {} than the workspace may have", .0.noun())]
    Quota(Quota),
    /// The same, with what it has and may have.
    #[error("more {} than the workspace may have", .0.quota.noun())]
    Exceeded(Usage),
    #[error("{0}")]
    Other(String),
}

/// Columns that a statement puts a null into on purpose, to stop a batch that expects what is not so.
const GUARDED: [&str; 9] = [
    ".generation",
    ".id",
    ".authorization_id",
    ".user_code_hash",
    ": secrets.",
    ": releases.",
    ": release_secrets.",
    ": release_volumes.",
    ": members.",
];

impl DbError {
    fn new(text: String) -> Self {
        if let Some(quota) = quotas::exceeded(&text) {
            return Self::Quota(quota);
        }
        match text.split_once("UNIQUE constraint failed: ") {
            Some((_, rest)) if rest.starts_with("idempotency.") => Self::KeyInUse,
            Some((_, rest)) => {
                Self::Unique(rest.split([' ', ',', ':']).next().unwrap_or_default().to_owned())
            }
            None if text.contains("NOT NULL constraint failed: hosts") => {
                Self::Unique("hosts.host".to_owned())
            }
            None if text.contains("NOT NULL constraint failed: manifest_packs") => Self::Reference,
            None if text.contains("NOT NULL constraint failed")
                && GUARDED.iter().any(|it| text.contains(it)) =>
            {
                Self::Stale
            }
            None if text.contains("FOREIGN KEY constraint failed") => Self::Reference,
            None => Self::Other(text),
        }
    }

    /// Whether the column that must be unique is this.
    pub(crate) fn is_unique(&self, column: &str) -> bool {
        matches!(self, Self::Unique(found) if found == column)
    }
}

impl From<worker::Error> for DbError {
    fn from(error: worker::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// What carries statements out.
pub(crate) enum Db {
    D1(D1Database),
    #[cfg(test)]
    Sqlite(Rc<sqlite::Sqlite>),
}

impl Db {
    /// The same database, for what outlives the request.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::D1(database) => {
                let object: &JsValue = database.as_ref();
                Self::D1(object.clone().unchecked_into())
            }
            #[cfg(test)]
            Self::Sqlite(sqlite) => Self::Sqlite(Rc::clone(sqlite)),
        }
    }

    /// Every row.
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, statement: Statement) -> Result<Vec<T>, DbError> {
        let unreadable = |error: &dyn fmt::Display| DbError::Other(format!("{}: {error}", statement.sql));
        match self {
            Self::D1(database) => {
                let result = prepare(database, &statement)?.all().await?;
                result.results().map_err(|error| unreadable(&error))
            }
            #[cfg(test)]
            Self::Sqlite(sqlite) => {
                let rows = sqlite.fetch(&statement)?.into_iter().map(serde_json::from_value);
                rows.collect::<Result<_, _>>().map_err(|error| unreadable(&error))
            }
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn optional<T: DeserializeOwned>(
        &self,
        statement: Statement,
    ) -> Result<Option<T>, DbError> {
        Ok(self.fetch(statement).await?.into_iter().next())
    }

    /// All statements or none.
    pub(crate) async fn batch(&self, statements: Vec<Statement>) -> Result<(), DbError> {
        match self {
            Self::D1(database) => {
                let prepared = statements.iter().map(|statement| prepare(database, statement));
                database.batch(prepared.collect::<Result<_, _>>()?).await?;
                Ok(())
            }
            #[cfg(test)]
            Self::Sqlite(sqlite) => sqlite.batch(&statements),
        }
    }
}

fn prepare(database: &D1Database, statement: &Statement) -> Result<D1PreparedStatement, DbError> {
    let params: Vec<JsValue> = statement.params.iter().map(Value::to_js).collect();
    Ok(database.prepare(statement.sql).bind(&params)?)
}

/// The SQL of a statement that fails the whole batch unless a row of this table, with `?1` as its id, is there and as
/// the condition says: a null where none may be. D1 has no other way to stop a batch halfway.
macro_rules! unless_there {
    ($table:literal $(, $condition:literal)?) => {
        concat!(
            "INSERT INTO ", $table, " (id) SELECT NULL WHERE NOT EXISTS (SELECT 1 FROM ", $table, " WHERE id = ?1",
            $(" AND ", $condition,)? ")"
        )
    };
}
use unless_there;

/// One row more than a page shows that there is another page.
pub(crate) fn page_size(query: &ListQuery) -> u32 {
    u32::from(query.limit()) + 1
}

/// The cursor as a parameter: rows after it; everything when there is none.
pub(crate) fn after(query: &ListQuery) -> String {
    query.cursor.as_ref().map(|cursor| cursor.as_str().to_owned()).unwrap_or_default()
}

/// As [`after`] for a list that begins with the newest: rows before it. Every id sorts before a tilde.
pub(crate) fn before(query: &ListQuery) -> String {
    query.cursor.as_ref().map_or("~", Cursor::as_str).to_owned()
}

/// As [`before`] for rows that are numbered.
pub(crate) fn before_number(query: &ListQuery) -> u32 {
    query.cursor.as_ref().and_then(|cursor| cursor.as_str().parse().ok()).unwrap_or(u32::MAX)
}

/// The name filter as a parameter for `instr`.
pub(crate) fn filter(query: &ListQuery) -> String {
    query.name.clone().unwrap_or_default()
}

/// Keeps a list to what is in a scope, which is the parameters `?5` and `?6`; see [`scope`].
macro_rules! in_scope {
    ($id:literal) => {
        concat!(" AND (?5 IS NULL OR (", $id, " IN (SELECT value FROM json_each(?5))) = ?6) ")
    };
}
use in_scope;

/// A scope as the parameters of [`in_scope!`]: ids, or null for all; and whether these are the only ones, or the others are.
pub(crate) fn scope(scope: &Scope) -> (Option<Json<&BTreeSet<String>>>, bool) {
    match scope {
        Scope::All => (None, false),
        Scope::Only(ids) => (Some(Json(ids)), true),
        Scope::Except(ids) => (Some(Json(ids)), false),
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Forgets what has become old.
pub(crate) fn sweep(now: Millis) -> Vec<Statement> {
    let day = now - DAY;
    let mut all = vec![
        Statement::new("DELETE FROM idempotency WHERE created_at < ?1", &[&day]),
        limits::sweep(now),
        Statement::new("DELETE FROM sessions WHERE expires_at <= ?1", &[&now]),
        Statement::new("DELETE FROM mailed WHERE expires_at <= ?1", &[&now]),
        Statement::new("DELETE FROM spent_challenges WHERE expires_at <= ?1", &[&now]),
        job_tokens::sweep(now),
        Statement::new("DELETE FROM device_codes WHERE expires_at <= ?1", &[&now]),
        Statement::new("DELETE FROM device_guesses WHERE at < ?1", &[&day]),
        invitations::sweep(now),
    ];
    all.extend(oauth::sweep(now));
    all
}
