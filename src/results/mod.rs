//! How are result files written and read?
//!
//! The only module that names `hdf5`. A file is written next to its final name, synced and renamed ([`Writer`]): a reader sees the complete
//! file or none. Until then the journal is the only record of the results.
mod column;
mod complex;
mod error;
mod file_access;
mod reader;
mod text;
mod trial;
mod usage;
mod values;
mod writer;

pub use column::{TextColumn, can_compress};
pub use complex::Complex;
pub use error::Error;
pub use hdf5::H5Type as Element;
pub use reader::{DatasetSummary, Reader};
pub use text::TextSizes;
pub use trial::try_publication;
pub use usage::write_usage;
pub use values::{Array, ArrayValues};
pub use writer::{Closed, Rows, Writer, or_nan};
