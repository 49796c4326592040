//! The cells of a group of rows, column by column.
//!
//! Invariant: all columns have equally many rows.

use parquet::basic::Type;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

/// What a group has in one column.
#[derive(Debug)]
pub(super) struct Column {
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
    /// Fills a row of all columns; gives how many bytes of text it has, about.
    pub fn fill(columns: &mut [Column], fill: impl FnOnce(&mut Cells<'_>)) -> usize {
        let mut cells = Cells { columns: columns.iter_mut(), bytes: 0 };
        fill(&mut cells);
        assert!(cells.columns.next().is_none(), "a row has as many cells as the declaration has columns");
        cells.bytes
    }

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

impl Column {
    /// A column that has nothing yet.
    pub fn of(declared: &ColumnDescriptor) -> Column {
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
    pub fn write(&mut self, writer: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
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
