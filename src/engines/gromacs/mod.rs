//! How does GROMACS simulate one replica?
//!
//! A replica is a sequence of simulations ([`Simulation`]), each by `grompp` and `mdrun` in the replica's own folder. Called again for
//! the same folder it goes on where it stopped: what is finished is left alone, what was begun goes on from its checkpoint. How GROMACS
//! behaves where manuals are silent was measured with 2022.5 and stands beside the code.
mod arguments;
mod checkpoint;
mod complaint;
mod log;
mod masses;
mod mdp;
mod plumed;
mod trial;
mod watch;

pub use arguments::TAKEN;
pub use log::Log;
pub use mdp::{Mdp, SeedFault};
pub use plumed::{Fault as PlumedFault, Kernel as PlumedKernel, obstacles as plumed_obstacles, plumed_version};
pub use trial::{Refused, Trial};

use super::replica::{Berth, Errand, Usage};
use super::{Found, Missing, find, text};
use crate::process::{Finished, Guard, cores};
use crate::task::Cause;
use complaint::{SIGNS, complaint, shortened};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where to get it.
const HELP: &str = "install GROMACS (`apt-get install gromacs`), load its module, or name the program by `binary`";
/// `mdrun` is told to end this long before the time slot does, for its last steps and files; at most a fiftieth of what is left.
const CLOSING: Duration = Duration::from_secs(3);
const LONGEST_CLOSING: Duration = Duration::from_secs(120);
/// It ends at this part of the time that it is told (its manual).
const MAXH_PART: f64 = 0.99;
/// With less time left nothing is started.
const WORTHWHILE: Duration = Duration::from_secs(2);

/// PLUMED puts its log aside at every start, and more than a hundred such backups are an error unless it is told otherwise.
const PLUMED_BACKUPS: &str = "100000";

/// GROMACS and how it is run.
#[derive(Clone, Debug)]
pub struct Gromacs {
    pub binary: PathBuf,
    pub thread_mpi_ranks: usize,
    /// OpenMP threads of each of them.
    pub threads: usize,
    pub gpus: Vec<u32>,
    pub replicas_per_gpu: usize,
    pub mdrun_args: Vec<String>,
    /// What the time step of a simulation that blows up is multiplied by before it is tried once more.
    pub unstable_factor: Option<f64>,
}

/// A node has too few GPUs for its ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{ranks} ranks on a node want a place on {gpus} GPUs with {replicas_per_gpu} replicas each")]
pub struct Crowded {
    pub ranks: usize,
    pub gpus: usize,
    pub replicas_per_gpu: usize,
}

impl Crowded {
    /// What to do about it.
    pub const HELP: &str = "start fewer ranks on a node, name more GPUs, or raise replicas_per_gpu";
}

/// One simulation of a replica.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// What its files are called.
    pub name: String,
    pub input: Input,
    /// Input of PLUMED in the replica's folder, where it biases this simulation.
    pub plumed: Option<String>,
}

/// What a simulation starts from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A run input file.
    Tpr(PathBuf),
    /// Parameters, and the rest of what `grompp` takes; the structure is that of the simulation before where there is one.
    Parameters { mdp: Mdp, structure: Option<PathBuf>, topology: PathBuf, index: Option<PathBuf>, args: Vec<String> },
}

/// A replica that is finished.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Simulated {
    /// Of the last simulation.
    pub ns_per_day: Option<f64>,
    /// Of the last simulation's last step, kJ/mol.
    pub potential: Option<f64>,
    /// The last step of the last simulation.
    pub step: Option<i64>,
    /// What happened on the way.
    pub notes: Vec<String>,
}

impl Gromacs {
    /// Cores that a replica takes.
    pub fn cores(&self) -> usize {
        self.thread_mpi_ranks * self.threads
    }

    /// Where the program is, and its version.
    ///
    /// # Errors
    /// It is not there or does not say.
    pub fn find(&self, guard: &Guard) -> Result<Found, Missing> {
        let path = find::locate(&self.binary, HELP)?;
        let argv = vec![path.clone().into(), "--version".into()];
        let version = find::version(guard, argv, "", HELP, |text| find::word_after(text, "GROMACS version:"))?;
        Ok(Found { path, version })
    }

    fn argv(&self, words: &[&str]) -> Vec<OsString> {
        [self.binary.as_os_str()].into_iter().map(OsString::from).chain(words.iter().map(OsString::from)).collect()
    }

    /// Backups of what is written again would pile up, and a number of them be an error.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        vec![("GMX_MAXBACKUP".into(), "-1".into()), ("OMP_NUM_THREADS".into(), self.threads.to_string().into())]
    }

    /// Runs what is left of a replica.
    ///
    /// # Errors
    /// It did not come to its end; the cause says whether another attempt may.
    pub fn run(&self, simulations: &[Simulation], berth: &Berth, usage: &mut Usage) -> Result<Simulated, Cause> {
        let mut done = Simulated::default();
        let mut before: Option<&str> = None;
        for simulation in simulations {
            let log = self.simulate(simulation, before, berth, usage, &mut done.notes)?;
            (done.ns_per_day, done.potential, done.step) = (log.ns_per_day, log.potential, log.last_step);
            before = Some(&simulation.name);
        }
        Ok(done)
    }

    /// One simulation, with a smaller step where it blows up and that is wanted.
    fn simulate(
        &self,
        simulation: &Simulation,
        before: Option<&str>,
        berth: &Berth,
        usage: &mut Usage,
        notes: &mut Vec<String>,
    ) -> Result<Log, Cause> {
        if let Some(log) = finished(&simulation.name, berth) {
            return Ok(log);
        }
        let Simulation { name, input, .. } = simulation;
        let smaller = berth.folder.join(format!("{name}.smaller_step.mdp"));
        let is_smaller = smaller.is_file();
        let outcome = match (is_smaller, self.unstable_factor) {
            (true, Some(factor)) => self.attempt(&with_step(simulation, factor), before, berth, usage, notes),
            _ => self.attempt(simulation, before, berth, usage, notes),
        };
        match (outcome, self.unstable_factor, input) {
            (Err(Cause::Unstable(text)), Some(factor), Input::Parameters { mdp, .. }) if !is_smaller => {
                forget(name, berth.folder);
                let shorter = mdp.with_time_step(factor);
                write(&smaller, shorter.text(), berth)?;
                notes.push(format!(
                    "{name} blew up and was begun again in steps of {} ps: {text}",
                    shorter.time_step_ps()
                ));
                self.attempt(&with_step(simulation, factor), before, berth, usage, notes)
            }
            (outcome, ..) => outcome,
        }
    }

    fn attempt(
        &self,
        simulation: &Simulation,
        before: Option<&str>,
        berth: &Berth,
        usage: &mut Usage,
        notes: &mut Vec<String>,
    ) -> Result<Log, Cause> {
        let Simulation { name, input, plumed } = simulation;
        let tpr = self.run_input(name, input, before, berth, usage)?;
        let choice = checkpoint::choose(self, name, plumed.as_deref(), berth, usage)?;
        notes.extend(choice.notes);
        let from = choice.checkpoint.map(|checkpoint| checkpoint.file);
        if let Some(input) = plumed.as_ref().filter(|_| from.is_none()) {
            let begun = plumed::begin(berth.folder, name, input);
            begun.map_err(|error| cannot_write(berth, error))?.map_err(|refused| Cause::Input(refused.to_string()))?;
        }
        let argv = self.mdrun(simulation, &tpr, from.as_deref(), berth)?;
        let mut set = self.environment();
        if plumed.is_some() && std::env::var_os("PLUMED_MAXBACKUP").is_none() {
            set.push(("PLUMED_MAXBACKUP".into(), PLUMED_BACKUPS.into()));
        }
        let errand = Errand { program: "mdrun", name: &format!("{name}.mdrun"), argv, set };
        let mut watch = watch::Watch::of(berth.folder.join(format!("{name}.log")));
        let (label, called) = (berth.label.to_owned(), name.to_owned());
        berth.running.begin(move || Some(format!("{label}, {called}: {}", watch.tell()?)));
        let ended = berth.run(&errand, usage);
        berth.running.end();
        if let Some(input) = plumed {
            notes.extend(plumed::version::of(berth.folder, name).and_then(|found| found.warning(berth.folder, input)));
        }
        let log = self.judge(name, &ended?, berth)?;
        if let Some(input) = plumed {
            plumed::tidy(berth.folder, input).map_err(|error| cannot_write(berth, error))?;
        }
        Ok(log)
    }

    /// The run input file, made where it is missing.
    fn run_input(
        &self,
        name: &str,
        input: &Input,
        before: Option<&str>,
        berth: &Berth,
        usage: &mut Usage,
    ) -> Result<PathBuf, Cause> {
        let (mdp, structure, topology, index, args) = match input {
            Input::Tpr(path) => return Ok(path.clone()),
            Input::Parameters { mdp, structure, topology, index, args } => (mdp, structure, topology, index, args),
        };
        let tpr = format!("{name}.tpr");
        if berth.folder.join(&tpr).is_file() {
            return Ok(tpr.into());
        }
        let parameters = format!("{name}.mdp");
        write(&berth.folder.join(&parameters), mdp.text(), berth)?;
        let made = format!("{name}.new.tpr");
        let mut argv = self.argv(&["grompp", "-f", &parameters, "-o", &made, "-po", &format!("{name}.out.mdp")]);
        let start = before.map(|before| PathBuf::from(format!("{before}.gro"))).or_else(|| structure.clone());
        argv.extend(["-c".into(), start.unwrap_or_default().into(), "-p".into(), topology.into()]);
        // Velocities and the state of thermostats are in the checkpoint; a minimisation has none.
        let state = before.map(|before| format!("{before}.cpt")).filter(|file| berth.folder.join(file).is_file());
        argv.extend(state.into_iter().flat_map(|file| ["-t".into(), file.into()]));
        argv.extend(index.iter().flat_map(|file| ["-n".into(), file.into()]));
        argv.extend(args.iter().map(OsString::from));
        let errand = Errand { program: "grompp", name: &format!("{name}.grompp"), argv, set: self.environment() };
        let ended = berth.run(&errand, usage)?;
        if !ended.exit.is_success() {
            // What grompp refuses it refuses again.
            return Err(match berth.failure("grompp", &ended, &complaint(&ended), SIGNS) {
                Cause::Failed(text) => Cause::Input(text),
                cause => cause,
            });
        }
        // Whole or not at all: what is left of a run input file that was cut off would be taken for one.
        fs::rename(berth.folder.join(&made), berth.folder.join(&tpr)).map_err(|error| {
            berth.or_full_disk(Cause::Failed(format!("grompp of {} left no {made}: {error}", berth.label)))
        })?;
        Ok(tpr.into())
    }

    /// The command line of `mdrun`.
    fn mdrun(
        &self,
        simulation: &Simulation,
        tpr: &Path,
        from: Option<&str>,
        berth: &Berth,
    ) -> Result<Vec<OsString>, Cause> {
        let name = simulation.name.as_str();
        let mut argv = self.argv(&["mdrun", "-deffnm", name, "-s"]);
        argv.push(tpr.into());
        let mut say = |words: &[&str]| argv.extend(words.iter().map(OsString::from));
        // Named on every start: with -deffnm alone a restart looks for them under another name than the start wrote (measured).
        say(&["-px", &format!("{name}_pullx.xvg"), "-pf", &format!("{name}_pullf.xvg")]);
        say(&["-ntmpi", &self.thread_mpi_ranks.to_string(), "-ntomp", &self.threads.to_string()]);
        match cores::pinning(&berth.programs.cores, self.cores(), &berth.programs.seat.node) {
            Some((offset, stride)) => {
                say(&["-pin", "on", "-pinoffset", &offset.to_string(), "-pinstride", &stride.to_string()]);
            }
            None => say(&["-pin", "off"]),
        }
        if let Some(gpu) = self.gpu(berth)? {
            say(&["-gpu_id", &gpu.to_string()]);
        }
        if let Some(left) = berth.time_left() {
            if left < CLOSING + WORTHWHILE {
                return Err(Cause::Interrupted("there is no time left in the slot".into()));
            }
            let seconds = (left - (left / 50).clamp(CLOSING, LONGEST_CLOSING)).as_secs_f64() / MAXH_PART;
            say(&["-maxh", &format!("{:.6}", seconds / 3600.0)]);
        }
        if let Some(input) = &simulation.plumed {
            say(&["-plumed", input]);
            if !self.mdrun_args.iter().any(|word| word == "-cpt") {
                say(&["-cpt", &format!("{:.4}", plumed::checkpoint_interval(berth.time_left()).as_secs_f64() / 60.0)]);
            }
        }
        if let Some(from) = from {
            say(&["-cpi", from]);
        }
        argv.extend(self.mdrun_args.iter().map(OsString::from));
        Ok(argv)
    }

    /// Whether so many ranks of a node have room on its GPUs.
    ///
    /// # Errors
    /// There are too few.
    pub fn check_gpus(&self, ranks: usize) -> Result<(), Crowded> {
        let (gpus, replicas_per_gpu) = (self.gpus.len(), self.replicas_per_gpu);
        match gpus > 0 && ranks > gpus * replicas_per_gpu {
            true => Err(Crowded { ranks, gpus, replicas_per_gpu }),
            false => Ok(()),
        }
    }

    /// The GPU of this rank; none where there is none to share.
    fn gpu(&self, berth: &Berth) -> Result<Option<u32>, Cause> {
        let seat = &berth.programs.seat;
        self.check_gpus(seat.local_size).map_err(|crowded| Cause::Input(crowded.to_string()))?;
        Ok(self.gpus.get(seat.local_rank / self.replicas_per_gpu.max(1)).copied())
    }

    /// Whether `mdrun` came to the end of the simulation.
    fn judge(&self, name: &str, ended: &Finished, berth: &Berth) -> Result<Log, Cause> {
        let path = berth.folder.join(format!("{name}.log"));
        if !ended.exit.is_success() {
            let evidence = [complaint(ended), text::end(&path)].join("\n");
            let cause = berth.failure("mdrun", ended, &evidence, SIGNS);
            return Err(shortened(cause, "mdrun", berth.label, ended));
        }
        let log = Log::read(&path).unwrap_or_default();
        if let Some(log) = finished(name, berth) {
            return Ok(log);
        }
        let text = format!("{name} of {} ended with exit code 0 at {}", berth.label, log.progress());
        match berth.deadline {
            // It was told to end then, by -maxh.
            Some(_) if log.is_out_of_time => Err(Cause::Interrupted(text)),
            _ => Err(berth.or_full_disk(Cause::Failed(format!("{text}, or left no {name}.gro")))),
        }
    }
}

/// The log of a simulation that is finished: all steps done, and the last structure written.
fn finished(name: &str, berth: &Berth) -> Option<Log> {
    let structure = berth.folder.join(format!("{name}.gro"));
    let log = Log::read(&berth.folder.join(format!("{name}.log"))).ok()?;
    (log.has_reached_end() && structure.is_file()).then_some(log)
}

fn with_step(simulation: &Simulation, factor: f64) -> Simulation {
    let mut shorter = simulation.clone();
    if let Input::Parameters { mdp, .. } = &mut shorter.input {
        *mdp = mdp.with_time_step(factor);
    }
    shorter
}

/// Removes what a simulation left, so that it begins again.
fn forget(name: &str, folder: &Path) {
    let is_of =
        |file: &str| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("_p"));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_of) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn cannot_write(berth: &Berth, error: std::io::Error) -> Cause {
    berth.or_full_disk(Cause::Failed(format!("cannot make the files of {} ready: {error}", berth.label)))
}

fn write(path: &Path, content: &str, berth: &Berth) -> Result<(), Cause> {
    fs::write(path, content)
        .map_err(|error| berth.or_full_disk(Cause::Failed(format!("cannot write `{}`: {error}", path.display()))))
}
