//! How is a free energy written to an HDF5 file?
use super::analysis::{Analysis, FesResult, Surface};
use crate::campaigns::reweighting::{EnergyScale, coordinates};
use crate::results::{Closed, Error, Writer, or_nan};
use std::path::Path;

impl Analysis<'_> {
    /// Writes everything to a temporary file next to `path`; closing and publishing it is up to the caller. `command` is the command line.
    ///
    /// # Errors
    /// The folder is missing or the disk is full.
    pub fn write(&self, path: &Path, command: &str) -> Result<Closed, Error> {
        let mut out = Writer::create(path)?;
        let group = format!("/results/free_energy/{}", self.input.variables().join("_").replace('/', "%2F"));
        let energy = EnergyScale { factor: self.factor, name: self.input.settings.unit.name() };
        match &self.result {
            FesResult::Reweighted(estimate) => {
                let numbers: Vec<u64> = (0..self.input.replicas.len() as u64).collect();
                estimate.write(&group, &numbers, energy, &mut out)?;
                let samples: Vec<u64> = self.input.replicas.iter().map(|one| one.bias.len() as u64).collect();
                out.list_attribute(&group, "samples", &samples)?;
            }
            FesResult::Sum(_) => self.write_sum(&group, &mut out)?,
        }
        self.write_description(&group, &mut out)?;
        self.write_root(command, &mut out)?;
        out.close()
    }

    fn write_sum(&self, group: &str, out: &mut Writer) -> Result<(), Error> {
        let Surface { coordinates: points, energies, .. } = self.surface();
        let shape: Vec<usize> = points.iter().map(Vec::len).collect();
        let unit = self.input.settings.unit.name();
        let about = match self.input.settings.is_negative_bias {
            true => "minus the bias: minus the sum of hills with the heights that they had in the simulation",
            false => "minus the sum of hills with the heights in the file",
        };
        out.array(&format!("{group}/free_energy"), &shape, &or_nan(energies), unit, about)?;
        let errors = vec![f64::NAN; shape.iter().product()];
        let about = "NaN: a sum of hills has no error";
        out.array(&format!("{group}/free_energy_stderr"), &shape, &errors, unit, about)?;
        let (shape, points) = coordinates(&points);
        out.array(&format!("{group}/coordinate"), &shape, &points, "as in the file", "points of each variable")?;
        let lengths: Vec<f64> = self.input.periods.iter().map(|period| period.unwrap_or(0.0)).collect();
        out.list_attribute(group, "period", &lengths)?;
        let hills: u64 = self.input.hills.iter().map(|bias| bias.hills.hills.len() as u64).sum();
        out.attribute(group, "hills", hills)
    }

    fn write_description(&self, group: &str, out: &mut Writer) -> Result<(), Error> {
        let settings = &self.input.settings;
        out.text_attribute(group, "variables", &self.input.variables().join(","))?;
        out.text_attribute(group, "bias", &settings.bias.join(","))?;
        if let Some(temperature_k) = settings.temperature_k {
            out.attribute(group, "temperature_k", temperature_k)?;
        }
        out.text_attribute(
            group,
            "hills_files",
            &self.input.hills.iter().map(|one| one.label.clone()).collect::<Vec<_>>().join(";"),
        )
    }

    fn write_root(&self, command: &str, out: &mut Writer) -> Result<(), Error> {
        let labels: Vec<&str> = match self.input.settings.is_sum() {
            true => self.input.hills.iter().map(|one| one.label.as_str()).collect(),
            false => self.input.replicas.iter().map(|one| one.label.as_str()).collect(),
        };
        let count = labels.len() as u64;
        out.text_attribute("/", "simmpi_version", env!("CARGO_PKG_VERSION"))?;
        out.text_attribute("/", "campaign_kind", "fes")?;
        out.attribute("/", "seed", 0_u64)?;
        out.text_attribute("/", "fingerprint", &self.input.fingerprint)?;
        out.text_attribute("/", "config", command)?;
        out.attribute("/", "complete", 1_u8)?;
        out.attribute("/", "tasks_total", count)?;
        out.attribute("/", "tasks_done", count)?;
        out.attribute("/", "tasks_failed", 0_u64)?;
        out.text_attribute("/", "reproducibility", "given-files")?;
        let index: Vec<u64> = (0..count).collect();
        out.array("/run/tasks/index", &[labels.len()], &index, "none", "the replica, or the bias of a sum of hills")?;
        out.strings("/run/tasks/label", &labels, "its files")?;
        out.strings("/run/tasks/status", &vec!["done"; labels.len()], "done")?;
        out.strings("/run/tasks/error", &vec![""; labels.len()], "why it failed")
    }
}
