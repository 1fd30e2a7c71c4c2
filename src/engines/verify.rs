//! Can a molecule be computed at all, and is an answer one?
//!
//! Programs are not asked impossible questions: xtb, for one, computes water with a charge of +20 without a word.
use super::{Answer, Driver, Job};
use crate::science::chemistry::{Molecule, distance};
use crate::task::Cause;

/// Atoms closer than this are one atom given twice, bohr.
const TOO_CLOSE: f64 = 0.1;

/// What is recorded where a program would die of correlation that is not there, and is asked for the SCF instead.
pub const UNCORRELATED: &str = "none: a single electron, or no virtual orbital";

/// What is recorded where a frozen core leaves one electron at most.
pub const ALL_FROZEN: &str = "none: a frozen core leaves no electrons to correlate";

/// Refuses a molecule that nothing can compute.
///
/// # Errors
/// [`Cause::Input`]: no real atom, charge and multiplicity that do not fit the electrons, positions that are no
/// positions or the same.
pub fn question(job: &Job) -> Result<(), Cause> {
    let wrong = |text: String| Err(Cause::Input(format!("{}: {text}", job.label)));
    let Molecule { atoms, charge, multiplicity, .. } = job.molecule;
    if atoms.iter().all(|atom| atom.is_ghost) {
        return wrong("there is no real atom".into());
    }
    if !atoms.iter().flat_map(|atom| atom.position).all(f64::is_finite) {
        return wrong("a position is not finite".into());
    }
    let electrons = job.molecule.electrons();
    let unpaired = i64::from(*multiplicity) - 1;
    if unpaired < 0 || electrons < unpaired || (electrons - unpaired) % 2 != 0 {
        return wrong(format!(
            "{} with charge {charge} has {electrons} electrons, which do not give a multiplicity of {multiplicity}",
            job.molecule.formula()
        ));
    }
    match close_pair(job.molecule) {
        Some((a, b)) => wrong(format!("atoms {a} and {b} (counted from 0) are on top of each other")),
        None => Ok(()),
    }
}

fn close_pair(molecule: &Molecule) -> Option<(usize, usize)> {
    let real: Vec<_> = molecule.atoms.iter().enumerate().filter(|(_, atom)| !atom.is_ghost).collect();
    let pairs = real.iter().enumerate().flat_map(|(k, first)| real[..k].iter().map(move |second| (second, first)));
    pairs.into_iter().find(|(a, b)| distance(a.1.position, b.1.position) < TOO_CLOSE).map(|(a, b)| (a.0, b.0))
}

/// Refuses an answer with numbers missing, too many or not finite.
///
/// # Errors
/// [`Cause::NotFinite`], or [`Cause::Failed`] where the numbers are not as many as asked for.
pub fn answer(job: &Job, answer: Answer) -> Result<Answer, Cause> {
    let n = 3 * job.molecule.atoms.len();
    let derivatives = [
        ("gradient", &answer.gradient, n, job.driver == Driver::Gradient),
        ("Hessian", &answer.hessian, n * n, job.driver == Driver::Hessian),
    ];
    if !answer.energy.is_finite() {
        return Err(Cause::NotFinite(format!("the energy is {}", answer.energy)));
    }
    for (name, values, expected, is_asked_for) in derivatives {
        match values {
            None if is_asked_for => return Err(Cause::Failed(format!("the output has no {name}"))),
            Some(values) if values.len() != expected => {
                let found = values.len();
                let atoms = job.molecule.atoms.len();
                return Err(Cause::Failed(format!(
                    "the {name} has {found} numbers instead of the {expected} of {atoms} atoms"
                )));
            }
            Some(values) if !values.iter().all(|value| value.is_finite()) => {
                return Err(Cause::NotFinite(format!("the {name} holds a number that is not finite")));
            }
            _ => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::Chemistry;
    use crate::science::chemistry::{Atom, Element};

    fn water(charge: i32, multiplicity: u32) -> Molecule {
        let atom =
            |symbol, x| Atom { element: Element::of_symbol(symbol).unwrap(), position: [x, 0.0, 0.0], is_ghost: false };
        let atoms = vec![atom("O", 0.0), atom("H", 1.8), atom("H", -1.8)];
        Molecule { atoms, charge, multiplicity, point_charges: Vec::new() }
    }

    fn with<T>(molecule: &Molecule, driver: Driver, f: impl Fn(&Job) -> T) -> T {
        f(&Job { label: "1", molecule, driver, chemistry: &Chemistry::default() })
    }

    #[test]
    fn charge_and_multiplicity_must_fit_the_electrons() {
        for (charge, multiplicity, is_sound) in
            [(0, 1, true), (0, 2, false), (1, 2, true), (0, 3, true), (20, 1, false), (8, 5, false), (0, 0, false)]
        {
            let molecule = water(charge, multiplicity);
            assert_eq!(with(&molecule, Driver::Energy, question).is_ok(), is_sound, "{charge} {multiplicity}");
        }
    }

    #[test]
    fn atoms_have_places_of_their_own() {
        let mut molecule = water(0, 1);
        molecule.atoms[2].position = [1.8, 0.0, 0.01];
        let cause = with(&molecule, Driver::Energy, question).unwrap_err();
        assert!(matches!(&cause, Cause::Input(text) if text.contains("atoms 1 and 2")), "{cause}");
        molecule.atoms[2].position[2] = f64::NAN;
        assert!(with(&molecule, Driver::Energy, question).is_err());
    }

    #[test]
    fn numbers_are_as_many_as_asked_for_and_finite() {
        let with_gradient = |gradient: Option<Vec<f64>>| Answer { energy: -1.0, gradient, ..Answer::default() };
        let check = |driver, given: Answer| with(&water(0, 1), driver, |job| answer(job, given.clone()));
        assert!(check(Driver::Energy, with_gradient(None)).is_ok());
        assert!(check(Driver::Gradient, with_gradient(Some(vec![0.0; 9]))).is_ok());
        assert!(matches!(check(Driver::Gradient, with_gradient(None)), Err(Cause::Failed(_))));
        assert!(matches!(check(Driver::Gradient, with_gradient(Some(vec![0.0; 6]))), Err(Cause::Failed(_))));
        assert!(matches!(check(Driver::Gradient, with_gradient(Some(vec![f64::NAN; 9]))), Err(Cause::NotFinite(_))));
        let infinite = Answer { energy: f64::INFINITY, ..Answer::default() };
        assert!(matches!(check(Driver::Energy, infinite), Err(Cause::NotFinite(_))));
    }
}
