//! What runs a replica?
use super::inputs::{Inputs, Setup, Unfit, unfit};
use super::render::{self, Names};
use super::section::Again;
use crate::config::{Config, Faults};
use crate::engines::md::gromacs::{Gromacs, Input, Mdp, Simulation, SimulationOutcome};
use crate::engines::md::model::Model;
use crate::engines::md::plumed::PlumedKernel;
use crate::engines::md::{Invocation, LaunchContext, Usage};
use crate::engines::{InstalledProgram, MissingProgram, locate_with_scripts};
use crate::process::Supervisor;
use crate::task::Cause;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Who runs replicas.
pub enum Engine {
    Command(Program),
    Gromacs(Box<Recipe>),
    Model(Box<Model>),
}

/// Any program.
#[derive(Clone, Debug)]
pub struct Program {
    /// With names in braces, and files of the configuration's folder found where they are.
    pub argv: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub threads: usize,
    /// Files that it leaves where it has come to its end.
    pub produces: Vec<String>,
    pub again: Again,
}

/// How GROMACS simulates a replica.
pub struct Recipe {
    pub gromacs: Gromacs,
    pub stages: Vec<Stage>,
    /// Whether they are `[[ensemble.gromacs.stage]]`, or the only one that follows from other keys.
    pub is_staged: bool,
    pub structure: Option<PathBuf>,
    pub topology: PathBuf,
    pub index: Option<PathBuf>,
}

/// A simulation of a replica, before anything is filled in.
pub struct Stage {
    pub name: String,
    pub source: Source,
    pub grompp_args: Vec<String>,
    /// Input of PLUMED, where it biases this one.
    pub plumed: Option<String>,
}

/// What a simulation starts from.
pub enum Source {
    /// With names in braces.
    Tpr(PathBuf),
    /// Parameters, and whether they are rendered; `key` is theirs in the configuration.
    Mdp { key: String, path: PathBuf, text: String, is_template: bool },
}

/// What the programs of one replica are told.
pub enum Job {
    Command { argv: Vec<String>, environment: Vec<(String, String)> },
    Gromacs(Vec<Simulation>),
    Model,
}

/// What came of a replica, besides its files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    pub ns_per_day: f64,
    pub potential: f64,
    pub step: f64,
    pub notes: Vec<String>,
}

impl Engine {
    /// Its name in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Gromacs(_) => "gromacs",
            Self::Model(_) => "model",
        }
    }

    /// Whether replicas are run by programs.
    pub fn is_program(&self) -> bool {
        !matches!(self, Self::Model(_))
    }

    /// Rows of a replica's columns, as far as they are known beforehand.
    pub fn rows(&self) -> u64 {
        match self {
            Self::Model(model) => model.rows(),
            Self::Command(_) | Self::Gromacs(_) => 0,
        }
    }

    /// Threads of one replica.
    pub fn threads(&self) -> usize {
        match self {
            Self::Command(program) => program.threads,
            Self::Gromacs(recipe) => recipe.gromacs.cores(),
            Self::Model(_) => 1,
        }
    }

    /// Whether a replica goes on where it was stopped.
    pub fn goes_on(&self) -> bool {
        match self {
            Self::Command(program) => program.again == Again::Continue,
            Self::Gromacs(_) => true,
            Self::Model(_) => false,
        }
    }

    /// Where the program is, and its version.
    ///
    /// # Errors
    /// It is not there, or cannot do what is asked.
    pub fn find(&self, config: &Config, supervisor: &Supervisor) -> Result<Option<InstalledProgram>, Faults> {
        let fault = |key: &str, missing: MissingProgram| Faults::from(config.fault(key, missing.message, missing.help));
        match self {
            Self::Command(program) => program.find().map_err(|missing| fault("ensemble.command.argv", missing)),
            Self::Gromacs(recipe) => {
                let found =
                    recipe.gromacs.find(supervisor).map_err(|missing| fault("ensemble.gromacs.binary", missing))?;
                Ok(Some(found))
            }
            Self::Model(_) => Ok(None),
        }
    }

    /// PLUMED's library, where a simulation is biased by it.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn find_plumed(&self, config: &Config, supervisor: &Supervisor) -> Result<Option<PlumedKernel>, Faults> {
        let Self::Gromacs(recipe) = self else { return Ok(None) };
        let Some(place) = recipe.stages.iter().position(|stage| stage.plumed.is_some()) else { return Ok(None) };
        let key = match recipe.is_staged {
            true => format!("ensemble.gromacs.stage.{place}.plumed"),
            false => "ensemble.gromacs.plumed".to_owned(),
        };
        recipe.gromacs.check_plumed(supervisor).map(Some).map_err(|missing| {
            let message = format!("PLUMED cannot be used: {missing}");
            Faults::from(config.fault(&key, message, missing.help()))
        })
    }

    /// What a replica's programs are told, without what names its folder.
    ///
    /// # Errors
    /// A text asks for a name that is not there, or GROMACS would take a seed from the clock.
    pub fn job(&self, setup: &Setup, names: &Names) -> Result<Job, Unfit> {
        match self {
            Self::Command(_) => Ok(Job::Command { argv: Vec::new(), environment: Vec::new() }),
            Self::Gromacs(recipe) => Ok(Job::Gromacs(recipe.simulations(setup, names)?)),
            Self::Model(_) => Ok(Job::Model),
        }
    }

    /// The words of a command in a line each; nothing for other engines.
    ///
    /// # Errors
    /// A word asks for a name that is not there.
    pub fn told(&self, names: &Names) -> Result<String, Unfit> {
        let Self::Command(program) = self else { return Ok(String::new()) };
        let (argv, environment) = program.words(names)?;
        Ok(format!("{argv:?}\n{environment:?}\n"))
    }

    /// Whether a replica has failed without certain files.
    pub fn must_leave_files(&self) -> bool {
        matches!(self, Self::Command(program) if !program.produces.is_empty())
    }

    /// Whether a replica left the files that it is to leave.
    ///
    /// # Errors
    /// It did not.
    pub fn check_left(&self, folder: &Path, label: &str) -> Result<(), String> {
        match self {
            Self::Command(program) => program.lacks(folder, label).map_or(Ok(()), Err),
            Self::Gromacs(_) | Self::Model(_) => Ok(()),
        }
    }

    /// Runs a replica to its end.
    ///
    /// # Errors
    /// It did not come to its end.
    pub fn run(&self, inputs: &Inputs, berth: &LaunchContext, usage: &mut Usage) -> Result<Ran, Cause> {
        match (self, &inputs.job) {
            (Self::Command(program), Job::Command { argv, environment }) => {
                program.run(argv, environment, berth, usage)?;
                Ok(Ran { ns_per_day: f64::NAN, potential: f64::NAN, step: f64::NAN, notes: Vec::new() })
            }
            (Self::Gromacs(recipe), Job::Gromacs(simulations)) => {
                let done = recipe.gromacs.run(simulations, berth, usage)?;
                Ok(done.into())
            }
            _ => Err(Cause::Failed("a replica was prepared for another engine".into())),
        }
    }
}

impl From<SimulationOutcome> for Ran {
    fn from(done: SimulationOutcome) -> Self {
        Self {
            ns_per_day: done.ns_per_day.unwrap_or(f64::NAN),
            potential: done.potential.unwrap_or(f64::NAN),
            step: done.step.map_or(f64::NAN, |step| step as f64),
            notes: done.notes,
        }
    }
}

impl Job {
    /// What makes this replica another one than the others, added to a text.
    pub fn describe(&self, text: &mut String) {
        let Self::Gromacs(simulations) = self else { return };
        for Simulation { name, input, .. } in simulations {
            text.push_str(&match input {
                Input::Tpr(path) => format!("{name} {}\n", path.display()),
                Input::Parameters { mdp, structure, topology, index, args } => {
                    format!("{name} {structure:?} {topology:?} {index:?} {args:?}\n{}\n", mdp.text())
                }
            });
        }
    }

    /// The same with the words of a command filled in.
    ///
    /// # Errors
    /// A word asks for a name that is not there.
    pub fn with_words(self, engine: &Engine, names: &Names) -> Result<Self, Unfit> {
        match (self, engine) {
            (Self::Command { .. }, Engine::Command(program)) => {
                let (argv, environment) = program.words(names)?;
                Ok(Self::Command { argv, environment })
            }
            (job, _) => Ok(job),
        }
    }
}

/// A command line, and variables of its environment.
type Words = (Vec<String>, Vec<(String, String)>);

impl Program {
    fn words(&self, names: &Names) -> Result<Words, Unfit> {
        let argv = self.argv.iter().map(|word| render::word(word, names)).collect::<Result<_, _>>();
        let argv = argv.map_err(|error| unfit("ensemble.command.argv", &error))?;
        let environment = render::words(&self.environment, names);
        Ok((argv, environment.map_err(|error| unfit("ensemble.command.environment", &error))?))
    }

    /// The program's file and its digest, with those of files among its arguments: a script is what its interpreter reads.
    fn find(&self) -> Result<Option<InstalledProgram>, MissingProgram> {
        let help = "check `argv`: its first word is a program of PATH, or a path beside the configuration";
        let name = self.argv.first().map_or("", String::as_str);
        // One that is only known, or only there, when a replica begins.
        if name.contains('{') || name.starts_with("./") {
            return Ok(None);
        }
        locate_with_scripts(&self.argv, help).map(Some)
    }

    fn run(
        &self,
        argv: &[String],
        environment: &[(String, String)],
        berth: &LaunchContext,
        usage: &mut Usage,
    ) -> Result<(), Cause> {
        let program = name_of(argv);
        let set = environment.iter().map(|(key, value)| (key.into(), value.into())).collect();
        let errand = Invocation {
            program: &program,
            output_stem: "",
            argv: argv.iter().map(OsString::from).collect(),
            environment: set,
        };
        let finished = berth.run(&errand, usage)?;
        if !finished.exit.is_success() {
            return Err(berth.failure(&program, &finished, "", &[]));
        }
        // That a file lacks is found when they are read, unless the disk is full: then the program could not do its work.
        match self.lacks(berth.folder, berth.label).map(|text| berth.or_full_disk(Cause::Failed(text))) {
            Some(cause @ Cause::Resource(_)) => Err(cause),
            _ => Ok(()),
        }
    }

    /// Which file is not in the folder though the program should have left it.
    fn lacks(&self, folder: &Path, label: &str) -> Option<String> {
        let file = self.produces.iter().find(|file| !folder.join(file).exists())?;
        Some(format!("{} of {label} ended with exit code 0, but left no `{file}`", name_of(&self.argv)))
    }
}

/// What messages call a program.
fn name_of(argv: &[String]) -> String {
    let program = Path::new(argv.first().map_or("", String::as_str));
    program.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

impl Recipe {
    fn simulations(&self, setup: &Setup, names: &Names) -> Result<Vec<Simulation>, Unfit> {
        let path = |key: &str, path: &Path| setup.path(&format!("ensemble.gromacs.{key}"), path, names);
        let simulation = |(place, stage): (usize, &Stage)| {
            let input = match &stage.source {
                Source::Tpr(tpr) => Input::Tpr(path("tpr", tpr)?),
                Source::Mdp { key, path: file, text, is_template } => {
                    let rendered = if *is_template { setup.renderer.file(text, names) } else { Ok(text.clone()) };
                    let refuse = |message: String| Unfit {
                        key: key.clone(),
                        message: format!("`{}`: {message}", file.display()),
                    };
                    let mdp = Mdp::new(rendered.map_err(|error| refuse(error.to_string()))?);
                    mdp.check_seeds().map_err(|error| refuse(error.to_string()))?;
                    let first = self.structure.as_deref().filter(|_| place == 0);
                    Input::Parameters {
                        mdp,
                        structure: first.map(|first| path("structure", first)).transpose()?,
                        topology: path("topology", &self.topology)?,
                        index: self.index.as_deref().map(|index| path("index", index)).transpose()?,
                        args: stage.grompp_args.clone(),
                    }
                }
            };
            Ok(Simulation { name: stage.name.clone(), input, plumed: stage.plumed.clone() })
        };
        self.stages.iter().enumerate().map(simulation).collect()
    }
}
