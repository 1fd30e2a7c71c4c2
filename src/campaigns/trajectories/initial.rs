//! Reads initial conditions from an HDF5 file.
use super::section::Section;
use crate::config::{Checker, Config, Faults};
use crate::problem::error_chain;
use crate::results::{Error, Reader};
use crate::science::dynamics::{Bath, InitialConditions, Model};
use crate::task::Tasks;
use std::path::PathBuf;

/// An HDF5 file of initial conditions: `z` complex `[n, C]`, or `q` and `p` `[n, C]`; optionally `wavefunction` complex `[n, S]`,
/// `hop_uniforms` `[n, steps]` and `surface_uniform` `[n]`. Row k belongs to trajectory k and is read when it is run.
#[derive(Clone, Debug)]
pub struct InitialFile {
    pub path: PathBuf,
    pub rows: u64,
    has_z: bool,
    pub has_wavefunction: bool,
    has_hop_uniforms: bool,
    has_surface_uniform: bool,
    /// Twice the median of the classical energies, in the model's unit.
    pub energy_scale: f64,
}

/// The key of its path.
pub const KEY: &str = "trajectories.initial.file";
/// Number of rows from which the energy scale is estimated.
const MAX_ROWS_FOR_SCALE: u64 = 256;

impl InitialFile {
    /// Opens the file of the section, if any, and checks the shape of every dataset.
    ///
    /// # Errors
    /// The file cannot be read, or a shape does not match the model or the number of steps.
    pub fn open(config: &Config, section: &Section, model: &dyn Model, steps: usize) -> Result<Option<Self>, Faults> {
        let (coordinates, states) = (model.bath().coordinates(), model.states());
        let Some(name) = &section.initial.file else { return Ok(None) };
        let path = config.resolve(name);
        let reader = Reader::open(&path)
            .map_err(|error| config.fault(KEY, error_chain(&error), "name an HDF5 file with `z`, or `q` and `p`"))?;
        let mut check = Checker::new(config, "trajectories");
        let has = |item: &str| reader.shape(item).is_some();
        let (has_z, has_qp) = (has("z"), has("q") && has("p"));
        let rows = reader.shape(if has_z { "z" } else { "q" }).and_then(|shape| shape.first().copied()).unwrap_or(0);
        if has_z == has_qp {
            let message =
                if has_z { "the file has both `z` and `q`, `p`" } else { "the file has neither `z` nor `q` and `p`" };
            let help = "provide either z = sqrt(m h/2) q + i p/sqrt(2 m h) or q and p, each of shape [n, C]";
            check.refuse("initial.file", message, help);
        }
        if rows == 0 && has_z != has_qp {
            check.refuse("initial.file", "the file has no rows", "provide at least one initial condition");
        }
        let mut expect = |item: &str, expected: &[usize], is_complex: bool| {
            let Some(shape) = reader.shape(item) else { return };
            if shape != expected {
                let message = format!("`{item}` has shape {shape:?}, but must have {expected:?}");
                let help = "provide one row per trajectory, with the dimensions of the model and the number of steps";
                check.refuse("initial.file", message, help);
            } else if reader.is_complex(item) != is_complex {
                let message = format!("`{item}` must {}be complex", if is_complex { "" } else { "not " });
                check.refuse("initial.file", message, "store complex numbers as compounds {r, i}, as h5py does");
            }
        };
        expect("z", &[rows, coordinates], true);
        expect("q", &[rows, coordinates], false);
        expect("p", &[rows, coordinates], false);
        expect("wavefunction", &[rows, states], true);
        expect("hop_uniforms", &[rows, steps], false);
        expect("surface_uniform", &[rows], false);
        if let Some(count) = section.count.filter(|&count| count != rows as u64) {
            let message = format!("count is {count}, but the initial file has {rows} rows");
            check.refuse("count", message, "remove `count`, or set it to the number of rows");
        }
        check.faults.into_result(())?;
        let mut file = Self {
            has_z,
            rows: rows as u64,
            has_wavefunction: has("wavefunction"),
            has_hop_uniforms: has("hop_uniforms"),
            has_surface_uniform: has("surface_uniform"),
            path,
            energy_scale: 0.0,
        };
        let checked = file.check_rows(model, config.inputs.is_checked());
        checked.map_err(|message| config.fault(KEY, message, "normalize every wavefunction"))?;
        Ok(Some(file))
    }

    /// Estimates the energy scale from the first rows, and checks the norm of every wavefunction unless rank 0 has. Rows that are not finite
    /// are accepted: their trajectories fail.
    fn check_rows(&mut self, model: &dyn Model, is_checked: bool) -> Result<(), String> {
        let first = Tasks::new(0, self.rows.min(MAX_ROWS_FOR_SCALE));
        let start = self.read(first, model.bath()).map_err(|e| e.to_string())?;
        let mut energies: Vec<f64> = start.coordinates.iter().flatten().map(|z| model.bath().energy_of(z)).collect();
        energies.retain(|energy| energy.is_finite());
        energies.sort_by(f64::total_cmp);
        // The median: a single outlier must not reduce the resolution of the sums.
        self.energy_scale = 2.0 * energies.get(energies.len() / 2).copied().unwrap_or(0.0);
        for block in Tasks::new(0, self.rows).split(1 << 12).filter(|_| self.has_wavefunction && !is_checked) {
            let reader = Reader::open(&self.path).map_err(|e| e.to_string())?;
            let amplitudes = reader
                .complex_rows("wavefunction", block.first as usize, block.count() as usize)
                .map_err(|e| e.to_string())?;
            for (row, c) in amplitudes.chunks(model.states()).enumerate() {
                let norm: f64 = c.iter().map(|c| c.r * c.r + c.i * c.i).sum();
                if (norm - 1.0).abs() > 1e-6 {
                    return Err(format!(
                        "the squared norm of the wavefunction of row {} is {norm}, not 1",
                        block.first + row as u64
                    ));
                }
            }
        }
        Ok(())
    }

    /// Reads the rows of `tasks`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self, tasks: Tasks, bath: &Bath) -> Result<InitialConditions, Error> {
        let reader = Reader::open(&self.path)?;
        let (first, count) = (tasks.first as usize, tasks.count() as usize);
        let pairs = |item: &str| -> Result<Vec<[f64; 2]>, Error> {
            Ok(reader.complex_rows(item, first, count)?.into_iter().map(|z| [z.r, z.i]).collect())
        };
        let split = |flat: Vec<[f64; 2]>| flat.chunks(flat.len() / count).map(<[_]>::to_vec).collect::<Vec<_>>();
        let coordinates = if self.has_z {
            pairs("z")?
        } else {
            let (q, p) = (reader.rows::<f64>("q", first, count)?, reader.rows::<f64>("p", first, count)?);
            let complex = |(k, (&q, &p)): (usize, (&f64, &f64))| {
                let (x, y) = bath.to_complex(k % bath.coordinates(), q, p);
                [x, y]
            };
            q.iter().zip(&p).enumerate().map(complex).collect()
        };
        let uniforms = || -> Result<Vec<Vec<f64>>, Error> {
            let flat = reader.rows::<f64>("hop_uniforms", first, count)?;
            Ok(flat.chunks(flat.len() / count).map(<[_]>::to_vec).collect())
        };
        Ok(InitialConditions {
            coordinates: Some(split(coordinates)),
            wavefunctions: self.has_wavefunction.then(|| pairs("wavefunction").map(split)).transpose()?,
            hop_uniforms: self.has_hop_uniforms.then(uniforms).transpose()?,
            surface_uniforms: self
                .has_surface_uniform
                .then(|| reader.rows("surface_uniform", first, count))
                .transpose()?,
        })
    }
}
