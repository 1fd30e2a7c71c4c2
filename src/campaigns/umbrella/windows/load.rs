//! Does a section describe windows that can be sampled?
use super::{Placing, Recipe};
use crate::campaigns::ensemble::load::engine::{TAKEN_BY_GROMPP, digest_with_includes};
use crate::campaigns::ensemble::seeds;
use crate::campaigns::pmf::Discard;
use crate::campaigns::umbrella::section::{Bias, Section, Spacing};
use crate::campaigns::umbrella::{pca, pull};
use crate::config::{Config, Faults};
use crate::engines::md::gromacs::{Gromacs, Mdp, RESERVED_MDRUN_ARGS};
use crate::journal::digest_of_file;
use crate::science::free_energy::Axis;
use crate::science::geometry::Kind;
use crate::seed::CampaignSeed;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Arguments of `mdrun` that windows need for themselves, or that would have it do something else.
const TAKEN_BY_WINDOWS: &[&str] = &["-ei", "-eo", "-rerun", "-replex", "-table"];
/// Fewer samples of a window say nothing.
const FEWEST_SAMPLES: u64 = 10;
/// Windows that are added, for each at the beginning, where no number is given.
const GROWTH: usize = 4;

/// What the section says about windows, whatever they stand along, and what deserves a warning.
///
/// # Errors
/// Everything that is wrong with it and with the run parameters.
pub fn load(config: &Config, section: &Section) -> Result<(Recipe, Faults), Faults> {
    let mut loader = Loader { config, section, faults: Faults::default(), warnings: Faults::default() };
    let placing = loader.placing();
    let mdp = loader.mdp();
    let temperature_k = loader.needed("temperature_k", section.temperature_k, "give that of the run parameters");
    let steps = loader.needed("steps", section.steps, "give the steps of every window, as in steps = 50000");
    if let (Some(mdp), Some(temperature_k)) = (&mdp, temperature_k) {
        loader.check_temperature(mdp, temperature_k);
    }
    if let (Some(mdp), Some(steps)) = (&mdp, steps) {
        loader.check_steps(mdp, steps);
    }
    loader.check_arguments();
    let topology = loader.file("topology", section.topology.as_ref(), true);
    let index = loader.file("index", section.index.as_ref(), false);
    let most = loader.most(placing.as_ref());
    loader.check_bias();
    let Loader { faults, warnings, .. } = loader;
    faults.into_result(())?;
    match (placing, mdp, temperature_k, steps, topology) {
        (Some(placing), Some(mdp), Some(temperature_k), Some(steps), Some(topology)) => {
            let mdp = mdp.with(&[("nsteps", steps.to_string())]);
            Ok((recipe(config, section, Given { placing, mdp, temperature_k, topology, index, most }), warnings))
        }
        _ => Err(Faults::default()),
    }
}

/// What was found to be right.
struct Given {
    placing: Placing,
    mdp: Mdp,
    temperature_k: f64,
    topology: PathBuf,
    index: Option<PathBuf>,
    most: usize,
}

fn recipe(config: &Config, section: &Section, given: Given) -> Recipe {
    let Given { placing, mdp, temperature_k, topology, index, most } = given;
    let manner = match &section.coordinate {
        Some(coordinate) => pull::restraint_spec(section, coordinate),
        None => pca::restraint_spec(section),
    };
    let digest = |path: &Path| digest_of_file(path).unwrap_or_default();
    let of_index = index.as_deref().map_or(String::new(), digest);
    Recipe {
        gromacs: gromacs(config, section, manner.mdrun_args),
        contents: format!("{} {of_index}", digest_with_includes(&topology, digest(&topology))),
        mdp,
        topology,
        index_is_own: manner.index.is_some(),
        index: manner.index.or(index),
        grompp_args: section.grompp_args.clone(),
        sample_every: section.sample_every_steps,
        along: manner.along,
        scale: manner.scale,
        placing,
        force_constant: manner.force_constant.map(|given| manner.scale.constant_of_given(given)),
        most,
        adaptive: section.adaptive,
        temperature_k,
        discard: section.discard_ps,
        estimator: section.estimator,
        bins: section.bins as usize,
        bootstrap: section.bootstrap,
        seeds: seeds::derived(CampaignSeed(config.campaign.seed), most as u64),
        directory: absolute(config, &directory(config, section)),
        stall: section.stall_timeout_s.map(Duration::from_secs_f64),
    }
}

/// GROMACS as windows run it.
fn gromacs(config: &Config, section: &Section, mut mdrun_args: Vec<String>) -> Gromacs {
    mdrun_args.extend(section.mdrun_args.iter().cloned());
    Gromacs {
        // A name without a slash is looked for in PATH.
        binary: match section.binary.components().count() {
            1 => section.binary.clone(),
            _ => absolute(config, &section.binary),
        },
        thread_mpi_ranks: section.thread_mpi_ranks,
        threads: section.threads,
        gpus: section.gpus.clone(),
        replicas_per_gpu: section.replicas_per_gpu,
        mdrun_args,
        unstable_factor: None,
    }
}

/// Where the windows' folders are: beside the output where nothing is said.
fn directory(config: &Config, section: &Section) -> PathBuf {
    section.directory.clone().unwrap_or_else(|| config.campaign.output.with_extension("windows"))
}

pub fn absolute(config: &Config, path: &Path) -> PathBuf {
    let path = config.resolve(path);
    std::path::absolute(&path).unwrap_or(path)
}

/// A section while it is looked at, and what was found wrong.
struct Loader<'a> {
    config: &'a Config,
    section: &'a Section,
    faults: Faults,
    warnings: Faults,
}

impl Loader<'_> {
    fn refuse(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(self.config.fault(&format!("umbrella.{key}"), message, help));
    }

    fn warn(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.warnings.push(self.config.fault(&format!("umbrella.{key}"), message, help).warning());
    }

    /// How to do without windows: along a distance or angle there is nothing else.
    fn without_windows(&self) -> &'static str {
        if self.section.coordinate.is_none() { "; or set stop_after = \"pca\"" } else { "" }
    }

    /// Refuses what cannot be vouched for: no PLUMED has ever restrained these windows.
    fn check_bias(&mut self) {
        if self.section.bias == Bias::Plumed {
            let message = "windows are restrained by GROMACS itself, not by PLUMED: by essential dynamics along a component, \
                           by the pull code along a distance or angle";
            let help = "remove `bias`; biases of PLUMED are for campaigns of kind \"ensemble\", and `simmpi pmf` reads COLVAR files of windows";
            self.refuse("bias", message, help);
        }
    }

    fn needed<T>(&mut self, key: &str, value: Option<T>, help: &str) -> Option<T> {
        if value.is_none() {
            self.refuse(key, format!("windows need `{key}`"), format!("{help}{}", self.without_windows()));
        }
        value
    }

    fn placing(&mut self) -> Option<Placing> {
        match (self.section.windows, &self.section.centers) {
            (Some(_), Some(_)) => {
                self.refuse("centers", "`windows` and `centers` are both given", "remove one of them");
                None
            }
            (None, None) => {
                let help = format!("give their number, as in windows = 16{}", self.without_windows());
                self.refuse("windows", "windows need `windows` or `centers`", help);
                None
            }
            (Some(count), None) => Some(match self.section.spacing {
                Spacing::Even => Placing::Even(count),
                Spacing::Quantile => Placing::Quantiles(count),
            }),
            (None, Some(centers)) => {
                let period = self.section.coordinate.as_ref().and_then(|one| Kind::from(one.kind).period());
                let axis = Axis { period };
                let is_repeated = |(k, center): (usize, &f64)| {
                    centers[..k].iter().any(|other| axis.displacement(*other, *center) == 0.0)
                };
                if let Some((place, center)) = centers.iter().enumerate().find(|one| is_repeated(*one)) {
                    self.refuse(&format!("centers.{place}"), format!("{center} is given twice"), "remove one of them");
                }
                Some(Placing::Given(centers.clone()))
            }
        }
    }

    fn most(&mut self, placing: Option<&Placing>) -> usize {
        let count = placing.map_or(0, Placing::count);
        let most = if self.section.adaptive { GROWTH * count } else { count };
        match self.section.max_windows {
            Some(max) if max < count => {
                let message = format!("max_windows = {max} is less than the {count} windows of the beginning");
                self.refuse("max_windows", message, format!("raise it to {count} at least"));
            }
            Some(_) if !self.section.adaptive => {
                self.refuse(
                    "max_windows",
                    "without `adaptive` no windows are added",
                    "remove it, or set adaptive = true",
                );
            }
            _ => {}
        }
        self.section.max_windows.unwrap_or(most)
    }

    fn file(&mut self, key: &str, path: Option<&PathBuf>, is_needed: bool) -> Option<PathBuf> {
        let path = match (path, is_needed) {
            (None, true) => self.needed(key, path, &format!("name the {key} file"))?,
            (path, _) => path?,
        };
        let path = absolute(self.config, path);
        if let Err(error) =
            fs::File::open(&path).and_then(|file| file.metadata()).and_then(|data| match data.is_file() {
                true => Ok(()),
                false => Err(std::io::Error::other("it is no file")),
            })
        {
            let message = format!("cannot read `{}`: {error}", path.display());
            self.refuse(key, message, "name a file, relative to this configuration");
            return None;
        }
        Some(path)
    }

    fn mdp(&mut self) -> Option<Mdp> {
        let path = self.file("mdp", self.section.mdp.as_ref(), true)?;
        let text = fs::read(&path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(text) = text else {
            self.refuse("mdp", format!("`{}` is not UTF-8 text", path.display()), "save it as UTF-8 text");
            return None;
        };
        let mdp = Mdp::new(text);
        if !mdp.is_dynamics() {
            let integrator = self.place(&mdp, "integrator");
            self.refuse(
                "mdp",
                format!("{integrator} has nothing move"),
                "take integrator = sd, or md with a thermostat",
            );
        }
        if mdp.is_continuation() {
            let message = format!(
                "{} counts on velocities, and frames of trajectories have none",
                self.place(&mdp, "continuation")
            );
            self.refuse("mdp", message, "set continuation = no and gen-vel = yes in it");
        } else if !mdp.draws_velocities() {
            let message = "windows begin at rest: frames of trajectories have no velocities, and none are drawn";
            self.warn(
                "mdp",
                message,
                "set gen-vel = yes and gen-temp in the run parameters, or discard what the thermostat needs",
            );
        }
        Some(mdp)
    }

    /// What a key of the run parameters says, and where.
    fn place(&self, mdp: &Mdp, key: &str) -> String {
        let file = self.section.mdp.as_deref().unwrap_or(Path::new("")).display();
        let line = mdp.line(key).map_or(String::new(), |line| format!(":{line}"));
        format!("`{key} = {}` ({file}{line})", mdp.value(key).unwrap_or(""))
    }

    fn check_temperature(&mut self, mdp: &Mdp, temperature_k: f64) {
        let file = self.section.mdp.as_deref().unwrap_or(Path::new("")).display();
        let help = format!("set ref-t = {temperature_k} there, or temperature_k to what is simulated");
        match mdp.temperatures() {
            None => {
                let help = "take integrator = sd, or a thermostat by tcoupl, with ref-t";
                self.refuse("mdp", format!("`{file}` has no thermostat: windows need one temperature"), help);
            }
            Some(all) if all.is_empty() => self.refuse("mdp", format!("`{file}` has no ref-t"), help),
            Some(all) => {
                let is_other = |word: &&&str| word.parse::<f64>().map_or(true, |t| (t - temperature_k).abs() > 1e-6);
                if all.iter().find(is_other).is_some() {
                    let message = format!("temperature_k = {temperature_k} and {} differ", self.place(mdp, "ref-t"));
                    self.refuse("temperature_k", message, help);
                }
            }
        }
        let drawn = mdp.value("gen-temp").and_then(|value| value.parse::<f64>().ok()).unwrap_or(300.0);
        if mdp.draws_velocities() && (drawn - temperature_k).abs() > 1e-6 {
            let message = format!("velocities are drawn for {drawn} K, and the temperature is {temperature_k} K");
            self.warn("mdp", message, format!("set gen-temp = {temperature_k} in the run parameters"));
        }
    }

    fn check_steps(&mut self, mdp: &Mdp, steps: u64) {
        let every = self.section.sample_every_steps;
        if steps / every < FEWEST_SAMPLES {
            let message = format!("{steps} steps give {} samples, one every {every} steps", steps / every + 1);
            self.refuse("steps", message, "raise `steps`, or lower `sample_every_steps`");
        }
        let length_ps = steps as f64 * mdp.time_step_ps();
        if let Discard::Until(until) = self.section.discard_ps
            && until >= length_ps
        {
            let message = format!("windows are {length_ps} ps long, and all before {until} ps is discarded");
            self.refuse("discard_ps", message, "discard less, or raise `steps`");
        }
    }

    fn check_arguments(&mut self) {
        let taken: Vec<&str> = RESERVED_MDRUN_ARGS.iter().chain(TAKEN_BY_WINDOWS).copied().collect();
        for (key, args, taken) in [
            ("mdrun_args", &self.section.mdrun_args, &taken[..]),
            ("grompp_args", &self.section.grompp_args, TAKEN_BY_GROMPP),
        ] {
            for (place, word) in args.iter().enumerate().filter(|(_, word)| taken.contains(&word.as_str())) {
                let help = "remove it: simmpi says it, by the keys of this section and the parameters";
                self.refuse(&format!("{key}.{place}"), format!("`{word}` is not free"), help);
            }
        }
    }
}
