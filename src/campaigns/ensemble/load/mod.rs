//! Is an `[ensemble]` section valid, and which campaign does it describe?
mod columns;
mod engine;
mod replicas;

use super::campaign::EnsembleCampaign;
use super::identity;
use super::render::{Renderer, is_template};
use super::section::{EngineName, Section};
use super::setup::{FileSource, Setup};
use crate::campaigns::campaign::Declaration;
use crate::campaigns::replicas::seeds::{self, MAX_REPLICAS};
use crate::config::{Checker, Config, Faults, Inputs};
use crate::journal::Fingerprint;
use crate::seed::{CampaignSeed, MAX_TASKS};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Names that templates may always use.
const RESERVED_NAMES: &[&str] = &["seed", "replica", "directory", "threads"];
/// GROMACS reads seeds as signed 32-bit integers.
const LARGEST_SEED: u64 = i32::MAX as u64;
/// The largest size of a template, bytes.
const MAX_TEMPLATE: u64 = 64 << 20;

/// The campaign that the configuration describes.
///
/// # Errors
/// All errors that can be found before anything runs.
pub fn load(config: &Config) -> Result<EnsembleCampaign, Faults> {
    let section: Section = config.section("ensemble")?;
    let base = config.absolute(".".as_ref());
    let check = Checker::new(config, "ensemble");
    let mut loader = Loader { config, section: &section, base, check, digests: Vec::new() };
    let seeds = loader.seeds();
    loader.check_names();
    let files = loader.files();
    let engine = loader.engine();
    let collect = loader.collect(engine.as_ref());
    let free_energies = loader.free_energies(engine.as_ref(), &collect);
    let Loader { base, check, digests, .. } = loader;
    let engine = check.faults.require(engine)?;
    let contents = Fingerprint::of_text(&format!("{digests:?}"));
    let mut setup = Setup {
        claims: Vec::new(),
        seeds,
        base,
        owner: format!("{} {contents}", config.campaign.output.display()),
        files,
        engine,
        collect,
        free_energies,
        reading: None,
        oversubscribe: match section.engine {
            EngineName::Gromacs => section.gromacs.as_ref().is_some_and(|gromacs| gromacs.gromacs.oversubscribe),
            EngineName::Command => section.command.as_ref().is_some_and(|command| command.oversubscribe),
            EngineName::Model => false,
        },
        renderer: Renderer::new(),
        section,
    };
    let mut warnings = Faults::default();
    if !config.inputs.is_checked() {
        setup.claims = replicas::check(config, &setup)?;
        warnings = replicas::warnings(config, &setup);
    }
    let declared = identity::declaration(&setup, &digests);
    setup.reading.clone_from(&declared.reading);
    Ok(EnsembleCampaign::new(config.clone(), Arc::new(setup), Declaration { warnings, ..declared }))
}

/// A section while it is checked.
struct Loader<'a> {
    config: &'a Config,
    section: &'a Section,
    base: PathBuf,
    check: Checker<'a>,
    /// Keys that name files, and the digests of these files.
    digests: Vec<(String, String)>,
}

impl Loader<'_> {
    fn refuse(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.check.refuse(key, message, help);
    }

    fn seeds(&mut self) -> Vec<u64> {
        let help = "set seeds = \"0-15\" or seeds = [3, 5], or set count: its seeds are derived from campaign.seed";
        let seeds = match (&self.section.seeds, self.section.count) {
            (Some(_), Some(_)) => {
                self.refuse("count", "`seeds` and `count` are both set", "remove one of them");
                return Vec::new();
            }
            (None, None) => {
                self.refuse("seeds", "`seeds` is not set", help);
                return Vec::new();
            }
            (None, Some(count)) if count > MAX_REPLICAS => {
                self.refuse("count", format!("more than {MAX_REPLICAS} replicas"), "decrease it");
                return Vec::new();
            }
            (None, Some(count)) => seeds::derived(CampaignSeed(self.config.campaign.seed), count),
            (Some(given), None) => match seeds::parse(given) {
                Ok(seeds) => seeds,
                Err(error) => {
                    self.refuse("seeds", error.to_string(), help);
                    return Vec::new();
                }
            },
        };
        let largest = match self.section.engine {
            EngineName::Gromacs => LARGEST_SEED,
            EngineName::Model => MAX_TASKS - 1,
            EngineName::Command => u64::MAX,
        };
        if let Some(seed) = seeds.iter().find(|seed| **seed > largest) {
            self.refuse("seeds", format!("seed {seed} is too large"), format!("the largest is {largest}"));
        }
        seeds
    }

    fn check_names(&mut self) {
        for name in self.section.variables.keys() {
            let key = format!("variables.\"{name}\"");
            if RESERVED_NAMES.contains(&name.as_str()) {
                self.refuse(&key, format!("`{name}` is a reserved name of templates"), "choose another name");
            }
            let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit());
            if !is_word {
                let help = "use letters, digits and underscores, and no digit first";
                self.refuse(&key, format!("`{name}` is not a valid name in templates"), help);
            }
        }
    }

    /// What `read` finds in the file that `key` names; none, with an error, where it cannot be read.
    fn read<T>(&mut self, key: &str, path: &Path, read: impl FnOnce(&Inputs) -> io::Result<T>) -> Option<T> {
        let inputs = &self.config.inputs;
        let found = match inputs.is_file(path) {
            true => read(inputs).map_err(|error| error.to_string()),
            false => Err(if path.is_dir() { "it is a folder" } else { "file not found" }.to_owned()),
        };
        let refused = |why| {
            let message = format!("cannot read `{}`: {why}", path.display());
            self.refuse(key, message, "set a file, relative to this configuration");
        };
        found.map_err(refused).ok()
    }

    /// The text of the file that `key` names; empty, with an error, where it cannot be read.
    fn text(&mut self, key: &str, path: &Path) -> String {
        let bytes = self.read(key, path, |inputs| inputs.bytes_up_to(MAX_TEMPLATE, path)).unwrap_or_default();
        String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| {
            let message = format!("cannot read `{}`: it is not UTF-8 text", path.display());
            self.refuse(key, message, "save it as UTF-8 text");
            String::new()
        })
    }

    fn files(&mut self) -> Vec<FileSource> {
        if !self.section.files.is_empty() && self.section.directory.is_none() {
            let help = "set directory, as in directory = \"replicas/{seed}\"";
            self.refuse("files", "`files` requires a folder for each replica", help);
        }
        let mut files = Vec::new();
        for (target, source) in &self.section.files {
            let key = format!("files.\"{target}\"");
            if !is_inside(target) {
                let help = "use a path in the folder of the replica";
                self.refuse(&key, format!("`{target}` is outside the folder of the replica"), help);
            }
            let path = self.base.join(source);
            let template = is_template(source).then(|| self.text(&key, &path));
            let digest = match &template {
                Some(text) => Fingerprint::of_text(text).to_string(),
                None => self.read(&key, &path, |inputs| inputs.digest(&path)).unwrap_or_default(),
            };
            files.push(FileSource { target: target.clone(), path, digest, template });
        }
        files
    }
}

/// Whether a relative path stays within its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
