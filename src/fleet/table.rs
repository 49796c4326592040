//! One file of a table, written by groups of rows.
//!
//! Invariant: memory is bounded by one group of rows.

use super::FleetError;
use super::cells::{Cells, Column};
use super::tables::{Table, VERSION};
use crate::store::Staged;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;
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
        self.bytes += Cells::fill(&mut self.columns, fill);
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
    let cause = match error {
        ParquetError::External(cause) => cause.to_string(),
        other => other.to_string(),
    };
    FleetError::Table { path, cause }
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
