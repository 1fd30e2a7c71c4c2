//! Which kinds of campaign are there?
//!
//! A kind is one folder here and one line in [`KINDS`]. It parses and documents its own section of the configuration and
//! makes a [`campaign::Campaign`] of it.
pub mod campaign;
mod ensemble;
pub mod export;
pub mod fes;
mod fragments;
mod kind;
mod part_files;
pub mod pmf;
mod replicas;
mod reweighting;
pub mod stage;
mod trajectories;
mod umbrella;
pub mod window_analysis;

pub use fragments::{FromFile, from_many_body_input, from_molecule};
pub use kind::{Kind, RequestedRanks};

/// Every kind of campaign.
pub static KINDS: &[&dyn Kind] =
    &[&trajectories::Trajectories, &fragments::Fragments, &ensemble::Ensemble, &umbrella::Umbrella];
