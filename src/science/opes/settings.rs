//! Which settings does a bias have, and which constants follow from them?
use super::error::{Error, MOST_VARIABLES};

/// Which density the kernels estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// That of the unbiased system, by reweighting: the bias converges quickly.
    Metad,
    /// That of the biased system: with suboptimal variables, states are left sooner, but the bias converges later.
    Explore,
}

/// The widths of kernels before they shrink.
#[derive(Clone, Debug, PartialEq)]
pub enum WidthRule {
    /// The standard deviation of each variable in a basin, `[variables]`.
    Fixed(Vec<f64>),
    /// Adaptive: the standard deviation over about the last `stride` steps; there is no bias during the first ones.
    Adaptive { stride: u64 },
}

/// The settings of a bias. The energies, `thermal_energy` and `barrier`, have the same arbitrary unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub variant: Variant,
    /// kT.
    pub thermal_energy: f64,
    /// The free-energy barrier to be overcome.
    pub barrier: f64,
    /// gamma, the factor by which barriers of the biased system are lower; infinite for a flat target distribution. By default barrier/kT.
    pub bias_factor: Option<f64>,
    /// Steps between kernels.
    pub pace: u64,
    pub widths: WidthRule,
    /// Lower bounds of the widths, `[variables]`.
    pub least_widths: Option<Vec<f64>>,
    pub shrinks: bool,
    /// eps, by default exp(-barrier/(a kT)).
    pub epsilon: Option<f64>,
    /// Cutoff of kernels, in their widths; by default sqrt(2 barrier/(a kT)), for explore sqrt(2 barrier/kT).
    pub cutoff: Option<f64>,
    /// Kernels closer than this are merged, in widths; 0 for no merging.
    pub compression_threshold: f64,
    /// Whether a merged kernel is merged again with kernels close to it.
    pub merges_again: bool,
    /// Whether Z is estimated; otherwise it is 1.
    pub normalizes: bool,
    /// The period of each periodic variable, `[variables]`.
    pub periods: Vec<Option<f64>>,
    /// Number of simulations that share this bias.
    pub walkers: usize,
}

impl Settings {
    /// PLUMED's defaults for variables with these `periods`: widths measured over 10 paces, one walker.
    pub fn new(variant: Variant, thermal_energy: f64, barrier: f64, pace: u64, periods: Vec<Option<f64>>) -> Self {
        Self {
            variant,
            thermal_energy,
            barrier,
            bias_factor: None,
            pace,
            widths: WidthRule::Adaptive { stride: 10 * pace },
            least_widths: None,
            shrinks: true,
            epsilon: None,
            cutoff: None,
            compression_threshold: 1.0,
            merges_again: true,
            normalizes: true,
            periods,
            walkers: 1,
        }
    }

    pub fn variables(&self) -> usize {
        self.periods.len()
    }

    /// gamma.
    fn factor(&self) -> f64 {
        self.bias_factor.unwrap_or(self.barrier / self.thermal_energy)
    }

    fn check(&self) -> Result<(), Error> {
        let positive = |what, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(Error::NotPositive { what, value }),
        };
        let variables = self.variables();
        if variables == 0 || variables > MOST_VARIABLES {
            return Err(Error::Variables(variables));
        }
        positive("kT", self.thermal_energy)?;
        positive("the barrier", self.barrier)?;
        self.epsilon.map_or(Ok(()), |epsilon| positive("epsilon", epsilon))?;
        self.cutoff.map_or(Ok(()), |cutoff| positive("the cutoff", cutoff))?;
        self.periods.iter().flatten().try_for_each(|period| positive("a period", *period))?;
        for (what, count) in [("the pace", self.pace), ("the number of walkers", self.walkers as u64)] {
            if count == 0 {
                return Err(Error::Zero { what });
            }
        }
        let fixed = match &self.widths {
            WidthRule::Fixed(widths) => Some(("widths", widths)),
            WidthRule::Adaptive { stride } if *stride < self.pace => {
                return Err(Error::Stride { stride: *stride, pace: self.pace });
            }
            WidthRule::Adaptive { .. } => None,
        };
        for (what, widths) in fixed.into_iter().chain(self.least_widths.as_ref().map(|least| ("least widths", least))) {
            if widths.len() != variables {
                return Err(Error::Count { what, found: widths.len(), expected: variables });
            }
            widths.iter().try_for_each(|width| positive("a width", *width))?;
        }
        self.check_factor()
    }

    fn check_factor(&self) -> Result<(), Error> {
        let factor = self.factor();
        // NaN is refused too.
        if factor.is_nan() || factor <= 1.0 {
            return Err(Error::BiasFactor(factor));
        }
        match (factor.is_infinite(), self.variant, &self.widths) {
            (true, Variant::Explore, _) => Err(Error::FlatAndExplore),
            (true, _, WidthRule::Adaptive { .. }) => Err(Error::FlatAndAdaptive),
            _ => Ok(()),
        }
    }
}

/// Constants that follow from [`Settings`].
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    pub settings: Settings,
    /// gamma.
    pub factor: f64,
    /// a.
    pub prefactor: f64,
    pub epsilon: f64,
    pub cutoff: f64,
    pub squared_threshold: f64,
    /// The factor by which kernels of the biased density are wider: sqrt(gamma), or 1.
    pub broadening: f64,
}

impl Parameters {
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let factor = settings.factor();
        let (prefactor, broadening) = match settings.variant {
            Variant::Metad => (1.0 - 1.0 / factor, 1.0),
            Variant::Explore => (factor - 1.0, libm::sqrt(factor)),
        };
        let height = settings.barrier / settings.thermal_energy;
        let epsilon = settings.epsilon.unwrap_or_else(|| libm::exp(-height / prefactor));
        let cutoff = settings.cutoff.unwrap_or_else(|| match settings.variant {
            Variant::Metad => libm::sqrt(2.0 * height / prefactor),
            Variant::Explore => libm::sqrt(2.0 * height),
        });
        if epsilon <= 0.0 {
            return Err(Error::Barrier { barrier: settings.barrier });
        }
        let threshold = settings.compression_threshold;
        if !(0.0..cutoff).contains(&threshold) {
            return Err(Error::Threshold { threshold, cutoff });
        }
        Ok(Self { settings, factor, prefactor, epsilon, cutoff, squared_threshold: threshold * threshold, broadening })
    }

    /// The ratio of the variance of the samples to that of a kernel: gamma for the unbiased density, from samples that the bias broadens.
    pub fn variance_ratio(&self) -> f64 {
        match self.settings.variant {
            Variant::Metad => self.factor,
            Variant::Explore => 1.0,
        }
    }

    /// a kT.
    pub fn scale(&self) -> f64 {
        self.settings.thermal_energy * self.prefactor
    }
}
