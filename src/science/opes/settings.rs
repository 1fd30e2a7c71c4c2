//! What can be chosen about a bias, and which constants follow?
use super::{Error, MOST_VARIABLES};

/// Which density the kernels estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// That of the unbiased system, by reweighting: the bias settles soon.
    Metad,
    /// That of the biased system: poor variables are left sooner, the bias settles later.
    Explore,
}

/// How wide a kernel is before it shrinks.
#[derive(Clone, Debug, PartialEq)]
pub enum WidthRule {
    /// The standard deviation of each variable in a basin, `[variables]`.
    Fixed(Vec<f64>),
    /// The standard deviation of the last `stride` steps or so; before them there is no bias.
    Adaptive { stride: u64 },
}

/// What can be chosen about a bias. Energies, `thermal_energy` and `barrier`, have any one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub variant: Variant,
    /// kT
    pub thermal_energy: f64,
    /// The free-energy barrier that shall be overcome.
    pub barrier: f64,
    /// gamma, by which the barriers of the biased system are lower; infinite: none are left. By default barrier/kT.
    pub bias_factor: Option<f64>,
    /// Steps from kernel to kernel.
    pub pace: u64,
    pub widths: WidthRule,
    /// Kernels are never narrower, `[variables]`.
    pub least_widths: Option<Vec<f64>>,
    /// Whether kernels get narrower the more there are.
    pub shrinks: bool,
    /// eps, by default exp(-barrier/(a kT)).
    pub epsilon: Option<f64>,
    /// Kernels end at this distance, in their widths; by default sqrt(2 barrier/(a kT)), exploring sqrt(2 barrier/kT).
    pub cutoff: Option<f64>,
    /// Kernels that are closer are merged, in widths; 0: none are.
    pub compression_threshold: f64,
    /// Whether a merged kernel is merged again with what is close to it.
    pub merges_again: bool,
    /// Whether Z is estimated; else it is 1.
    pub normalizes: bool,
    /// Of each variable, where it is periodic, `[variables]`.
    pub periods: Vec<Option<f64>>,
    /// Simulations that share this bias.
    pub walkers: usize,
}

impl Settings {
    /// Those of PLUMED's defaults for variables of these `periods`: widths measured over 10 paces, one walker.
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

    /// The number of biased variables.
    pub fn variables(&self) -> usize {
        self.periods.len()
    }

    /// gamma
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
        let given = match &self.widths {
            WidthRule::Fixed(widths) => Some(("widths", widths)),
            WidthRule::Adaptive { stride } if *stride < self.pace => {
                return Err(Error::Stride { stride: *stride, pace: self.pace });
            }
            WidthRule::Adaptive { .. } => None,
        };
        for (what, widths) in given.into_iter().chain(self.least_widths.as_ref().map(|least| ("least widths", least))) {
            if widths.len() != variables {
                return Err(Error::Count { what, found: widths.len(), expected: variables });
            }
            widths.iter().try_for_each(|width| positive("a width", *width))?;
        }
        self.check_factor()
    }

    fn check_factor(&self) -> Result<(), Error> {
        let factor = self.factor();
        // Not a number is refused too.
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

/// What follows from [`Settings`].
#[derive(Clone, Debug)]
pub(super) struct Law {
    pub settings: Settings,
    /// gamma
    pub factor: f64,
    /// a
    pub prefactor: f64,
    pub epsilon: f64,
    pub cutoff: f64,
    /// The square of the threshold.
    pub threshold2: f64,
    /// What kernels of the biased density are wider by: sqrt(gamma), or 1.
    pub broader: f64,
}

impl Law {
    /// The constants of a bias.
    ///
    /// # Errors
    /// Settings make no sense, or contradict each other.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let factor = settings.factor();
        let (prefactor, broader) = match settings.variant {
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
        Ok(Self { settings, factor, prefactor, epsilon, cutoff, threshold2: threshold * threshold, broader })
    }

    /// By how much the variance of a kernel is smaller than that of the samples: those of the biased system are spread by gamma.
    pub fn narrower(&self) -> f64 {
        match self.settings.variant {
            Variant::Metad => self.factor,
            Variant::Explore => 1.0,
        }
    }

    /// a kT
    pub fn scale(&self) -> f64 {
        self.settings.thermal_energy * self.prefactor
    }
}
