//! How is an analysis written to an HDF5 file?
use super::analysis::Analysis;
use crate::results::{Error, Writer, or_nan};
use crate::science::free_energy::Consistency;

impl Analysis<'_> {
    /// Writes `/results/windows` and `/results/pmf`.
    ///
    /// # Errors
    /// The disk is full.
    pub fn write_results(&self, out: &mut Writer) -> Result<(), Error> {
        self.write_windows(out)?;
        self.write_pmf(out)
    }

    fn write_windows(&self, out: &mut Writer) -> Result<(), Error> {
        let (problem, energies) = (self.problem, &self.profile.windows);
        let (kt, factor) = (self.umbrella.thermal_energy_in_output(), self.umbrella.coordinate_factor());
        let (unit, energy_unit) = (self.umbrella.output.coordinate.name(), self.umbrella.output.energy.name());
        let square = format!("({energy_unit})^2");
        let windows = &self.umbrella.windows;
        let n = windows.len();
        let column = |of: &dyn Fn(usize) -> f64| (0..n).map(of).collect::<Vec<f64>>();
        let mut numbers = |name: &str, values: &[f64], units: &str, description: &str| {
            let shape = if values.len() == n { vec![n] } else { vec![n, n] };
            out.array(&format!("/results/windows/{name}"), &shape, values, units, description)
        };
        let constant = |k: usize| self.umbrella.force_constant_in_output(windows[k].force_constant);
        numbers(
            "center",
            &column(&|k| windows[k].window.center * factor),
            unit,
            "where the restraint is without force",
        )?;
        numbers("force_constant", &column(&|k| constant(k).0), &constant(0).1, "of the restraint")?;
        let g = column(&|k| problem.inefficiencies[k].g);
        numbers("statistical_inefficiency", &g, "samples", "samples that are worth one independent sample")?;
        let about = "largest distance of the cumulative distributions of the window's own samples and of what all windows together predict for it \
                     (MBAR weights), times sqrt(samples/statistical_inefficiency): above 2 they do not agree; NaN where no other window predicts it";
        numbers("consistency", &or_nan(problem.consistency.iter().map(Consistency::reported_score)), "none", about)?;
        let from = or_nan(windows.iter().map(|one| one.from_ps));
        numbers("from_ps", &from, "ps", "time of the first sample that was used; NaN where times are not known")?;
        let energy: Vec<f64> = energies.free_energy.iter().map(|f| f * kt).collect();
        let about = "of the restrained system, relative to the first window of the piece";
        numbers("free_energy", &energy, energy_unit, about)?;
        let covariance = or_nan(energies.covariance.iter().map(|c| c.map(|c| c * kt * kt)));
        let about = "of free_energy: the error of a difference is sqrt(C_aa + C_bb - 2 C_ab)";
        numbers("free_energy_covariance", &covariance, &square, about)?;
        let mut overlap = vec![None; n];
        let mut next = vec![-1_i64; n];
        for pair in &problem.overlaps {
            overlap[pair.windows.0] = Some(pair.histogram);
            next[pair.windows.0] = pair.windows.1 as i64;
        }
        let about = "common area of the histogram and that of the next window; NaN without one";
        numbers("overlap", &or_nan(overlap), "none", about)?;
        let matrix: Vec<f64> = problem.overlap_matrix.iter().flatten().copied().collect();
        let about = "MBAR's overlap matrix: probability that a sample of a row's window is taken for a column's";
        numbers("overlap_matrix", &matrix, "none", about)?;
        out.array("/results/windows/next", &[n], &next, "none", "window of the next center; -1 without one")?;
        let samples: Vec<u64> = windows.iter().map(|window| window.window.samples.len() as u64).collect();
        out.array("/results/windows/samples", &[n], &samples, "none", "samples that were used")?;
        let discarded: Vec<u64> = windows.iter().map(|window| window.discarded as u64).collect();
        out.array("/results/windows/discarded", &[n], &discarded, "none", "samples before equilibrium, left out")?;
        let piece: Vec<u64> = energies.component.iter().map(|piece| *piece as u64).collect();
        out.array("/results/windows/piece", &[n], &piece, "none", "windows of one number are joined by overlap")
    }

    fn write_pmf(&self, out: &mut Writer) -> Result<(), Error> {
        let (profile, kt) = (&self.profile, self.umbrella.thermal_energy_in_output());
        let energy_unit = self.umbrella.output.energy.name();
        let bins = profile.coordinate.len();
        let energies =
            |values: &[Option<f64>], factor: f64| or_nan(values.iter().map(|value| value.map(|value| value * factor)));
        let (unit, factor) = (self.umbrella.output.coordinate.name(), self.umbrella.coordinate_factor());
        let coordinate: Vec<f64> = profile.coordinate.iter().map(|x| x * factor).collect();
        out.array("/results/pmf/coordinate", &[bins], &coordinate, unit, "middles of bins")?;
        let about = "potential of mean force: smallest is 0 in each piece; NaN without samples and between pieces";
        out.array("/results/pmf/free_energy", &[bins], &energies(&profile.free_energy, kt), energy_unit, about)?;
        let about = "standard error of free_energy, that of its zero included";
        out.array("/results/pmf/free_energy_stderr", &[bins], &energies(&profile.stderr, kt), energy_unit, about)?;
        let about = "of free_energy: the error of a difference is sqrt(C_aa + C_bb - 2 C_ab)";
        let covariance = energies(&profile.covariance, kt * kt);
        let square = format!("({energy_unit})^2");
        out.array("/results/pmf/covariance", &[bins, bins], &covariance, &square, about)?;
        out.array("/results/pmf/counts", &[bins], &profile.counts, "none", "samples of all windows")?;
        let piece: Vec<i64> = profile.component.iter().map(|piece| piece.map_or(-1, |piece| piece as i64)).collect();
        out.array("/results/pmf/piece", &[bins], &piece, "none", "bins of one number have one zero; -1 is none")?;
        let estimator = serde_json::to_value(self.umbrella.estimator).unwrap_or_default();
        out.text_attribute("/results/pmf", "estimator", estimator.as_str().unwrap_or_default())?;
        out.attribute("/results/pmf", "temperature_k", self.umbrella.temperature_k)?;
        out.attribute("/results/pmf", "replicates", self.replicates as u64)?;
        out.attribute("/results/pmf", "newton_steps", self.problem.steps() as u64)
    }
}
