//! SQLite in memory in place of D1, with the real migrations. A test scripts what goes wrong in it.

use std::{
    cell::RefCell,
    collections::HashSet,
    fs,
    path::Path,
    sync::{LazyLock, Mutex},
};

use rusqlite::{Connection, Row, backup::Backup, limits::Limit, params_from_iter, types::Value as Sql};
use serde_json::{Map, Value as Json};

use super::{DbError, Statement, Value, plan};

/// With every migration and nothing else.
static MIGRATED: LazyLock<Mutex<Connection>> = LazyLock::new(|| Mutex::new(Sqlite::migrated()));

/// What D1 lets a statement have: its page of limits, and for the terms of a `UNION`, which it does not name, what it compiles.
const LIMITS: [(Limit, i32); 6] = [
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
];

thread_local! {
    /// Statements whose plans were found good by this test.
    static PLANNED: RefCell<HashSet<&'static str>> = RefCell::default();
}

pub(crate) struct Sqlite {
    connection: RefCell<Connection>,
    script: RefCell<Script>,
    said: RefCell<Vec<&'static str>>,
}

/// What a test wants to happen.
#[derive(Default)]
struct Script {
    /// Calls until one breaks.
    fault: Option<(usize, Fault)>,
    /// What somebody else writes just before the next batch of a write.
    meanwhile: Option<String>,
}

/// How a call breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is carried out.
    Refused,
    /// It is carried out, and the answer is lost.
    AnswerLost,
}

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self::of(copy(&MIGRATED.lock().unwrap()))
    }

    fn migrated() -> Connection {
        let connection = open();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
        files.sort();
        for file in files {
            connection.execute_batch(&fs::read_to_string(file).unwrap()).unwrap();
        }
        connection
    }

    fn of(connection: Connection) -> Self {
        Self { connection: RefCell::new(connection), script: RefCell::default(), said: RefCell::default() }
    }

    /// Another database with the same in it.
    pub(crate) fn copy(&self) -> Self {
        Self::of(copy(&self.connection.borrow()))
    }

    /// Breaks the call that comes after `calls` others.
    pub(crate) fn break_after(&self, calls: usize, fault: Fault) {
        self.script.borrow_mut().fault = Some((calls, fault));
    }

    /// Whether the fault that was scripted has happened; forgets it if not.
    pub(crate) fn has_broken(&self) -> bool {
        self.script.borrow_mut().fault.take().is_none()
    }

    /// Lets somebody else write this just before the next batch.
    pub(crate) fn meanwhile(&self, sql: impl Into<String>) {
        self.script.borrow_mut().meanwhile = Some(sql.into());
    }

    /// Every statement since the last time that this was asked.
    pub(crate) fn take_said(&self) -> Vec<&'static str> {
        self.said.take()
    }

    /// SQL of a test's own.
    pub(crate) fn run(&self, sql: &str) {
        self.connection.borrow().execute_batch(sql).unwrap();
    }

    /// Rows of a query of a test's own, as text.
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        let statement = Statement { sql: sql.to_owned().leak(), params: Vec::new() };
        self.query(&statement).unwrap().iter().map(Json::to_string).collect()
    }

    /// Everything there is, by table; but neither what was refused nor how often, which tests of their own are about.
    pub(crate) fn dump(&self) -> Vec<String> {
        let tables = self.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
        let name =
            |row: &String| serde_json::from_str::<Json>(row).unwrap()["name"].as_str().unwrap().to_owned();
        tables
            .iter()
            .map(name)
            .filter(|table| table != "limits")
            .flat_map(|table| {
                let done = if table == "audit" { " WHERE outcome = 'done'" } else { "" };
                self.rows(&format!("SELECT '{table}', * FROM {table}{done}"))
            })
            .collect()
    }

    /// Rows as the JSON that D1 answers.
    pub(crate) fn fetch(&self, statement: &Statement) -> Result<Vec<Json>, DbError> {
        let fault = self.next_fault();
        if fault == Some(Fault::Refused) {
            return Err(broken());
        }
        self.check(statement);
        let rows = self.query(statement);
        if fault.is_some() { Err(broken()) } else { rows }
    }

    pub(crate) fn batch(&self, statements: &[Statement]) -> Result<(), DbError> {
        let meanwhile = self.script.borrow_mut().meanwhile.take();
        if let Some(sql) = meanwhile {
            self.run(&sql);
        }
        let fault = self.next_fault();
        statements.iter().for_each(|statement| self.check(statement));
        let mut connection = self.connection.borrow_mut();
        let transaction = connection.transaction().map_err(|error| refused(&error))?;
        for statement in statements {
            let mut prepared = transaction.prepare(statement.sql).map_err(|error| refused(&error))?;
            prepared.execute(params(statement)).map_err(|error| refused(&error))?;
        }
        if fault == Some(Fault::Refused) {
            return Err(broken());
        }
        transaction.commit().map_err(|error| refused(&error))?;
        if fault.is_some() { Err(broken()) } else { Ok(()) }
    }

    fn query(&self, statement: &Statement) -> Result<Vec<Json>, DbError> {
        let connection = self.connection.borrow();
        let mut prepared = connection.prepare(statement.sql).map_err(|error| refused(&error))?;
        let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        let rows = prepared.query_map(params(statement), |row| object(&names, row));
        rows.and_then(Iterator::collect).map_err(|error| refused(&error))
    }

    fn next_fault(&self) -> Option<Fault> {
        let mut script = self.script.borrow_mut();
        match script.fault {
            Some((0, fault)) => {
                script.fault = None;
                Some(fault)
            }
            Some((calls, fault)) => {
                script.fault = Some((calls - 1, fault));
                None
            }
            None => None,
        }
    }

    /// Holds each statement, whatever test it comes from, to a plan that stays fast as tables grow.
    fn check(&self, statement: &Statement) {
        self.said.borrow_mut().push(statement.sql);
        if PLANNED.with_borrow_mut(|planned| planned.insert(statement.sql)) {
            let explain = Statement {
                sql: format!("EXPLAIN QUERY PLAN {}", statement.sql).leak(),
                params: statement.params.clone(),
            };
            let steps = self.query(&explain).unwrap();
            let steps: Vec<&str> = steps.iter().map(|step| step["detail"].as_str().unwrap()).collect();
            assert_eq!(plan::problem(statement.sql, &steps), None, "{}\n{steps:#?}", statement.sql);
        }
    }
}

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    for (limit, most) in LIMITS {
        connection.set_limit(limit, most).unwrap();
    }
    connection
}

/// Much faster than doing again all that has made it.
fn copy(from: &Connection) -> Connection {
    let mut connection = open();
    Backup::new(from, &mut connection).unwrap().step(-1).unwrap();
    connection
}

fn broken() -> DbError {
    DbError::new("D1_ERROR: scripted".to_owned())
}

fn refused(error: &rusqlite::Error) -> DbError {
    DbError::new(error.to_string())
}

fn params(statement: &Statement) -> impl rusqlite::Params {
    params_from_iter(statement.params.iter().map(|value| match value {
        Value::Null => Sql::Null,
        Value::Integer(number) => Sql::Integer(*number),
        Value::Text(text) => Sql::Text(text.clone()),
    }))
}

fn object(names: &[String], row: &Row<'_>) -> rusqlite::Result<Json> {
    let mut object = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = match row.get::<_, Sql>(at)? {
            Sql::Null => Json::Null,
            Sql::Integer(number) => number.into(),
            Sql::Real(number) => number.into(),
            Sql::Text(text) => text.into(),
            Sql::Blob(_) => unreachable!("no column holds a blob"),
        };
        object.insert(name.clone(), value);
    }
    Ok(Json::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_foreign_key_has_an_index_on_its_side() {
        let sqlite = Sqlite::new();
        let keys = "SELECT t.name || '.' || k.\"from\" AS column FROM sqlite_schema t, pragma_foreign_key_list(t.name) k
                    WHERE t.type = 'table' AND k.seq = 0";
        let indexed =
            "SELECT t.name || '.' || c.name AS column FROM sqlite_schema t, pragma_index_list(t.name) i,
                       pragma_index_info(i.name) c WHERE t.type = 'table' AND c.seqno = 0 AND i.partial = 0";
        let indexed: HashSet<String> = sqlite.rows(indexed).into_iter().collect();
        let bare: Vec<String> = sqlite.rows(keys).into_iter().filter(|key| !indexed.contains(key)).collect();
        assert_eq!(bare, [""; 0], "a deletion on the other side reads the whole table");
    }

    #[test]
    fn a_batch_that_breaks_at_its_end_leaves_nothing() {
        let sqlite = Sqlite::new();
        let insert = Statement::new("INSERT INTO limits (bucket, forgiven_at) VALUES ('a', 1)", &[]);
        sqlite.break_after(0, Fault::Refused);
        assert!(sqlite.batch(std::slice::from_ref(&insert)).is_err());
        assert_eq!(sqlite.rows("SELECT * FROM limits").len(), 0);
        sqlite.break_after(0, Fault::AnswerLost);
        assert!(sqlite.batch(&[insert]).is_err());
        assert_eq!(sqlite.rows("SELECT * FROM limits").len(), 1);
    }
}
