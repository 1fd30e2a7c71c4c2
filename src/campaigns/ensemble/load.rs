//! Does a section describe replicas that can be run?
use super::engine::{Engine, Program, Recipe, Source, Stage};
use super::inputs::{Collect, FileSource, Setup, Unfit};
use super::render::{Names, Renderer};
use super::section::{CommandSection, EngineName, GromacsSection, Section, StageSection};
use super::{EnsembleCampaign, seeds, told};
use crate::config::{Config, Fault, Faults};
use crate::engines::gromacs::{Gromacs, TAKEN};
use crate::engines::in_folder;
use crate::journal::{Fingerprint, digest_of_file};
use crate::seed::CampaignSeed;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Names that texts may use anyhow.
const OWN_NAMES: &[&str] = &["seed", "replica", "directory", "threads"];
/// GROMACS reads seeds as numbers of 32 bits with a sign.
const LARGEST_SEED: u64 = i32::MAX as u64;
/// Templates are read whole.
const LONGEST_TEMPLATE: u64 = 64 << 20;

/// The campaign that the configuration describes.
///
/// # Errors
/// Every fault that can be found before anything runs.
pub fn load(config: &Config) -> Result<EnsembleCampaign, Faults> {
    let section: Section = config.section("ensemble")?;
    let base = config.resolve(".".as_ref());
    let base = std::path::absolute(&base).unwrap_or(base);
    let mut loader = Loader { config, section: &section, base, faults: Faults::default(), digests: Vec::new() };
    let seeds = loader.seeds();
    loader.check_names();
    let files = loader.files();
    let engine = loader.engine();
    loader.check_collect();
    loader.check_free_energy();
    let Loader { base, faults, digests, .. } = loader;
    faults.into_result(())?;
    let Some(engine) = engine else { return Err(Faults::default()) };
    let contents = Fingerprint::of(&format!("{digests:?}"));
    let setup = Setup {
        seeds,
        variables: section.variables.clone(),
        directory: section.directory.clone(),
        base,
        owner: format!("{} {contents}", config.campaign.output.display()),
        files,
        engine,
        collect: section
            .collect
            .iter()
            .map(|collect| Collect { file: collect.file.clone(), columns: collect.columns.clone() })
            .collect(),
        stagger: Duration::from_secs_f64(section.stagger_s),
        stall: section.stall_timeout_s.map(Duration::from_secs_f64),
        renderer: Renderer::new(),
    };
    check_replicas(config, &setup)?;
    let identity = told::identity(&section, &setup, &digests);
    let warnings = warnings(config, &setup);
    Ok(EnsembleCampaign { config: config.clone(), setup: Arc::new(setup), found: None, identity, warnings })
}

/// A section while it is looked at, and what was found wrong.
struct Loader<'a> {
    config: &'a Config,
    section: &'a Section,
    base: PathBuf,
    faults: Faults,
    /// Keys that name files, and the files' digests.
    digests: Vec<(String, String)>,
}

impl Loader<'_> {
    fn refuse(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(self.config.fault(&format!("ensemble.{key}"), message, help));
    }

    fn seeds(&mut self) -> Vec<u64> {
        let help =
            "give seeds as in seeds = \"0-15\" or seeds = [3, 5], or a count, whose seeds derive from campaign.seed";
        let seeds = match (&self.section.seeds, self.section.count) {
            (Some(_), Some(_)) => {
                self.refuse("count", "`seeds` and `count` are both given", "remove one of them");
                return Vec::new();
            }
            (None, None) => {
                self.refuse("seeds", "`seeds` is missing", help);
                return Vec::new();
            }
            (None, Some(count)) if count > seeds::MOST => {
                self.refuse("count", format!("there are more than {} replicas", seeds::MOST), "lower it");
                return Vec::new();
            }
            (None, Some(count)) => seeds::derived(CampaignSeed(self.config.campaign.seed), count),
            (Some(given), None) => match seeds::given(given) {
                Ok(seeds) => seeds,
                Err(error) => {
                    self.refuse("seeds", error.to_string(), help);
                    return Vec::new();
                }
            },
        };
        let is_gromacs = self.section.engine == EngineName::Gromacs;
        if let Some(seed) = seeds.iter().find(|seed| is_gromacs && **seed > LARGEST_SEED) {
            let help = format!("GROMACS takes seeds up to {LARGEST_SEED}");
            self.refuse("seeds", format!("seed {seed} is too large"), help);
        }
        seeds
    }

    fn check_names(&mut self) {
        for name in self.section.variables.keys() {
            let key = format!("variables.\"{name}\"");
            if OWN_NAMES.contains(&name.as_str()) {
                self.refuse(&key, format!("`{name}` has a meaning of its own in templates"), "choose another name");
            }
            let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit());
            if !is_word {
                let help = "take letters, digits and underscores, and no digit first";
                self.refuse(&key, format!("templates cannot name `{name}`"), help);
            }
        }
    }

    /// The digest of a file that the key names; told where it cannot be read.
    fn digest(&mut self, key: &str, path: &Path) -> String {
        let digest = match path.is_file() {
            true => digest_of_file(path).map_err(|error| error.to_string()),
            false => Err(if path.is_dir() { "it is a folder" } else { "there is no such file" }.to_owned()),
        };
        digest.unwrap_or_else(|why| {
            let message = format!("cannot read `{}`: {why}", path.display());
            self.refuse(key, message, "name a file, relative to this configuration");
            String::new()
        })
    }

    /// The text of a file, to be rendered or not.
    fn text(&mut self, key: &str, path: &Path) -> String {
        let digest = self.digest(key, path);
        if digest.is_empty() {
            return String::new();
        }
        let read = match fs::metadata(path).map(|file| file.len()) {
            Ok(length) if length > LONGEST_TEMPLATE => Err(format!("it has {length} bytes")),
            _ => fs::read(path).map_err(|error| error.to_string()),
        };
        let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned()));
        text.unwrap_or_else(|why| {
            self.refuse(key, format!("cannot read `{}`: {why}", path.display()), "save it as UTF-8 text");
            String::new()
        })
    }

    fn files(&mut self) -> Vec<FileSource> {
        if !self.section.files.is_empty() && self.section.directory.is_none() {
            let help = "name one, as in directory = \"replicas/{seed}\"";
            self.refuse("files", "files need a folder for each replica", help);
        }
        let mut files = Vec::new();
        for (target, source) in &self.section.files {
            let key = format!("files.\"{target}\"");
            if !is_inside(target) {
                let help = "name a file in the replica's folder";
                self.refuse(&key, format!("`{target}` is not within the replica's folder"), help);
            }
            let path = self.base.join(source);
            let template = is_template(source).then(|| self.text(&key, &path));
            let digest = match &template {
                Some(text) => Fingerprint::of(text).to_string(),
                None => self.digest(&key, &path),
            };
            files.push(FileSource { target: target.clone(), path, digest, template });
        }
        files
    }

    fn engine(&mut self) -> Option<Engine> {
        let section = self.section;
        for (name, is_given, owner) in [
            ("command", section.command.is_some(), EngineName::Command),
            ("gromacs", section.gromacs.is_some(), EngineName::Gromacs),
        ] {
            match (is_given, section.engine == owner) {
                (true, false) => {
                    let message = format!("[ensemble.{name}] has a meaning with engine = \"{name}\" only");
                    self.refuse(name, message, "remove it");
                }
                (false, true) => {
                    let message = format!("engine \"{name}\" needs the section [ensemble.{name}]");
                    self.refuse("engine", message, "add it; `simmpi schema` describes it");
                }
                _ => {}
            }
        }
        match section.engine {
            EngineName::Model => {
                let help = "use engine = \"gromacs\" or engine = \"command\"";
                self.refuse("engine", "engine \"model\" is not supported yet", help);
                None
            }
            EngineName::Command => Some(Engine::Command(self.program(section.command.as_ref()?))),
            EngineName::Gromacs => Some(Engine::Gromacs(Box::new(self.recipe(section.gromacs.as_ref()?)?))),
        }
    }

    fn program(&mut self, command: &CommandSection) -> Program {
        // A word that names a file of the replica's own is that one, wherever it came from.
        let is_target = |word: &str| self.section.files.contains_key(word.strip_prefix("./").unwrap_or(word));
        let own = |(place, word): (usize, &String)| match is_target(word) {
            true => word.clone(),
            false => in_folder(place, word, &self.base),
        };
        let argv: Vec<String> = command.argv.iter().enumerate().map(own).collect();
        if command.argv.first().is_some_and(String::is_empty) {
            self.refuse(
                "command.argv",
                "the program has no name",
                "write it as argv = [\"prog\", \"--seed\", \"{seed}\"]",
            );
        }
        for (place, file) in command.produces.iter().enumerate().filter(|(_, file)| !is_inside(file)) {
            let help = "name a file in the replica's folder";
            self.refuse(
                &format!("command.produces.{place}"),
                format!("`{file}` is not within the replica's folder"),
                help,
            );
        }
        Program {
            argv,
            environment: command.environment.clone(),
            threads: command.threads,
            produces: command.produces.clone(),
            again: command.again,
        }
    }

    fn recipe(&mut self, gromacs: &GromacsSection) -> Option<Recipe> {
        if self.section.directory.is_none() {
            let help = "name one, as in directory = \"replicas/{seed}\"";
            self.refuse("directory", "GROMACS needs a folder for each replica", help);
        }
        let stages = self.stages(gromacs);
        for key in ["mdrun_args", "grompp_args"] {
            let args = if key == "mdrun_args" { &gromacs.mdrun_args } else { &gromacs.grompp_args };
            let taken: &[&str] = if key == "mdrun_args" { TAKEN } else { &["-f", "-o", "-po", "-c", "-p", "-n", "-t"] };
            for (place, word) in args.iter().enumerate().filter(|(_, word)| taken.contains(&word.as_str())) {
                let help = "remove it: simmpi says it, by the keys of this section and the parameters";
                self.refuse(&format!("gromacs.{key}.{place}"), format!("`{word}` is not free"), help);
            }
        }
        if let Some(input) = &gromacs.plumed
            && !self.section.files.contains_key(input)
        {
            let help = format!("add it to [ensemble.files], as in \"{input}\" = \"{input}.j2\"");
            self.refuse("gromacs.plumed", format!("`{input}` is not a file of the replica's folder"), help);
        }
        let has_parameters = stages.iter().any(|stage| matches!(stage.source, Source::Mdp { .. }));
        let structure = self.input("structure", gromacs.structure.as_ref(), has_parameters);
        let topology = self.input("topology", gromacs.topology.as_ref(), has_parameters);
        let index = self.input("index", gromacs.index.as_ref(), false);
        // A name without a slash is looked for in PATH.
        let binary = match gromacs.binary.components().count() {
            1 => gromacs.binary.clone(),
            _ => self.base.join(&gromacs.binary),
        };
        Some(Recipe {
            gromacs: Gromacs {
                binary,
                thread_mpi_ranks: gromacs.thread_mpi_ranks,
                threads: gromacs.threads,
                gpus: gromacs.gpus.clone(),
                replicas_per_gpu: gromacs.replicas_per_gpu,
                plumed: gromacs.plumed.clone(),
                mdrun_args: gromacs.mdrun_args.clone(),
                unstable_factor: gromacs.unstable_time_step_factor,
            },
            stages,
            structure,
            topology: topology.unwrap_or_default(),
            index,
        })
    }

    fn stages(&mut self, gromacs: &GromacsSection) -> Vec<Stage> {
        let given =
            [("mdp", gromacs.mdp.is_some()), ("tpr", gromacs.tpr.is_some()), ("stage", !gromacs.stage.is_empty())];
        let given: Vec<&str> = given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect();
        if let [_, second, ..] = given[..] {
            let message = format!("`{}` are given, which exclude each other", given.join("` and `"));
            self.refuse(&format!("gromacs.{second}"), message, "keep one of them");
            return Vec::new();
        }
        if let Some(tpr) = &gromacs.tpr {
            self.input("tpr", Some(tpr), true);
            let source = Source::Tpr(tpr.clone());
            return vec![Stage { name: "run".into(), source, grompp_args: Vec::new() }];
        }
        let mut stages = gromacs.stage.clone();
        if let Some(mdp) = &gromacs.mdp {
            stages.push(StageSection { name: "run".into(), mdp: mdp.clone(), grompp_args: Vec::new() });
        }
        if stages.is_empty() {
            let help = "give mdp, structure and topology, or tpr, or [[ensemble.gromacs.stage]]";
            self.refuse("gromacs", "there is nothing to simulate", help);
        }
        let mut names = BTreeSet::new();
        let stage = |(place, stage): (usize, &StageSection)| {
            let key = match gromacs.mdp {
                Some(_) => "gromacs.mdp".to_owned(),
                None => format!("gromacs.stage.{place}.mdp"),
            };
            let is_word = stage.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !is_word || !names.insert(stage.name.clone()) {
                let help = "take letters, digits and dashes, another name for each";
                let message = format!("`{}` cannot be the name of a stage's files", stage.name);
                self.refuse(&format!("gromacs.stage.{place}.name"), message, help);
            }
            let path = self.base.join(&stage.mdp);
            let text = self.text(&key, &path);
            self.digests.push((key.clone(), Fingerprint::of(&text).to_string()));
            let is_template = is_template(&stage.mdp);
            let key = format!("ensemble.{key}");
            let grompp_args = gromacs.grompp_args.iter().chain(&stage.grompp_args).cloned().collect();
            Stage { name: stage.name.clone(), source: Source::Mdp { key, path, text, is_template }, grompp_args }
        };
        stages.iter().enumerate().map(stage).collect()
    }

    /// A file that GROMACS reads; one whose name holds names is looked for when those are known.
    fn input(&mut self, key: &str, path: Option<&PathBuf>, is_needed: bool) -> Option<PathBuf> {
        let whole = format!("gromacs.{key}");
        let Some(path) = path else {
            if is_needed {
                self.refuse(&whole, format!("`{key}` is missing"), format!("name the {key} file"));
            }
            return None;
        };
        if path.to_string_lossy().contains('{') {
            return Some(path.clone());
        }
        let file = self.base.join(path);
        let mut digest = self.digest(&whole, &file);
        if key == "topology" && !digest.is_empty() {
            digest = digest_with_includes(&file, digest);
        }
        self.digests.push((whole, digest));
        Some(path.clone())
    }

    fn check_collect(&mut self) {
        for (place, collect) in self.section.collect.iter().enumerate() {
            let key = format!("collect.{place}");
            if !is_inside(&collect.file) {
                let help = "name a file in the replica's folder";
                self.refuse(
                    &format!("{key}.file"),
                    format!("`{}` is not within the replica's folder", collect.file),
                    help,
                );
            }
            if self.section.collect[..place].iter().any(|other| other.file == collect.file) {
                let message = format!("`{}` is collected twice", collect.file);
                self.refuse(&format!("{key}.file"), message, "name all of its columns in one entry");
            }
            for (k, column) in collect.columns.iter().enumerate().filter(|(k, c)| collect.columns[..*k].contains(c)) {
                let message = format!("column {} is named twice", super::write::name_of(column));
                self.refuse(&format!("{key}.columns.{k}"), message, "remove one");
            }
        }
    }

    fn check_free_energy(&mut self) {
        if !self.section.free_energy.is_empty() {
            let help = "collect the columns, and compute it from them";
            self.refuse("free_energy", "free energies are not supported yet", help);
        }
    }
}

/// Whether a path stays within the folder that it is relative to.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn is_template(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "j2")
}

/// The digest of a topology with all files that it includes and that stand beside it.
fn digest_with_includes(topology: &Path, digest: String) -> String {
    let (mut all, mut open, mut seen) = (digest, vec![topology.to_owned()], BTreeSet::new());
    while let Some(path) = open.pop() {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("#include")?.split('"').nth(1));
        for file in names.map(|name| path.parent().unwrap_or(Path::new("")).join(name)).filter(|file| file.is_file()) {
            if seen.insert(file.clone()) {
                all.push_str(&digest_of_file(&file).unwrap_or_default());
                open.push(file);
            }
        }
    }
    Fingerprint::of(&all).to_string()
}

/// Renders everything for every replica: what is asked for and not there, folders and inputs that two share.
fn check_replicas(config: &Config, setup: &Setup) -> Result<(), Faults> {
    let (mut folders, mut digests) = (HashMap::<PathBuf, usize>::new(), HashMap::<String, usize>::new());
    let both = |first: usize, second: usize| {
        format!("replicas {first} and {second} (seeds {} and {})", setup.seeds[first], setup.seeds[second])
    };
    for replica in 0..setup.seeds.len() {
        let inputs = setup.inputs(replica).map_err(|unfit| Faults::from(told_unfit(config, unfit, setup, replica)))?;
        if setup.directory.is_some() {
            check_folder(config, setup, &inputs.folder)?;
            if let Some(first) = folders.insert(inputs.folder.clone(), replica) {
                let message = format!("{} have the same folder `{}`", both(first, replica), inputs.folder.display());
                let help = "put {seed} into it, as in directory = \"replicas/{seed}\"";
                return Err(config.fault("ensemble.directory", message, help).into());
            }
        }
        if let Some(first) = digests.insert(inputs.digest, replica) {
            let message =
                format!("{} would do the same: nothing that they start from names the seed", both(first, replica));
            let (key, help) = match setup.engine {
                Engine::Command(_) => {
                    ("ensemble.command.argv", "name {seed} in argv or environment, or {{ seed }} in a file")
                }
                Engine::Gromacs(_) => (
                    "ensemble.gromacs",
                    "write gen-seed and ld-seed = {{ seed }} into an mdp file whose name ends in .j2",
                ),
            };
            return Err(config.fault(key, message, help).into());
        }
    }
    check_inputs(config, setup)
}

/// A folder that holds the configuration is no replica's.
fn check_folder(config: &Config, setup: &Setup, folder: &Path) -> Result<(), Faults> {
    let plain = |path: &Path| path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>();
    let is_outside = folder.components().any(|part| part == Component::ParentDir);
    if plain(&setup.base).starts_with(plain(folder)) || is_outside {
        let message = format!("`{}` cannot be a replica's folder", folder.display());
        let help = "name a folder of its own for each, without `..`, as in directory = \"replicas/{seed}\"";
        return Err(config.fault("ensemble.directory", message, help).into());
    }
    Ok(())
}

/// Files whose names hold names must be there for every replica.
fn check_inputs(config: &Config, setup: &Setup) -> Result<(), Faults> {
    let Engine::Gromacs(recipe) = &setup.engine else { return Ok(()) };
    let tpr = recipe.stages.iter().find_map(|stage| match &stage.source {
        Source::Tpr(path) => Some(path),
        Source::Mdp { .. } => None,
    });
    let named = [("tpr", tpr), ("structure", recipe.structure.as_ref()), ("index", recipe.index.as_ref())];
    for (key, path) in named.into_iter().filter_map(|(key, path)| Some((key, path?))) {
        let key = format!("ensemble.gromacs.{key}");
        for replica in 0..setup.seeds.len() {
            let file = setup.path(&key, path, &setup.names(replica));
            let file = file.map_err(|unfit| Faults::from(told_unfit(config, unfit, setup, replica)))?;
            if !file.is_file() {
                let message = format!("there is no file `{}` for {}", file.display(), setup.label(replica));
                return Err(config.fault(&key, message, "name a file that is there for every replica").into());
            }
        }
    }
    Ok(())
}

fn told_unfit(config: &Config, unfit: Unfit, setup: &Setup, replica: usize) -> Fault {
    let names: Names = setup.names(replica);
    let names: Vec<&str> = names.keys().map(String::as_str).collect();
    let help = match unfit.message.contains("from the clock") {
        true => "write {{ seed }} there, in a file whose name ends in .j2".to_owned(),
        false => format!("define it in [ensemble.variables]; there are {}", names.join(", ")),
    };
    config.fault(&unfit.key, unfit.message, help)
}

fn warnings(config: &Config, setup: &Setup) -> Faults {
    let mut warnings = Faults::default();
    if setup.directory.is_none() && !setup.collect.is_empty() && setup.seeds.len() > 1 {
        let is_shared = setup.collect.iter().find(|collect| !collect.file.contains('{'));
        if let Some(collect) = is_shared {
            let message = format!("all replicas leave `{}` in one folder", collect.file);
            let help = "give each a folder by `directory`, or put {seed} into the file's name";
            warnings.push(config.fault("ensemble.collect.0.file", message, help).warning());
        }
    }
    warnings
}
