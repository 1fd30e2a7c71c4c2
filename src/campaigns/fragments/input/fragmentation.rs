//! How is a cluster divided into fragments, and can they have their charges and multiplicities?
use super::assign::assign;
use super::{Cluster, Sourced, formula, fragment_values, list, lowest_multiplicity, ranges};
use crate::config::{Config, Fault, Faults};
use crate::science::chemistry::bonds::{BOND_FACTOR, bond_ratios};
use crate::science::expansion::Fragment;

/// Faults of one kind that are reported.
const MAX_REPORTED: usize = 5;

/// The fragments of a cluster: those specified, or its connected atoms. Fails where there is only one, where atoms are missing or in
/// several, and where charges or multiplicities are impossible or contradict those of the cluster. `one_fragment` makes the fault of a
/// cluster that is a single fragment.
pub fn fragment<'a>(
    config: &'a Config,
    cluster: &mut Cluster<'a>,
    one_fragment: impl Fn(String) -> Fault,
) -> Result<Vec<Fragment>, Faults> {
    if cluster.has_residue_fragments {
        cluster.fragments = Some(residues(config, cluster)?);
    }
    let atoms = match &cluster.fragments {
        Some(specified) => {
            check_cover(specified, cluster.elements.len()).into_result(())?;
            specified.value.clone()
        }
        None => cluster.bonded_sets(0),
    };
    if atoms.len() == 1 {
        let reason = match cluster.fragments {
            Some(_) => "all atoms are in one fragment",
            None => "all atoms are connected by bonds, which gives only one fragment",
        };
        return Err(one_fragment(format!("the fragmentation is not specified: {reason}")).into());
    }
    let mut faults = Faults::default();
    fragment_values::set_charges(config, cluster, &atoms)?;
    assign(cluster, &atoms)?;
    fragment_values::set_multiplicities(config, cluster, &atoms)?;
    faults.extend(check_count(cluster.charges.as_ref(), "charges", atoms.len()));
    faults.extend(check_count(cluster.multiplicities.as_ref(), "multiplicities", atoms.len()));
    if faults.has_errors() {
        return Err(faults);
    }
    let mut fragments = Vec::with_capacity(atoms.len());
    for (index, atoms) in atoms.into_iter().enumerate() {
        fragments.extend(faults.collect(with_spin(cluster, index, atoms)));
        // A name may give many fragments the same impossible value.
        if faults.len() >= MAX_REPORTED {
            break;
        }
    }
    if faults.is_empty() {
        faults.extend(check_totals(cluster, &fragments));
    }
    faults.into_result(fragments)
}

/// The residues of the file as fragments. Fails where a bond connects two of them, or where the file has none.
fn residues<'a>(config: &'a Config, cluster: &Cluster<'a>) -> Result<Sourced<'a, Vec<Vec<usize>>>, Faults> {
    let key = "fragments.fragmentation";
    let refuse = |message: String, help: &str| Faults::from(config.fault(key, message, help));
    if cluster.fragments.as_ref().is_some_and(Sourced::is_from_key) {
        return Err(refuse("`fragments` and `fragmentation` are both set".to_owned(), "remove one of them"));
    }
    if cluster.residues.is_empty() {
        let help = "give a PDB or GRO file, or remove `fragmentation`";
        return Err(refuse("the molecule file has no residues".to_owned(), help));
    }
    let bonds = bond_ratios(&cluster.elements, &cluster.frames[0], cluster.lattice(0), BOND_FACTOR);
    let mut cut = bonds.filter(|(pair, _)| cluster.residue_of[pair.one] != cluster.residue_of[pair.other]);
    if let Some((pair, _)) = cut.next() {
        let [one, other] = [pair.one, pair.other].map(|atom| {
            let residue = &cluster.residues[cluster.residue_of[atom]];
            format!("{} of {} (line {})", cluster.elements[atom], residue.label, residue.line)
        });
        let message = format!("a bond connects {one} and {other}: fragments of residues would cut it");
        let help = "set fragmentation = \"molecules\", or `fragments`; bonds are not capped";
        return Err(refuse(message, help));
    }
    let atoms = cluster.residues.iter().map(|residue| residue.atoms.clone()).filter(|atoms| !atoms.is_empty());
    Ok(Sourced::from_key(config, key, atoms.collect()))
}

/// Fragment `index`, unless its electrons cannot have its charge and multiplicity.
fn with_spin(cluster: &Cluster, index: usize, atoms: Vec<usize>) -> Result<Fragment, Faults> {
    let charge = cluster.charges.as_ref().map_or(0, |charges| charges.value[index]);
    let nuclei = cluster.nuclear_charge(&atoms);
    let electrons = nuclei - i64::from(charge);
    let formula = formula(&cluster.elements, &atoms);
    if let Some(charges) = cluster.charges.as_ref().filter(|_| electrons < 0) {
        let message = format!("fragment {index} ({formula}) with charge {charge} has {electrons} electrons");
        return Err(charges.fault(&[index], message, format!("its charge can be {nuclei} at most")).into());
    }
    let lowest = lowest_multiplicity(electrons);
    let Some(multiplicities) = &cluster.multiplicities else {
        return Ok(Fragment { atoms, charge, multiplicity: lowest });
    };
    let multiplicity = multiplicities.value[index];
    let unpaired = i64::from(multiplicity) - 1;
    if unpaired >= 0 && unpaired <= electrons && (electrons - unpaired) % 2 == 0 {
        return Ok(Fragment { atoms, charge, multiplicity });
    }
    let message = format!(
        "fragment {index} ({formula}, charge {charge}): {electrons} electrons cannot have multiplicity {multiplicity}"
    );
    let help = format!("possible are {lowest}, {}, ... up to {}", lowest + 2, electrons + 1);
    Err(multiplicities.fault(&[index], message, help).into())
}

/// Faults where charge or multiplicity of the cluster are not those of its fragments together.
fn check_totals(cluster: &Cluster, fragments: &[Fragment]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let sum: i64 = fragments.iter().map(|fragment| i64::from(fragment.charge)).sum();
    if let Some(charge) = cluster.charge.as_ref().filter(|charge| i64::from(charge.value) != sum) {
        let message =
            format!("the charge of the molecule is {}, but those of its fragments add up to {sum}", charge.value);
        let charges: Vec<i32> = fragments.iter().map(|fragment| fragment.charge).collect();
        let help = format!("set the charge of every fragment: `charges`, now {}", list(&charges));
        faults.push(charge.fault(&[], message, help));
    }
    let high_spin = 1 + fragments.iter().map(|fragment| u64::from(fragment.multiplicity - 1)).sum::<u64>();
    let contradicts = |multiplicity: &&Sourced<u32>| u64::from(multiplicity.value) != high_spin;
    if let Some(multiplicity) = cluster.multiplicity.as_ref().filter(contradicts) {
        let message = format!(
            "the multiplicity of the molecule is {}, but the spins of its fragments add up to {high_spin}, the highest one",
            multiplicity.value
        );
        let now = list(&fragments.iter().map(|fragment| fragment.multiplicity).collect::<Vec<_>>());
        let help =
            format!("set the multiplicity of every fragment (`multiplicities`, now {now}); spins are always added");
        faults.push(multiplicity.fault(&[], message, help));
    }
    faults
}

/// Faults unless every atom is in exactly one fragment, and every fragment has one.
fn check_cover(fragments: &Sourced<Vec<Vec<usize>>>, atoms: usize) -> Faults {
    let help = "atoms are counted from 0, and each belongs to exactly one fragment";
    let (mut faults, mut owner) = (Vec::new(), vec![None; atoms]);
    for (k, fragment) in fragments.value.iter().enumerate() {
        if fragment.is_empty() {
            faults.push(fragments.fault(&[k], format!("fragment {k} is empty"), help));
        }
        for (index, &atom) in fragment.iter().enumerate() {
            let message = match owner.get(atom) {
                None => format!("atom {atom} does not exist: there are {atoms}, 0 to {}", atoms - 1),
                Some(Some(other)) if *other == k => format!("atom {atom} is in fragment {k} twice"),
                Some(Some(other)) => format!("atom {atom} is in fragment {other} and in fragment {k}"),
                Some(None) => {
                    owner[atom] = Some(k);
                    continue;
                }
            };
            faults.push(fragments.fault(&[k, index], message, help));
        }
    }
    let missing: Vec<usize> = (0..atoms).filter(|&atom| owner[atom].is_none()).collect();
    if !missing.is_empty() {
        let (noun, verb) = if missing.len() == 1 { ("atom", "is") } else { ("atoms", "are") };
        faults.push(fragments.fault(&[], format!("{noun} {} {verb} in no fragment", ranges(&missing)), help));
    }
    faults.into_iter().take(MAX_REPORTED).collect()
}

fn check_count<T>(values: Option<&Sourced<Vec<T>>>, what: &str, fragments: usize) -> Option<Fault> {
    let values = values.filter(|values| values.value.len() != fragments)?;
    let message = format!("{} {what} for {fragments} fragments", values.value.len());
    Some(values.fault(&[], message, "set one for each fragment"))
}
