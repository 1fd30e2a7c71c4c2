//! Is a molecule valid, and is a result complete and finite?
//!
//! Invalid molecules never reach a program: xtb, for one, computes water with a charge of +20 without a warning.
use super::{Calculation, Driver, QcResult};
use crate::science::chemistry::{Molecule, distance};
use crate::task::Cause;

/// Atoms closer than this are taken for duplicates, bohr.
const TOO_CLOSE: f64 = 0.1;
/// Recorded as `correlation` if a program would crash for lack of correlated orbitals and runs only the SCF instead.
pub const UNCORRELATED: &str = "none: a single electron, or no virtual orbital";
/// Recorded as `correlation` if a frozen core leaves at most one electron.
pub const ALL_FROZEN: &str = "none: a frozen core leaves no electrons to correlate";

/// Checks that a molecule can be computed.
///
/// # Errors
/// [`Cause::Input`]: no real atom, a charge and multiplicity that do not match the number of electrons, or positions that are not
/// finite or coincide.
pub fn input(calculation: &Calculation) -> Result<(), Cause> {
    let invalid = |text: String| Err(Cause::Input(format!("{}: {text}", calculation.label)));
    let Molecule { atoms, charge, multiplicity, .. } = calculation.molecule;
    if atoms.iter().all(|atom| atom.is_ghost) {
        return invalid("there is no real atom".into());
    }
    if !atoms.iter().flat_map(|atom| atom.position).all(f64::is_finite) {
        return invalid("a position is not finite".into());
    }
    let electrons = calculation.molecule.electrons();
    let unpaired = i64::from(*multiplicity) - 1;
    if unpaired < 0 || electrons < unpaired || (electrons - unpaired) % 2 != 0 {
        return invalid(format!(
            "{} with charge {charge} has {electrons} electrons, which is incompatible with multiplicity {multiplicity}",
            calculation.molecule.formula()
        ));
    }
    match close_pair(calculation.molecule) {
        Some((a, b)) => invalid(format!("atoms {a} and {b} (counted from 0) coincide")),
        None => Ok(()),
    }
}

fn close_pair(molecule: &Molecule) -> Option<(usize, usize)> {
    let real: Vec<_> = molecule.atoms.iter().enumerate().filter(|(_, atom)| !atom.is_ghost).collect();
    let pairs = real.iter().enumerate().flat_map(|(k, first)| real[..k].iter().map(move |second| (second, first)));
    pairs.into_iter().find(|(a, b)| distance(a.1.position, b.1.position) < TOO_CLOSE).map(|(a, b)| (a.0, b.0))
}

/// Checks that a result has all requested numbers, and that they are finite.
///
/// # Errors
/// [`Cause::NotFinite`], or [`Cause::Failed`] if the number of values is wrong.
pub fn result(calculation: &Calculation, result: QcResult) -> Result<QcResult, Cause> {
    let n = 3 * calculation.molecule.atoms.len();
    let derivatives = [
        ("gradient", &result.gradient, n, calculation.driver == Driver::Gradient),
        ("Hessian", &result.hessian, n * n, calculation.driver == Driver::Hessian),
    ];
    if !result.energy.is_finite() {
        return Err(Cause::NotFinite(format!("the energy is {}", result.energy)));
    }
    for (name, values, expected, is_requested) in derivatives {
        match values {
            None if is_requested => return Err(Cause::Failed(format!("the output has no {name}"))),
            Some(values) if values.len() != expected => {
                let found = values.len();
                let atoms = calculation.molecule.atoms.len();
                return Err(Cause::Failed(format!(
                    "the {name} has {found} numbers instead of the {expected} of {atoms} atoms"
                )));
            }
            Some(values) if !values.iter().all(|value| value.is_finite()) => {
                return Err(Cause::NotFinite(format!("the {name} contains a number that is not finite")));
            }
            _ => {}
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::{Chemistry, test_molecules};

    fn water(charge: i32, multiplicity: u32) -> Molecule {
        let mut molecule = Molecule { multiplicity, ..test_molecules::molecule(&["O", "H", "H"], charge) };
        (molecule.atoms[1].position[0], molecule.atoms[2].position[0]) = (1.8, -1.8);
        molecule
    }

    fn with<T>(molecule: &Molecule, driver: Driver, f: impl Fn(&Calculation) -> T) -> T {
        f(&Calculation { label: "1", molecule, driver, chemistry: &Chemistry::default() })
    }

    #[test]
    fn charge_and_multiplicity_must_match_the_electrons() {
        for (charge, multiplicity, is_sound) in
            [(0, 1, true), (0, 2, false), (1, 2, true), (0, 3, true), (20, 1, false), (8, 5, false), (0, 0, false)]
        {
            let molecule = water(charge, multiplicity);
            assert_eq!(with(&molecule, Driver::Energy, input).is_ok(), is_sound, "{charge} {multiplicity}");
        }
    }

    #[test]
    fn atoms_must_not_coincide() {
        let mut molecule = water(0, 1);
        molecule.atoms[2].position = [1.8, 0.0, 0.01];
        let cause = with(&molecule, Driver::Energy, input).unwrap_err();
        assert!(matches!(&cause, Cause::Input(text) if text.contains("atoms 1 and 2")), "{cause}");
        molecule.atoms[2].position[2] = f64::NAN;
        assert!(with(&molecule, Driver::Energy, input).is_err());
    }

    #[test]
    fn results_must_be_complete_and_finite() {
        let with_gradient = |gradient: Option<Vec<f64>>| QcResult { energy: -1.0, gradient, ..QcResult::default() };
        let check =
            |driver, given: QcResult| with(&water(0, 1), driver, |calculation| result(calculation, given.clone()));
        assert!(check(Driver::Energy, with_gradient(None)).is_ok());
        assert!(check(Driver::Gradient, with_gradient(Some(vec![0.0; 9]))).is_ok());
        assert!(matches!(check(Driver::Gradient, with_gradient(None)), Err(Cause::Failed(_))));
        assert!(matches!(check(Driver::Gradient, with_gradient(Some(vec![0.0; 6]))), Err(Cause::Failed(_))));
        assert!(matches!(check(Driver::Gradient, with_gradient(Some(vec![f64::NAN; 9]))), Err(Cause::NotFinite(_))));
        let infinite = QcResult { energy: f64::INFINITY, ..QcResult::default() };
        assert!(matches!(check(Driver::Energy, infinite), Err(Cause::NotFinite(_))));
    }
}
