//! Which charges and multiplicities does the comment of an xyz file specify?
//!
//! Of all atoms (`charge=-1`, `multiplicity=2`, or two integers and nothing else), of selected atoms (`charge_a=-1` with
//! `selection_a=1-4`, counted from 1), or of fragments (`fragment_charges="-1 0"`). Titles, energies and frame numbers specify nothing.
use super::comment::items;
use super::{Pair, charge_pairs, number};

/// The charges and multiplicities that a comment specifies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChargeSpec {
    /// Of all atoms.
    pub charge: Option<i32>,
    /// Of all atoms.
    pub multiplicity: Option<u32>,
    /// Of all atoms, as a number whose convention is not known: 2S + 1, 2S or S.
    pub spin: Option<f64>,
    pub selections: Vec<SelectionSpec>,
    /// Of each fragment.
    pub charges: Option<Vec<i32>>,
    /// Of each fragment.
    pub multiplicities: Option<Vec<u32>>,
    /// Charge and multiplicity are two integers without a key, which may mean something else.
    pub is_bare: bool,
    /// Items about charges or multiplicities that cannot be interpreted.
    pub unclear: Vec<String>,
    /// Two integers before a title, which may be charge and multiplicity.
    pub hint: Option<Pair>,
}

/// Charge and multiplicity of a named selection of atoms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelectionSpec {
    /// The suffix of its keys, as `a` in `charge_a`.
    pub name: String,
    /// Counted from 0.
    pub atoms: Option<Vec<usize>>,
    pub charge: Option<i32>,
    pub multiplicity: Option<u32>,
}

const CHARGE: [&str; 4] = ["charge", "chrg", "chg", "totalcharge"];
const MULTIPLICITY: [&str; 6] = ["multiplicity", "mult", "multip", "spinmultiplicity", "spinmult", "2s+1"];
/// Numbers of unpaired electrons.
const UNPAIRED: [&str; 6] = ["uhf", "nuhf", "unpaired", "unpairedelectrons", "nunpaired", "numunpaired"];
/// Prefixes and suffixes of keys that are about all atoms.
const ALL_ATOMS: [&str; 11] =
    ["total", "tot", "net", "overall", "molecular", "molecule", "mol", "system", "complex", "cluster", "formal"];
/// Words that make a charge one of another kind.
const OTHER_CHARGES: [&str; 15] = [
    "nuclear", "core", "partial", "atomic", "atom", "point", "model", "method", "scheme", "type", "max", "min", "esp",
    "transfer", "density",
];
const SPINS: [&str; 6] = ["singlet", "doublet", "triplet", "quartet", "quintet", "sextet"];
/// What programs write for an unknown value.
const UNSET: [&str; 6] = ["", "none", "null", "nan", "n/a", "?"];

/// What a key is about.
enum Property {
    Charge,
    Multiplicity,
    Unpaired,
    Spin,
    Selection,
}

impl ChargeSpec {
    /// Whether a key specifies something, or seems to.
    pub fn has_keys(&self) -> bool {
        !self.is_bare && (self.has_charges() || self.has_multiplicities() || !self.unclear.is_empty())
    }

    /// Whether nothing is specified, not even possibly.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn has_charges(&self) -> bool {
        self.charge.is_some() || self.charges.is_some() || self.selections.iter().any(|part| part.charge.is_some())
    }

    pub fn has_multiplicities(&self) -> bool {
        self.multiplicity.is_some()
            || self.spin.is_some()
            || self.multiplicities.is_some()
            || self.selections.iter().any(|part| part.multiplicity.is_some())
    }

    /// Two integers whose meaning no key tells.
    pub fn bare_pair(&self) -> Option<Pair> {
        let bare = self.is_bare.then_some(self.charge.zip(self.multiplicity)).flatten();
        bare.or(self.hint)
    }

    fn of_total((charge, multiplicity): Pair) -> Self {
        Self { charge: Some(charge), multiplicity: Some(multiplicity), ..Self::default() }
    }

    fn add(&mut self, name: &str, value: &str) {
        let key = name.to_ascii_lowercase().replace(['-', ' ', '/'], "_");
        if UNSET.contains(&value.to_ascii_lowercase().as_str()) {
            return;
        }
        let is_known = match key.as_str() {
            "fragment_charges" | "charges" => self.add_charges(value) || key == "charges",
            "fragment_multiplicities" | "multiplicities" => self.add_multiplicities(value),
            _ => match property(&key) {
                Some((property, selection)) => self.add_value(value, property, selection),
                None => !is_unknown_charge(&key, value),
            },
        };
        if !is_known {
            self.unclear.push(format!("{name}={value}").chars().take(60).collect());
        }
    }

    /// Integers, one for each fragment; `charges` may also be fractions, those of atoms.
    fn add_charges(&mut self, value: &str) -> bool {
        set(&mut self.charges, integers(value), true)
    }

    fn add_multiplicities(&mut self, value: &str) -> bool {
        let positive = integers(value).filter(|numbers| numbers.iter().all(|&m| m > 0));
        set(&mut self.multiplicities, positive.map(|all| all.into_iter().map(i32::unsigned_abs).collect()), true)
    }

    /// Adds the value of a property, of a selection if it has a name; whether the value could be interpreted.
    fn add_value(&mut self, value: &str, property: Property, name: Option<&str>) -> bool {
        let value = value.trim_matches([',', '"', '\'']);
        match (property, name) {
            (Property::Charge, None) => set(&mut self.charge, charge_of(value), false),
            (Property::Charge, Some(name)) => set(&mut self.selection(name).charge, charge_of(value), false),
            (Property::Multiplicity, None) => set(&mut self.multiplicity, multiplicity_of(value), false),
            (Property::Multiplicity, Some(name)) => {
                set(&mut self.selection(name).multiplicity, multiplicity_of(value), false)
            }
            (Property::Unpaired, None) => {
                let multiplicity = charge_of(value).and_then(|unpaired| u32::try_from(unpaired + 1).ok());
                set(&mut self.multiplicity, multiplicity, false)
            }
            (Property::Spin, None) => match multiplicity_of(value).filter(|_| number::parse(value).is_none()) {
                Some(multiplicity) => set(&mut self.multiplicity, Some(multiplicity), false),
                None => {
                    let spin = number::parse(value).filter(|spin| (0.0..100.0).contains(spin));
                    set(&mut self.spin, spin, false)
                }
            },
            (Property::Spin | Property::Unpaired, Some(_)) => number::parse(value) == Some(0.0),
            (Property::Selection, Some(name)) => set(&mut self.selection(name).atoms, atoms_of(value), false),
            (Property::Selection, None) => true,
        }
    }

    fn selection(&mut self, name: &str) -> &mut SelectionSpec {
        let index = self.selections.iter().position(|part| part.name == name).unwrap_or_else(|| {
            self.selections.push(SelectionSpec { name: name.to_owned(), ..SelectionSpec::default() });
            self.selections.len() - 1
        });
        &mut self.selections[index]
    }
}

/// The charges and multiplicities that a comment specifies.
pub fn parse(comment: &str) -> ChargeSpec {
    if let Some(pair) = charge_pairs::bare(comment) {
        return ChargeSpec { is_bare: true, ..ChargeSpec::of_total(pair) };
    }
    if let Some(pair) = charge_pairs::labelled(comment) {
        return ChargeSpec::of_total(pair);
    }
    if let Some((total, fragments)) = charge_pairs::total_and_fragments(comment) {
        let (charges, multiplicities) = fragments.into_iter().unzip();
        return ChargeSpec {
            charges: Some(charges),
            multiplicities: Some(multiplicities),
            ..ChargeSpec::of_total(total)
        };
    }
    let mut spec = ChargeSpec::default();
    items(comment).into_iter().for_each(|(name, value)| spec.add(name, value));
    let words: Vec<&str> =
        comment.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '$')).collect();
    let is_plain = |word: &str| property(&word.to_ascii_lowercase()).is_some_and(|(_, name)| name.is_none());
    for pair in words.windows(2).filter(|pair| is_plain(pair[0]) && number::is_integer(pair[1])) {
        spec.add(pair[0], pair[1]);
    }
    // Selections alone specify nothing.
    spec.selections.retain(|part| part.charge.is_some() || part.multiplicity.is_some());
    if spec.is_empty() {
        spec.hint = charge_pairs::before_title(comment);
    }
    spec
}

/// Sets a value, which must not contradict an earlier one unless `replaces` it.
fn set<T: PartialEq>(target: &mut Option<T>, value: Option<T>, replaces: bool) -> bool {
    if value.is_none() || (!replaces && target.is_some()) {
        return value.is_some() && *target == value;
    }
    *target = value;
    true
}

/// The property that a key is about, and the name of a selection, as `a` in `charge_a`.
fn property(key: &str) -> Option<(Property, Option<&str>)> {
    let plain = |word: &str| {
        let word = word.replace('_', "");
        let is_one_of = |words: &[&str]| words.contains(&word.as_str());
        match () {
            () if is_one_of(&CHARGE) => Some(Property::Charge),
            () if is_one_of(&MULTIPLICITY) => Some(Property::Multiplicity),
            () if is_one_of(&UNPAIRED) => Some(Property::Unpaired),
            () if word == "spin" => Some(Property::Spin),
            () if word == "selection" || word == "sel" => Some(Property::Selection),
            () => None,
        }
    };
    if let Some(property) = plain(key) {
        return Some((property, None));
    }
    let (before, last) = key.rsplit_once('_')?;
    if ALL_ATOMS.contains(&last) {
        return plain(before).map(|property| (property, None));
    }
    if let Some((_, word)) = key.split_once('_').filter(|(first, _)| ALL_ATOMS.contains(first)) {
        return plain(word).map(|property| (property, None));
    }
    let is_name = last.len() == 1 || last.bytes().all(|b| b.is_ascii_digit());
    plain(before).filter(|_| is_name && !last.is_empty()).map(|property| (property, Some(last)))
}

/// Whether an unknown key is about a nonzero charge that the atoms may have.
fn is_unknown_charge(key: &str, value: &str) -> bool {
    let words = || key.split('_');
    let is_charge = words().any(|word| word == "charge") && !words().any(|word| OTHER_CHARGES.contains(&word));
    (is_charge || key == "q") && charge_of(value).is_some_and(|charge| charge != 0)
}

fn integers(value: &str) -> Option<Vec<i32>> {
    let words = value.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    words.map(charge_of).collect()
}

/// A charge as `-1`, `+1`, `-1.0`, `1-` or `2+`.
fn charge_of(word: &str) -> Option<i32> {
    let word = word.trim().replace('\u{2212}', "-");
    if word.eq_ignore_ascii_case("neutral") {
        return Some(0);
    }
    let with_leading_sign = ['-', '+'].into_iter().find_map(|sign| {
        let digits = word.strip_suffix(sign).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        Some(format!("{sign}{}", if digits.is_empty() { "1" } else { digits }))
    });
    let number = number::parse(with_leading_sign.as_deref().unwrap_or(&word))?;
    (number.fract() == 0.0 && number.abs() < 1e4).then_some(number as i32)
}

fn multiplicity_of(word: &str) -> Option<u32> {
    let by_name = SPINS.iter().position(|name| word.eq_ignore_ascii_case(name)).map(|index| index as u32 + 1);
    by_name.or_else(|| u32::try_from(charge_of(word)?).ok().filter(|&multiplicity| multiplicity > 0))
}

/// Atoms as `1-4,7`, counted from 1; the result counts from 0.
fn atoms_of(text: &str) -> Option<Vec<usize>> {
    let mut atoms = Vec::new();
    for range in text.split(|c: char| c == ',' || c.is_whitespace()).filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once(['-', ':']).unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first == 0 || last < first || last > 1 << 24 {
            return None;
        }
        atoms.extend(first - 1..last);
    }
    atoms.sort_unstable();
    (!atoms.is_empty()).then_some(atoms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(charge: Option<i32>, multiplicity: Option<u32>) -> ChargeSpec {
        ChargeSpec { charge, multiplicity, ..ChargeSpec::default() }
    }

    #[test]
    fn charges_and_multiplicities_of_all_are_read() {
        for (comment, charge, multiplicity) in [
            ("charge=-1", Some(-1), None),
            ("Charge: -1.0 energy=-76.3", Some(-1), None),
            ("total_charge=2 spin_multiplicity=3", Some(2), Some(3)),
            ("net-charge=+1", Some(1), None),
            ("charge=2+ multiplicity=1", Some(2), Some(1)),
            ("charge=1-", Some(-1), None),
            ("chrg=1 uhf=1", Some(1), Some(2)),
            ("charge=0, mult=3", Some(0), Some(3)),
            ("{\"charge\": -1, \"multiplicity\": 2}", Some(-1), Some(2)),
            ("formate and water, charge -1", Some(-1), None),
            ("charge/mult: -1 1", Some(-1), Some(1)),
            ("Charge and multiplicity = 0 3", Some(0), Some(3)),
            ("charge, spin multiplicity: 1 2", Some(1), Some(2)),
            ("spin=triplet", None, Some(3)),
            ("charge=None multiplicity=3", None, Some(3)),
            ("charge=-1 charge=-1", Some(-1), None),
            ("charge=\u{2212}1", Some(-1), None),
        ] {
            assert_eq!(parse(comment), total(charge, multiplicity), "{comment}");
        }
        assert_eq!(parse("charge=1 spin=0.5").spin, Some(0.5));
    }

    #[test]
    fn two_integers_alone_are_charge_and_multiplicity() {
        assert_eq!(parse(" -1  1 "), ChargeSpec { is_bare: true, ..total(Some(-1), Some(1)) });
        assert_eq!(parse("0, 3"), ChargeSpec { is_bare: true, ..total(Some(0), Some(3)) });
        let ions = parse("0 1 1 1 -1 1");
        assert_eq!((ions.charge, ions.charges, ions.multiplicities), (Some(0), Some(vec![1, -1]), Some(vec![1, 1])));
        assert!(!ions.is_bare && parse("$chrg -1").has_keys());
        assert_eq!(parse("2 1 calcium and water").hint, Some((2, 1)));
    }

    #[test]
    fn selections_have_charges_of_their_own() {
        let spec = parse("charge=-1 charge_a=-1 charge_b=0 selection_a=1-4 selection_b=5-6,7 scaling=1.00");
        let selection = |name: &str, atoms: Vec<usize>, charge| SelectionSpec {
            name: name.into(),
            atoms: Some(atoms),
            charge: Some(charge),
            multiplicity: None,
        };
        assert_eq!(spec.selections, [selection("a", vec![0, 1, 2, 3], -1), selection("b", vec![4, 5, 6], 0)]);
        assert_eq!((spec.charge, spec.unclear.len()), (Some(-1), 0));
        let spec = parse("charge_1=1 multiplicity_1=2 selection_1='1:3'");
        assert_eq!(
            (spec.selections[0].multiplicity, spec.selections[0].atoms.as_deref()),
            (Some(2), Some(&[0, 1, 2][..]))
        );
        assert_eq!(parse("fragment_charges=\"-1 0\"").charges, Some(vec![-1, 0]));
        assert_eq!(parse("fragment_multiplicities=[1, 3]").multiplicities, Some(vec![1, 3]));
    }

    #[test]
    fn unclear_charges_are_kept() {
        let comments = "charge=-0.5 | charge=one | charge=1 charge=2 | ion_charge=2 | multiplicity=0 | q=-1 | selection_a=a charge_a=1";
        for comment in comments.split(" | ") {
            assert_eq!(parse(comment).unclear.len(), 1, "{comment}");
        }
    }

    #[test]
    fn other_comments_specify_nothing() {
        for comment in [
            "",
            "water dimer",
            "Properties=species:S:1:pos:R:3:charges:R:1 energy=-76.3",
            "-76.02 12",
            "energy: -76.3 gnorm: 0.001 xtb: 6.4.1",
            "i =       10, time =        5.000, E =       -76.1",
            "frame 3",
            "3",
            "charge transfer complex 2",
            "point_charges=12 nuclear_charge=8 charge_model=2",
            "charges=\"-0.6 0.3 0.3\"",
            "max_charge=0.34 charge_sum=0",
            "0 0",
            "1 2 3",
            "1 2 3 4 5 6",
            "gdb 9999 1.0 2.0",
            "Step 100",
            "selection_a=1-3",
            "charge=",
        ] {
            assert!(parse(comment).is_empty(), "{comment}: {:?}", parse(comment));
        }
    }
}
