//! Rank 0 as it is among simulated ranks, in virtual time.
//!
//! [`Simulation::run`] starts a campaign by [`simmpi::run::run_on`] on a communicator whose other ranks are state machines that exchange the
//! real messages. Rank 0's code is the program's own. Virtual time passes by the CPU time that rank 0 really spends, by the costs of messages
//! ([`Network`]), by the pauses between polls, and by tasks ([`Model`]).
#![allow(dead_code, unused_imports, clippy::unwrap_used)]
mod campaign;
mod clock;
mod comm;
mod ranks;

pub use campaign::{Model, mix};
pub use comm::{Network, cpu_time};
pub use ranks::{Behaviour, Journal};

use campaign::Simulated;
use clock::Clock;
use comm::{Measured, SimulatedComm};
use ranks::SimulatedRank;
use simmpi::results::Reader;
use simmpi::run::exit::Exit;
use simmpi::run::{LazySupervisor, Options, Style, run_on};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A campaign on simulated ranks. It can be run several times, as one that is resumed.
pub struct Simulation {
    pub model: Model,
    pub ranks: usize,
    /// The section `[partition]`, and other sections.
    pub config: String,
    pub network: Network,
    /// How single ranks deviate from the usual behaviour.
    pub behaviours: Vec<(usize, Behaviour)>,
    pub retry_failed: bool,
    pub folder: tempfile::TempDir,
    /// What the simulated ranks have journalled so far, by rank.
    pub journals: Vec<Journal>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub exit: Exit,
    pub measured: Measured,
    /// How often each task was run so far, in this run and those before it.
    pub runs: Vec<u32>,
    /// What the result file says, if there is one.
    pub results: Option<Results>,
}

/// The results of a campaign.
#[derive(Debug, PartialEq)]
pub struct Results {
    /// Number of tasks in the total, and the sum of [`mix`] of their numbers: both are right only if every task is in it once.
    pub count: u64,
    pub mixed: u64,
    /// Mean of random numbers of the tasks and its standard error, as bits.
    pub bits: Vec<u64>,
    pub failed: u64,
}

impl Simulation {
    /// A campaign of `tasks` on `ranks` with a dynamic schedule.
    pub fn new(ranks: usize, model: Model) -> Self {
        Self {
            model,
            ranks,
            config: "[partition]\nschedule = \"dynamic\"\n".into(),
            network: Network::default(),
            behaviours: Vec::new(),
            retry_failed: false,
            folder: tempfile::tempdir().unwrap(),
            journals: Vec::new(),
        }
    }

    fn behaviour(&self, rank: usize) -> Behaviour {
        self.behaviours.iter().find(|(of, _)| *of == rank).map_or(Behaviour::Usual, |(_, behaviour)| *behaviour)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the campaign to its end, or until it stops.
    pub fn run(&mut self) -> Outcome {
        let clock = Arc::new(Clock::default());
        let runs = Arc::clone(&self.model.runs);
        // A kind lives as long as the program.
        let kind: &'static Simulated = Box::leak(Box::new(Simulated {
            model: self.model.clone(),
            clock: Arc::clone(&clock),
            behaviour: self.behaviour(0),
        }));
        let text = format!("[campaign]\nkind = \"simulated\"\n[simulated]\n{}", self.config);
        fs::write(self.path("config.toml"), text).unwrap();
        self.journals.resize(self.ranks, Journal::default());
        let journals = std::mem::take(&mut self.journals);
        let ranks = journals
            .into_iter()
            .enumerate()
            .map(|(rank, journal)| SimulatedRank::new(rank, self.model.clone(), self.behaviour(rank), journal));
        let measured = Arc::new(Mutex::new(None));
        let comm = SimulatedComm::new(ranks.collect(), self.network, clock, Arc::clone(&measured));
        let options = Options {
            config: self.path("config.toml"),
            fresh: false,
            force: false,
            retry_failed: self.retry_failed,
            only: None,
            keep_journal: false,
            steal_lock: false,
            progress: Style::None,
            join: None,
            exported: None,
        };
        let exit = run_on(Box::new(comm), LazySupervisor::for_launcher(), &[kind], &options);
        let (measured, journals) = measured.lock().unwrap().take().expect("rank 0 parts from the others");
        self.journals = journals;
        let runs = runs.lock().unwrap().clone();
        Outcome { exit, measured, runs, results: self.results() }
    }

    /// The ranks that were excluded, as the result file says.
    pub fn excluded(&self) -> Vec<usize> {
        let reader = Reader::open_results(&self.path("results.h5")).unwrap();
        let excluded = reader.array::<u8>("/run/ranks/excluded").unwrap();
        (0..excluded.len()).filter(|&rank| excluded[rank] == 1).collect()
    }

    fn results(&self) -> Option<Results> {
        let reader = Reader::open_results(&self.path("results.h5")).ok()?;
        let number = |name: &str| reader.array::<u64>(name).unwrap()[0];
        let bits = |name: &str| reader.array::<f64>(name).unwrap()[0].to_bits();
        Some(Results {
            count: number("/results/count"),
            mixed: number("/results/mixed"),
            bits: vec![bits("/results/mean"), bits("/results/mean_stderr")],
            failed: reader.attribute("tasks_failed").unwrap(),
        })
    }
}

impl Outcome {
    /// Work of all tasks divided by what the ranks could have done until the last stage was complete.
    pub fn efficiency(&self, simulation: &Simulation) -> f64 {
        let model = &simulation.model;
        let work: f64 = (0..model.tasks).map(|task| (model.seconds)(task)).sum::<f64>() * f64::from(model.stages);
        let capacity: f64 = (0..simulation.ranks).map(|rank| (model.speed)(rank)).sum();
        work / capacity / self.measured.makespan_s
    }

    /// Checks that the campaign is complete and every task is in the total once.
    pub fn expect_complete(&self, simulation: &Simulation) -> &Results {
        assert_eq!(self.exit, Exit::Complete);
        let results = self.results.as_ref().expect("there is a result file");
        let tasks = simulation.model.tasks;
        let mixed = (0..tasks).fold(0u64, |sum, task| sum.wrapping_add(mix(task)));
        assert_eq!((results.count, results.mixed, results.failed), (tasks, mixed, 0));
        results
    }
}
