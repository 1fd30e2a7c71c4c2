//! simmpi runs campaigns: very many independent simulations or quantum-chemistry calls, spread over MPI ranks, gathered
//! into one HDF5 file.
//!
//! ```text
//! config.toml -> Config -> Campaign -> { next stage -> Plan -> scatter -> run batches -> journal -> fold } -> results.h5
//! ```
//!
//! Modules in the order in which they may import one another, each only what stands above it:
//!
//! | module | question |
//! |---|---|
//! | [`task`], [`seed`], [`units`] | what is a task, where do its random numbers come from, what is a unit worth? |
//! | [`science`] | what is the mathematics and the physics? (pure) |
//! | [`plan`] | how are tasks divided over ranks? (pure) |
//! | [`config`], [`comm`], [`journal`], [`results`], [`process`] | TOML, MPI, the disk, HDF5, other processes: one outside thing each, none imports another |
//! | [`md`], [`figure`] | what do the files of molecular dynamics programs say, and how is a result drawn? |
//! | [`engines`] | which programs compute a molecule, and how is each asked? |
//! | [`campaigns`] | which kinds of campaign are there, and what are their stages? |
//! | [`run`] | how does a campaign run over the ranks? |
//! | [`cli`] | what can be asked on the command line? |
pub mod campaigns;
pub mod cli;
pub mod comm;
pub mod config;
pub mod engines;
pub mod figure;
pub mod journal;
pub mod md;
pub mod plan;
pub mod process;
pub mod results;
pub mod run;
pub mod science;
pub mod seed;
pub mod task;
pub mod units;
