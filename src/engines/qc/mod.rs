//! How is the energy of one molecule computed, with its derivatives?
//!
//! An [`Engine`] is one file or folder here. It computes one molecule at a time ([`Calculation`]) in a scratch folder with its share of the
//! node ([`Resources`]). What it does not support is reported before anything runs ([`Engine::refusals`]).
//!
//! ```text
//! Calculation -> verify::input -> input files -> ProgramRun -> output files -> verify::result -> QcResult
//! ```
//!
//! [`Psi4`], [`NwChem`] and [`Xtb`] write the program's own input; [`QcEngine`] and [`Command`] use QCSchema. [`Embedded`] is simmpi's own
//! Hartree-Fock and MP2 code, with a [`Forecast`] of its cost; [`Recorded`] looks results up in a file.
mod basis;
mod calculation;
mod command;
mod ecp;
mod embedded;
mod engine;
mod forecast;
mod nwchem;
mod program_run;
mod psi4;
mod qcengine;
mod qcschema;
mod recorded;
mod refusal;
#[cfg(test)]
mod test_molecules;
mod verify;
mod xtb;

pub use basis::is_cartesian;
pub use calculation::{Calculation, Chemistry, Driver, Needs, QcResult, Reference, Resources};
pub use command::Command;
pub use embedded::{Embedded, SOLUTION};
pub use engine::Engine;
pub use forecast::Forecast;
pub use nwchem::NwChem;
pub use psi4::Psi4;
pub use qcengine::QcEngine;
pub use recorded::Recorded;
pub use xtb::Xtb;

pub(super) use ecp::{Core, EcpLibrary};
pub(super) use program_run::ProgramRun;
pub(super) use qcschema::QcSchemaResult;
