//! Are the keys about windows valid?
use super::setup::{Placing, WindowSetup};
use crate::campaigns::replicas::{RunRules, seeds};
use crate::campaigns::umbrella::restraint::RestraintSpec;
use crate::campaigns::umbrella::section::{Bias, Section, Spacing};
use crate::campaigns::window_analysis::Discard;
use crate::config::{Checker, Config, Faults, Inputs};
use crate::engines::md::gromacs::{Mdp, digest_with_includes};
use crate::science::free_energy::Axis;
use crate::science::geometry::Kind;
use crate::seed::CampaignSeed;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Arguments of `mdrun` that windows set, or that change what it does.
const RESERVED_BY_WINDOWS: &[&str] = &["-ei", "-eo", "-rerun", "-replex", "-table"];
/// Smallest number of samples of a window.
const MIN_SAMPLES: u64 = 10;
/// Default of `max_windows` as a multiple of the initial number.
const GROWTH: usize = 4;

/// The setup of windows restrained by `spec`, and warnings.
///
/// # Errors
/// All errors of the section and of the run parameters.
pub fn load(config: &Config, section: &Section, spec: RestraintSpec) -> Result<(WindowSetup, Faults), Faults> {
    let mut loader = Loader { config, section, check: Checker::new(config, "umbrella") };
    let placing = loader.placing();
    let mdp = loader.mdp();
    let temperature_k = loader.required("temperature_k", section.temperature_k, "set it to that of the run parameters");
    let steps = loader.required("steps", section.steps, "set the number of steps of every window, as in steps = 50000");
    if let (Some(mdp), Some(temperature_k)) = (&mdp, temperature_k) {
        loader.check_temperature(mdp, temperature_k);
    }
    if let (Some(mdp), Some(steps)) = (&mdp, steps) {
        loader.check_steps(mdp, steps);
    }
    loader.check_arguments();
    let topology = loader.file("topology", section.topology.as_ref(), true, digest_with_includes);
    let index = loader.file("index", section.index.as_ref(), false, Inputs::digest);
    let max_windows = loader.max_windows(placing.as_ref());
    loader.check_bias();
    let Checker { faults, warnings, .. } = loader.check;
    let required = placing.zip(mdp).zip(temperature_k).zip(steps).zip(topology);
    let ((((placing, mdp), temperature_k), steps), (topology, of_topology)) = faults.require(required)?;
    let (index, of_index) = index.unzip();
    let mut gromacs = section.gromacs.resolved(|path| config.absolute(path));
    gromacs.mdrun_args.splice(0..0, spec.mdrun_args);
    let setup = WindowSetup {
        rules: RunRules {
            threads: gromacs.cores(),
            is_resumable: true,
            may_overlap: false,
            keeps_record: true,
            watchdog_timeout: section.watchdog_timeout_s.map(Duration::from_secs_f64),
        },
        gromacs,
        contents: format!("{of_topology} {}", of_index.unwrap_or_default()),
        mdp: mdp.with(&[("nsteps", steps.to_string())]),
        topology,
        index_is_own: spec.index.is_some(),
        index: spec.index.or(index),
        along: spec.along,
        scale: spec.scale,
        placing,
        force_constant: spec.force_constant.map(|constant| spec.scale.internal_constant(constant)),
        max_windows,
        temperature_k,
        seeds: seeds::derived(CampaignSeed(config.campaign.seed), max_windows as u64),
        directory: config.absolute(&directory(config, section)),
        section: section.clone(),
    };
    Ok((setup, warnings))
}

/// The folder of the windows, by default beside the output.
fn directory(config: &Config, section: &Section) -> PathBuf {
    section.directory.clone().unwrap_or_else(|| config.campaign.output.with_extension("windows"))
}

/// A section while it is checked.
struct Loader<'a> {
    config: &'a Config,
    section: &'a Section,
    check: Checker<'a>,
}

impl Loader<'_> {
    fn refuse(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.check.refuse(key, message, help);
    }

    fn warn(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.check.warn(key, message, help);
    }

    /// Help on doing without windows; empty along a distance or angle, which is not analysed otherwise.
    fn without_windows(&self) -> &'static str {
        if self.section.coordinate.is_none() { "; or set stop_after = \"pca\"" } else { "" }
    }

    /// Rejects restraints by PLUMED, which are not implemented.
    fn check_bias(&mut self) {
        if self.section.bias == Bias::Plumed {
            let message = "windows are restrained by GROMACS itself, not by PLUMED: by essential dynamics along a component, \
                           by the pull code along a distance or angle";
            let help = "remove `bias`; campaigns of kind \"ensemble\" support biases of PLUMED, and `simmpi pmf` reads COLVAR files of windows";
            self.refuse("bias", message, help);
        }
    }

    fn required<T>(&mut self, key: &str, value: Option<T>, help: &str) -> Option<T> {
        if value.is_none() {
            let help = format!("{help}{}", self.without_windows());
            self.refuse(key, format!("`{key}` is not set: windows require it"), help);
        }
        value
    }

    fn placing(&mut self) -> Option<Placing> {
        match (self.section.windows, &self.section.centers) {
            (Some(_), Some(_)) => {
                self.refuse("centers", "`windows` and `centers` are both set", "remove one of them");
                None
            }
            (None, None) => {
                let help = format!("set the number of windows, as in windows = 16{}", self.without_windows());
                self.refuse("windows", "neither `windows` nor `centers` is set", help);
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
                if let Some((index, center)) = centers.iter().enumerate().find(|one| is_repeated(*one)) {
                    self.refuse(&format!("centers.{index}"), format!("{center} is listed twice"), "remove one of them");
                }
                Some(Placing::Given(centers.clone()))
            }
        }
    }

    fn max_windows(&mut self, placing: Option<&Placing>) -> usize {
        let count = placing.map_or(0, Placing::count);
        let default = if self.section.adaptive { GROWTH * count } else { count };
        match self.section.max_windows {
            Some(max) if max < count => {
                let message = format!("max_windows = {max} is less than the {count} initial windows");
                self.refuse("max_windows", message, format!("increase it to at least {count}"));
            }
            Some(_) if !self.section.adaptive => {
                let help = "remove it, or set adaptive = true";
                self.refuse("max_windows", "without `adaptive` no windows are added", help);
            }
            _ => {}
        }
        self.section.max_windows.unwrap_or(default)
    }

    /// The absolute path of the file that `key` names, and what `read` finds in it.
    fn file<T>(
        &mut self,
        key: &str,
        path: Option<&PathBuf>,
        is_needed: bool,
        read: fn(&Inputs, &Path) -> io::Result<T>,
    ) -> Option<(PathBuf, T)> {
        let path = match (path, is_needed) {
            (None, true) => self.required(key, path, &format!("set it to the {key} file"))?,
            (path, _) => path?,
        };
        let path = self.config.absolute(path);
        let is_other = !self.config.inputs.is_file(&path) && path.exists();
        let other = || Err(io::Error::other("it is not a file"));
        let found = if is_other { other() } else { read(&self.config.inputs, &path) };
        let found = found.map_err(|error| {
            let message = format!("cannot read `{}`: {error}", path.display());
            self.refuse(key, message, "set a file, relative to this configuration");
        });
        Some((path, found.ok()?))
    }

    fn mdp(&mut self) -> Option<Mdp> {
        let (path, bytes) = self.file("mdp", self.section.mdp.as_ref(), true, Inputs::bytes)?;
        let Ok(text) = String::from_utf8(bytes.to_vec()) else {
            self.refuse("mdp", format!("`{}` is not UTF-8 text", path.display()), "save it as UTF-8 text");
            return None;
        };
        let mdp = Mdp::new(text);
        if !mdp.is_dynamics() {
            let integrator = self.located(&mdp, "integrator");
            let help = "set integrator = sd, or md with a thermostat";
            self.refuse("mdp", format!("{integrator} is not a molecular dynamics integrator"), help);
        }
        if mdp.is_continuation() {
            let message = format!(
                "{} requires velocities, which frames of trajectories do not have",
                self.located(&mdp, "continuation")
            );
            self.refuse("mdp", message, "set continuation = no and gen-vel = yes in it");
        } else if !mdp.draws_velocities() {
            let message = "windows start at rest: frames of trajectories have no velocities, and none are generated";
            let help =
                "set gen-vel = yes and gen-temp in the run parameters, or discard the time that the thermostat needs";
            self.warn("mdp", message, help);
        }
        Some(mdp)
    }

    /// A key of the run parameters with its value and line, for messages.
    fn located(&self, mdp: &Mdp, key: &str) -> String {
        let file = self.section.mdp.as_deref().unwrap_or(Path::new("")).display();
        let line = mdp.line(key).map_or(String::new(), |line| format!(":{line}"));
        format!("`{key} = {}` ({file}{line})", mdp.value(key).unwrap_or(""))
    }

    fn check_temperature(&mut self, mdp: &Mdp, temperature_k: f64) {
        let file = self.section.mdp.as_deref().unwrap_or(Path::new("")).display();
        let help = format!("set ref-t = {temperature_k} there, or set temperature_k to the simulated temperature");
        match mdp.temperatures() {
            None => {
                let help = "set integrator = sd, or a thermostat by tcoupl, with ref-t";
                self.refuse("mdp", format!("`{file}` has no thermostat: windows require one temperature"), help);
            }
            Some(all) if all.is_empty() => self.refuse("mdp", format!("ref-t is not set in `{file}`"), help),
            Some(all) => {
                let is_other = |word: &&&str| word.parse::<f64>().map_or(true, |t| (t - temperature_k).abs() > 1e-6);
                if all.iter().find(is_other).is_some() {
                    let message = format!("temperature_k = {temperature_k} and {} differ", self.located(mdp, "ref-t"));
                    self.refuse("temperature_k", message, help);
                }
            }
        }
        let drawn = mdp.value("gen-temp").and_then(|value| value.parse::<f64>().ok()).unwrap_or(300.0);
        if mdp.draws_velocities() && (drawn - temperature_k).abs() > 1e-6 {
            let message = format!("velocities are generated for {drawn} K, but the temperature is {temperature_k} K");
            self.warn("mdp", message, format!("set gen-temp = {temperature_k} in the run parameters"));
        }
    }

    fn check_steps(&mut self, mdp: &Mdp, steps: u64) {
        let every = self.section.sample_every_steps;
        if steps / every < MIN_SAMPLES {
            let message = format!("{steps} steps give {} samples, one every {every} steps", steps / every + 1);
            self.refuse("steps", message, "increase `steps`, or decrease `sample_every_steps`");
        }
        let length_ps = steps as f64 * mdp.time_step_ps();
        if let Discard::Until(until) = self.section.discard_ps
            && until >= length_ps
        {
            let message = format!("windows are {length_ps} ps long, but all before {until} ps is discarded");
            self.refuse("discard_ps", message, "discard less, or increase `steps`");
        }
    }

    fn check_arguments(&mut self) {
        let gromacs = &self.section.gromacs;
        let of_launcher = gromacs.launcher_problems();
        for problem in gromacs.reserved_arguments(RESERVED_BY_WINDOWS).into_iter().chain(of_launcher) {
            self.check.faults.push(self.config.fault_of("umbrella", problem));
        }
    }
}
