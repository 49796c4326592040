//! Rows of a query as values, and what is wrong where they are none.

use super::keys::ContentKey;
use super::{Numbits, StoreError, Warning};
use rusqlite::{Connection, Row};
use std::path::Path;

/// Why rows cannot be turned into a record.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite refuses, or a value has another type.
    Sql(rusqlite::Error),
    /// A value makes no sense.
    Value(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sql(error)
    }
}

impl Fault {
    /// The error about a file that has this fault in a table.
    pub(super) fn in_table(self, table: &str, path: &Path) -> StoreError {
        let cause = match self {
            Fault::Sql(error) => error.to_string(),
            Fault::Value(text) => text,
        };
        StoreError::Damaged { path: path.to_owned(), cause: format!("table {table}: {cause}") }
    }
}

/// All rows of a query.
pub(super) fn rows<T>(
    db: &Connection,
    sql: &str,
    mut one: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(one(row)?);
    }
    Ok(all)
}

/// Which processes rows are read of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted<'k> {
    /// All that the file has.
    All,
    /// Those that have these keys, in their order.
    Of(&'k [ContentKey]),
}

/// The rows of a query that are about processes: their column `process` says about which, and the condition for that takes
/// the place of `WANTED`.
pub(super) fn rows_of<T>(
    db: &Connection,
    wanted: Wanted<'_>,
    sql: &str,
    mut one: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let keys = match wanted {
        Wanted::All => return rows(db, &sql.replace("WANTED", ""), one),
        Wanted::Of(keys) => keys,
    };
    let mut statement = db.prepare_cached(&sql.replace("WANTED", "WHERE process = ?1"))?;
    let mut all = Vec::new();
    for key in keys {
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            all.push(one(row)?);
        }
    }
    Ok(all)
}

/// The lines in a column.
pub(super) fn numbits(row: &Row<'_>, column: usize) -> Result<Numbits, Fault> {
    match row.get_ref(column)?.as_blob() {
        Ok(bytes) => Ok(Numbits::from_bytes(bytes)),
        Err(error) => Err(Fault::Value(format!("lines: {error}"))),
    }
}

/// A warning whose slug, text and count start at a column.
pub(super) fn warning(row: &Row<'_>, column: usize) -> rusqlite::Result<Warning> {
    Ok(Warning { slug: row.get(column)?, text: row.get(column + 1)?, count: row.get(column + 2)? })
}
