//! Which atoms does a selection such as `protein and name CA` contain?
//!
//! The language is that of MDAnalysis (docs.mdanalysis.org, "Atom selection language"), as far as names and numbers are concerned:
//!
//! | selection | atoms |
//! |---|---|
//! | `all`, `none` | all atoms, no atoms |
//! | `protein`, `backbone`, `nucleic`, `water` | by the names of residues and atoms that MDAnalysis knows |
//! | `heavy` | all but hydrogen |
//! | `name CA CB H*` | with these names; `*` is any text, `?` any character, `[AB]` one of several |
//! | `resname ALA`, `chain A` or `chainID A`, `segid PROA`, `element C` | likewise |
//! | `resid 2-4 7`, `resid 2:4`, `resid 2 to 4` | of residues with these numbers, ends included |
//! | `resid 52A`, `resid 52A-53` | with an insertion code; `resid 52` is the residue without one. In a range the order is 52, 52A, 52B, 53 |
//! | `resnum 52` | of residues with this number, with any insertion code |
//! | `index 0:9`, `bynum 1:10` | by index, counted from 0 and from 1 |
//! | `serial 1:10` | by the atom's number in the file |
//! | `not ...`, `... and ...`, `... or ...`, `( ... )` | `not` binds closest, then `and`, then `or` |
//!
//! The number of a residue or atom that cannot be determined, because its field was too narrow, is an [`AmbiguousNumber`]. A selection that
//! depends on one is refused; others are not affected.
mod ambiguous_number;
mod atom;
mod condition;
mod error;
mod number_ranges;
mod parser;
mod residue_names;
mod select;
mod tokens;
mod wildcard;

pub use ambiguous_number::AmbiguousNumber;
pub use atom::Atom;
pub use error::Error;
pub use residue_names::is_water;
pub use select::select;
