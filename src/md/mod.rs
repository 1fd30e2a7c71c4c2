//! What do the files of molecular dynamics programs say?
pub mod columns;
pub mod opes;
