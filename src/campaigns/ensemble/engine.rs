//! Which program runs a replica, and with which input?
use super::render::{self, Names, Renderer, is_template};
use super::section::{Again, CommandSection, GromacsSection};
use crate::config::{Config, Faults};
use crate::engines::md::gromacs::{Input, Mdp, Simulation};
use crate::engines::md::model::Model;
use crate::engines::md::plumed::PlumedKernel;
use crate::engines::md::{Invocation, LaunchContext, RunSummary};
use crate::engines::{InstalledProgram, TaskLauncher, locate_with_scripts};
use crate::problem::Problem;
use crate::process::Supervisor;
use crate::task::Cause;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The program that runs replicas.
pub enum Engine {
    /// Any program. Words of `argv` that name files beside the configuration are absolute paths.
    Command(CommandSection),
    Gromacs(Box<GromacsSetup>),
    Model(Box<Model>),
}

/// How GROMACS simulates a replica.
pub struct GromacsSetup {
    /// With absolute paths of the program and of run parameters.
    pub section: GromacsSection,
    /// The consecutive simulations, before templates and names in braces are rendered.
    pub simulations: Vec<Simulation>,
}

/// The input of the programs of one replica.
pub enum EngineInput {
    Command { argv: Vec<String>, environment: Vec<(String, String)> },
    Gromacs(Vec<Simulation>),
    Model,
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

    /// Rows of the columns of a replica; 0 where they are not known before the run.
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
            Self::Gromacs(setup) => setup.section.gromacs.cores(),
            Self::Model(_) => 1,
        }
    }

    /// What starts the program of a replica, if it is a launcher.
    pub fn task_launcher(&self) -> Option<TaskLauncher> {
        match self {
            Self::Command(program) => program.task_launcher(),
            Self::Gromacs(setup) => setup.section.gromacs.task_launcher(),
            Self::Model(_) => None,
        }
    }

    /// Whether an interrupted replica continues where it stopped.
    pub fn is_resumable(&self) -> bool {
        match self {
            Self::Command(program) => program.again == Again::Continue,
            Self::Gromacs(_) => true,
            Self::Model(_) => false,
        }
    }

    /// Finds the program and its version.
    ///
    /// # Errors
    /// It is not found, or does not support what the configuration requests.
    pub fn find(&self, config: &Config, supervisor: &Supervisor) -> Result<Option<InstalledProgram>, Faults> {
        let (key, found) = match self {
            Self::Command(program) => ("ensemble.command", program.find(supervisor)),
            Self::Gromacs(setup) => ("ensemble.gromacs", setup.section.gromacs.find(supervisor).map(Some)),
            Self::Model(_) => return Ok(None),
        };
        found.map_err(|problem| config.fault_of(key, problem).into())
    }

    /// Finds PLUMED's library, where it biases a simulation.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn find_plumed(&self, config: &Config, supervisor: &Supervisor) -> Result<Option<PlumedKernel>, Faults> {
        let Self::Gromacs(setup) = self else { return Ok(None) };
        let Some(index) = setup.simulations.iter().position(|one| one.plumed.is_some()) else { return Ok(None) };
        let key = format!("ensemble.gromacs.{}", setup.section.plumed_key(index));
        let kernel = setup.section.gromacs.check_plumed(supervisor).map(Some);
        kernel.map_err(|problem| config.fault_of(&key, problem).into())
    }

    /// The input of the programs of a replica.
    ///
    /// # Errors
    /// A template cannot be rendered, or GROMACS would seed from the clock.
    pub fn input(&self, renderer: &Renderer, base: &Path, names: &Names) -> Result<EngineInput, Problem> {
        match self {
            Self::Command(program) => {
                let (argv, environment) = program.words(renderer, names)?;
                Ok(EngineInput::Command { argv, environment })
            }
            Self::Gromacs(setup) => Ok(EngineInput::Gromacs(setup.simulations(renderer, base, names)?)),
            Self::Model(_) => Ok(EngineInput::Model),
        }
    }

    /// Whether a replica counts as failed without certain files.
    pub fn requires_files(&self) -> bool {
        matches!(self, Self::Command(command) if !command.produces.is_empty())
    }

    /// Checks that a replica left the required files; `label` names it in messages.
    ///
    /// # Errors
    /// One is missing.
    pub fn check_products(&self, folder: &Path, label: &str) -> Result<(), String> {
        match self {
            Self::Command(program) => program.missing_product(folder, label).map_or(Ok(()), Err),
            Self::Gromacs(_) | Self::Model(_) => Ok(()),
        }
    }

    /// Runs the programs of a replica.
    ///
    /// # Errors
    /// They did not finish.
    pub fn run(&self, input: &EngineInput, launch: &LaunchContext) -> Result<RunSummary, Cause> {
        match (self, input) {
            (Self::Command(program), EngineInput::Command { argv, environment }) => {
                program.run(argv, environment, launch)
            }
            (Self::Gromacs(setup), EngineInput::Gromacs(simulations)) => setup.section.gromacs.run(simulations, launch),
            _ => Err(Cause::Failed("the input of the replica is for another engine".into())),
        }
    }
}

impl EngineInput {
    /// Everything that distinguishes the input from that of other replicas, added to `text`.
    pub fn describe(&self, text: &mut String) {
        let simulations = match self {
            Self::Command { argv, environment } => return text.push_str(&format!("{argv:?}\n{environment:?}\n")),
            Self::Gromacs(simulations) => simulations,
            Self::Model => return,
        };
        for Simulation { name, input, .. } in simulations {
            text.push_str(&match input {
                Input::Tpr(path) => format!("{name} {}\n", path.display()),
                Input::Parameters { mdp, structure, topology, index, args } => {
                    format!("{name} {structure:?} {topology:?} {index:?} {args:?}\n{}\n", mdp.text())
                }
            });
        }
    }
}

/// Arguments and environment variables.
type CommandWords = (Vec<String>, Vec<(String, String)>);

impl CommandSection {
    fn words(&self, renderer: &Renderer, names: &Names) -> Result<CommandWords, Problem> {
        let argv = self.argv.iter().map(|word| renderer.word(word, names)).collect::<Result<_, _>>();
        let argv = argv.map_err(|error: render::Error| error.problem("command.argv", None, names))?;
        let environment = renderer.words(&self.environment, names);
        Ok((argv, environment.map_err(|error| error.problem("command.environment", None, names))?))
    }

    fn task_launcher(&self) -> Option<TaskLauncher> {
        TaskLauncher::new(self.launcher.as_deref(), self.ranks, self.threads)
    }

    /// Finds the program and its launcher; its version is the digest of its file and of files among its arguments, such as a script for its interpreter.
    fn find(&self, supervisor: &Supervisor) -> Result<Option<InstalledProgram>, Problem> {
        if let Some(launcher) = self.task_launcher() {
            launcher.find(supervisor)?;
        }
        let help = "check `argv`: its first word is a program of PATH, or a path beside the configuration";
        let name = self.argv.first().map_or("", String::as_str);
        // Such a program is only known, or only exists, when a replica begins.
        if name.contains('{') || name.starts_with("./") {
            return Ok(None);
        }
        let found = locate_with_scripts(&self.argv, help);
        found.map(Some).map_err(|problem| Problem { key: "argv".into(), ..problem })
    }

    fn run(
        &self,
        argv: &[String],
        environment: &[(String, String)],
        launch: &LaunchContext,
    ) -> Result<RunSummary, Cause> {
        let program = program_name(argv);
        let set = environment.iter().map(|(key, value)| (key.into(), value.into())).collect();
        let launcher = self.task_launcher();
        let invocation = Invocation {
            program: &program,
            output_stem: "",
            argv: argv.iter().map(OsString::from).collect(),
            environment: set,
            launcher: launcher.as_ref(),
        };
        let finished = launch.run(&invocation)?;
        if !finished.exit.is_success() {
            return Err(launch.failure(&program, &finished, "", &[]));
        }
        // A missing file is reported when files are read, unless the disk is full: then the program could not do its work.
        let missing = self.missing_product(launch.folder, launch.label);
        match missing.map(|text| launch.or_full_disk(Cause::Failed(text))) {
            Some(cause @ Cause::Resource(_)) => Err(cause),
            _ => {
                let mut summary = RunSummary::default();
                summary.usage.add(&finished);
                Ok(summary)
            }
        }
    }

    /// A message about a file that the program should have left in the folder.
    fn missing_product(&self, folder: &Path, label: &str) -> Option<String> {
        let file = self.produces.iter().find(|file| !folder.join(file).exists())?;
        Some(format!("{} of {label} ended with exit code 0, but left no `{file}`", program_name(&self.argv)))
    }
}

/// The name of a program in messages.
fn program_name(argv: &[String]) -> String {
    let program = Path::new(argv.first().map_or("", String::as_str));
    program.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

impl GromacsSetup {
    fn simulations(&self, renderer: &Renderer, base: &Path, names: &Names) -> Result<Vec<Simulation>, Problem> {
        let path = |key: &str, path: &Path| rendered_path(renderer, base, &format!("gromacs.{key}"), path, names);
        let optional = |key: &str, file: &Option<PathBuf>| file.as_deref().map(|file| path(key, file)).transpose();
        let parameters = |stage: usize, mdp: &Mdp| {
            let (key, file) = self.section.mdp(stage).unwrap_or_default();
            let text = match is_template(&file) {
                true => renderer.file(mdp.text(), names).map_err(|error| error.problem(&key, Some(&file), names))?,
                false => mdp.text().to_owned(),
            };
            let mdp = Mdp::new(text);
            mdp.check_seeds().map_err(|error| {
                let help = "write {{ seed }} there, in a file whose name ends in .j2";
                Problem::at_key(key, format!("`{}`: {error}", file.display()), help)
            })?;
            Ok::<Mdp, Problem>(mdp)
        };
        let rendered = |(stage, Simulation { name, input, plumed }): (usize, &Simulation)| {
            let input = match input {
                Input::Tpr(tpr) => Input::Tpr(path("tpr", tpr)?),
                Input::Parameters { mdp, structure, topology, index, args } => Input::Parameters {
                    mdp: parameters(stage, mdp)?,
                    structure: optional("structure", structure)?,
                    topology: path("topology", topology)?,
                    index: optional("index", index)?,
                    args: args.clone(),
                },
            };
            Ok(Simulation { name: name.clone(), input, plumed: plumed.clone() })
        };
        self.simulations.iter().enumerate().map(rendered).collect()
    }
}

/// A path of the configuration with names in braces, relative to `base`.
///
/// # Errors
/// A name is undefined.
pub fn rendered_path(
    renderer: &Renderer,
    base: &Path,
    key: &str,
    path: &Path,
    names: &Names,
) -> Result<PathBuf, Problem> {
    let word = renderer.word(&path.to_string_lossy(), names).map_err(|error| error.problem(key, None, names))?;
    Ok(base.join(word))
}
