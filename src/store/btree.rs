//! The rows of tables in an SQLite file that is in memory (<https://www.sqlite.org/fileformat2.html>).
//!
//! A report reads ten thousand small files. To open one, SQLite parses its schema and compiles each query again, which takes
//! ten times as long as it takes to read the rows.
//!
//! Invariant: whatever the bytes, the answer is rows or that there is something which is not understood here; time and
//! memory are bounded by the length of the file.

use std::borrow::Cow;

/// A whole database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Database<'a> {
    bytes: &'a [u8],
    page_size: usize,
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RowValue<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

/// The root page of the table of tables.
const SCHEMA: u32 = 1;

/// Most levels that a tree has.
const MAX_DEPTH: u32 = 20;

/// What is done with a row: its rowid, which is 0 in a table without one, and its values. None ends it all.
type Take<'t> = dyn FnMut(i64, &[RowValue<'_>]) -> Option<()> + 't;

/// What a tree has at most that was not seen yet.
struct Left {
    pages: usize,
    bytes: usize,
}

impl<'a> Database<'a> {
    /// Takes bytes for a database, if it is of the plainest kind: UTF-8, no journal, whole pages.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.get(..100)?;
        let page_size = usize::from(u16::from_be_bytes([header[16], header[17]]));
        let is_plain = header.starts_with(b"SQLite format 3\0")
            && page_size.is_power_of_two()
            && page_size >= 512
            && header[18..=20] == [1, 1, 0]
            && header[44..48] == [0, 0, 0, 4]
            && header[56..60] == [0, 0, 0, 1]
            && number(header, 28)? as usize == bytes.len() / page_size
            && bytes.len().is_multiple_of(page_size);
        is_plain.then_some(Database { bytes, page_size })
    }

    /// The root pages of the tables, if these statements, in order, made the database.
    pub fn roots(&self, statements: &[String]) -> Option<Vec<u32>> {
        let mut roots = Vec::with_capacity(statements.len());
        self.rows(SCHEMA, &mut |_, row| match row {
            [_, _, _, RowValue::Integer(root), RowValue::Text(sql)] if statements.get(roots.len())? == sql => {
                roots.push(u32::try_from(*root).ok()?);
                Some(())
            }
            _ => None,
        })?;
        (roots.len() == statements.len()).then_some(roots)
    }

    /// Hands over the rows of the table that has this root page, in order of its key.
    pub fn rows(&self, root: u32, take: &mut Take<'_>) -> Option<()> {
        // No page is twice in a tree, nor a byte in two rows.
        let mut left = Left { pages: self.bytes.len() / self.page_size, bytes: self.bytes.len() };
        self.tree(root, MAX_DEPTH, &mut left, take)
    }

    fn tree(&self, page: u32, depth: u32, left: &mut Left, take: &mut Take<'_>) -> Option<()> {
        left.pages = left.pages.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        let at = self.page(page)?;
        let header = at.get(if page == SCHEMA { 100 } else { 0 }..)?;
        let (is_leaf, has_rowids) = match header.first()? {
            0x0d => (true, true),
            0x05 => (false, true),
            0x0a => (true, false),
            0x02 => (false, false),
            _ => return None,
        };
        let cells = usize::from(short(header, 3)?);
        let pointers = header.get(if is_leaf { 8 } else { 12 }..)?;
        for cell in 0..cells {
            let mut cell = at.get(usize::from(short(pointers, 2 * cell)?)..)?;
            if !is_leaf {
                self.tree(number(cell, 0)?, depth, left, take)?;
                cell = &cell[4..];
            }
            if is_leaf || !has_rowids {
                let length = usize::try_from(varint(&mut cell)?).ok()?;
                left.bytes = left.bytes.checked_sub(length)?;
                let rowid = if has_rowids { varint(&mut cell)? } else { 0 };
                row(&self.payload(cell, length, has_rowids)?, rowid, take)?;
            }
        }
        if is_leaf { Some(()) } else { self.tree(number(header, 8)?, depth, left, take) }
    }

    /// What a cell holds; the rest of what is long is in a chain of pages.
    fn payload<'c>(&self, cell: &'c [u8], length: usize, has_rowids: bool) -> Option<Cow<'c, [u8]>> {
        let usable = self.page_size;
        let least = (usable - 12) * 32 / 255 - 23;
        let most = if has_rowids { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        if length <= most {
            return cell.get(..length).map(Cow::Borrowed);
        }
        let local = least + (length - least) % (usable - 4);
        let local = if local <= most { local } else { least };
        let mut payload = cell.get(..local)?.to_vec();
        let mut next = number(cell, local)?;
        while payload.len() < length {
            let page = self.page(next)?;
            next = number(page, 0)?;
            payload.extend(&page[4..page.len().min(4 + length - payload.len())]);
        }
        Some(Cow::Owned(payload))
    }

    fn page(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize).checked_sub(1)?.checked_mul(self.page_size)?;
        self.bytes.get(start..start.checked_add(self.page_size)?)
    }
}

/// Hands a row over.
fn row(payload: &[u8], rowid: i64, take: &mut Take<'_>) -> Option<()> {
    const MAX_COLUMNS: usize = 24;
    let mut header = payload;
    let length = usize::try_from(varint(&mut header)?).ok()?;
    let mut body = payload.get(length..)?;
    header = header.get(..length.checked_sub(payload.len() - header.len())?)?;
    let mut values = [RowValue::Null; MAX_COLUMNS];
    let mut columns = 0;
    while !header.is_empty() {
        *values.get_mut(columns)? = value(varint(&mut header)?, &mut body)?;
        columns += 1;
    }
    take(rowid, &values[..columns])
}

/// The value of a type at the front of what is left.
fn value<'a>(kind: i64, body: &mut &'a [u8]) -> Option<RowValue<'a>> {
    let length = match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind as usize,
        5 => 6,
        6 => 8,
        12.. => usize::try_from((kind - 12) / 2).ok()?,
        _ => return None,
    };
    let (bytes, rest) = body.split_at_checked(length)?;
    *body = rest;
    Some(match kind {
        0 => RowValue::Null,
        8 => RowValue::Integer(0),
        9 => RowValue::Integer(1),
        1..=6 => {
            let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
            RowValue::Integer(bytes.iter().fold(sign, |value, byte| (value << 8) | i64::from(*byte)))
        }
        _ if kind % 2 == 0 => RowValue::Blob(bytes),
        _ => RowValue::Text(std::str::from_utf8(bytes).ok()?),
    })
}

/// A number of one to nine bytes at the front of what is left.
fn varint(bytes: &mut &[u8]) -> Option<i64> {
    const LONGEST: usize = 9;
    let mut value = 0u64;
    for at in 0..LONGEST {
        let byte = *bytes.get(at)?;
        if at + 1 == LONGEST {
            value = (value << 8) | u64::from(byte);
        } else {
            value = (value << 7) | u64::from(byte & 0x7f);
        }
        if byte & 0x80 == 0 || at + 1 == LONGEST {
            *bytes = &bytes[at + 1..];
            break;
        }
    }
    Some(value.cast_signed())
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
