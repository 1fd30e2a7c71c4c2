//! How far have results of windows led?
use super::bootstrap::Bootstrap;
use super::round::{Round, Window};
use super::stage::Values;
use super::{Recipe, stage};
use crate::campaigns::pmf::{Analysis, Umbrella, UmbrellaWindow};
use crate::campaigns::stage::{Error, StageResult};
use crate::campaigns::umbrella::series;
use crate::config::Faults;
use crate::science::free_energy::{self, Bins, Problem, Replicate};
use crate::seed::CampaignSeed;
use crate::task::Cause;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known after some stages, and what comes next.
pub struct Way {
    /// All windows that were asked for.
    pub planned: Vec<Window>,
    /// Of each the round, counted from 1.
    pub rounds: Vec<usize>,
    /// What windows left, by their index.
    pub sampled: BTreeMap<usize, stage::Sampled>,
    pub failed: BTreeMap<usize, Cause>,
    /// Windows that have samples, without what was before equilibrium; none before the first round.
    pub umbrella: Option<Umbrella>,
    /// Their free energies, when no more windows come.
    problem: Option<Arc<Problem>>,
    pub next: Next,
}

/// What comes next.
#[derive(Clone)]
pub enum Next {
    Round(Round),
    Bootstrap(Bootstrap),
    End(Vec<Replicate>),
}

impl Recipe {
    /// The first windows, from the coordinate `along` of all frames.
    ///
    /// # Errors
    /// A centre is where no frame is.
    pub fn begin(&self, along: &[f64]) -> Result<Way, Error> {
        let first = self.first_round(along)?;
        Ok(Way {
            planned: Vec::new(),
            rounds: Vec::new(),
            sampled: BTreeMap::new(),
            failed: BTreeMap::new(),
            umbrella: None,
            problem: None,
            next: Next::Round(first),
        })
    }

    /// Accepts the result of the stage that came next.
    ///
    /// # Errors
    /// No window has samples, or their free energies cannot be solved for.
    pub fn advance(&self, mut way: Way, along: &[f64], seed: CampaignSeed, result: &StageResult) -> Result<Way, Error> {
        way.next = match std::mem::replace(&mut way.next, Next::End(Vec::new())) {
            Next::Round(round) => {
                let number = round.number;
                way.sampled.extend(result.value::<Values>()?.windows.into_iter().map(|one| (one.index, one)));
                let index = |task: u64| round.windows[task as usize].index;
                way.failed.extend(result.failed.iter().map(|failure| (index(failure.task), failure.cause.clone())));
                way.rounds.extend(round.windows.iter().map(|_| number));
                way.planned.extend(round.windows);
                let umbrella = self.umbrella(&way, seed)?;
                let places: Vec<usize> = way.sampled.keys().copied().collect();
                let further = self.further_round(number + 1, &way.planned, &umbrella, &places, along);
                let next = match further {
                    Some(round) => Next::Round(round),
                    None => {
                        let problem = Arc::clone(way.problem.insert(Arc::new(problem(&umbrella)?)));
                        match self.bootstrap {
                            0 => Next::End(Vec::new()),
                            count => Next::Bootstrap(Bootstrap::new(problem, count, seed)),
                        }
                    }
                };
                way.umbrella = Some(umbrella);
                next
            }
            Next::Bootstrap(_) => Next::End(Bootstrap::replicates(result)?),
            end @ Next::End(_) => end,
        };
        Ok(way)
    }

    /// The windows that have samples, as an analysis takes them.
    fn umbrella(&self, way: &Way, seed: CampaignSeed) -> Result<Umbrella, Error> {
        let windows: Vec<UmbrellaWindow> =
            way.sampled.iter().map(|(index, sampled)| self.kept(&way.planned[*index], sampled)).collect();
        if windows.is_empty() {
            let first = way.failed.values().next().map_or(String::new(), |cause| format!(": {cause}"));
            return Err(Error::Unread(format!("no window has samples{first}")));
        }
        let samples = windows.iter().flat_map(|window| &window.window.samples);
        let (low, high) = samples.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        if low >= high {
            let unit = self.scale.unit.name();
            return Err(Error::Unusable(format!("all samples of all windows are {low} {unit}: nothing moves in them")));
        }
        // A circle is divided all around.
        let (low, high) = self.scale.axis.period.map_or((low, high), |period| (-0.5 * period, 0.5 * period));
        Ok(Umbrella {
            windows,
            bins: Bins { low, high, count: self.bins, axis: self.scale.axis },
            estimator: self.estimator,
            temperature_k: self.temperature_k,
            is_own: true,
            unit: self.scale.unit,
            bootstrap: self.bootstrap,
            seed,
            fingerprint: String::new(),
            config: String::new(),
            warnings: Faults::default(),
        })
    }

    fn kept(&self, window: &Window, sampled: &stage::Sampled) -> UmbrellaWindow {
        let discarded = series::discarded(&sampled.series, self.discard, window.center, self.scale.axis);
        let samples = sampled.series.values[discarded..].to_vec();
        let stiffness = window.force_constant / self.thermal_energy();
        UmbrellaWindow {
            name: window.label(),
            force_constant: window.force_constant,
            window: free_energy::Window { center: window.center, stiffness, samples },
            discarded,
            from_ps: Some(sampled.series.time_ps(discarded)),
        }
    }
}

fn problem(umbrella: &Umbrella) -> Result<Problem, Error> {
    let windows = umbrella.windows.iter().map(|window| window.window.clone()).collect();
    Problem::new(windows, umbrella.bins, umbrella.estimator.into()).map_err(|error| Error::Unusable(error.to_string()))
}

impl Way {
    /// What all windows say together; none before the last stage.
    pub fn analysis(&self) -> Option<Analysis<'_>> {
        let (Next::End(replicates), Some(umbrella), Some(problem)) = (&self.next, &self.umbrella, &self.problem) else {
            return None;
        };
        let profile = problem.profile(replicates);
        Some(Analysis { umbrella, problem: Arc::clone(problem), profile, replicates: replicates.len() })
    }

    /// What deserves to be known at once: windows that failed, and neighbours that do not overlap.
    pub fn remarks(&self, recipe: &Recipe, analysis: &Analysis) -> Vec<String> {
        let failed = |(index, cause): (&usize, &Cause)| {
            format!("{} failed and is missing in the potential of mean force: {cause}", self.planned[*index].label())
        };
        let mut lines: Vec<String> = self.failed.iter().map(failed).collect();
        lines.extend(analysis.warnings());
        if recipe.adaptive && self.planned.len() == recipe.most && !analysis.is_connected() {
            let text = format!("umbrella.max_windows = {} is reached: raise it, or weaken the restraints", recipe.most);
            lines.push(text);
        }
        lines
    }
}
