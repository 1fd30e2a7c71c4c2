//! Which charges and multiplicities do fragments get from atoms of the file, and by name?
use super::{Cluster, Source, Sourced, lowest_multiplicity, named_values};
use crate::config::{Config, Faults};

/// Sets the charges of fragments that the file specifies by atoms and the key `charges` by name. Those of all others stay as they are, 0
/// by default.
pub fn set_charges<'a>(config: &'a Config, cluster: &mut Cluster<'a>, fragments: &[Vec<usize>]) -> Result<(), Faults> {
    let of_atoms = sums_of_atoms(cluster, fragments);
    check_key(config, cluster, &of_atoms)?;
    let named = named_values::resolve(config, "fragments.charges", &cluster.named_charges, cluster, fragments)?;
    check_atoms(config, &named, &of_atoms)?;
    if cluster.charges.as_ref().is_some_and(|charges| charges.value.len() != fragments.len() || charges.is_from_key()) {
        return Ok(());
    }
    let is_named = !cluster.named_charges.is_empty();
    if !is_named && of_atoms.iter().all(Option::is_none) {
        return Ok(());
    }
    let of_atom = |k: usize| of_atoms[k].as_ref().map(|(charge, _)| *charge);
    let before = |k: usize| cluster.charges.as_ref().filter(|_| cluster.has_charge(k)).map(|charges| charges.value[k]);
    let charges: Vec<Option<i32>> =
        (0..fragments.len()).map(|k| named[k].or(of_atom(k)).or_else(|| before(k))).collect();
    let source = match of_atoms.iter().flatten().next() {
        Some((_, location)) if !is_named => Source::Line(config, super::MOLECULE, location.clone()),
        _ => Source::Key(config, "fragments.charges"),
    };
    cluster.default_charges = (0..fragments.len()).filter(|&k| charges[k].is_none()).collect();
    let value = charges.into_iter().map(Option::unwrap_or_default).collect();
    cluster.charges = Some(Sourced { value, source });
    Ok(())
}

/// The sum of charges of the atoms of each fragment, and the line of the first one, where any atom has a charge.
fn sums_of_atoms(cluster: &Cluster, fragments: &[Vec<usize>]) -> Vec<Option<(i32, String)>> {
    let mut owner = vec![usize::MAX; cluster.elements.len()];
    fragments.iter().enumerate().for_each(|(k, atoms)| atoms.iter().for_each(|&atom| owner[atom] = k));
    let mut sums: Vec<Option<(i32, String)>> = vec![None; fragments.len()];
    for one in &cluster.atom_charges {
        let Some(sum) = sums.get_mut(owner[one.atom]) else { continue };
        sum.get_or_insert((0, one.location.clone())).0 += one.charge;
    }
    sums
}

/// Fails where the list `charges` contradicts charges of atoms.
fn check_key(config: &Config, cluster: &Cluster, of_atoms: &[Option<(i32, String)>]) -> Result<(), Faults> {
    let Some(key) = cluster.charges.as_ref().filter(|charges| charges.is_from_key()) else { return Ok(()) };
    let found: Vec<Option<i32>> = key.value.iter().copied().map(Some).collect();
    check_atoms(config, &found, of_atoms)
}

/// Fails where a charge of the key contradicts those of atoms.
fn check_atoms(config: &Config, named: &[Option<i32>], of_atoms: &[Option<(i32, String)>]) -> Result<(), Faults> {
    let mut faults = Faults::default();
    for (k, (charge, of_atom)) in named.iter().zip(of_atoms).enumerate() {
        let (Some(charge), Some((sum, location))) = (charge, of_atom) else { continue };
        if charge != sum && faults.is_empty() {
            let message = format!(
                "{location} gives atoms of fragment {k} charge {sum} (columns 79-80), but `charges` gives {charge}"
            );
            let help = "correct `charges`, or the columns of the file";
            faults.push(config.fault("fragments.charges", message, help));
        }
    }
    faults.into_result(())
}

/// Sets the multiplicities that the key `multiplicities` specifies by name. All others are those of the file, or the lowest.
pub fn set_multiplicities<'a>(
    config: &'a Config,
    cluster: &mut Cluster<'a>,
    fragments: &[Vec<usize>],
) -> Result<(), Faults> {
    if cluster.named_multiplicities.is_empty() {
        return Ok(());
    }
    let key = "fragments.multiplicities";
    let named = named_values::resolve(config, key, &cluster.named_multiplicities, cluster, fragments)?;
    let of_file = |k: usize| {
        let of_file = cluster.multiplicities.as_ref().filter(|_| cluster.has_multiplicity(k))?;
        of_file.value.get(k).copied()
    };
    let charge =
        |k: usize| cluster.charges.as_ref().and_then(|charges| charges.value.get(k)).map_or(0, |&c| i64::from(c));
    let lowest = |k: usize| lowest_multiplicity(cluster.nuclear_charge(&fragments[k]) - charge(k));
    let mut faults = Faults::default();
    let (mut value, mut defaults) = (Vec::new(), Vec::new());
    for (k, named) in named.into_iter().enumerate() {
        if let (Some(by_name), Some(of_file)) = (named, of_file(k))
            && by_name != of_file
        {
            let message =
                format!("the file gives fragment {k} multiplicity {of_file}, but `multiplicities` gives {by_name}");
            faults.push(config.fault(key, message, "correct `multiplicities`, or the file"));
        }
        let found = named.or_else(|| of_file(k));
        if found.is_none() {
            defaults.push(k);
        }
        value.push(found.unwrap_or_else(|| lowest(k)));
    }
    cluster.default_multiplicities = defaults;
    cluster.multiplicities = Some(Sourced::from_key(config, "fragments.multiplicities", value));
    faults.into_result(())
}
