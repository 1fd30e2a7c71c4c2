//! What is computed in one calculation, and with which resources?
use super::chemistry::{Chemistry, Driver};
use crate::process::Supervisor;
use crate::science::chemistry::Molecule;
use std::path::Path;
use std::time::Duration;

/// One molecule to compute.
#[derive(Clone, Copy, Debug)]
pub struct Calculation<'a> {
    /// Its name in messages.
    pub label: &'a str,
    pub molecule: &'a Molecule,
    pub driver: Driver,
    pub chemistry: &'a Chemistry,
}

/// Where a calculation runs, and its share of the node.
#[derive(Clone, Copy, Debug)]
pub struct Resources<'a> {
    pub supervisor: &'a Supervisor,
    /// An empty folder for this calculation alone; the caller removes it afterwards.
    pub scratch: &'a Path,
    pub threads: usize,
    /// The cores to run on; by default those of the rank.
    pub cores: Option<&'a [usize]>,
    pub memory_mb: u64,
    pub time_limit: Option<Duration>,
}
