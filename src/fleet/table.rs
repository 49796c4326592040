//! One file of a table, written by groups of rows.
//!
//! Invariant: memory is bounded by one group of rows.

use super::FleetError;
use super::tables::{Table, VERSION};
use crate::store::Staged;
use parquet::basic::{Compression, Type, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};
use platform::Folder;
use std::ffi::OsStr;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

/// How many rows a group has at most: readers leave out whole groups, and read groups side by side.
const ROWS: usize = 131_072;

/// How many bytes of text a group has at most, about.
const BYTES: usize = 32 << 20;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct TableFile {
    staged: Staged,
    writer: SerializedFileWriter<File>,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

/// What a group has in one column.
#[derive(Debug)]
struct Column {
    values: Values,
    /// Whether there is a value, and whether a list goes on; nothing where there is always one.
    levels: Levels,
}

#[derive(Debug)]
enum Values {
    Flags(Vec<bool>),
    Numbers(Vec<i32>),
    LongNumbers(Vec<i64>),
    Texts(Vec<ByteArray>),
}

#[derive(Debug)]
enum Levels {
    Required,
    Optional(Vec<i16>),
    List { is_there: Vec<i16>, goes_on: Vec<i16> },
}

/// A value of any kind.
#[derive(Debug)]
pub(super) enum Value {
    Flag(bool),
    Number(i32),
    LongNumber(i64),
    Text(ByteArray),
}

/// Implements `From` of what a kind of value is made of.
macro_rules! value {
    ($($kind:ident of $content:ty),+) => {$(
        impl From<$content> for Value {
            fn from(content: $content) -> Self {
                Value::$kind(content)
            }
        }
    )+};
}

value!(Flag of bool, Number of i32, LongNumber of i64, Text of ByteArray);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

/// The cells of a row, from the first to the last column.
pub(super) struct Cells<'t> {
    columns: std::slice::IterMut<'t, Column>,
    bytes: usize,
}

impl Cells<'_> {
    /// Fills the next column, which always has a value.
    pub fn one(&mut self, value: impl Into<Value>) -> &mut Self {
        let column = self.next();
        let bytes = column.values.push(value.into());
        self.bytes += bytes;
        self
    }

    /// Fills the next column, which may have none.
    pub fn maybe(&mut self, value: Option<impl Into<Value>>) -> &mut Self {
        let column = self.next();
        let Levels::Optional(is_there) = &mut column.levels else { unreachable!("invariant: the declaration fits") };
        is_there.push(value.is_some().into());
        let bytes = value.map_or(0, |value| column.values.push(value.into()));
        self.bytes += bytes;
        self
    }

    /// Fills the next column, which has a list.
    pub fn list(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> &mut Self {
        let column = self.next();
        let Levels::List { is_there, goes_on } = &mut column.levels else {
            unreachable!("invariant: the declaration fits")
        };
        let (mut count, mut bytes) = (0, 0);
        for value in values {
            is_there.push(1);
            goes_on.push(i16::from(count > 0));
            bytes += column.values.push(value.into());
            count += 1;
        }
        if count == 0 {
            is_there.push(0);
            goes_on.push(0);
        }
        self.bytes += bytes;
        self
    }

    fn next(&mut self) -> &mut Column {
        self.columns.next().expect("invariant: a row has no more cells than the declaration has columns")
    }
}

impl TableFile {
    /// Begins what will be called `name` in a folder.
    pub fn begin(folder: &Arc<Folder>, name: &str, table: &Table) -> Result<TableFile, FleetError> {
        let (staged, file) = Staged::begin(folder, OsStr::new(name))?;
        let declared = parse_message_type(table.columns).expect("invariant: the declarations are right");
        let schema = SchemaDescriptor::new(Arc::new(declared.clone()));
        let columns = schema.columns().iter().map(|column| Column::of(column)).collect();
        let sorted_by = (0..table.sorted_by as i32).map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: false,
        });
        let version = KeyValue::new("cov_trace.version".to_owned(), VERSION.to_string());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            // Whole paths: those of one project differ late.
            .set_statistics_truncate_length(None)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by(concat!("cov-trace version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![version]))
            .set_sorting_columns(Some(sorted_by.collect()))
            .build();
        let writer = SerializedFileWriter::new(file, Arc::new(declared), Arc::new(properties));
        let writer = writer.map_err(|error| failed(staged.path(), &error))?;
        Ok(TableFile { staged, writer, columns, rows: 0, bytes: 0 })
    }

    /// Adds a row.
    pub fn row(&mut self, fill: impl FnOnce(&mut Cells<'_>)) -> Result<(), FleetError> {
        let mut cells = Cells { columns: self.columns.iter_mut(), bytes: 0 };
        fill(&mut cells);
        assert!(cells.columns.next().is_none(), "a row has as many cells as the declaration has columns");
        self.bytes += cells.bytes;
        self.rows += 1;
        if self.rows >= ROWS || self.bytes >= BYTES { self.end_group() } else { Ok(()) }
    }

    /// Ends the file, which is then to be put into its place.
    pub fn finish(mut self) -> Result<Staged, FleetError> {
        self.end_group()?;
        self.writer.close().map_err(|error| failed(self.staged.path(), &error))?;
        Ok(self.staged)
    }

    fn end_group(&mut self) -> Result<(), FleetError> {
        if self.rows == 0 {
            return Ok(());
        }
        (self.rows, self.bytes) = (0, 0);
        let written = write_group(&mut self.writer, &mut self.columns);
        written.map_err(|error| failed(self.staged.path(), &error))
    }
}

fn failed(path: PathBuf, error: &ParquetError) -> FleetError {
    FleetError::Table { path, cause: error.to_string() }
}

fn write_group(writer: &mut SerializedFileWriter<File>, columns: &mut [Column]) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for column in columns {
        let mut writer = group.next_column()?.expect("invariant: the columns are those of the declaration");
        column.write(writer.untyped())?;
        writer.close()?;
    }
    group.close()?;
    Ok(())
}

impl Column {
    fn of(declared: &ColumnDescriptor) -> Column {
        let values = match declared.physical_type() {
            Type::BOOLEAN => Values::Flags(Vec::new()),
            Type::INT32 => Values::Numbers(Vec::new()),
            Type::INT64 => Values::LongNumbers(Vec::new()),
            Type::BYTE_ARRAY => Values::Texts(Vec::new()),
            Type::INT96 | Type::FLOAT | Type::DOUBLE | Type::FIXED_LEN_BYTE_ARRAY => {
                unreachable!("invariant: no table declares one")
            }
        };
        let levels = match (declared.max_def_level(), declared.max_rep_level()) {
            (0, 0) => Levels::Required,
            (1, 0) => Levels::Optional(Vec::new()),
            _ => Levels::List { is_there: Vec::new(), goes_on: Vec::new() },
        };
        Column { values, levels }
    }

    /// Writes what there is, and forgets it.
    fn write(&mut self, writer: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let (is_there, goes_on) = match &self.levels {
            Levels::Required => (None, None),
            Levels::Optional(is_there) => (Some(&is_there[..]), None),
            Levels::List { is_there, goes_on } => (Some(&is_there[..]), Some(&goes_on[..])),
        };
        match (&self.values, writer) {
            (Values::Flags(values), ColumnWriter::BoolColumnWriter(writer)) => {
                writer.write_batch(values, is_there, goes_on)?
            }
            (Values::Numbers(values), ColumnWriter::Int32ColumnWriter(writer)) => {
                writer.write_batch(values, is_there, goes_on)?
            }
            (Values::LongNumbers(values), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(values, is_there, goes_on)?
            }
            (Values::Texts(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer.write_batch(values, is_there, goes_on)?
            }
            _ => unreachable!("invariant: the columns are those of the declaration"),
        };
        match &mut self.values {
            Values::Flags(values) => values.clear(),
            Values::Numbers(values) => values.clear(),
            Values::LongNumbers(values) => values.clear(),
            Values::Texts(values) => values.clear(),
        }
        match &mut self.levels {
            Levels::Required => {}
            Levels::Optional(is_there) => is_there.clear(),
            Levels::List { is_there, goes_on } => {
                is_there.clear();
                goes_on.clear();
            }
        }
        Ok(())
    }
}

impl Values {
    /// Adds a value; gives how many bytes of text it has.
    fn push(&mut self, value: Value) -> usize {
        match (self, value) {
            (Values::Flags(values), Value::Flag(value)) => values.push(value),
            (Values::Numbers(values), Value::Number(value)) => values.push(value),
            (Values::LongNumbers(values), Value::LongNumber(value)) => values.push(value),
            (Values::Texts(values), Value::Text(value)) => {
                let bytes = value.len();
                values.push(value);
                return bytes;
            }
            (values, value) => unreachable!("invariant: the declaration fits: {value:?} for {values:?}"),
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::tables::{HITS, IMAGES};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    use platform::Trust;

    fn folder() -> (tempfile::TempDir, Arc<Folder>) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Arc::new(Folder::open(dir.path(), Trust::own()).unwrap());
        (dir, folder)
    }

    fn hit(cells: &mut Cells<'_>, number: i32) {
        cells.one("/a.c").one("text").one(number).one(number).one("").one(1i64).one(2i64).one(3);
    }

    #[test]
    fn rows_come_back_in_groups_that_tell_their_lines() {
        let (dir, folder) = folder();
        let mut table = TableFile::begin(&folder, "x.parquet", &HITS).unwrap();
        let rows = ROWS as i32 + 10;
        (0..rows).for_each(|number| table.row(|cells| hit(cells, number)).unwrap());
        assert!(!dir.path().join("x.parquet").exists(), "it is there once it is whole");
        table.finish().unwrap().publish().unwrap();
        let reader = SerializedFileReader::new(File::open(dir.path().join("x.parquet")).unwrap()).unwrap();
        let groups = reader.metadata().row_groups();
        assert_eq!(groups.iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [ROWS as i64, 10]);
        let least = groups[1].column(2).statistics().unwrap().min_bytes_opt().unwrap().to_vec();
        assert_eq!(least, (ROWS as i32).to_le_bytes());
        let lines = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().get_int(2).unwrap());
        assert!(lines.eq(0..rows));
    }

    #[test]
    fn much_text_ends_a_group() {
        let (dir, folder) = folder();
        let mut table = TableFile::begin(&folder, "x.parquet", &IMAGES).unwrap();
        let path = "a".repeat(BYTES / 2);
        let none: Option<&str> = None;
        for number in 0..3i64 {
            table.row(|cells| _ = cells.one(number).one(path.as_str()).maybe(none).list(["a", "b"])).unwrap();
        }
        table.finish().unwrap().publish().unwrap();
        let reader = SerializedFileReader::new(File::open(dir.path().join("x.parquet")).unwrap()).unwrap();
        assert_eq!(reader.num_row_groups(), 2);
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let (dir, folder) = folder();
        let mut table = TableFile::begin(&folder, "x.parquet", &HITS).unwrap();
        table.row(|cells| hit(cells, 1)).unwrap();
        drop(table);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        TableFile::begin(&folder, "x.parquet", &HITS).unwrap().finish().unwrap().publish().unwrap();
        let reader = SerializedFileReader::new(File::open(dir.path().join("x.parquet")).unwrap()).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0, "a table may be empty");
    }
}
