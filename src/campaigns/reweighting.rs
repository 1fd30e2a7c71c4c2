//! How is the free energy of biased replicas estimated and written, in an ensemble and by `simmpi fes`?
use crate::results::{Error, Writer, or_nan};
use crate::science::reweighting::{self, Axis, Difference, FreeEnergy, Region, Replica};

/// Blocks into which a single replica is divided to estimate its error, by default.
pub const BLOCKS: usize = 10;

/// What is estimated, apart from the samples.
#[derive(Clone, Debug)]
pub struct Reweighting<'a> {
    /// kT in the unit of the bias.
    pub thermal_energy: f64,
    /// Of each variable.
    pub bins: Vec<usize>,
    /// Lower and upper end of each variable, where they are set.
    pub range: Vec<[Option<f64>; 2]>,
    /// Of each variable; none for histograms.
    pub bandwidth: Option<&'a [f64]>,
    /// Of each variable.
    pub periods: &'a [Option<f64>],
    pub regions: Option<&'a [Region; 2]>,
    /// Blocks of a single replica.
    pub blocks: usize,
}

/// A free energy with its axes, or why there is none.
#[derive(Clone, Debug)]
pub struct Estimate {
    pub axes: Vec<Axis>,
    pub periods: Vec<Option<f64>>,
    pub thermal_energy: f64,
    pub found: Result<FreeEnergy, reweighting::Error>,
    /// None without regions.
    pub difference: Option<Result<Difference, reweighting::Error>>,
    /// Number of replicas.
    pub replicas: usize,
}

/// How energies are written.
#[derive(Clone, Copy, Debug)]
pub struct EnergyScale<'a> {
    /// One unit of the bias in the unit of the output.
    pub factor: f64,
    /// Name of that unit.
    pub name: &'a str,
}

impl Reweighting<'_> {
    /// The free energy from the samples of replicas.
    pub fn estimate(&self, replicas: &[Replica]) -> Estimate {
        let kt = self.thermal_energy;
        let axes: Vec<Axis> = (0..self.bins.len()).map(|variable| self.axis(variable, replicas)).collect();
        let found = reweighting::free_energy(replicas, kt, &axes, self.blocks);
        let of_regions = |regions: &[Region; 2]| {
            reweighting::difference(replicas, kt, (&regions[0], &regions[1]), self.periods, self.blocks)
        };
        let difference = self.regions.map(of_regions);
        let periods = self.periods.to_vec();
        Estimate { axes, periods, thermal_energy: kt, found, difference, replicas: replicas.len() }
    }

    fn axis(&self, variable: usize, replicas: &[Replica]) -> Axis {
        let samples = replicas.iter().flat_map(|replica| replica.coordinates[variable].iter());
        let around = Axis::around(samples, self.bins[variable], self.periods[variable]);
        let [lower, upper] = self.range[variable];
        let (lower, upper) = (lower.unwrap_or(around.lower), upper.unwrap_or(around.upper));
        Axis { lower, upper, bandwidth: self.bandwidth.map(|all| all[variable]), ..around }
    }
}

impl Estimate {
    /// Writes the datasets of the free energy to `group`; `numbers` are those of the replicas. What cannot be computed is NaN; the reason is
    /// returned, and written as the attribute `fault`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(
        &self,
        group: &str,
        numbers: &[u64],
        energy: EnergyScale,
        out: &mut Writer,
    ) -> Result<Option<String>, Error> {
        let shape: Vec<usize> = self.axes.iter().map(|axis| axis.bins).collect();
        let nothing = vec![None; shape.iter().product()];
        let (values, errors) =
            self.found.as_ref().map_or((&nothing, &nothing), |found| (&found.free_energy, &found.standard_error));
        let scaled = |values: &[Option<f64>]| or_nan(values.iter().map(|value| value.map(|f| f * energy.factor)));
        let (item, units) = (format!("{group}/free_energy"), energy.name);
        out.array(&item, &shape, &scaled(values), units, "free energy of each bin; the smallest is 0")?;
        let about = "standard error of the free energy, from the spread of replicas, or of blocks of a single one";
        out.array(&format!("{group}/free_energy_stderr"), &shape, &scaled(errors), units, about)?;
        let (shape, centers) = coordinates(&self.axes.iter().map(Axis::centers).collect::<Vec<_>>());
        let about = "middle of each bin of each variable";
        out.array(&format!("{group}/coordinate"), &shape, &centers, "as in the file", about)?;
        out.attribute(group, "thermal_energy", self.thermal_energy * energy.factor)?;
        out.list_attribute(group, "replicas", numbers)?;
        let lengths: Vec<f64> = self.periods.iter().map(|period| period.unwrap_or(0.0)).collect();
        out.list_attribute(group, "period", &lengths)?;
        let fault = self.found.as_ref().err().map(ToString::to_string);
        if let Ok(found) = &self.found {
            out.list_attribute(group, "effective_samples", &found.effective_samples)?;
            out.attribute(group, "parts", found.parts as u64)?;
        }
        if let Some(fault) = &fault {
            out.text_attribute(group, "fault", fault)?;
        }
        if let Some(difference) = &self.difference {
            self.write_difference(group, difference.as_ref().ok(), energy, out)?;
        }
        Ok(fault)
    }

    /// Writes the free energy difference of two regions, computed from the samples themselves.
    fn write_difference(
        &self,
        group: &str,
        found: Option<&Difference>,
        energy: EnergyScale,
        out: &mut Writer,
    ) -> Result<(), Error> {
        let EnergyScale { factor, name } = energy;
        let value = found.map_or(f64::NAN, |found| found.value * factor);
        let standard_error = found.and_then(|found| found.standard_error).map_or(f64::NAN, |error| error * factor);
        let of_replicas = found.map_or(vec![f64::NAN; self.replicas], |found| {
            found.of_replicas.iter().map(|value| value * factor).collect()
        });
        let about = "free energy of the first region less that of the second";
        out.array(&format!("{group}/difference"), &[1], &[value], name, about)?;
        out.array(&format!("{group}/difference_stderr"), &[1], &[standard_error], name, "its standard error")?;
        let item = format!("{group}/difference_of_replicas");
        out.array(&item, &[of_replicas.len()], &of_replicas, name, "the same from each replica alone")
    }
}

/// Shape and values of the coordinates of one variable, `[bins]`, or of two, `[variables][bins]`; the shorter one is padded with NaN.
pub fn coordinates(axes: &[Vec<f64>]) -> (Vec<usize>, Vec<f64>) {
    if let [only] = axes {
        return (vec![only.len()], only.clone());
    }
    let longest = axes.iter().map(Vec::len).max().unwrap_or(0);
    let padded = |axis: &Vec<f64>| {
        let mut axis = axis.clone();
        axis.resize(longest, f64::NAN);
        axis
    };
    (vec![axes.len(), longest], axes.iter().flat_map(padded).collect())
}
