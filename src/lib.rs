//! simmpi runs campaigns: very many independent simulations or quantum-chemistry calculations, spread over MPI ranks, gathered
//! into one HDF5 file.
//!
//! ```text
//! config.toml -> Config -> Campaign -> { next stage -> Plan -> scatter -> run batches -> journal -> fold } -> results.h5
//! ```
//!
//! Modules in the order in which they may import one another, each only those above it:
//!
//! | module | question |
//! |---|---|
//! | [`task`], [`seed`], [`units`], [`problem`] | what is a task, where do its random numbers come from, what is a unit worth, how is an input refused? |
//! | [`science`] | what is the mathematics and the physics? (pure) |
//! | [`plan`] | how are tasks divided over ranks? (pure) |
//! | [`config`], [`comm`], [`journal`], [`results`], [`process`] | configuration files, MPI, the disk, HDF5, other processes: one outside thing each, none imports another |
//! | [`md`], [`figure`] | how are files of molecular dynamics programs read, and how is a result drawn? |
//! | [`engines`] | how does each program compute a molecule ([`engines::qc`]) or run a simulation ([`engines::md`])? |
//! | [`campaigns`] | which kinds of campaign are there, and what are their stages? |
//! | [`run`] | how does a campaign run over the ranks? |
//! | [`cli`] | which commands are there on the command line? |
pub mod campaigns;
pub mod cli;
pub mod comm;
pub mod config;
pub mod engines;
pub mod figure;
pub mod journal;
pub mod md;
pub mod plan;
pub mod problem;
pub mod process;
pub mod results;
pub mod run;
pub mod science;
pub mod seed;
pub mod task;
pub mod units;
