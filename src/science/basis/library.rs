//! Which basis sets are compiled in?
use super::basis_set::BasisSet;
use super::gaussian94::parse_gaussian94;
use std::sync::OnceLock;

/// A file of `data/basis`.
macro_rules! text {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/basis/", $file))
    };
}

const NAMES: [&str; 11] = [
    "STO-3G",
    "6-31G",
    "6-31G*",
    "6-31G**",
    "6-311G**",
    "cc-pVDZ",
    "cc-pVTZ",
    "aug-cc-pVDZ",
    "aug-cc-pVTZ",
    "def2-SVP",
    "def2-TZVP",
];

/// In the order of `NAMES`.
const TEXTS: [&str; NAMES.len()] = [
    text!("sto-3g.gbs"),
    text!("6-31g.gbs"),
    text!("6-31gs.gbs"),
    text!("6-31gss.gbs"),
    text!("6-311gss.gbs"),
    text!("cc-pvdz.gbs"),
    text!("cc-pvtz.gbs"),
    text!("aug-cc-pvdz.gbs"),
    text!("aug-cc-pvtz.gbs"),
    text!("def2-svp.gbs"),
    text!("def2-tzvp.gbs"),
];

/// The names of the sets that are compiled in.
pub fn names() -> &'static [&'static str] {
    &NAMES
}

/// The basis set of a name, ignoring case, hyphens and spaces; `(d)` and `(d,p)` mean `*` and `**`.
pub fn named(name: &str) -> Option<BasisSet> {
    static SETS: [OnceLock<BasisSet>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
    let wanted = normalized(name);
    let index = NAMES.iter().position(|known| normalized(known) == wanted)?;
    let parse =
        || parse_gaussian94(NAMES[index], TEXTS[index]).expect("compiled-in sets are valid, which a test verifies");
    Some(SETS[index].get_or_init(parse).clone())
}

/// A name without differences of spelling.
fn normalized(name: &str) -> String {
    let letters = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_')).flat_map(char::to_lowercase);
    letters.collect::<String>().replace("(d,p)", "**").replace("(d)", "*")
}
