//! Which model chemistries are requested, and which engine computes each?
use super::section::RetrySection;
use super::{EngineName, LevelSection};
use crate::config::{Checker, Config, Faults};
use crate::engines::qc::{
    Calculation, Chemistry, Command, Driver, Embedded, Engine, Needs, NwChem, Psi4, QcEngine, QcResult, Recorded,
    Resources, Xtb,
};
use crate::engines::{InstalledProgram, TaskLauncher, launcher_problems, resolve_launcher};
use crate::journal;
use crate::problem::Problem;
use crate::process::Supervisor;
use crate::science::chemistry::{Differences, Molecule};
use crate::science::memory::MemoryBudget;
use crate::science::scf::Integrals;
use crate::task::Cause;
use std::path::PathBuf;

/// Keywords of a program, passed unchanged.
type Keywords = serde_json::Map<String, serde_json::Value>;

/// A model chemistry and its engine.
pub struct Level {
    pub name: String,
    /// Its index among `[[fragments.level]]`.
    pub index: usize,
    pub solver: Solver,
    pub chemistry: Chemistry,
    /// Keywords to try in turn where a task does not converge.
    pub retries: Vec<Keywords>,
    pub threads: usize,
    /// What starts the program of a task on other cores than the rank's, if anything.
    pub launched: Option<Launched>,
}

/// How a launcher starts the program of a task.
pub struct Launched {
    pub launcher: TaskLauncher,
    /// Folder of scratch files that all nodes see, created when needed.
    pub scratch: PathBuf,
}

/// What computes a task.
pub enum Solver {
    Embedded(Embedded),
    Program(Box<dyn Engine>),
    Recorded(Recorded),
}

impl Level {
    /// The level of a section. Fails where keys are missing, or do not apply to its engine.
    pub fn new(config: &Config, index: usize, section: &LevelSection) -> Result<Self, Faults> {
        let mut check = Checker::new(config, format!("fragments.level.{index}"));
        let engine = section.engine;
        let belongs = [
            ("command", section.command.is_some(), EngineName::Command),
            ("program", section.program.is_some(), EngineName::Qcengine),
            ("file", section.file.is_some(), EngineName::Recorded),
        ];
        if section.basis_file.is_some() && engine != EngineName::Embedded {
            check.refuse("basis_file", "`basis_file` is for engine = \"embedded\" only", "remove it");
        }
        for (key, is_given, owner) in belongs {
            if is_given != (engine == owner) {
                let owner = config_name(&owner);
                match is_given {
                    true => check.refuse(key, format!("`{key}` is for engine = \"{owner}\" only"), "remove it"),
                    false => check.refuse("engine", format!("engine \"{owner}\" needs `{key}`"), help_with(key)),
                }
            }
        }
        if section.method.is_none() && engine != EngineName::Recorded {
            check.refuse("engine", "`method` is missing", "name the method, as in method = \"mp2\"");
        }
        check_launcher(section, &mut check);
        let name = default_name(section);
        check.faults.into_result(())?;
        let solver = match engine {
            EngineName::Embedded => Solver::Embedded(embedded(config, index, section)?),
            EngineName::Psi4 => Solver::Program(Box::new(Psi4::new("psi4"))),
            EngineName::Nwchem => Solver::Program(Box::new(NwChem::new("nwchem"))),
            EngineName::Xtb => Solver::Program(Box::new(Xtb::new("xtb"))),
            EngineName::Qcengine => {
                Solver::Program(Box::new(QcEngine::new("qcengine", section.program.clone().unwrap_or_default())))
            }
            EngineName::Command => {
                Solver::Program(Box::new(Command::new(section.command.clone().unwrap_or_default(), &folder_of(config))))
            }
            EngineName::Recorded => Solver::Recorded(recorded(config, index, section, &name)?),
        };
        Ok(Self {
            name,
            index,
            solver,
            chemistry: chemistry_of(section),
            retries: section.retry.iter().map(|RetrySection { keywords }| keywords.clone()).collect(),
            threads: section.threads,
            launched: launched(config, section),
        })
    }

    /// Adds faults of the level's keys where its engine does not support what tasks need.
    pub fn refusals(&self, config: &Config, driver: Driver, needs: Needs, faults: &mut Faults) {
        let refusals = match &self.solver {
            Solver::Program(engine) => engine.refusals(driver, &self.chemistry, needs),
            Solver::Embedded(engine) => engine.refusals(driver, needs),
            Solver::Recorded(_) => Vec::new(),
        };
        let level = format!("fragments.level.{}", self.index);
        faults.extend(refusals.into_iter().map(|problem| config.fault_of(&level, problem)));
    }

    /// Whether a frozen core leaves no electrons of a molecule to correlate.
    pub fn is_all_frozen(&self, molecule: &Molecule) -> bool {
        match &self.solver {
            Solver::Embedded(engine) => engine.is_all_frozen(molecule),
            Solver::Program(engine) => engine.is_all_frozen(molecule, &self.chemistry),
            Solver::Recorded(_) => false,
        }
    }

    /// Whether tasks start programs.
    pub fn is_program(&self) -> bool {
        matches!(self.solver, Solver::Program(_))
    }

    /// Whether tasks start programs on the cores of the rank.
    pub fn uses_own_cores(&self) -> bool {
        self.is_program() && self.launched.is_none()
    }

    /// Whether tasks are read from a file of records.
    pub fn is_recorded(&self) -> bool {
        matches!(self.solver, Solver::Recorded(_))
    }

    /// The finite differences that give the derivatives of `driver`.
    pub fn differences(&self, driver: Driver) -> Differences {
        match &self.solver {
            Solver::Embedded(engine) => engine.differences(driver),
            Solver::Program(_) | Solver::Recorded(_) => Differences::None,
        }
    }

    /// Computes molecules with the embedded engine, and with the retries' keywords those that do not converge. Returns each answer with the
    /// number of retries, or why there is none. `integrals` are those of the last molecule, before and after the call.
    pub fn embedded(
        &self,
        engine: &Embedded,
        molecules: &[Molecule],
        (driver, room): (Driver, MemoryBudget<'_>),
        integrals: &mut Option<Integrals>,
    ) -> Vec<Result<(QcResult, usize), Cause>> {
        let outcomes = engine.run(&molecules.iter().collect::<Vec<_>>(), driver, room, integrals);
        let retried = molecules.iter().zip(outcomes).map(|(molecule, outcome)| {
            self.with_retries(outcome, |keywords| {
                // Invalid keywords were refused when the campaign was loaded.
                let other = engine.with_keywords(keywords).map_err(|problem| Cause::Input(problem.message))?;
                other.run(&[molecule], driver, room, integrals).swap_remove(0)
            })
        });
        retried.collect()
    }

    /// Repeats an attempt that did not converge with the keywords of each retry in turn. Returns the answer and the number of retries.
    fn with_retries(
        &self,
        mut outcome: Result<QcResult, Cause>,
        mut attempt: impl FnMut(&Keywords) -> Result<QcResult, Cause>,
    ) -> Result<(QcResult, usize), Cause> {
        for (retry, keywords) in self.retries.iter().enumerate() {
            let Err(Cause::Convergence(_)) = &outcome else { return outcome.map(|answer| (answer, retry)) };
            outcome = attempt(keywords);
        }
        outcome.map(|answer| (answer, self.retries.len()))
    }

    /// The engine's name in the configuration.
    pub fn engine_name(&self) -> &'static str {
        match &self.solver {
            Solver::Embedded(_) => "embedded",
            Solver::Program(engine) => engine.name(),
            Solver::Recorded(_) => "recorded",
        }
    }

    /// Computes a molecule with a program, with the retries' keywords where it does not converge. Returns the answer and the number of
    /// retries, or why there is none.
    pub fn compute(
        &self,
        engine: &dyn Engine,
        (label, molecule, driver): (&str, &Molecule, Driver),
        site: &Resources,
    ) -> Result<(QcResult, usize), Cause> {
        let run = |chemistry: &Chemistry| engine.run(&Calculation { label, molecule, driver, chemistry }, site);
        self.with_retries(run(&self.chemistry), |keywords| {
            clear(site.scratch)?;
            let mut chemistry = self.chemistry.clone();
            chemistry.keywords.extend(keywords.clone());
            run(&chemistry)
        })
    }
}

/// Empties a scratch folder for another attempt.
fn clear(scratch: &std::path::Path) -> Result<(), Cause> {
    let again = std::fs::remove_dir_all(scratch).and_then(|()| std::fs::create_dir_all(scratch));
    again.map_err(|error| Cause::Resource(format!("cannot empty `{}`: {error}", scratch.display())))
}

/// Refuses a launcher where the engine starts no program, and several ranks where they would compute the same.
fn check_launcher(section: &LevelSection, check: &mut Checker) {
    for problem in launcher_problems(section.launcher.as_deref(), section.ranks) {
        check.collect::<()>(Err(problem));
    }
    let engine = config_name(&section.engine);
    match section.engine {
        EngineName::Embedded | EngineName::Recorded if section.launcher.is_some() => {
            check.refuse("launcher", format!("engine \"{engine}\" starts no program"), "remove it");
        }
        EngineName::Psi4 | EngineName::Xtb | EngineName::Qcengine if section.ranks > 1 => {
            let ranks = section.ranks;
            let message = format!(
                "{engine} is not an MPI program: the launcher would start {ranks} copies of the same calculation"
            );
            check.refuse("ranks", message, "set ranks = 1 and raise `threads`");
        }
        _ => {}
    }
}

/// How a launcher starts the programs of a level, if it does.
fn launched(config: &Config, section: &LevelSection) -> Option<Launched> {
    let words = resolve_launcher(section.launcher.as_deref(), &folder_of(config));
    let launcher = TaskLauncher::new(words.as_deref(), section.ranks, section.threads)?;
    // The journal goes when the campaign is complete, and with it what killed programs have left.
    let scratch = journal::folder_of(&config.absolute(&config.campaign.output)).join("scratch");
    Some(Launched { launcher, scratch })
}

/// The name of a level; by default its method and basis.
pub fn default_name(section: &LevelSection) -> String {
    let chemistry = match (&section.method, &section.basis) {
        (Some(method), Some(basis)) => format!("{method}/{basis}"),
        (Some(method), None) => method.clone(),
        (None, _) => config_name(&section.engine),
    };
    section.name.clone().unwrap_or(chemistry)
}

fn chemistry_of(section: &LevelSection) -> Chemistry {
    Chemistry {
        method: section.method.clone().unwrap_or_default(),
        basis: section.basis.clone(),
        reference: section.reference,
        frozen_core: section.frozen_core,
        density_fitting: section.density_fitting,
        scf_convergence: section.scf_convergence,
        keywords: section.keywords.clone(),
    }
}

/// The folder of the configuration, to which the arguments of a command may be relative.
fn folder_of(config: &Config) -> PathBuf {
    let folder = config.resolve("".as_ref());
    std::path::absolute(&folder).unwrap_or(folder)
}

fn embedded(config: &Config, index: usize, section: &LevelSection) -> Result<Embedded, Faults> {
    let key = |key: &str| format!("fragments.level.{index}.{key}");
    let refused = |problem: Problem| config.fault_of(&format!("fragments.level.{index}"), problem);
    let basis = match (&section.basis, &section.basis_file) {
        (Some(_), Some(_)) => {
            let fault = config.fault(&key("basis_file"), "`basis` and `basis_file` are both set", "remove one of them");
            return Err(fault.into());
        }
        (_, Some(path)) => Embedded::basis_of_file(&config.inputs, &config.resolve(path)),
        (basis, None) => Embedded::basis_of_name(basis.as_deref()),
    };
    let engine = Embedded::new(&chemistry_of(section), basis.map_err(refused)?, section.threads).map_err(refused)?;
    for (retry, RetrySection { keywords }) in section.retry.iter().enumerate() {
        let key = key(&format!("retry.{retry}.keywords"));
        engine.with_keywords(keywords).map_err(|problem| config.fault(&key, problem.message, problem.help))?;
    }
    Ok(engine)
}

fn recorded(config: &Config, index: usize, section: &LevelSection, name: &str) -> Result<Recorded, Faults> {
    let path = config.resolve(section.file.as_deref().unwrap_or("".as_ref()));
    let recorded = Recorded::read(&config.inputs, &path, name);
    recorded.map_err(|problem| config.fault_of(&format!("fragments.level.{index}"), problem).into())
}

/// The name of a value in the configuration.
pub fn config_name(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn help_with(key: &str) -> &'static str {
    match key {
        "command" => "set the program and its arguments, as in command = [\"prog\", \"{input}\", \"{output}\"]",
        "program" => "set the program that QCEngine runs, as in program = \"psi4\"",
        _ => "set the file with the recorded tasks",
    }
}

/// Path and version of each level's program; none for levels without one. Fails where one is not found.
pub fn find(
    config: &Config,
    levels: &[Level],
    supervisor: Option<&Supervisor>,
) -> Result<Vec<Option<InstalledProgram>>, Faults> {
    let mut faults = Faults::default();
    let mut found: Vec<Option<InstalledProgram>> = Vec::new();
    for (k, level) in levels.iter().enumerate() {
        let Solver::Program(engine) = &level.solver else {
            found.push(None);
            continue;
        };
        if let (Some(Launched { launcher, .. }), Some(supervisor)) = (&level.launched, supervisor) {
            let table = format!("fragments.level.{}", level.index);
            faults.collect(launcher.find(supervisor).map_err(|problem| config.fault_of(&table, problem)));
        }
        // A program that several levels use is looked for once.
        let before = levels[..k].iter().position(|other| {
            other.engine_name() == level.engine_name() && engine.name() != "command" && engine.name() != "qcengine"
        });
        if let Some(before) = before.and_then(|before| found.get(before)) {
            found.push(before.clone());
            continue;
        }
        let key = format!("fragments.level.{}.engine", level.index);
        let Some(supervisor) = supervisor else {
            let help = "see the message about the process supervisor above";
            faults.push(config.fault(&key, "no program can be started here", help));
            continue;
        };
        let program = engine.find(supervisor).map_err(|problem| config.fault_of(&key, problem));
        found.push(faults.collect(program).flatten());
    }
    faults.into_result(found)
}
