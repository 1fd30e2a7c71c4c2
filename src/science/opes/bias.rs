//! What is the bias at a point, and how does it learn?
use super::kernels::Kernels;
use super::period::Period;
use super::settings::Parameters;
use super::{Error, Kernel, MOST_VARIABLES, RunningWidths, Settings, State, Variant, WidthRule};

/// Samples of each walker between two reorderings of the kernels.
const REORDER_EVERY: u64 = 64;

/// A bias that learns from one or several simulations.
///
/// In each step call [`Bias::evaluate`] for every walker, move the walkers, then call [`Bias::update`].
#[derive(Clone, Debug)]
pub struct Bias {
    parameters: Parameters,
    periods: Vec<Period>,
    kernels: Kernels,
    zed: f64,
    sum_weights: f64,
    sum_weights2: f64,
    counter: u64,
    width: Option<RunningWidths>,
}

#[derive(Clone, Copy, Debug)]
pub struct Walker<'a> {
    /// `[variables]`
    pub point: &'a [f64],
    /// The bias at this point, including other biases on the same simulation.
    pub bias: f64,
}

/// A deposited kernel before merging.
#[derive(Clone, Debug, PartialEq)]
pub struct Deposit {
    pub kernel: Kernel,
    /// ln w = V/kT of its sample.
    pub log_weight: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// c(t) = kT ln <exp(V/kT)>; constant once the bias has converged. Not for reweighting.
    pub rct: f64,
    /// Z; constant once no new regions are visited.
    pub zed: f64,
    /// The effective number of samples, (1 + sum w)^2 / (1 + sum w^2).
    pub neff: f64,
    pub kernels: usize,
}

impl Bias {
    /// A bias without kernels: -barrier everywhere.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let parameters = Parameters::new(settings)?;
        let Settings { periods, normalizes, widths, walkers, .. } = &parameters.settings;
        // Regularization at the start: one sample with the weight of the lowest bias.
        let weight = if *normalizes { libm::pow(parameters.epsilon, parameters.prefactor) } else { 1.0 };
        let is_adaptive = matches!(widths, WidthRule::Adaptive { .. });
        Ok(Self {
            periods: periods.iter().map(|period| Period::new(*period)).collect(),
            kernels: Kernels::new(periods, parameters.cutoff),
            zed: 1.0,
            sum_weights: weight,
            sum_weights2: weight * weight,
            counter: 1,
            width: is_adaptive.then(|| RunningWidths::new(*walkers, periods.len())),
            parameters,
        })
    }

    /// Restarts a bias from `state`.
    ///
    /// # Errors
    /// As [`Bias::new`], or the state belongs to another kind of bias.
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

    /// Reconstructs a bias from its `deposits`, one per sample, of one or several walkers. It is approximate if widths are adaptive, since these are
    /// not recorded, and limited by the printed digits.
    pub fn replay(settings: Settings, deposits: &[Deposit]) -> Result<Self, Error> {
        let mut bias = Self::new(settings)?;
        bias.receive(deposits)?;
        Ok(bias)
    }

    /// Adds later deposits of the same bias, one per sample. Exact to the printed digits if widths are fixed.
    ///
    /// # Errors
    /// A kernel is invalid, or has a different number of variables.
    pub fn receive(&mut self, deposits: &[Deposit]) -> Result<(), Error> {
        let Settings { merges_again, normalizes, .. } = self.parameters.settings;
        for Deposit { kernel, log_weight } in deposits {
            self.check_kernel(kernel)?;
            self.kernels.add(kernel, self.parameters.squared_threshold, merges_again);
            let weight = libm::exp(*log_weight);
            (self.sum_weights, self.sum_weights2) = (self.sum_weights + weight, self.sum_weights2 + weight * weight);
            self.counter += 1;
        }
        if normalizes && !deposits.is_empty() {
            self.zed = self.zed_of_kernels();
        }
        Ok(())
    }

    /// Z from the kernels: the mean of P over their centers. It differs from Z of a state with missing kernels.
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
        let expected = self.parameters.settings.variables();
        match found.find(|found| *found != expected) {
            Some(found) => Err(Error::State { what, found, expected }),
            None => Ok(()),
        }
    }

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

    /// gamma.
    pub fn bias_factor(&self) -> f64 {
        self.parameters.factor
    }

    /// eps.
    pub fn epsilon(&self) -> f64 {
        self.parameters.epsilon
    }

    pub fn cutoff(&self) -> f64 {
        self.parameters.cutoff
    }

    pub fn progress(&self) -> Progress {
        Progress {
            rct: self.parameters.settings.thermal_energy * libm::log(self.sum_weights / self.counter as f64),
            zed: self.zed,
            neff: self.effective_samples(),
            kernels: self.kernels.len(),
        }
    }

    /// The effective number of samples; the 1 stabilizes it at the start.
    fn effective_samples(&self) -> f64 {
        (1.0 + self.sum_weights) * (1.0 + self.sum_weights) / (1.0 + self.sum_weights2)
    }

    /// The normalization of a sum of kernels as a density.
    fn norm(&self) -> f64 {
        match self.parameters.settings.variant {
            Variant::Metad => self.sum_weights,
            Variant::Explore => self.counter as f64,
        }
    }

    /// V at `point` `[variables]`; its gradient dV/ds is written to `gradient` `[variables]`.
    pub fn evaluate(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let sum = self.kernels.sum(point);
        let scale = 1.0 / (self.norm() * self.zed);
        let density = sum.value * scale + self.parameters.epsilon;
        let factor = self.parameters.scale() * scale / density;
        for (gradient, sum) in gradient.iter_mut().zip(&sum.gradient[..point.len().min(MOST_VARIABLES)]) {
            *gradient = factor * sum;
        }
        self.parameters.scale() * libm::log(density)
    }

    /// Whether [`Bias::update`] has an effect at this step.
    pub fn is_learning(&self, step: u64) -> bool {
        self.width.is_some() || step.is_multiple_of(self.parameters.settings.pace)
    }

    /// Learns from the positions of all walkers after step `step`; kernels are deposited at multiples of the pace, but not for the initial
    /// conditions of a simulation. Returns the deposits in the order of walkers.
    pub fn update(&mut self, step: u64, walkers: &[Walker]) -> Vec<Deposit> {
        if let (Some(width), WidthRule::Adaptive { stride }) = (&mut self.width, &self.parameters.settings.widths) {
            width.observe(walkers.iter().map(|walker| walker.point), *stride, &self.periods);
            if width.counter < *stride && self.counter == 1 {
                return Vec::new();
            }
        }
        if !step.is_multiple_of(self.parameters.settings.pace) {
            return Vec::new();
        }
        self.learn(walkers)
    }

    fn learn(&mut self, walkers: &[Walker]) -> Vec<Deposit> {
        let (old_norm, old_count) = (self.norm(), self.kernels.len());
        let log_weights: Vec<f64> =
            walkers.iter().map(|walker| walker.bias / self.parameters.settings.thermal_energy).collect();
        let (mut sum, mut sum2) = (0.0, 0.0);
        for weight in log_weights.iter().map(|log_weight| libm::exp(*log_weight)) {
            (sum, sum2) = (sum + weight, sum2 + weight * weight);
        }
        (self.sum_weights, self.sum_weights2) = (self.sum_weights + sum, self.sum_weights2 + sum2);
        let is_first = self.counter == 1;
        self.counter += walkers.len() as u64;
        // The unbiased samples so far have not been broadened by the bias.
        if let Some(width) = self.width.as_mut().filter(|_| is_first) {
            width.start(self.parameters.factor, self.parameters.variance_ratio());
        }
        let deposits: Vec<Deposit> =
            (0..walkers.len()).map(|w| self.deposit(w, walkers[w].point, log_weights[w])).collect();
        let Parameters { squared_threshold, ref settings, .. } = self.parameters;
        let mut changes = Vec::new();
        for deposit in &deposits {
            changes.extend(self.kernels.add(&deposit.kernel, squared_threshold, settings.merges_again));
        }
        let normalizes = settings.normalizes;
        if normalizes {
            self.renormalize(&changes, old_norm, old_count);
        }
        // The order of kernels is part of the state, and so is the counter that says when it changes.
        if ((self.counter - 1) / walkers.len() as u64).is_multiple_of(REORDER_EVERY) {
            self.kernels.reorder();
        }
        deposits
    }

    /// The kernel of a walker. Its widths follow Silverman's rule for the number of samples (Density Estimation for Statistics and Data
    /// Analysis, 1986, doi:10.1201/9781315140919, equation 4.14), its volume is proportional to the weight. Volumes are relative to the
    /// initial widths, since constant factors cancel in P/Z.
    fn deposit(&self, walker: usize, point: &[f64], log_weight: f64) -> Deposit {
        let Parameters { ref settings, broadening, .. } = self.parameters;
        let variables = point.len() as f64;
        let (samples, mut height) = match settings.variant {
            Variant::Metad => (self.effective_samples(), libm::exp(log_weight)),
            Variant::Explore => (self.counter as f64, 1.0),
        };
        let (initial, mut sigma) = self.full_widths(walker);
        if settings.shrinks {
            let shrinking = libm::pow(samples * (variables + 2.0) / 4.0, -1.0 / (4.0 + variables));
            for (i, sigma) in sigma.iter_mut().enumerate() {
                let least = settings.least_widths.as_ref().map_or(0.0, |least| least[i] * broadening);
                *sigma = (*sigma * shrinking).max(least);
            }
        }
        for (initial, sigma) in initial.iter().zip(&sigma) {
            height *= initial / sigma;
        }
        Deposit { kernel: Kernel { height, center: point.to_vec(), sigma }, log_weight }
    }

    /// The initial and the current widths before they shrink, `[variables]`.
    fn full_widths(&self, walker: usize) -> (Vec<f64>, Vec<f64>) {
        match (&self.parameters.settings.widths, &self.width) {
            (_, Some(width)) => (width.initial.clone(), width.deviations(walker, self.parameters.variance_ratio())),
            (WidthRule::Fixed(widths), None) => {
                let widths: Vec<f64> = widths.iter().map(|width| width * self.parameters.broadening).collect();
                (widths.clone(), widths)
            }
            (WidthRule::Adaptive { .. }, None) => unreachable!("adaptive widths are measured from the start"),
        }
    }

    /// Z is the mean of P over the centers of the kernels. With many kernels only the change is summed.
    fn renormalize(&mut self, changes: &[Kernel], old_norm: f64, old_count: usize) {
        let (count, changed) = (self.kernels.len(), changes.len());
        let sum = match count * count < 3 * count * changed + 2 * changed * changed + 100 {
            true => self.sum_at_centers(),
            false => self.zed * old_norm * old_count as f64 + self.change_of_sum(changes),
        };
        self.zed = sum / self.norm() / count as f64;
    }

    /// The sum of all kernels, summed over the centers of all kernels.
    fn sum_at_centers(&self) -> f64 {
        self.kernels.iter().map(|kernel| self.kernels.sum(&kernel.center).value).sum()
    }

    /// The change of that sum: added kernels at all centers and all kernels at the added centers, minus the same for removed kernels; pairs of
    /// changes are then counted twice, which is corrected.
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
