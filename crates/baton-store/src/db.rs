//! The seam: the one place that knows there are two database engines.
//!
//! SQL is written with `?1`, `?2`; for PostgreSQL it is rewritten to `$1`, `$2` once per text.
//! (Raw `$1` would be a *name* to SQLite, numbered by first appearance: values swap silently.)
//! A [`Tx`] on SQLite never waits, so its futures are always ready; on PostgreSQL they are not.

use crate::error::StoreError;
use baton_domain::id::TypedId;
use baton_domain::time::Millis;
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::collections::HashMap;
use std::sync::Mutex;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use uuid::Uuid;

/// The five kinds of values that rows are made of.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// An integer: counts, flags, milliseconds.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes: JSON, bodies, HMACs.
    Bytes(Vec<u8>),
    /// An id.
    Id(Uuid),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<Millis> for Value {
    fn from(value: Millis) -> Self {
        Self::Int(value.0)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}
impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Id(value)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A typed id as a value.
pub fn id<T: TypedId>(id: T) -> Value {
    Value::Id(id.uuid())
}

/// A typed id that may be missing, as a value.
pub fn opt_id<T: TypedId>(id: Option<T>) -> Value {
    id.map_or(Value::Null, |i| Value::Id(i.uuid()))
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(i) => ValueRef::Integer(*i),
            Self::Text(t) => ValueRef::Text(t.as_bytes()),
            Self::Bytes(b) => ValueRef::Blob(b),
            Self::Id(u) => ValueRef::Blob(u.as_bytes()),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(i) => match *ty {
                Type::INT4 => i32::try_from(*i)?.to_sql(ty, out),
                Type::BOOL => (*i != 0).to_sql(ty, out),
                _ => i.to_sql(ty, out),
            },
            Self::Text(t) => t.to_sql(ty, out),
            Self::Bytes(b) => b.to_sql(ty, out),
            Self::Id(u) => u.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// One row that was read.
#[derive(Clone, PartialEq, Debug)]
pub struct Row(Vec<Value>);

impl Row {
    fn wrong(column: usize, wanted: &'static str) -> StoreError {
        StoreError::Damaged { what: "row", detail: format!("column {column} is not {wanted}") }
    }

    /// The value in a column as it is.
    pub fn value(&self, column: usize) -> Value {
        self.0.get(column).cloned().unwrap_or(Value::Null)
    }

    /// The integer in a column.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.0.get(column) {
            Some(Value::Int(i)) => Ok(*i),
            _ => Err(Self::wrong(column, "an integer")),
        }
    }

    /// The integer in a column that may be null.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    /// The flag in a column.
    pub fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// The instant in a column.
    pub fn millis(&self, column: usize) -> Result<Millis, StoreError> {
        self.int(column).map(Millis)
    }

    /// The instant in a column that may be null.
    pub fn opt_millis(&self, column: usize) -> Result<Option<Millis>, StoreError> {
        Ok(self.opt_int(column)?.map(Millis))
    }

    /// The text in a column.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.0.get(column) {
            Some(Value::Text(t)) => Ok(t),
            _ => Err(Self::wrong(column, "a text")),
        }
    }

    /// The text in a column that may be null.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(|t| Some(t.to_owned())),
        }
    }

    /// The bytes in a column.
    pub fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.0.get(column) {
            Some(Value::Bytes(b)) => Ok(b),
            _ => Err(Self::wrong(column, "bytes")),
        }
    }

    /// The bytes in a column that may be null.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.bytes(column).map(|b| Some(b.to_vec())),
        }
    }

    /// The id in a column.
    pub fn uuid(&self, column: usize) -> Result<Uuid, StoreError> {
        match self.0.get(column) {
            Some(Value::Id(u)) => Ok(*u),
            Some(Value::Bytes(b)) => {
                Uuid::from_slice(b).map_err(|_| Self::wrong(column, "an id of 16 bytes"))
            }
            _ => Err(Self::wrong(column, "an id")),
        }
    }

    /// The typed id in a column.
    pub fn id<T: TypedId>(&self, column: usize) -> Result<T, StoreError> {
        self.uuid(column).map(T::from_uuid)
    }

    /// The typed id in a column that may be null.
    pub fn opt_id<T: TypedId>(&self, column: usize) -> Result<Option<T>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.id(column).map(Some),
        }
    }

    /// The hash of 16 bytes in a column.
    pub fn key16(&self, column: usize) -> Result<[u8; 16], StoreError> {
        self.bytes(column)?.try_into().map_err(|_| Self::wrong(column, "16 bytes"))
    }
}

/// One statement for many rows of values: a loop on SQLite, arrays on PostgreSQL.
pub struct Many {
    /// Run once per row.
    pub sqlite: &'static str,
    /// Run once, each parameter an array with one element per row.
    pub postgres: &'static str,
}

/// Prepared statements of one PostgreSQL connection, by their text with `?1`.
#[derive(Default)]
pub struct Statements(Mutex<HashMap<String, tokio_postgres::Statement>>);

/// Most prepared statements kept per connection; list filters make texts of their own.
const STATEMENTS_MAX: usize = 500;

impl Statements {
    /// The prepared statement of a text.
    pub async fn get(
        &self,
        client: &tokio_postgres::Client,
        sql: &str,
    ) -> Result<tokio_postgres::Statement, StoreError> {
        let known = self.0.lock().ok().and_then(|m| m.get(sql).cloned());
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = client.prepare(&dollar_sql(sql)).await.map_err(from_postgres)?;
        if let Ok(mut map) = self.0.lock() {
            if map.len() >= STATEMENTS_MAX {
                map.clear();
            }
            map.insert(sql.to_owned(), statement.clone());
        }
        Ok(statement)
    }
}

/// An open transaction (or a connection outside one) of either engine.
pub enum Tx<'a> {
    /// SQLite.
    Lite(&'a rusqlite::Connection),
    /// PostgreSQL.
    Pg {
        /// The connection.
        client: &'a tokio_postgres::Client,
        /// Its prepared statements.
        statements: &'a Statements,
    },
}

impl Tx<'_> {
    /// Runs a query and reads all its rows.
    pub async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Lite(connection) => lite_query(connection, sql, params),
            Self::Pg { client, statements } => pg_query(client, statements, sql, params).await,
        }
    }

    /// Runs a query that gives at most one row.
    pub async fn query_opt(&self, sql: &str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs a statement; the number of rows it touched.
    pub async fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        match self {
            Self::Lite(connection) => {
                let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
                let n =
                    statement.execute(rusqlite::params_from_iter(params)).map_err(from_sqlite)?;
                Ok(n as u64)
            }
            Self::Pg { client, statements } => {
                let statement = statements.get(client, sql).await?;
                let params: Vec<&(dyn ToSql + Sync)> =
                    params.iter().map(|p| p as &(dyn ToSql + Sync)).collect();
                client.execute(&statement, &params).await.map_err(from_postgres)
            }
        }
    }

    /// Runs one statement for many rows of parameters; the number of rows touched in all.
    pub async fn execute_many(&self, many: &Many, rows: &[Vec<Value>]) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Lite(connection) => {
                let mut statement = connection.prepare_cached(many.sqlite).map_err(from_sqlite)?;
                let mut touched = 0;
                for row in rows {
                    touched += statement
                        .execute(rusqlite::params_from_iter(row))
                        .map_err(from_sqlite)? as u64;
                }
                Ok(touched)
            }
            Self::Pg { client, statements } => {
                let statement = statements.get(client, many.postgres).await?;
                let columns = columns_of(rows);
                let params: Vec<&(dyn ToSql + Sync)> =
                    columns.iter().map(|c| c as &(dyn ToSql + Sync)).collect();
                client.execute(&statement, &params).await.map_err(from_postgres)
            }
        }
    }

    /// Runs one query for many rows of parameters; all rows it gave.
    pub async fn query_many(
        &self,
        many: &Many,
        rows: &[Vec<Value>],
    ) -> Result<Vec<Row>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Lite(connection) => {
                let mut found = Vec::new();
                for row in rows {
                    found.extend(lite_query(connection, many.sqlite, row)?);
                }
                Ok(found)
            }
            Self::Pg { client, statements } => pg_query_many(client, statements, many, rows).await,
        }
    }

    /// Runs statements without parameters (savepoints, schema).
    pub async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        match self {
            Self::Lite(connection) => connection.execute_batch(sql).map_err(from_sqlite),
            Self::Pg { client, .. } => client.batch_execute(sql).await.map_err(from_postgres),
        }
    }

    /// Whether this is PostgreSQL; for statements that exist on one engine only.
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Pg { .. })
    }
}

fn columns_of(rows: &[Vec<Value>]) -> Vec<Vec<&Value>> {
    let width = rows.first().map_or(0, Vec::len);
    (0..width).map(|c| rows.iter().map(|r| &r[c]).collect()).collect()
}

/// Runs a query on a SQLite connection.
pub fn lite_query(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let width = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(from_sqlite)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        let mut values = Vec::with_capacity(width);
        for column in 0..width {
            values.push(match row.get_ref(column).map_err(from_sqlite)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(i) => Value::Int(i),
                ValueRef::Real(r) => Value::Text(r.to_string()),
                ValueRef::Text(t) => Value::Text(String::from_utf8_lossy(t).into_owned()),
                ValueRef::Blob(b) => Value::Bytes(b.to_vec()),
            });
        }
        found.push(Row(values));
    }
    Ok(found)
}

/// Runs a query on a PostgreSQL connection.
pub async fn pg_query(
    client: &tokio_postgres::Client,
    statements: &Statements,
    sql: &str,
    params: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let statement = statements.get(client, sql).await?;
    let params: Vec<&(dyn ToSql + Sync)> =
        params.iter().map(|p| p as &(dyn ToSql + Sync)).collect();
    let rows = client.query(&statement, &params).await.map_err(from_postgres)?;
    rows.iter().map(pg_row).collect()
}

/// Runs one query for many rows of parameters on a PostgreSQL connection.
pub async fn pg_query_many(
    client: &tokio_postgres::Client,
    statements: &Statements,
    many: &Many,
    rows: &[Vec<Value>],
) -> Result<Vec<Row>, StoreError> {
    let statement = statements.get(client, many.postgres).await?;
    let columns = columns_of(rows);
    let params: Vec<&(dyn ToSql + Sync)> =
        columns.iter().map(|c| c as &(dyn ToSql + Sync)).collect();
    let rows = client.query(&statement, &params).await.map_err(from_postgres)?;
    rows.iter().map(pg_row).collect()
}

fn pg_row(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(row.len());
    for (i, column) in row.columns().iter().enumerate() {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(i).map(Value::from),
            Type::INT4 => row.try_get::<_, Option<i32>>(i).map(|v| Value::from(v.map(i64::from))),
            Type::BOOL => row.try_get::<_, Option<bool>>(i).map(Value::from),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(i).map(Value::from),
            Type::UUID => row.try_get::<_, Option<Uuid>>(i).map(Value::from),
            _ => row.try_get::<_, Option<String>>(i).map(Value::from),
        };
        values.push(value.map_err(from_postgres)?);
    }
    Ok(Row(values))
}

/// Rewrites `?1` to `$1`. Question marks do not appear otherwise in Baton's statements.
fn dollar_sql(sql: &str) -> String {
    sql.replace('?', "$")
}

/// A SQLite error as a store error.
pub fn from_sqlite(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as C;
    match error.sqlite_error_code() {
        Some(
            code @ (C::DiskFull
            | C::SystemIoFailure
            | C::CannotOpen
            | C::ReadOnly
            | C::DatabaseBusy
            | C::DatabaseLocked
            | C::OutOfMemory
            | C::FileLockingProtocolFailed),
        ) => StoreError::Unavailable(format!("sqlite: {code:?}")),
        Some(code @ (C::DatabaseCorrupt | C::NotADatabase)) => StoreError::Damaged {
            what: "page of the database",
            detail: format!("sqlite: {code:?}"),
        },
        _ => StoreError::Statement(Box::new(error)),
    }
}

/// A PostgreSQL error as a store error. Its text may quote row values, so an outage keeps the
/// SQLSTATE only.
pub fn from_postgres(error: tokio_postgres::Error) -> StoreError {
    let Some(state) = error.code() else {
        // Without an SQLSTATE the connection is the trouble, or the values did not fit.
        return if error.is_closed() || std::error::Error::source(&error).is_some_and(is_io) {
            StoreError::Unavailable("postgres: connection lost".to_owned())
        } else {
            StoreError::Statement(Box::new(error))
        };
    };
    match state.code() {
        "40001" | "40P01" => StoreError::Collision,
        code if matches!(code.get(..2), Some("08" | "53" | "57" | "58" | "25")) => {
            StoreError::Unavailable(format!("postgres: {code}"))
        }
        code @ ("XX001" | "XX002") => StoreError::Damaged {
            what: "page of the database",
            detail: format!("postgres: {code}"),
        },
        _ => StoreError::Statement(Box::new(error)),
    }
}

fn is_io(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<std::io::Error>()
}
