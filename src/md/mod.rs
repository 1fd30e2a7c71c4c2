//! What do the files of molecular dynamics programs say?
pub mod columns;
pub mod edi;
mod error;
mod expression;
pub mod gro;
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
pub use source::Window;
pub use structure::Structure;
pub use trajectory::{Frame, Trajectory};
