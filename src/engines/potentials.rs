//! Which elements have an effective core potential in a basis set, and how many electrons does it replace?
//!
//! Counts are those of NWChem 7.0.2's libraries and of psi4 1.3.2's basis files, which agree where both have a set.
use super::Chemistry;
use crate::science::chemistry::{Element, Molecule};

/// Core potentials of a library.
#[derive(Debug, PartialEq, Eq)]
pub struct Potentials {
    /// As NWChem calls the library.
    pub library: &'static str,
    /// First and last atomic number of a run of elements, and the electrons that the potential of each replaces.
    replaced: &'static [(u32, u32, u32)],
}

/// Every library.
const LIBRARIES: [Potentials; 12] = [
    Potentials { library: "def2-ecp", replaced: &[(37, 54, 28), (55, 57, 46), (72, 86, 60)] },
    Potentials { library: "dhf-ecp", replaced: &[(37, 54, 28), (55, 56, 46), (72, 86, 60)] },
    Potentials {
        library: "lanl2dz_ecp",
        replaced: &[
            (11, 29, 10),
            (30, 30, 18),
            (31, 47, 28),
            (48, 48, 36),
            (49, 57, 46),
            (72, 79, 60),
            (80, 81, 68),
            (82, 83, 78),
            (92, 94, 78),
        ],
    },
    Potentials {
        library: "crenbl_ecp",
        replaced: &[
            (3, 12, 2),
            (13, 30, 10),
            (31, 36, 18),
            (37, 48, 28),
            (49, 54, 36),
            (55, 57, 46),
            (58, 71, 54),
            (72, 80, 60),
            (81, 86, 68),
            (87, 103, 78),
        ],
    },
    Potentials {
        library: "crenbs_ecp",
        replaced: &[(21, 30, 18), (31, 36, 28), (39, 48, 36), (49, 54, 46), (57, 57, 54), (72, 80, 68), (81, 86, 78)],
    },
    Potentials {
        library: "sbkjc_ecp",
        replaced: &[
            (3, 10, 2),
            (11, 18, 10),
            (19, 20, 18),
            (21, 31, 10),
            (32, 36, 28),
            (37, 38, 36),
            (39, 49, 28),
            (50, 54, 46),
            (55, 56, 54),
            (57, 58, 46),
            (72, 81, 60),
            (82, 86, 78),
        ],
    },
    Potentials { library: "sdb_rlc_ecp", replaced: &[(31, 36, 28), (49, 54, 46)] },
    Potentials { library: "stuttgart-koeln_mcdhf_rsc_ecp", replaced: &[(29, 36, 10), (39, 54, 28), (72, 86, 60)] },
    Potentials {
        library: "stuttgart_rlc_ecp",
        replaced: &[
            (3, 10, 2),
            (11, 18, 10),
            (19, 20, 18),
            (30, 36, 28),
            (37, 38, 36),
            (49, 54, 46),
            (55, 56, 54),
            (80, 86, 78),
            (89, 103, 78),
        ],
    },
    Potentials {
        library: "stuttgart_rsc_1997_ecp",
        replaced: &[(19, 30, 10), (37, 48, 28), (55, 56, 46), (57, 71, 28), (72, 80, 60), (89, 103, 60)],
    },
    Potentials { library: "stuttgart_rsc_ecp", replaced: &[(57, 71, 28)] },
    // They correct what a minimal basis lacks, and replace no electrons.
    Potentials { library: "minis-bsip1", replaced: &[(1, 1, 0), (6, 9, 0), (15, 17, 0)] },
];

/// How the names of basis sets begin that are made for the potentials of a library; the first that fits decides.
const FAMILIES: [(&str, &str); 17] = [
    ("def2-", "def2-ecp"),
    ("dhf-", "dhf-ecp"),
    ("lanl", "lanl2dz_ecp"),
    ("modified_lanl2dz", "lanl2dz_ecp"),
    ("hay-wadt", "lanl2dz_ecp"),
    ("crenbl", "crenbl_ecp"),
    ("crenbs", "crenbs_ecp"),
    ("sbkjc", "sbkjc_ecp"),
    ("psbkjc", "sbkjc_ecp"),
    ("sdb-", "sdb_rlc_ecp"),
    ("stuttgart-koeln_mcdhf_rsc", "stuttgart-koeln_mcdhf_rsc_ecp"),
    ("stuttgart_rlc", "stuttgart_rlc_ecp"),
    ("stuttgart_rsc_1997", "stuttgart_rsc_1997_ecp"),
    ("stuttgart_rsc_ano", "stuttgart_rsc_ecp"),
    ("stuttgart_rsc_segmented", "stuttgart_rsc_ecp"),
    ("stuttgart_rsc", "stuttgart_rsc_ecp"),
    ("minis-bsip1", "minis-bsip1"),
];

/// The name of a basis set or library, whatever its capitals and spaces.
fn plain(name: &str) -> String {
    name.trim().trim_matches(['"', '\'']).to_lowercase().replace(' ', "_")
}

impl Potentials {
    /// The potentials that a basis set is made for.
    pub fn of_basis(basis: &str) -> Option<&'static Self> {
        let basis = plain(basis);
        let family = FAMILIES.iter().find(|(beginning, _)| basis.starts_with(beginning)).map(|(_, library)| *library);
        // Those of correlation-consistent sets, of cc-pVDZ-PP and its like.
        let is_pp =
            basis.contains("cc-p") && (basis.ends_with("-pp") || basis.contains("-pp_") || basis.contains("-pp-"));
        Self::named(family.or(is_pp.then_some("stuttgart-koeln_mcdhf_rsc_ecp"))?)
    }

    /// The potentials of a library.
    pub fn named(library: &str) -> Option<&'static Self> {
        let library = plain(library);
        LIBRARIES.iter().find(|potentials| potentials.library == library)
    }

    /// The electrons that an element's potential replaces; none where it has no potential.
    pub fn replaced(&self, element: Element) -> Option<u32> {
        let number = element.number();
        self.replaced
            .iter()
            .find(|(first, last, _)| (first..=last).contains(&&number))
            .map(|(.., electrons)| *electrons)
    }
}

/// The electrons that the potential of an element in a level's basis set replaces.
pub fn replaced(chemistry: &Chemistry, element: Element) -> Option<u32> {
    Potentials::of_basis(chemistry.basis.as_deref()?)?.replaced(element)
}

/// The core of a molecule: what potentials replace, and what is frozen of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Core {
    /// Electrons that potentials replace.
    pub replaced: u32,
    /// Orbitals of each spin that a frozen core leaves out of correlation, without those that are replaced.
    pub frozen: usize,
    /// Electrons of each spin that are not replaced.
    spins: [i64; 2],
}

impl Core {
    /// The core of a molecule of which potentials replace so many electrons of an element. Only real atoms count.
    pub fn of(molecule: &Molecule, replaced: impl Fn(Element) -> u32) -> Self {
        let real = || molecule.atoms.iter().filter(|atom| !atom.is_ghost).map(|atom| atom.element);
        let all: u32 = real().map(&replaced).sum();
        let frozen = real().map(|element| element.core_orbitals().saturating_sub(replaced(element) as usize / 2)).sum();
        let (electrons, unpaired) = (molecule.electrons() - i64::from(all), i64::from(molecule.multiplicity) - 1);
        let fewer = (electrons - unpaired) / 2;
        Self { replaced: all, frozen, spins: [fewer + unpaired, fewer] }
    }

    /// Whether a frozen core leaves nothing to correlate: one electron at most.
    pub fn is_all(&self) -> bool {
        let active: i64 = self.spins.iter().map(|electrons| (electrons - self.frozen as i64).max(0)).sum();
        self.frozen > 0 && active <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::chemistry::Atom;

    fn element(symbol: &str) -> Element {
        Element::of_symbol(symbol).unwrap()
    }

    fn core(symbols: &[&str], charge: i32, basis: &str) -> Core {
        let atom = |symbol: &&str| Atom {
            element: element(symbol.trim_start_matches('*')),
            position: [0.0; 3],
            is_ghost: symbol.starts_with('*'),
        };
        let atoms = symbols.iter().map(atom).collect();
        let molecule = Molecule { atoms, charge, multiplicity: 1, point_charges: Vec::new() };
        let chemistry = Chemistry { basis: Some(basis.into()), ..Chemistry::default() };
        Core::of(&molecule, |element| replaced(&chemistry, element).unwrap_or(0))
    }

    #[test]
    fn basis_sets_are_found_with_their_potentials_by_any_spelling() {
        let library = |basis| Potentials::of_basis(basis).map(|potentials| potentials.library);
        assert_eq!(library("Def2-TZVPP"), Some("def2-ecp"));
        assert_eq!(library("LANL2DZ ECP"), Some("lanl2dz_ecp"));
        assert_eq!(library("aug-cc-pVTZ-PP"), Some("stuttgart-koeln_mcdhf_rsc_ecp"));
        assert_eq!(library("Stuttgart RSC 1997 ECP"), Some("stuttgart_rsc_1997_ecp"));
        assert!(["cc-pvdz", "6-31g*", "sto-3g", "x2c-svpall", "aug-pc-1"].map(library).iter().all(Option::is_none));
    }

    #[test]
    fn light_elements_have_no_potential_and_heavy_ones_replace_their_cores() {
        let replaced = |basis, symbol| Potentials::of_basis(basis).unwrap().replaced(element(symbol));
        assert_eq!((replaced("def2-svp", "Kr"), replaced("def2-svp", "Rb")), (None, Some(28)));
        assert_eq!((replaced("def2-svp", "Ce"), replaced("def2-svp", "Au")), (None, Some(60)));
        assert_eq!(
            (replaced("lanl2dz", "Ne"), replaced("lanl2dz", "Na"), replaced("lanl2dz", "I")),
            (None, Some(10), Some(46))
        );
    }

    #[test]
    fn every_family_has_its_library() {
        assert!(FAMILIES.iter().all(|(_, library)| Potentials::named(library).is_some()));
    }

    #[test]
    fn frozen_orbitals_are_those_of_real_atoms_that_no_potential_replaces() {
        assert_eq!(core(&["Na", "O", "H", "H"], 1, "def2-svp").frozen, 6);
        assert_eq!(core(&["Na", "*O", "*H"], 1, "def2-svp").frozen, 5);
        // 18 orbitals are krypton's, of which 14 are replaced.
        assert_eq!(core(&["I"], -1, "def2-svp").frozen, 4);
        // Gold's 27 are all among the 30 that are replaced: none is left, not minus three.
        assert_eq!(core(&["Au", "O"], 1, "def2-svp").frozen, 1);
        assert_eq!((core(&["Br"], -1, "lanl2dz").frozen, core(&["Br"], -1, "lanl2dz").replaced), (0, 28));
    }

    #[test]
    fn ions_without_valence_electrons_are_all_core() {
        assert!(core(&["Na"], 1, "def2-svp").is_all() && core(&["Mg", "*O"], 2, "cc-pvdz").is_all());
        assert!(core(&["Al"], 3, "cc-pvdz").is_all() && core(&["Li"], 1, "cc-pvdz").is_all());
        assert!(!core(&["Na", "O", "H", "H"], 1, "def2-svp").is_all() && !core(&["F"], -1, "cc-pvdz").is_all());
        // Four orbitals are left of argon's nine, and all are frozen; of silver's core d electrons stay.
        assert!(core(&["K"], 1, "lanl2dz").is_all() && !core(&["Ag"], 1, "lanl2dz").is_all());
        // Nothing is frozen: the electrons are correlated.
        assert!(!core(&["He"], 0, "cc-pvdz").is_all());
    }
}
