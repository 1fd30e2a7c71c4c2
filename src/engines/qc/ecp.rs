//! Which elements have an effective core potential in a basis set, and how many electrons does it replace?
//!
//! Counts are those of NWChem 7.0.2's libraries and of psi4 1.3.2's basis files, which agree where both have a set.
use super::Chemistry;
use crate::science::chemistry::{Element, Molecule};

/// A library of effective core potentials.
#[derive(Debug, PartialEq, Eq)]
pub struct EcpLibrary {
    /// NWChem's name of the library.
    pub name: &'static str,
    /// Prefixes of the names of basis sets that it is made for.
    families: &'static [&'static str],
    /// First and last atomic number of a range of elements, and the core electrons that the potential of each replaces.
    core_electrons: &'static [(u32, u32, u32)],
}

/// All known libraries; the first with a matching prefix decides.
#[rustfmt::skip]
const LIBRARIES: [EcpLibrary; 12] = [
    EcpLibrary { name: "def2-ecp", families: &["def2-"], core_electrons: &[(37, 54, 28), (55, 57, 46), (72, 86, 60)] },
    EcpLibrary { name: "dhf-ecp", families: &["dhf-"], core_electrons: &[(37, 54, 28), (55, 56, 46), (72, 86, 60)] },
    EcpLibrary { name: "lanl2dz_ecp", families: &["lanl", "modified_lanl2dz", "hay-wadt"], core_electrons: &[
        (11, 29, 10), (30, 30, 18), (31, 47, 28), (48, 48, 36), (49, 57, 46), (72, 79, 60), (80, 81, 68),
        (82, 83, 78), (92, 94, 78),
    ] },
    EcpLibrary { name: "crenbl_ecp", families: &["crenbl"], core_electrons: &[
        (3, 12, 2), (13, 30, 10), (31, 36, 18), (37, 48, 28), (49, 54, 36), (55, 57, 46), (58, 71, 54),
        (72, 80, 60), (81, 86, 68), (87, 103, 78),
    ] },
    EcpLibrary { name: "crenbs_ecp", families: &["crenbs"], core_electrons: &[
        (21, 30, 18), (31, 36, 28), (39, 48, 36), (49, 54, 46), (57, 57, 54), (72, 80, 68), (81, 86, 78),
    ] },
    EcpLibrary { name: "sbkjc_ecp", families: &["sbkjc", "psbkjc"], core_electrons: &[
        (3, 10, 2), (11, 18, 10), (19, 20, 18), (21, 31, 10), (32, 36, 28), (37, 38, 36), (39, 49, 28),
        (50, 54, 46), (55, 56, 54), (57, 58, 46), (72, 81, 60), (82, 86, 78),
    ] },
    EcpLibrary { name: "sdb_rlc_ecp", families: &["sdb-"], core_electrons: &[(31, 36, 28), (49, 54, 46)] },
    EcpLibrary { name: "stuttgart-koeln_mcdhf_rsc_ecp", families: &["stuttgart-koeln_mcdhf_rsc"], core_electrons: &[
        (29, 36, 10), (39, 54, 28), (72, 86, 60),
    ] },
    EcpLibrary { name: "stuttgart_rlc_ecp", families: &["stuttgart_rlc"], core_electrons: &[
        (3, 10, 2), (11, 18, 10), (19, 20, 18), (30, 36, 28), (37, 38, 36), (49, 54, 46), (55, 56, 54),
        (80, 86, 78), (89, 103, 78),
    ] },
    EcpLibrary { name: "stuttgart_rsc_1997_ecp", families: &["stuttgart_rsc_1997"], core_electrons: &[
        (19, 30, 10), (37, 48, 28), (55, 56, 46), (57, 71, 28), (72, 80, 60), (89, 103, 60),
    ] },
    EcpLibrary { name: "stuttgart_rsc_ecp", families: &["stuttgart_rsc"], core_electrons: &[(57, 71, 28)] },
    // Corrections of a minimal basis set, which replace no electrons.
    EcpLibrary { name: "minis-bsip1", families: &["minis-bsip1"], core_electrons: &[(1, 1, 0), (6, 9, 0), (15, 17, 0)] },
];

/// The name of a basis set or library in lower case, with underscores for blanks.
fn normalized(name: &str) -> String {
    name.trim().trim_matches(['"', '\'']).to_lowercase().replace(' ', "_")
}

impl EcpLibrary {
    /// The library that a basis set is made for.
    pub fn for_basis(basis: &str) -> Option<&'static Self> {
        let basis = normalized(basis);
        let is_of = |library: &&Self| library.families.iter().any(|prefix| basis.starts_with(prefix));
        // Correlation-consistent sets such as cc-pVDZ-PP.
        let is_pp =
            basis.contains("cc-p") && (basis.ends_with("-pp") || basis.contains("-pp_") || basis.contains("-pp-"));
        let pp = || if is_pp { Self::named("stuttgart-koeln_mcdhf_rsc_ecp") } else { None };
        LIBRARIES.iter().find(is_of).or_else(pp)
    }

    /// The library of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = normalized(name);
        LIBRARIES.iter().find(|library| library.name == name)
    }

    /// The core electrons that an element's potential replaces; none if it has no potential.
    pub fn core_electrons(&self, element: Element) -> Option<u32> {
        let number = element.number();
        self.core_electrons
            .iter()
            .find(|(first, last, _)| (first..=last).contains(&&number))
            .map(|(.., electrons)| *electrons)
    }
}

/// The core electrons that the potential of an element replaces in the basis set of a level; none if it has no potential.
pub fn core_electrons(chemistry: &Chemistry, element: Element) -> Option<u32> {
    EcpLibrary::for_basis(chemistry.basis.as_deref()?)?.core_electrons(element)
}

/// The core of a molecule: the electrons that potentials replace, and the frozen orbitals of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Core {
    /// Electrons that potentials replace.
    pub ecp_electrons: u32,
    /// Orbitals of each spin that a frozen core excludes from correlation, besides the replaced ones.
    pub frozen_orbitals: usize,
    /// Explicit electrons of each spin.
    spin_electrons: [i64; 2],
}

impl Core {
    /// The core of a molecule; `ecp_electrons` is the number of electrons replaced in an element. Ghost atoms do not count.
    pub fn new(molecule: &Molecule, ecp_electrons: impl Fn(Element) -> u32) -> Self {
        let real = || molecule.atoms.iter().filter(|atom| !atom.is_ghost).map(|atom| atom.element);
        let replaced: u32 = real().map(&ecp_electrons).sum();
        let frozen = |element: Element| element.core_orbitals().saturating_sub(ecp_electrons(element) as usize / 2);
        let frozen_orbitals = real().map(frozen).sum();
        let (electrons, unpaired) = (molecule.electrons() - i64::from(replaced), i64::from(molecule.multiplicity) - 1);
        let paired = (electrons - unpaired) / 2;
        Self { ecp_electrons: replaced, frozen_orbitals, spin_electrons: [paired + unpaired, paired] }
    }

    /// Whether a frozen core leaves nothing to correlate: at most one electron.
    pub fn is_all_core(&self) -> bool {
        let active: i64 =
            self.spin_electrons.iter().map(|electrons| (electrons - self.frozen_orbitals as i64).max(0)).sum();
        self.frozen_orbitals > 0 && active <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::test_molecules::molecule;

    fn element(symbol: &str) -> Element {
        Element::from_symbol(symbol).unwrap()
    }

    fn core(symbols: &[&str], charge: i32, basis: &str) -> Core {
        let chemistry = Chemistry { basis: Some(basis.into()), ..Chemistry::default() };
        Core::new(&molecule(symbols, charge), |element| core_electrons(&chemistry, element).unwrap_or(0))
    }

    #[test]
    fn libraries_are_found_for_basis_sets_in_any_spelling() {
        let library = |basis| EcpLibrary::for_basis(basis).map(|library| library.name);
        assert_eq!(library("Def2-TZVPP"), Some("def2-ecp"));
        assert_eq!(library("LANL2DZ ECP"), Some("lanl2dz_ecp"));
        assert_eq!(library("aug-cc-pVTZ-PP"), Some("stuttgart-koeln_mcdhf_rsc_ecp"));
        assert_eq!(library("Stuttgart RSC 1997 ECP"), Some("stuttgart_rsc_1997_ecp"));
        assert!(["cc-pvdz", "6-31g*", "sto-3g", "x2c-svpall", "aug-pc-1"].map(library).iter().all(Option::is_none));
    }

    #[test]
    fn light_elements_have_no_potential_and_heavy_ones_replace_their_cores() {
        let replaced = |basis, symbol| EcpLibrary::for_basis(basis).unwrap().core_electrons(element(symbol));
        assert_eq!((replaced("def2-svp", "Kr"), replaced("def2-svp", "Rb")), (None, Some(28)));
        assert_eq!((replaced("def2-svp", "Ce"), replaced("def2-svp", "Au")), (None, Some(60)));
        assert_eq!(
            (replaced("lanl2dz", "Ne"), replaced("lanl2dz", "Na"), replaced("lanl2dz", "I")),
            (None, Some(10), Some(46))
        );
    }

    #[test]
    fn frozen_orbitals_are_those_that_no_potential_replaces() {
        assert_eq!(core(&["Na", "O", "H", "H"], 1, "def2-svp").frozen_orbitals, 6);
        assert_eq!(core(&["Na", "*O", "*H"], 1, "def2-svp").frozen_orbitals, 5);
        // 18 orbitals are krypton's, of which 14 are replaced.
        assert_eq!(core(&["I"], -1, "def2-svp").frozen_orbitals, 4);
        // Gold's 27 are all among the 30 that are replaced: none is left, not minus three.
        assert_eq!(core(&["Au", "O"], 1, "def2-svp").frozen_orbitals, 1);
        assert_eq!((core(&["Br"], -1, "lanl2dz").frozen_orbitals, core(&["Br"], -1, "lanl2dz").ecp_electrons), (0, 28));
    }

    #[test]
    fn ions_without_valence_electrons_are_all_core() {
        assert!(core(&["Na"], 1, "def2-svp").is_all_core() && core(&["Mg", "*O"], 2, "cc-pvdz").is_all_core());
        assert!(core(&["Al"], 3, "cc-pvdz").is_all_core() && core(&["Li"], 1, "cc-pvdz").is_all_core());
        assert!(
            !core(&["Na", "O", "H", "H"], 1, "def2-svp").is_all_core() && !core(&["F"], -1, "cc-pvdz").is_all_core()
        );
        // Four orbitals are left of argon's nine, and all are frozen; of silver's core d electrons stay.
        assert!(core(&["K"], 1, "lanl2dz").is_all_core() && !core(&["Ag"], 1, "lanl2dz").is_all_core());
        // Nothing is frozen: the electrons are correlated.
        assert!(!core(&["He"], 0, "cc-pvdz").is_all_core());
    }
}
