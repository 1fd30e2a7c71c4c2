//! Which basis sets have Cartesian functions?

/// Prefixes and names of the sets with Cartesian d and f functions. The defaults of the programs differ; these are those of psi4 (in its basis
/// files), which were also used for the references computed with PySCF.
const CARTESIAN_PREFIXES: [&str; 3] = ["6-31g", "6-31+", "3-21"];
const CARTESIAN_NAMES: [&str; 3] = ["dz", "dzp", "lanl2dz"];

/// Whether a basis set, in any case, has Cartesian d and f functions (6 and 10) instead of spherical ones (5 and 7).
pub fn is_cartesian(basis: &str) -> bool {
    let basis = basis.trim().to_ascii_lowercase();
    CARTESIAN_PREFIXES.iter().any(|prefix| basis.starts_with(prefix)) || CARTESIAN_NAMES.contains(&basis.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_oldest_sets_are_cartesian() {
        assert!(["6-31G*", "6-31g(d,p)", "6-31++g**", "6-31+G*", "3-21G", "DZP"].map(is_cartesian).iter().all(|x| *x));
        assert!(!["6-311G**", "STO-3G", "cc-pVDZ", "def2-SVP"].map(is_cartesian).iter().any(|x| *x));
    }
}
