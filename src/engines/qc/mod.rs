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
mod chemistry;
mod command;
mod ecp;
mod embedded;
mod engine;
mod forecast;
mod needs;
mod nwchem;
mod program_run;
mod psi4;
mod qcengine;
mod qcschema;
mod recorded;
mod refusal;
mod result;
mod verify;
mod xtb;

pub use basis::is_cartesian;
pub use calculation::{Calculation, Resources};
pub use chemistry::{Chemistry, Driver, Reference};
pub use command::Command;
pub use embedded::{Embedded, SOLUTION};
pub use engine::Engine;
pub use forecast::Forecast;
pub use needs::Needs;
pub use nwchem::NwChem;
pub use psi4::Psi4;
pub use qcengine::QcEngine;
pub use recorded::Recorded;
pub use refusal::Refusal;
pub use result::QcResult;
pub use xtb::Xtb;
