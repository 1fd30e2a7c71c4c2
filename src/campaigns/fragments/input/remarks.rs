//! What should a user know of a cluster that is no fault?
use super::{Cluster, INPUT, MoleculeSource, formula, geometry, ranges, spins};
use crate::campaigns::fragments::section::{LengthUnit, MoleculeFormat};
use crate::config::Fault;
use crate::problem::Problem;
use crate::science::expansion::Fragment;

/// Warnings of doubtful spins, bonds and charges.
pub fn warnings(source: &MoleculeSource, cluster: &Cluster, fragments: &[Fragment]) -> Vec<Fault> {
    let mut warnings = spin_warnings(source, cluster, fragments);
    warnings.extend(bond_warnings(source, cluster, fragments));
    warnings.extend(neutral_ions(source, cluster, fragments));
    warnings
}

/// A warning where positions seem to be in the other unit.
pub fn unit_warning(source: &MoleculeSource, cluster: &Cluster) -> Option<Fault> {
    let distances = geometry::wrong_unit(&cluster.elements, &cluster.frames[0], cluster.lattice(0))?;
    let default = match source.format {
        MoleculeFormat::Qcschema => LengthUnit::Bohr,
        _ => LengthUnit::Angstrom,
    };
    let (unit, is_of_file) = cluster.unit.unwrap_or((source.unit.unwrap_or(default), false));
    let other = if unit == LengthUnit::Angstrom { LengthUnit::Bohr } else { LengthUnit::Angstrom };
    let (now, other) = (unit.name(), other.name());
    let help = match source.format {
        _ if source.key == INPUT => {
            format!("they were read as {now}, as QCSchema defines: convert the file if they are in {other}")
        }
        MoleculeFormat::Pdb => "they were read as angstrom, the unit of PDB files: convert the file".to_owned(),
        MoleculeFormat::Gro => "they were read as nm, the unit of GRO files: convert the file".to_owned(),
        _ if is_of_file => format!("the file says {now}: correct its unit if they are in {other}"),
        _ => format!("they were read as {now}: set units = \"{other}\" if that is their unit"),
    };
    Some(source.fault(format!("positions look wrong: {distances}"), help).warning())
}

/// Warnings where fragments come from ambiguous bonds.
fn bond_warnings(source: &MoleculeSource, cluster: &Cluster, fragments: &[Fragment]) -> Vec<Fault> {
    if cluster.fragments.is_some() {
        return Vec::new();
    }
    let pairs = geometry::nearly_bonded(&cluster.elements, &cluster.frames[0], cluster.lattice(0), fragments);
    let warning = |message: String| source.fault(message, "set `fragments` if they belong together").warning();
    let mut warnings: Vec<_> = pairs.into_iter().map(warning).collect();
    let others = cluster.frames_with_other_bonds();
    if !others.is_empty() {
        let frames = ranges(&others);
        let message =
            format!("bonds of frames {frames} differ from those of frame 0, whose fragments are used for all");
        warnings.push(source.fault(message, "set `fragments` if others are meant").warning());
    }
    warnings
}

/// Warnings where multiplicities were not specified and the lowest ones are doubtful.
fn spin_warnings(source: &MoleculeSource, cluster: &Cluster, fragments: &[Fragment]) -> Vec<Fault> {
    let keys = match source.key {
        INPUT => ("fragment_charges", "fragment_multiplicities"),
        _ => ("charges", "multiplicities"),
    };
    let warnings = spins::warnings(cluster, fragments, keys).into_iter();
    warnings.map(|Problem { message, help, .. }| source.fault(message, help).warning()).collect()
}

/// Metals of which simulations have ions alone, with an even number of electrons and so without any other warning.
const USUAL_IONS: [u32; 7] = [4, 12, 20, 30, 38, 48, 56];

/// A warning of single atoms of a simulation that are usually ions, but have no charge.
fn neutral_ions(source: &MoleculeSource, cluster: &Cluster, fragments: &[Fragment]) -> Option<Fault> {
    let is_neutral_ion = |k: &usize| {
        let Fragment { atoms, .. } = &fragments[*k];
        let is_ion = |atom: &usize| USUAL_IONS.contains(&cluster.elements[*atom].number());
        atoms.len() == 1 && atoms.iter().all(is_ion) && !cluster.has_charge(*k)
    };
    let ions: Vec<usize> = (0..fragments.len()).filter(is_neutral_ion).collect();
    let first = ions.first().filter(|_| !cluster.residues.is_empty())?;
    let name = formula(&cluster.elements, &fragments[*first].atoms);
    let message =
        format!("fragment{} {} ({name}): charge 0 was assumed", if ions.len() == 1 { "" } else { "s" }, ranges(&ions));
    let help = format!("set charges = {{ {name} = 2 }} for ions, or {{ {name} = 0 }} for atoms");
    Some(source.fault(message, help).warning())
}

/// Named lines on the residues of molecules that consist of several.
pub fn notes(cluster: &Cluster, fragments: &[Fragment]) -> Option<(String, String)> {
    if cluster.residues.is_empty() {
        return None;
    }
    let counts = |fragment: &Fragment| {
        let mut residues: Vec<usize> = fragment.atoms.iter().map(|&atom| cluster.residue_of[atom]).collect();
        residues.sort_unstable();
        residues.dedup();
        residues.len()
    };
    let several: Vec<usize> = (0..fragments.len()).filter(|&k| counts(&fragments[k]) > 1).collect();
    let (residues, atoms) = (cluster.residues.len(), cluster.elements.len());
    let mut text = format!("{residues} with {atoms} atoms");
    if !several.is_empty() {
        text += &format!("; of several residues: fragments {}", ranges(&several));
    }
    Some(("residues".to_owned(), text))
}
