//! Which windows have been sampled, and what comes next?
use super::bootstrap::Bootstrap;
use super::round::{Round, Window};
use super::setup::WindowSetup;
use super::stage::{WindowResult, WindowResults};
use crate::campaigns::stage::{Error, StageResult};
use crate::campaigns::umbrella::series;
use crate::campaigns::window_analysis::{Analysis, OutputUnits, Umbrella, UmbrellaWindow};
use crate::science::free_energy::{self, Bins, Problem, Replicate};
use crate::seed::CampaignSeed;
use crate::task::Cause;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The windows after some stages, and what comes next.
#[derive(Default)]
pub struct UmbrellaState {
    /// All windows so far.
    pub planned: Vec<Window>,
    /// The round of each window, counted from 1.
    pub rounds: Vec<usize>,
    /// Results of windows, by index.
    pub sampled: BTreeMap<usize, WindowResult>,
    /// Failed windows, by index.
    pub failed: BTreeMap<usize, Cause>,
    /// Windows with samples, without their equilibration; none before the first round.
    umbrella: Option<Umbrella>,
    /// Their free energies; none while windows may be added.
    problem: Option<Arc<Problem>>,
    /// Of the bootstrap.
    replicates: Vec<Replicate>,
    pub next: Next,
}

/// The next stage.
#[derive(Clone, Default)]
pub enum Next {
    Round(Round),
    Bootstrap(Bootstrap),
    /// No more stages.
    #[default]
    End,
}

impl WindowSetup {
    /// The first windows, from the coordinate `along` of all frames.
    ///
    /// # Errors
    /// A given centre is outside the range of the frames.
    pub fn begin(&self, along: &[f64]) -> Result<UmbrellaState, Error> {
        let first = self.first_round(along)?;
        Ok(UmbrellaState { next: Next::Round(first), ..UmbrellaState::default() })
    }

    /// Accepts the result of the stage that came next.
    ///
    /// # Errors
    /// No window has samples, or their free energies cannot be solved for.
    pub fn advance(
        &self,
        mut state: UmbrellaState,
        along: &[f64],
        seed: CampaignSeed,
        result: &StageResult,
    ) -> Result<UmbrellaState, Error> {
        state.next = match std::mem::take(&mut state.next) {
            Next::Round(round) => {
                let number = round.number;
                state.sampled.extend(result.value::<WindowResults>()?.windows.into_iter().map(|one| (one.index, one)));
                let index = |task: u64| round.windows[task as usize].index;
                state.failed.extend(result.failed.iter().map(|failure| (index(failure.task), failure.cause.clone())));
                state.rounds.extend(round.windows.iter().map(|_| number));
                state.planned.extend(round.windows);
                let umbrella = self.umbrella(&state)?;
                let indices: Vec<usize> = state.sampled.keys().copied().collect();
                let further = self.further_round(number + 1, &state.planned, &umbrella, &indices, along);
                let next = match further {
                    Some(round) => Next::Round(round),
                    None => {
                        let problem = umbrella.problem().map_err(|error| Error::Unusable(error.to_string()))?;
                        let problem = Arc::clone(state.problem.insert(Arc::new(problem)));
                        match self.section.bootstrap {
                            0 => Next::End,
                            count => Next::Bootstrap(Bootstrap::new(problem, count, seed)),
                        }
                    }
                };
                state.umbrella = Some(umbrella);
                next
            }
            Next::Bootstrap(_) => {
                state.replicates = Bootstrap::replicates(result)?;
                Next::End
            }
            Next::End => Next::End,
        };
        Ok(state)
    }

    /// The windows that have samples, as the analysis of potentials of mean force takes them.
    fn umbrella(&self, state: &UmbrellaState) -> Result<Umbrella, Error> {
        let windows: Vec<UmbrellaWindow> = state
            .sampled
            .iter()
            .map(|(index, sampled)| self.umbrella_window(&state.planned[*index], sampled))
            .collect();
        if windows.is_empty() {
            let first = state.failed.values().next().map_or(String::new(), |cause| format!(": {cause}"));
            return Err(Error::Unread(format!("no window has samples{first}")));
        }
        let samples = windows.iter().flat_map(|window| &window.window.samples);
        let (low, high) = samples.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        if low >= high {
            let unit = self.scale.unit.name();
            return Err(Error::Unusable(format!(
                "all samples of all windows equal {low} {unit}: the coordinate is constant"
            )));
        }
        // Bins of a periodic coordinate cover the whole period.
        let (low, high) = self.scale.axis.period.map_or((low, high), |period| (-0.5 * period, 0.5 * period));
        Ok(Umbrella {
            windows,
            bins: Bins { low, high, count: self.section.bins as usize, axis: self.scale.axis },
            estimator: self.section.estimator,
            temperature_k: self.temperature_k,
            is_own: true,
            unit: self.scale.unit,
            output: OutputUnits { coordinate: self.scale.unit, ..OutputUnits::default() },
            bootstrap: self.section.bootstrap,
        })
    }

    fn umbrella_window(&self, window: &Window, sampled: &WindowResult) -> UmbrellaWindow {
        let discarded = series::discarded(&sampled.series, self.section.discard_ps, window.center, self.scale.axis);
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

impl UmbrellaState {
    /// The analysis of all windows; none before the last stage.
    pub fn analysis(&self) -> Option<Analysis<'_>> {
        let (Next::End, Some(umbrella), Some(problem)) = (&self.next, &self.umbrella, &self.problem) else {
            return None;
        };
        Some(umbrella.analysis(problem, &self.replicates))
    }

    /// Lines for the terminal about windows that failed and neighbours that do not overlap.
    pub fn remarks(&self, setup: &WindowSetup, analysis: &Analysis) -> Vec<String> {
        let failed = |(index, cause): (&usize, &Cause)| {
            format!("{} failed and is missing in the potential of mean force: {cause}", self.planned[*index].label())
        };
        let mut lines: Vec<String> = self.failed.iter().map(failed).collect();
        lines.extend(analysis.warnings());
        if setup.section.adaptive && self.planned.len() == setup.max_windows && !analysis.is_connected() {
            let text = format!(
                "umbrella.max_windows = {} is reached: increase it, or decrease the force constant",
                setup.max_windows
            );
            lines.push(text);
        }
        lines
    }
}
