//! Which basis sets are made of Cartesian functions?

/// Beginnings and whole names of the sets with Cartesian d and f functions. The programs differ in what they take where
/// they are not told; this is what psi4 takes (its basis files say it), and what PySCF was given in the references.
const BEGINNINGS: [&str; 3] = ["6-31g", "6-31+", "3-21"];
const WHOLE: [&str; 3] = ["dz", "dzp", "lanl2dz"];

/// Whether a basis set, whatever its capitals, has Cartesian d and f functions (6 and 10) instead of spherical ones (5
/// and 7).
pub fn is_cartesian(basis: &str) -> bool {
    let basis = basis.trim().to_ascii_lowercase();
    BEGINNINGS.iter().any(|beginning| basis.starts_with(beginning)) || WHOLE.contains(&basis.as_str())
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
