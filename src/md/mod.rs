//! What do the files of molecular dynamics programs contain?
pub mod columns;
pub mod edi;
mod error;
pub mod expression;
mod file_list;
mod frame;
pub mod gro;
pub mod hills;
mod numbering;
pub mod opes;
mod pdb;
mod repeats;
mod source;
mod structure;
mod text;
mod trajectory;
mod trr;
mod xdr;
mod xtc;

pub use error::Error;
pub use expression::evaluate as evaluate_number;
pub use file_list::{FileListError, expand_files};
pub use frame::{Cell, Frame};
pub use source::ReadBuffer;
pub use structure::Structure;
pub use trajectory::Trajectory;

pub(super) use frame::with_volume;
