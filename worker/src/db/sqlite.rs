//! SQLite in memory in place of D1, with the real migrations.

use std::{cell::RefCell, fs, path::Path};

use rusqlite::{Connection, Row, params_from_iter, types::Value as Sql};
use serde_json::{Map, Value as Json};

use super::{DbError, Statement, Value};

pub(crate) struct Sqlite(RefCell<Connection>);

impl Sqlite {
    pub(crate) fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
        files.sort();
        for file in files {
            connection.execute_batch(&fs::read_to_string(file).unwrap()).unwrap();
        }
        Self(RefCell::new(connection))
    }

    /// Rows as the JSON that D1 answers.
    pub(crate) fn fetch(&self, statement: &Statement) -> Result<Vec<Json>, DbError> {
        let connection = self.0.borrow();
        let mut prepared = connection.prepare(statement.sql).map_err(|error| refused(&error))?;
        let names: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
        let rows = prepared.query_map(params(statement), |row| object(&names, row));
        rows.and_then(Iterator::collect).map_err(|error| refused(&error))
    }

    pub(crate) fn batch(&self, statements: &[Statement]) -> Result<(), DbError> {
        let mut connection = self.0.borrow_mut();
        let transaction = connection.transaction().map_err(|error| refused(&error))?;
        for statement in statements {
            let mut prepared = transaction.prepare(statement.sql).map_err(|error| refused(&error))?;
            prepared.execute(params(statement)).map_err(|error| refused(&error))?;
        }
        transaction.commit().map_err(|error| refused(&error))
    }
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
