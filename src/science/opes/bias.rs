//! What is the bias at a point, and how does it learn?
use super::kernels::{Kernels, Period};
use super::settings::Law;
use super::{Error, Kernel, MOST_VARIABLES, Settings, State, Variant, Width, WidthRule};

/// Samples of each walker from one arrangement of kernels to the next.
const ARRANGE_EVERY: u64 = 64;

/// A bias that learns from one or several simulations.
///
/// Each step: [`Bias::at`] for every walker, which moves by it, then [`Bias::update`].
#[derive(Clone, Debug)]
pub struct Bias {
    law: Law,
    periods: Vec<Period>,
    kernels: Kernels,
    zed: f64,
    sum_weights: f64,
    sum_weights2: f64,
    counter: u64,
    width: Option<Width>,
}

/// A walker at the end of a step.
#[derive(Clone, Copy, Debug)]
pub struct Walker<'a> {
    /// `[variables]`
    pub point: &'a [f64],
    /// The bias at this point, with that of further biases on the same simulation.
    pub bias: f64,
}

/// A kernel as it came, before it was merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Deposit {
    pub kernel: Kernel,
    /// ln w = V/kT of the sample that it stands for.
    pub log_weight: f64,
}

/// How far a bias has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// c(t) = kT ln <exp(V/kT)>; it becomes flat as the bias settles. Not for reweighting.
    pub rct: f64,
    /// Z; it becomes flat when no new region is found.
    pub zed: f64,
    /// The effective number of samples, (1 + sum w)^2 / (1 + sum w^2).
    pub neff: f64,
    /// Kernels after compression.
    pub kernels: usize,
}

impl Bias {
    /// A bias that knows nothing: -barrier everywhere.
    ///
    /// # Errors
    /// Settings make no sense, or contradict each other.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let law = Law::new(settings)?;
        let Settings { periods, normalizes, widths, walkers, .. } = &law.settings;
        // To be defined at the start: one sample of the weight that belongs to the lowest bias.
        let weight = if *normalizes { libm::pow(law.epsilon, law.prefactor) } else { 1.0 };
        let is_adaptive = matches!(widths, WidthRule::Adaptive { .. });
        Ok(Self {
            periods: periods.iter().map(|period| Period::new(*period)).collect(),
            kernels: Kernels::new(periods, law.cutoff),
            zed: 1.0,
            sum_weights: weight,
            sum_weights2: weight * weight,
            counter: 1,
            width: is_adaptive.then(|| Width::new(*walkers, periods.len())),
            law,
        })
    }

    /// The bias that stopped in `state`.
    ///
    /// # Errors
    /// As [`Bias::new`], or the state is that of another kind of bias.
    pub fn restart(settings: Settings, state: &State) -> Result<Self, Error> {
        let mut bias = Self::new(settings)?;
        bias.check_state(state)?;
        let State { zed, sum_weights, sum_weights2, counter, ref width, ref kernels } = *state;
        kernels.iter().for_each(|kernel| bias.kernels.push(kernel));
        if bias.width.is_some() {
            bias.width.clone_from(width);
        }
        Ok(Self { zed, sum_weights, sum_weights2, counter, ..bias })
    }

    /// The bias that has left `deposits`, one a sample, all of the same walker or not. It is not quite the one that was, as the widths
    /// have not been recorded where they are adaptive, and digits are lost in printing.
    ///
    /// # Errors
    /// As [`Bias::restart`].
    pub fn replay(settings: Settings, deposits: &[Deposit]) -> Result<Self, Error> {
        let mut bias = Self::new(settings)?;
        bias.receive(deposits)?;
        Ok(bias)
    }

    /// Takes in what the same bias has left since, one deposit a sample. Exact, to the digits of the deposits, where widths are fixed.
    ///
    /// # Errors
    /// A kernel makes no sense, or has other variables.
    pub fn receive(&mut self, deposits: &[Deposit]) -> Result<(), Error> {
        let Settings { merges_again, normalizes, .. } = self.law.settings;
        for Deposit { kernel, log_weight } in deposits {
            self.check_kernel(kernel)?;
            self.kernels.add(kernel, self.law.threshold2, merges_again);
            let weight = libm::exp(*log_weight);
            (self.sum_weights, self.sum_weights2) = (self.sum_weights + weight, self.sum_weights2 + weight * weight);
            self.counter += 1;
        }
        if normalizes && !deposits.is_empty() {
            self.zed = self.zed_of_kernels();
        }
        Ok(())
    }

    /// Z as it follows from the kernels: the mean of P over their centres. That of a state from which kernels are missing is another one.
    pub fn zed_of_kernels(&self) -> f64 {
        self.sum_at_centers() / self.norm() / self.kernels.len() as f64
    }

    fn check_state(&self, state: &State) -> Result<(), Error> {
        let positive = |what, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(Error::StateValue { what, value }),
        };
        positive("zed", state.zed)?;
        positive("sum_weights", state.sum_weights)?;
        positive("sum_weights2", state.sum_weights2)?;
        positive("counter", state.counter as f64)?;
        state.kernels.iter().try_for_each(|kernel| self.check_kernel(kernel))?;
        let Some(own) = &self.width else { return Ok(()) };
        let expected = own.mean.len();
        let Some(width) = &state.width else {
            return Err(Error::State { what: "measured widths", found: 0, expected });
        };
        for (what, found) in [("walkers' means", &width.mean), ("walkers' widths", &width.squares)] {
            if found.len() != expected {
                return Err(Error::State { what, found: found.len(), expected });
            }
            self.check_count(what, found.iter().map(Vec::len))?;
        }
        if state.counter > 1 {
            self.check_count("initial widths", [width.initial.len()].into_iter())?;
        }
        Ok(())
    }

    fn check_kernel(&self, kernel: &Kernel) -> Result<(), Error> {
        self.check_count("variables of a kernel", [kernel.center.len(), kernel.sigma.len()].into_iter())?;
        for (what, value) in
            [("a height", kernel.height)].into_iter().chain(kernel.sigma.iter().map(|s| ("a width", *s)))
        {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::StateValue { what, value });
            }
        }
        match kernel.center.iter().find(|center| !center.is_finite()) {
            Some(value) => Err(Error::StateValue { what: "a center", value: *value }),
            None => Ok(()),
        }
    }

    fn check_count(&self, what: &'static str, mut found: impl Iterator<Item = usize>) -> Result<(), Error> {
        let expected = self.law.settings.variables();
        match found.find(|found| *found != expected) {
            Some(found) => Err(Error::State { what, found, expected }),
            None => Ok(()),
        }
    }

    /// All that must be kept to go on.
    pub fn state(&self) -> State {
        State {
            zed: self.zed,
            sum_weights: self.sum_weights,
            sum_weights2: self.sum_weights2,
            counter: self.counter,
            width: self.width.clone(),
            kernels: self.kernels.iter().collect(),
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.law.settings
    }

    /// gamma
    pub fn bias_factor(&self) -> f64 {
        self.law.factor
    }

    /// eps
    pub fn epsilon(&self) -> f64 {
        self.law.epsilon
    }

    /// Where kernels end, in their widths.
    pub fn cutoff(&self) -> f64 {
        self.law.cutoff
    }

    pub fn progress(&self) -> Progress {
        Progress {
            rct: self.law.settings.thermal_energy * libm::log(self.sum_weights / self.counter as f64),
            zed: self.zed,
            neff: self.effective_samples(),
            kernels: self.kernels.len(),
        }
    }

    /// The 1 makes it stable at the start.
    fn effective_samples(&self) -> f64 {
        (1.0 + self.sum_weights) * (1.0 + self.sum_weights) / (1.0 + self.sum_weights2)
    }

    /// What sums of kernels are divided by to be a density.
    fn norm(&self) -> f64 {
        match self.law.settings.variant {
            Variant::Metad => self.sum_weights,
            Variant::Explore => self.counter as f64,
        }
    }

    /// V at `point`, `[variables]`, and its slope dV/ds into `slope`.
    pub fn at(&self, point: &[f64], slope: &mut [f64]) -> f64 {
        let sum = self.kernels.sum(point);
        let scale = 1.0 / (self.norm() * self.zed);
        let density = sum.value * scale + self.law.epsilon;
        let steepness = self.law.scale() * scale / density;
        for (slope, sum) in slope.iter_mut().zip(&sum.slope[..point.len().min(MOST_VARIABLES)]) {
            *slope = steepness * sum;
        }
        self.law.scale() * libm::log(density)
    }

    /// Whether [`Bias::update`] does anything at this step.
    pub fn is_learning(&self, step: u64) -> bool {
        self.width.is_some() || step.is_multiple_of(self.law.settings.pace)
    }

    /// Takes in where all walkers are after step number `step`; kernels come at multiples of the pace. The step that a simulation
    /// begins with, its initial conditions, is not one of these. Returns what has been deposited, in the order of walkers.
    pub fn update(&mut self, step: u64, walkers: &[Walker]) -> Vec<Deposit> {
        if let (Some(width), WidthRule::Adaptive { stride }) = (&mut self.width, &self.law.settings.widths) {
            width.observe(walkers.iter().map(|walker| walker.point), *stride, &self.periods);
            if width.counter < *stride && self.counter == 1 {
                return Vec::new();
            }
        }
        if !step.is_multiple_of(self.law.settings.pace) {
            return Vec::new();
        }
        self.learn(walkers)
    }

    fn learn(&mut self, walkers: &[Walker]) -> Vec<Deposit> {
        let (old_norm, old_count) = (self.norm(), self.kernels.len());
        let log_weights: Vec<f64> =
            walkers.iter().map(|walker| walker.bias / self.law.settings.thermal_energy).collect();
        let (mut sum, mut sum2) = (0.0, 0.0);
        for weight in log_weights.iter().map(|log_weight| libm::exp(*log_weight)) {
            (sum, sum2) = (sum + weight, sum2 + weight * weight);
        }
        (self.sum_weights, self.sum_weights2) = (self.sum_weights + sum, self.sum_weights2 + sum2);
        let is_first = self.counter == 1;
        self.counter += walkers.len() as u64;
        // What was measured without a bias has not been broadened by it.
        if let Some(width) = self.width.as_mut().filter(|_| is_first) {
            width.begin(self.law.factor, self.law.narrower());
        }
        let deposits: Vec<Deposit> =
            (0..walkers.len()).map(|w| self.deposit(w, walkers[w].point, log_weights[w])).collect();
        let Law { threshold2, ref settings, .. } = self.law;
        let mut changes = Vec::new();
        for deposit in &deposits {
            changes.extend(self.kernels.add(&deposit.kernel, threshold2, settings.merges_again));
        }
        let normalizes = settings.normalizes;
        if normalizes {
            self.renormalize(&changes, old_norm, old_count);
        }
        // The order of kernels is part of the state, and so is the counter that says when it changes.
        if ((self.counter - 1) / walkers.len() as u64).is_multiple_of(ARRANGE_EVERY) {
            self.kernels.arrange();
        }
        deposits
    }

    /// The kernel of a walker: as wide as a sample of so many should be (Silverman's rule, Density Estimation for Statistics and
    /// Data Analysis, 1986, doi:10.1201/9781315140919, equation 4.14), of equal volume for equal weight. Volumes are those relative
    /// to the initial widths, as the rest cancels in P/Z.
    fn deposit(&self, walker: usize, point: &[f64], log_weight: f64) -> Deposit {
        let Law { ref settings, broader, .. } = self.law;
        let variables = point.len() as f64;
        let (samples, mut height) = match settings.variant {
            Variant::Metad => (self.effective_samples(), libm::exp(log_weight)),
            Variant::Explore => (self.counter as f64, 1.0),
        };
        let (initial, mut sigma) = self.full_widths(walker);
        if settings.shrinks {
            let shrinking = libm::pow(samples * (variables + 2.0) / 4.0, -1.0 / (4.0 + variables));
            for (i, sigma) in sigma.iter_mut().enumerate() {
                let least = settings.least_widths.as_ref().map_or(0.0, |least| least[i] * broader);
                *sigma = (*sigma * shrinking).max(least);
            }
        }
        for (initial, sigma) in initial.iter().zip(&sigma) {
            height *= initial / sigma;
        }
        Deposit { kernel: Kernel { height, center: point.to_vec(), sigma }, log_weight }
    }

    /// The widths before they shrink, at first and now, `[variables]`.
    fn full_widths(&self, walker: usize) -> (Vec<f64>, Vec<f64>) {
        match (&self.law.settings.widths, &self.width) {
            (_, Some(width)) => (width.initial.clone(), width.deviations(walker, self.law.narrower())),
            (WidthRule::Fixed(widths), None) => {
                let widths: Vec<f64> = widths.iter().map(|width| width * self.law.broader).collect();
                (widths.clone(), widths)
            }
            (WidthRule::Adaptive { .. }, None) => unreachable!("adaptive widths are measured from the start"),
        }
    }

    /// Z is the mean of P over the centres of the kernels. Where there are many of them, only what has changed is summed anew.
    fn renormalize(&mut self, changes: &[Kernel], old_norm: f64, old_count: usize) {
        let (count, changed) = (self.kernels.len(), changes.len());
        let sum = match count * count < 3 * count * changed + 2 * changed * changed + 100 {
            true => self.sum_at_centers(),
            false => self.zed * old_norm * old_count as f64 + self.change_of_sum(changes),
        };
        self.zed = sum / self.norm() / count as f64;
    }

    /// The sum over all kernels' centres of the sum of all kernels.
    fn sum_at_centers(&self) -> f64 {
        self.kernels.iter().map(|kernel| self.kernels.sum(&kernel.center).value).sum()
    }

    /// How that sum has changed: the new kernels at all centres and all kernels at the new centres, less both of those gone; pairs of
    /// changes are then counted twice.
    fn change_of_sum(&self, changes: &[Kernel]) -> f64 {
        let mut sum = 0.0;
        for change in changes {
            let sign = change.height.signum();
            sum += self.kernels.sum_over_centers(change) + sign * self.kernels.sum(&change.center).value;
            sum -= sign * changes.iter().map(|other| self.kernels.value(other, &change.center)).sum::<f64>();
        }
        sum
    }
}
