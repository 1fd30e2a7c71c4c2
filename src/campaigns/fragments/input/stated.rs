//! Which charges and multiplicities does the comment of an xyz file state?
//!
//! Of all atoms (`charge=-1`, `multiplicity=2`, or two whole numbers alone), of atoms that it selects (`charge_a=-1` with
//! `selection_a=1-4`, counted from 1), or of fragments (`fragment_charges="-1 0"`). Titles, energies and numbers of frames state
//! nothing.
use super::comment::{Item, items};
use super::number;
use super::pairs;

/// What a comment states.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stated {
    /// Of all atoms.
    pub charge: Option<i32>,
    /// Of all atoms.
    pub multiplicity: Option<u32>,
    /// Of all atoms, by a number whose convention is not known: 2 S + 1, 2 S or S.
    pub spin: Option<f64>,
    pub parts: Vec<Part>,
    /// Of each fragment.
    pub charges: Option<Vec<i32>>,
    /// Of each fragment.
    pub multiplicities: Option<Vec<u32>>,
    /// Charge and multiplicity are two whole numbers alone, which may mean something else.
    pub is_bare: bool,
    /// What is about charges or multiplicities and was not understood.
    pub unclear: Vec<String>,
    /// Two whole numbers before a title, which may be charge and multiplicity.
    pub hint: Option<(i32, u32)>,
}

/// What is stated of atoms with a name of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// The last word of its keys, as `a` in `charge_a`.
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
/// What may stand before or behind the word, where all atoms are meant.
const OF_ALL: [&str; 11] =
    ["total", "tot", "net", "overall", "molecular", "molecule", "mol", "system", "complex", "cluster", "formal"];
const LISTS: [(&str, bool); 4] =
    [("fragment_charges", true), ("charges", true), ("fragment_multiplicities", false), ("multiplicities", false)];
/// Words that make a charge something else than that of atoms to be computed.
const OTHER_CHARGES: [&str; 15] = [
    "nuclear", "core", "partial", "atomic", "atom", "point", "model", "method", "scheme", "type", "max", "min", "esp",
    "transfer", "density",
];
const SPINS: [&str; 6] = ["singlet", "doublet", "triplet", "quartet", "quintet", "sextet"];
/// What programs write where nothing is known.
const NOTHING: [&str; 6] = ["", "none", "null", "nan", "n/a", "?"];

/// What a key is about.
enum About {
    Charge,
    Multiplicity,
    Unpaired,
    Spin,
    Selection,
}

impl Stated {
    /// Whether a word states something, or seems to.
    pub fn is_by_words(&self) -> bool {
        !self.is_bare && (self.has_charges() || self.has_multiplicities() || !self.unclear.is_empty())
    }

    /// Whether nothing is stated, and nothing may have been.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a charge is stated.
    pub fn has_charges(&self) -> bool {
        self.charge.is_some() || self.charges.is_some() || self.parts.iter().any(|part| part.charge.is_some())
    }

    /// Whether a multiplicity is stated.
    pub fn has_multiplicities(&self) -> bool {
        let of_part = |part: &Part| part.multiplicity.is_some();
        self.multiplicity.is_some()
            || self.spin.is_some()
            || self.multiplicities.is_some()
            || self.parts.iter().any(of_part)
    }

    fn take(&mut self, item: Item) {
        let key = item.key.to_ascii_lowercase().replace(['-', ' ', '/'], "_");
        if NOTHING.contains(&item.value.to_ascii_lowercase().as_str()) {
            return;
        }
        if let Some((_, is_charge)) = LISTS.iter().find(|(name, _)| *name == key) {
            return self.take_list(item, *is_charge);
        }
        match about(&key) {
            Some((about, name)) => self.take_value(item, about, name),
            None if is_unknown_charge(&key, item.value) => self.unclear.push(shown(item)),
            None => {}
        }
    }

    /// Whole numbers as many as fragments; others are of atoms.
    fn take_list(&mut self, item: Item, is_charge: bool) {
        let words = item.value.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let numbers: Option<Vec<i32>> = words.map(charge_of).collect();
        match (numbers, is_charge) {
            (Some(numbers), true) => self.charges = Some(numbers),
            (Some(numbers), false) if numbers.iter().all(|&m| m > 0) => {
                self.multiplicities = Some(numbers.into_iter().map(i32::unsigned_abs).collect());
            }
            (None, true) if item.key.eq_ignore_ascii_case("charges") => {}
            _ => self.unclear.push(shown(item)),
        }
    }

    fn take_value(&mut self, item: Item, about: About, name: Option<&str>) {
        let value = item.value.trim_matches([',', '"', '\'']);
        let is_taken = match (about, name) {
            (About::Charge, None) => put(&mut self.charge, charge_of(value)),
            (About::Charge, Some(name)) => put(&mut self.part(name).charge, charge_of(value)),
            (About::Multiplicity, None) => put(&mut self.multiplicity, multiplicity_of(value)),
            (About::Multiplicity, Some(name)) => put(&mut self.part(name).multiplicity, multiplicity_of(value)),
            (About::Unpaired, None) => {
                put(&mut self.multiplicity, charge_of(value).and_then(|n| u32::try_from(n + 1).ok()))
            }
            (About::Spin, None) => match multiplicity_of(value).filter(|_| number::parse(value).is_none()) {
                Some(multiplicity) => put(&mut self.multiplicity, Some(multiplicity)),
                None => put(&mut self.spin, number::parse(value).filter(|spin| (0.0..100.0).contains(spin))),
            },
            (About::Spin | About::Unpaired, Some(_)) => number::parse(value) == Some(0.0),
            (About::Selection, Some(name)) => put(&mut self.part(name).atoms, selection_of(value)),
            (About::Selection, None) => true,
        };
        if !is_taken {
            self.unclear.push(shown(item));
        }
    }

    fn part(&mut self, name: &str) -> &mut Part {
        let place = self.parts.iter().position(|part| part.name == name).unwrap_or_else(|| {
            self.parts.push(Part { name: name.to_owned(), ..Part::default() });
            self.parts.len() - 1
        });
        &mut self.parts[place]
    }
}

/// What a comment states.
pub fn read(comment: &str) -> Stated {
    let mut stated = Stated::default();
    if let Some((charge, multiplicity)) = pairs::alone(comment) {
        return Stated { charge: Some(charge), multiplicity: Some(multiplicity), is_bare: true, ..stated };
    }
    if let Some((charge, multiplicity)) = pairs::by_words(comment) {
        return Stated { charge: Some(charge), multiplicity: Some(multiplicity), ..stated };
    }
    if let Some((whole, of_fragments)) = pairs::of_whole_and_fragments(comment) {
        let (charges, multiplicities) = of_fragments.into_iter().unzip();
        return Stated {
            charge: Some(whole.0),
            multiplicity: Some(whole.1),
            charges: Some(charges),
            multiplicities: Some(multiplicities),
            ..stated
        };
    }
    items(comment).into_iter().for_each(|item| stated.take(item));
    let words: Vec<&str> =
        comment.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '$')).collect();
    let is_plain = |word: &str| about(&word.to_ascii_lowercase()).is_some_and(|(_, name)| name.is_none());
    for pair in words.windows(2).filter(|pair| is_plain(pair[0]) && number::is_whole(pair[1])) {
        stated.take(Item { key: pair[0], value: pair[1] });
    }
    // Atoms that are selected, and nothing said of them.
    stated.parts.retain(|part| part.charge.is_some() || part.multiplicity.is_some());
    if stated.is_nothing() {
        stated.hint = pairs::before_title(comment);
    }
    stated
}

/// Keeps a value; another one of the same is not understood.
fn put<T: PartialEq>(place: &mut Option<T>, value: Option<T>) -> bool {
    match (&place, &value) {
        (_, None) => false,
        (Some(old), Some(new)) => old == new,
        (None, Some(_)) => {
            *place = value;
            true
        }
    }
}

fn shown(Item { key, value }: Item) -> String {
    format!("{key}={value}").chars().take(60).collect()
}

/// What a key is about, and the name of a part, as `a` in `charge_a`.
fn about(key: &str) -> Option<(About, Option<&str>)> {
    let of = |word: &str| {
        let word = word.replace('_', "");
        let is_one_of = |words: &[&str]| words.contains(&word.as_str());
        match () {
            () if is_one_of(&CHARGE) => Some(About::Charge),
            () if is_one_of(&MULTIPLICITY) => Some(About::Multiplicity),
            () if is_one_of(&UNPAIRED) => Some(About::Unpaired),
            () if word == "spin" => Some(About::Spin),
            () if word == "selection" || word == "sel" => Some(About::Selection),
            () => None,
        }
    };
    if let Some(about) = of(key) {
        return Some((about, None));
    }
    let (before, last) = key.rsplit_once('_')?;
    if OF_ALL.contains(&last) {
        return of(before).map(|about| (about, None));
    }
    if let Some((_, word)) = key.split_once('_').filter(|(first, _)| OF_ALL.contains(first)) {
        return of(word).map(|about| (about, None));
    }
    let is_name = last.len() == 1 || last.bytes().all(|b| b.is_ascii_digit());
    of(before).filter(|_| is_name && !last.is_empty()).map(|about| (about, Some(last)))
}

/// Whether a key that is not known is about a charge that atoms to be computed may have.
fn is_unknown_charge(key: &str, value: &str) -> bool {
    let words = || key.split('_');
    let is_charge = words().any(|word| word == "charge") && !words().any(|word| OTHER_CHARGES.contains(&word));
    (is_charge || key == "q") && charge_of(value).is_some_and(|charge| charge != 0)
}

/// A charge as `-1`, `+1`, `-1.0`, `1-` or `2+`.
fn charge_of(word: &str) -> Option<i32> {
    let word = word.trim().replace('\u{2212}', "-");
    let turned = ['-', '+'].into_iter().find_map(|sign| {
        let digits = word.strip_suffix(sign)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| format!("{sign}{}", if digits.is_empty() { "1" } else { digits }))
    });
    if word.eq_ignore_ascii_case("neutral") {
        return Some(0);
    }
    let number = number::parse(turned.as_deref().unwrap_or(&word))?;
    (number.fract() == 0.0 && number.abs() < 1e4).then_some(number as i32)
}

fn multiplicity_of(word: &str) -> Option<u32> {
    let by_name = SPINS.iter().position(|name| word.eq_ignore_ascii_case(name)).map(|place| place as u32 + 1);
    by_name.or_else(|| u32::try_from(charge_of(word)?).ok().filter(|&multiplicity| multiplicity > 0))
}

/// Atoms as `1-4,7`, counted from 1; here from 0.
fn selection_of(text: &str) -> Option<Vec<usize>> {
    let mut atoms = Vec::new();
    for run in text.split(|c: char| c == ',' || c.is_whitespace()).filter(|run| !run.is_empty()) {
        let (first, last) = run.split_once(['-', ':']).unwrap_or((run, run));
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

    fn of(charge: Option<i32>, multiplicity: Option<u32>) -> Stated {
        Stated { charge, multiplicity, ..Stated::default() }
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
            assert_eq!(read(comment), of(charge, multiplicity), "{comment}");
        }
        assert_eq!(read("charge=1 spin=0.5").spin, Some(0.5));
    }

    #[test]
    fn two_whole_numbers_alone_are_charge_and_multiplicity() {
        assert_eq!(read(" -1  1 "), Stated { is_bare: true, ..of(Some(-1), Some(1)) });
        assert_eq!(read("0, 3"), Stated { is_bare: true, ..of(Some(0), Some(3)) });
        let ions = read("0 1 1 1 -1 1");
        assert_eq!((ions.charge, ions.charges, ions.multiplicities), (Some(0), Some(vec![1, -1]), Some(vec![1, 1])));
        assert!(!ions.is_bare && read("$chrg -1").is_by_words());
        assert_eq!(read("2 1 calcium and water").hint, Some((2, 1)));
    }

    #[test]
    fn parts_are_those_of_their_selections() {
        let stated = read("charge=-1 charge_a=-1 charge_b=0 selection_a=1-4 selection_b=5-6,7 scaling=1.00");
        let part = |name: &str, atoms: Vec<usize>, charge| Part {
            name: name.into(),
            atoms: Some(atoms),
            charge: Some(charge),
            multiplicity: None,
        };
        assert_eq!(stated.parts, [part("a", vec![0, 1, 2, 3], -1), part("b", vec![4, 5, 6], 0)]);
        assert_eq!((stated.charge, stated.unclear.len()), (Some(-1), 0));
        let stated = read("charge_1=1 multiplicity_1=2 selection_1='1:3'");
        assert_eq!((stated.parts[0].multiplicity, stated.parts[0].atoms.as_deref()), (Some(2), Some(&[0, 1, 2][..])));
        assert_eq!(read("fragment_charges=\"-1 0\"").charges, Some(vec![-1, 0]));
        assert_eq!(read("fragment_multiplicities=[1, 3]").multiplicities, Some(vec![1, 3]));
    }

    #[test]
    fn what_is_about_charges_and_not_understood_is_kept() {
        for comment in [
            "charge=-0.5",
            "charge=one",
            "charge=1 charge=2",
            "ion_charge=2",
            "multiplicity=0",
            "q=-1",
            "selection_a=a charge_a=1",
        ] {
            assert_eq!(read(comment).unclear.len(), 1, "{comment}");
        }
    }

    #[test]
    fn other_comments_state_nothing() {
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
            assert!(read(comment).is_nothing(), "{comment}: {:?}", read(comment));
        }
    }
}
