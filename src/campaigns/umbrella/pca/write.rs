//! Writes principal components and projections to the result file.
use super::setup::Setup;
use super::step::PcaResult;
use crate::campaigns::stage::Error;
use crate::results::{Writer, or_nan};
use crate::science::selection::Atom;

/// Writes `/results/pca`.
///
/// # Errors
/// The file cannot be written.
pub fn write(setup: &Setup, result: &PcaResult, out: &mut Writer) -> Result<(), Error> {
    let PcaResult { components, projections } = result;
    let (values, vectors) = (&components.modes.values, &components.modes.vectors);
    let (k, n, frames) = (values.len(), setup.selected.len(), setup.frames.count());
    let mean = components.alignment.superposition.positions(&components.average.mean);
    let about = "mean positions of the selected atoms, in superposed frames";
    out.array("/results/pca/mean", &[n, 3], mean.as_flattened(), "nm", about)?;
    let about = "variances along the components, largest first";
    out.array("/results/pca/eigenvalues", &[k], values, "nm^2", about)?;
    // A vector holds all x, all y, all z; in the file each atom has its three.
    let by_atom: Vec<f64> =
        vectors.iter().flat_map(|v| (0..n).flat_map(move |atom| [0, 1, 2].map(|axis| v[axis * n + atom]))).collect();
    let about = "components: unit vectors, the entry of largest size positive";
    out.array("/results/pca/eigenvectors", &[k, n, 3], &by_atom, "none", about)?;
    let parts: Vec<f64> = values.iter().map(|value| value / components.variance).collect();
    out.array("/results/pca/variance_explained", &[k], &parts, "none", "eigenvalues over the total variance")?;
    let about = "projections of superposed frames, less the mean, onto the components";
    out.array("/results/pca/projection", &[frames, k], projections, "nm", about)?;
    let about = "times of the frames; NaN where the file has none";
    out.array("/results/pca/time", &[frames], &or_nan(setup.frames.times()), "ps", about)?;
    write_atoms(setup, out)?;
    out.attribute("/results/pca", "total_variance", components.variance)?;
    Ok(out.attribute("/results/pca", "frames", frames as u64)?)
}

fn write_atoms(setup: &Setup, out: &mut Writer) -> Result<(), Error> {
    let indices: Vec<u64> = setup.selected.iter().map(|&atom| atom as u64).collect();
    let atoms = || setup.selected.iter().map(|&atom| &setup.frames.names[atom]);
    let n = indices.len();
    out.array("/results/pca/atoms/index", &[n], &indices, "none", "selected atoms, counted from 0 in the structure")?;
    let number = |atom: &Atom| if atom.resid_ambiguity.is_some() { i64::MIN } else { atom.resid };
    let numbers: Vec<i64> = atoms().map(number).collect();
    let about = match atoms().any(|atom| atom.resid_ambiguity.is_some()) {
        true => "numbers of their residues; -2^63 where the structure leaves it open",
        false => "numbers of their residues",
    };
    out.array("/results/pca/atoms/resid", &[n], &numbers, "none", about)?;
    if atoms().any(|atom| atom.icode.is_some()) {
        let codes: Vec<String> = atoms().map(|atom| atom.icode.map_or(String::new(), String::from)).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        out.strings("/results/pca/atoms/icode", &codes, "insertion codes of their residues")?;
    }
    let names: Vec<&str> = atoms().map(|atom| &*atom.name).collect();
    out.strings("/results/pca/atoms/name", &names, "their names")?;
    let residues: Vec<&str> = atoms().map(|atom| &*atom.residue).collect();
    Ok(out.strings("/results/pca/atoms/resname", &residues, "names of their residues")?)
}
