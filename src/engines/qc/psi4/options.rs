//! Which options does psi4 get for a calculation?
//!
//! A frozen core is set as the number of core orbitals of the real atoms (`num_frozen_docc`). With `freeze_core`, psi4 freezes nothing in a
//! molecule without valence electrons, but the same cores in a cluster: such energies are not additive. Also, `freeze_core` counts a core
//! potential that replaces more than the noble gas's orbitals as a negative number of frozen ones (measured with 1.3.2).
use crate::engines::qc::{Calculation, Chemistry, Core, Reference, ecp, verify};
use crate::science::chemistry::Molecule;
use serde_json::{Map, Value, json};

/// Default convergence threshold of the energy, Eh.
const CONVERGENCE: f64 = 1e-10;
/// Methods whose energy is that of Hartree-Fock if nothing is correlated.
const CORRELATED: [&str; 12] =
    ["mp2", "mp2.5", "mp3", "mp4", "mp4(sdq)", "cc2", "cc3", "ccsd", "ccsd(t)", "cisd", "qcisd", "qcisd(t)"];

/// The options for a method: those of the level under psi4's names, then the keywords of the level.
pub fn options(calculation: &Calculation, method: &str) -> Map<String, Value> {
    let chemistry = calculation.chemistry;
    let is_fitted = chemistry.density_fitting.unwrap_or(false);
    let is_unrestricted = match chemistry.reference {
        Reference::Auto => calculation.molecule.multiplicity != 1,
        Reference::Rhf => false,
        Reference::Uhf => true,
    };
    let energy = chemistry.scf_convergence.unwrap_or(CONVERGENCE);
    let mut options = Map::new();
    let mut set = |name: &str, value: Value| options.insert(name.into(), value);
    set("scf_type", json!(if is_fitted { "df" } else { "pk" }));
    for name in ["mp2_type", "mp_type", "cc_type"] {
        set(name, json!(if is_fitted { "df" } else { "conv" }));
    }
    set("reference", json!(if is_unrestricted { "uhf" } else { "rhf" }));
    set("freeze_core", json!(chemistry.frozen_core.unwrap_or(false)));
    set("e_convergence", json!(energy));
    set("d_convergence", json!(density_convergence(energy)));
    chemistry.keywords.iter().for_each(|(name, value)| drop(set(&name.to_ascii_lowercase(), value.clone())));
    size_consistent(options, calculation, method)
}

/// Replaces options that treat molecules of different size differently: the frozen core is set as a number of orbitals, and the initial
/// guess to the one that psi4 uses for molecules but not for atoms (from the core guess, lithium converges to 1s2 2p).
pub fn size_consistent(mut options: Map<String, Value>, calculation: &Calculation, method: &str) -> Map<String, Value> {
    if is_frozen(&options) && !is_scf(method) {
        options.retain(|name, _| !name.eq_ignore_ascii_case("freeze_core"));
        options
            .insert("num_frozen_docc".into(), json!(core(calculation.molecule, calculation.chemistry).frozen_orbitals));
    }
    if !has(&options, "guess") {
        options.insert("guess".into(), json!("sad"));
    }
    options
}

/// Whether options request a frozen core and leave its size to psi4.
fn is_frozen(options: &Map<String, Value>) -> bool {
    let is_counted = has(options, "num_frozen_docc") || has(options, "frozen_docc");
    let requested = options.iter().find(|(name, _)| name.eq_ignore_ascii_case("freeze_core")).map(|(_, value)| value);
    let is_requested = match requested {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(word)) => ["true", "yes", "on"].iter().any(|yes| word.eq_ignore_ascii_case(yes)),
        _ => false,
    };
    is_requested && !is_counted
}

fn has(options: &Map<String, Value>, name: &str) -> bool {
    options.keys().any(|key| key.eq_ignore_ascii_case(name))
}

/// The core of a molecule with the potentials of the level's basis set.
pub fn core(molecule: &Molecule, chemistry: &Chemistry) -> Core {
    Core::new(molecule, |element| ecp::core_electrons(chemistry, element).unwrap_or(0))
}

/// Why a correlated method has nothing to correlate, as far as it is known before the run.
pub fn uncorrelated(molecule: &Molecule, chemistry: &Chemistry) -> Option<&'static str> {
    if !CORRELATED.iter().any(|method| chemistry.method.eq_ignore_ascii_case(method)) {
        return None;
    }
    if molecule.electrons() == 1 {
        return Some(verify::UNCORRELATED);
    }
    is_all_frozen(molecule, chemistry).then_some(verify::ALL_FROZEN)
}

/// Whether a frozen core leaves no electrons to correlate.
pub fn is_all_frozen(molecule: &Molecule, chemistry: &Chemistry) -> bool {
    let mut options = Map::from_iter([("freeze_core".to_owned(), json!(chemistry.frozen_core.unwrap_or(false)))]);
    options.extend(chemistry.keywords.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())));
    is_frozen(&options) && !is_scf(&chemistry.method) && core(molecule, chemistry).is_all_core()
}

pub fn is_scf(method: &str) -> bool {
    ["hf", "scf"].iter().any(|scf| method.eq_ignore_ascii_case(scf))
}

/// The threshold for the RMS orbital gradient with a threshold `energy` for the energy: the error of the SCF energy is of second order in it,
/// those of MP2 and of derivatives of first order. Below 1e-10 it would be lost in rounding.
fn density_convergence(energy: f64) -> f64 {
    (100.0 * energy).clamp(1e-10, 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::test_molecules::{energy, molecule};

    fn with<T>(symbol: &str, charge: i32, chemistry: &Chemistry, f: impl Fn(&Calculation) -> T) -> T {
        let mut molecule = molecule(&[symbol], charge);
        molecule.multiplicity = if molecule.electrons() % 2 == 0 { 1 } else { 2 };
        f(&energy(&molecule, chemistry))
    }

    fn options_of(symbol: &str, charge: i32, chemistry: &Chemistry) -> Map<String, Value> {
        with(symbol, charge, chemistry, |calculation| options(calculation, &chemistry.method))
    }

    fn mp2(keywords: Value) -> Chemistry {
        let keywords = keywords.as_object().unwrap().clone();
        Chemistry { method: "MP2".into(), basis: Some("def2-svp".into()), keywords, ..Chemistry::default() }
    }

    #[test]
    fn no_option_that_changes_numbers_is_left_to_defaults() {
        let expected = json!({
            "scf_type": "pk", "mp2_type": "conv", "mp_type": "conv", "cc_type": "conv", "reference": "uhf",
            "freeze_core": false, "e_convergence": 1e-10, "d_convergence": 1e-8, "guess": "sad",
        });
        assert_eq!(Value::Object(options_of("Li", 0, &Chemistry::default())), expected);
    }

    #[test]
    fn keywords_take_precedence() {
        let mut chemistry = Chemistry { density_fitting: Some(true), ..Chemistry::default() };
        chemistry.keywords.insert("MP2_TYPE".into(), json!("conv"));
        chemistry.keywords.insert("level_shift".into(), json!(0.2));
        chemistry.keywords.insert("GUESS".into(), json!("core"));
        let options = options_of("Li", 1, &chemistry);
        assert_eq!((&options["scf_type"], &options["mp2_type"]), (&json!("df"), &json!("conv")));
        assert_eq!((&options["level_shift"], &options["reference"]), (&json!(0.2), &json!("rhf")));
        assert_eq!(options["guess"], json!("core"));
    }

    #[test]
    fn a_frozen_core_is_a_number_of_orbitals() {
        let frozen = Chemistry { frozen_core: Some(true), ..mp2(json!({})) };
        for chemistry in [&frozen, &mp2(json!({"freeze_core": true})), &mp2(json!({"FREEZE_CORE": "True"}))] {
            let options = options_of("Na", 1, chemistry);
            assert_eq!(options["num_frozen_docc"], json!(5));
            assert!(!options.contains_key("freeze_core"));
        }
        // Eighteen orbitals of krypton, of which the potential replaces fourteen.
        assert_eq!(options_of("I", -1, &frozen)["num_frozen_docc"], json!(4));
    }

    #[test]
    fn an_explicit_number_and_no_frozen_core_are_kept() {
        let own = options_of("Na", 1, &Chemistry { frozen_core: Some(true), ..mp2(json!({"num_frozen_docc": 1})) });
        assert_eq!((&own["num_frozen_docc"], &own["freeze_core"]), (&json!(1), &json!(true)));
        let none = options_of("Na", 1, &Chemistry { frozen_core: Some(true), ..mp2(json!({"freeze_core": false})) });
        assert!(!none.contains_key("num_frozen_docc"));
        assert!(!options_of("Na", 1, &mp2(json!({}))).contains_key("num_frozen_docc"));
    }

    #[test]
    fn nothing_is_correlated_where_all_electrons_are_frozen() {
        let frozen = Chemistry { frozen_core: Some(true), ..mp2(json!({})) };
        let (keyword, none) = (mp2(json!({"freeze_core": true})), mp2(json!({})));
        let functional = Chemistry { method: "b3lyp".into(), ..frozen.clone() };
        let reason = |symbol, charge, chemistry| {
            with(symbol, charge, chemistry, |calculation| uncorrelated(calculation.molecule, chemistry))
        };
        assert_eq!(reason("Na", 1, &frozen), Some(verify::ALL_FROZEN));
        assert_eq!(reason("Na", 1, &keyword), Some(verify::ALL_FROZEN));
        assert_eq!(reason("H", 0, &frozen), Some(verify::UNCORRELATED));
        assert_eq!((reason("Ne", 0, &frozen), reason("Na", 1, &none)), (None, None));
        assert_eq!(reason("Na", 1, &functional), None);
    }
}
