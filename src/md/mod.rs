//! What do the files of molecular dynamics programs say?
pub mod columns;
pub mod edi;
mod error;
pub mod gro;
pub mod opes;
mod pdb;
mod structure;
mod text;
mod trajectory;
mod trr;
mod xdr;
mod xtc;

pub use error::Error;
pub use structure::Structure;
pub use trajectory::{Frame, Trajectory, Window};
