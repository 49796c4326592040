//! How a table of coverage looks: what it is made of, what its rows are about and their order.

/// How the table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What it is made of.
    pub format: Format,
    /// What a row is about.
    pub rows: Rows,
    /// Whether rows in which every line ran are left out.
    pub skip_covered: bool,
    /// The order of the rows.
    pub sort: Sort,
    /// Whether there is a column with the lines that did not run.
    pub show_missing: bool,
    /// Decimals of percentages, at most 9.
    pub decimals: u8,
    /// Whether it is coloured.
    pub colour: Colour,
}

/// What a table is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Columns of plain text.
    Text,
    /// GitHub-flavoured Markdown, as for a job summary.
    Markdown,
    /// The total percentage alone, as a number.
    Total,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// One row for each source.
    Files,
    /// A function of a source.
    Functions,
}

impl Rows {
    /// The title of the column with their names.
    pub(super) fn title(self) -> &'static str {
        match self {
            Rows::Files => "File",
            Rows::Functions => "Function",
        }
    }
}

/// An order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column that is compared.
    pub key: SortKey,
    /// From the largest to the smallest.
    pub descending: bool,
}

/// A column that rows can be sorted by. Equal rows are in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// The name as shown.
    File,
    /// Lines that have code.
    Lines,
    /// Lines that did not run.
    Missed,
    /// The share of lines that ran.
    Cover,
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With the terminal's escapes.
    Terminal,
    /// Plain text without escapes.
    None,
}
