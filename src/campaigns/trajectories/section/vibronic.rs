//! The user-defined linear vibronic coupling model: its input by keys or by an HDF5 file, and its checks.
use crate::config::{Checker, Config, Faults};
use crate::problem::error_chain;
use crate::results::{Complex, Error, Reader};
use crate::science::dynamics::models::Coupling;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A real number, or a pair of real and imaginary part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Number {
    Real(f64),
    Complex([f64; 2]),
}

/// [mode, i, j, value]; only couplings linear in one coordinate are supported, not bilinear or quadratic ones
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CouplingRow(pub usize, pub usize, pub usize, pub f64);

/// Names that files use for terms of second order, which this model does not support.
const SECOND_ORDER_NAMES: [&str; 4] = ["quadratic", "bilinear", "quadratic_couplings", "bilinear_couplings"];

/// The model as given by keys or by a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VibronicInput {
    pub hamiltonian: Option<Vec<Vec<Number>>>,
    pub frequencies: Option<Vec<f64>>,
    pub couplings: Option<Vec<CouplingRow>>,
}

/// H_q, frequencies, couplings.
type Vibronic = (Vec<Vec<[f64; 2]>>, Vec<f64>, Vec<Coupling>);

/// Checks the model and converts it.
///
/// # Errors
/// All faults of the model.
pub fn check(config: &Config, input: &VibronicInput) -> Result<Vibronic, Faults> {
    let (hamiltonian, frequencies) = (input.hamiltonian.as_deref(), input.frequencies.as_deref());
    let couplings = input.couplings.as_deref();
    let mut check = Checker::new(config, "trajectories.model");
    for (key, is_missing) in [("hamiltonian", hamiltonian.is_none()), ("frequencies", frequencies.is_none())] {
        if is_missing {
            check.refuse(key, format!("`{key}` is not set"), "set it, or name a file that contains it");
        }
    }
    let pair = |number: &Number| match *number {
        Number::Real(re) => [re, 0.0],
        Number::Complex(pair) => pair,
    };
    let h: Vec<Vec<[f64; 2]>> =
        hamiltonian.unwrap_or_default().iter().map(|row| row.iter().map(pair).collect()).collect();
    let (states, modes) = (h.len(), frequencies.unwrap_or_default().len());
    if hamiltonian.is_some() && states == 0 {
        check.refuse("hamiltonian", "`hamiltonian` has no rows", "give a square matrix");
    }
    let is_square = h.iter().all(|row| row.len() == states);
    if !is_square {
        check.refuse(
            "hamiltonian",
            format!("`hamiltonian` is not square: it has {states} rows, not all with {states} elements"),
            "give a square matrix",
        );
    } else if let Some((i, j)) = not_hermitian(&h) {
        let message =
            format!("`hamiltonian` is not Hermitian: element ({i}, {j}) is {:?}, ({j}, {i}) is {:?}", h[i][j], h[j][i]);
        check.refuse("hamiltonian", message, "make one the complex conjugate of the other");
    }
    for (j, w) in frequencies.unwrap_or_default().iter().enumerate().filter(|(_, w)| !(w.is_finite() && **w > 0.0)) {
        check.refuse(
            &format!("frequencies.{j}"),
            format!("frequency {j} is {w}, but must be above 0"),
            "use a positive frequency",
        );
    }
    let mut known = std::collections::BTreeSet::new();
    for (k, &CouplingRow(mode, row, column, value)) in couplings.unwrap_or_default().iter().enumerate() {
        let key = format!("couplings.{k}");
        if mode >= modes {
            let message = format!("mode {mode} is out of range: there are {modes}, 0 to {}", modes.saturating_sub(1));
            check.refuse(&key, message, "modes are counted from 0");
        }
        if row.max(column) >= states {
            let message = format!(
                "element ({row}, {column}) is out of range: there are {states} states, 0 to {}",
                states.saturating_sub(1)
            );
            check.refuse(&key, message, "states are counted from 0");
        }
        if !value.is_finite() {
            check.refuse(&key, format!("the coupling is {value}"), "use a finite number");
        }
        if !known.insert((mode, row.min(column), row.max(column))) {
            let message = format!("mode {mode} couples ({row}, {column}) twice");
            check.refuse(&key, message, "list each pair of states once: the transposed element is implied");
        }
    }
    check.faults.into_result(())?;
    let coupling = |&CouplingRow(mode, row, column, value): &CouplingRow| Coupling { mode, row, column, value };
    Ok((h, frequencies.unwrap_or_default().to_vec(), couplings.unwrap_or_default().iter().map(coupling).collect()))
}

/// The first element that is not the complex conjugate of its transpose, to rounding.
fn not_hermitian(h: &[Vec<[f64; 2]>]) -> Option<(usize, usize)> {
    let largest = h.iter().flatten().flatten().fold(0.0f64, |largest, x| largest.max(x.abs()));
    let pairs = (0..h.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
    let mut pairs = pairs.filter(|&(i, j)| {
        let off = (h[i][j][0] - h[j][i][0]).abs().max((h[i][j][1] + h[j][i][1]).abs());
        // NaN is not Hermitian either.
        off.is_nan() || off > 1e-12 * largest
    });
    pairs.next()
}

/// Reads hamiltonian, frequencies and couplings from an HDF5 file.
///
/// # Errors
/// A description of what is wrong with the file.
pub fn read(path: &Path) -> Result<VibronicInput, String> {
    let text = |error: Error| error_chain(&error);
    let reader = Reader::open(path).map_err(text)?;
    let shape = |name: &str| reader.shape(name).ok_or_else(|| format!("the file has no dataset `{name}`"));
    let states = match shape("hamiltonian")?[..] {
        [n, m] if n == m && n > 0 => n,
        ref other => return Err(format!("`hamiltonian` has shape {other:?}, but must be square")),
    };
    let elements: Vec<Number> = if reader.is_complex("hamiltonian") {
        let numbers = reader.array::<Complex>("hamiltonian").map_err(text)?;
        numbers.into_iter().map(|z| Number::Complex([z.r, z.i])).collect()
    } else {
        reader.array::<f64>("hamiltonian").map_err(text)?.into_iter().map(Number::Real).collect()
    };
    if shape("frequencies")?.len() != 1 {
        return Err(format!("`frequencies` has shape {:?}, but must be one-dimensional", shape("frequencies")?));
    }
    let frequencies = reader.array::<f64>("frequencies").map_err(text)?;
    let couplings = match reader.shape("couplings") {
        None => Vec::new(),
        Some(shape) if shape.len() == 2 && shape[1] == 4 => reader.array::<f64>("couplings").map_err(text)?,
        Some(shape) => {
            return Err(format!(
                "`couplings` has shape {shape:?}, but must be [K, 4]: mode, i, j, value; only couplings linear in one coordinate are supported"
            ));
        }
    };
    if let Some(name) = SECOND_ORDER_NAMES.iter().find(|name| reader.shape(name).is_some()) {
        return Err(format!("`{name}` is not supported: this model only has couplings linear in one coordinate"));
    }
    let index = |x: f64| (x >= 0.0 && x.fract() == 0.0).then_some(x as usize);
    let coupling = |row: &[f64]| Some(CouplingRow(index(row[0])?, index(row[1])?, index(row[2])?, row[3]));
    let couplings: Option<Vec<_>> = couplings.chunks(4).map(coupling).collect();
    let couplings = couplings.ok_or("in `couplings`, mode, i and j must be whole numbers from 0")?;
    let hamiltonian = elements.chunks(states).map(<[Number]>::to_vec).collect();
    Ok(VibronicInput { hamiltonian: Some(hamiltonian), frequencies: Some(frequencies), couplings: Some(couplings) })
}
