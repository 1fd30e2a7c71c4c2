//! What does a file of columns contain?
use std::fmt;

/// Selects a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// By its index, counted from 0.
    Index(usize),
    /// By its name in the header.
    Name(String),
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => write!(f, "`{name}`"),
        }
    }
}

/// An irregularity that does not prevent reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Counted from 1.
    pub line: usize,
    pub text: String,
}

/// A header line `#! SET name value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: String,
    /// Counted from 1.
    pub line: usize,
}

/// The selected columns of a file.
#[derive(Clone, Debug, Default)]
pub struct ColumnTable {
    /// Names of all columns of the file, in their order; empty where it has none.
    pub names: Vec<String>,
    /// Time of every row, ps, `[rows]`; none where the first column is not a time.
    pub time_ps: Option<Vec<f64>>,
    /// The selected columns in the order of the selection, in the units of the file, `[columns][rows]`.
    pub values: Vec<Vec<f64>>,
    /// `#! SET` lines in their order; a repeated equal one is listed once.
    pub settings: Vec<Setting>,
    /// The label of the y axis: `@ yaxis label`.
    pub axis: Option<String>,
    pub diagnostics: Vec<Diagnostic>,
    /// Rows with a value that is not finite, in ascending order; always empty but for [`read_as_written`](super::read_as_written).
    pub not_finite: Vec<NonFiniteRow>,
}

/// A row with a value that is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonFiniteRow {
    /// Index of the row in [`ColumnTable::values`].
    pub row: usize,
    /// Line of the file, counted from 1.
    pub line: usize,
}

impl ColumnTable {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.first().map_or_else(|| self.time_ps.as_ref().map_or(0, Vec::len), Vec::len)
    }
}
