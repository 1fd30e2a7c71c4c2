//! What do a molecule's file and the configuration say about a cluster, and how does it fall into fragments?
use super::give;
use super::origin::Given;
use super::periodic::Cell;
use super::statement::Statement;
use crate::campaigns::fragments::section::Section;
use crate::config::{Config, Fault, Faults};
use crate::science::chemistry::{Atom, Element, Lattice, Molecule, bonds};
use crate::science::expansion::{Fragment, Supersystem};

/// A cluster as it was given.
#[derive(Clone)]
pub struct Cluster<'a> {
    pub elements: Vec<Element>,
    /// Bohr, `[frames][atoms]`; one frame at least.
    pub frames: Vec<Vec<[f64; 3]>>,
    /// Of each frame; none where it is not periodic.
    pub cells: Vec<Option<Cell>>,
    pub fragments: Option<Given<'a, Vec<Vec<usize>>>>,
    /// Of each fragment, elementary charges.
    pub charges: Option<Given<'a, Vec<i32>>>,
    /// Of each fragment.
    pub multiplicities: Option<Given<'a, Vec<u32>>>,
    /// Of all.
    pub charge: Option<Given<'a, i32>>,
    /// Of all.
    pub multiplicity: Option<Given<'a, u32>>,
    /// What comments of the file state of charges and multiplicities, until fragments are known.
    pub statements: Vec<Statement<'a>>,
    pub warnings: Faults,
    /// What was understood and is worth a line, by name.
    pub notes: Vec<(String, String)>,
}

/// Why there are no fragments.
pub enum Refusal {
    /// There is only one, for this reason.
    OneFragment(String),
    Faults(Faults),
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        Refusal::Faults(faults)
    }
}

/// Faults of one kind that are told; the others are alike.
const TOLD: usize = 5;
/// Values of a key that messages spell out.
const LISTED: usize = 24;

impl<'a> Cluster<'a> {
    /// A cluster of which only atoms are known.
    pub fn new(elements: Vec<Element>, frames: Vec<Vec<[f64; 3]>>) -> Self {
        let (fragments, charges, multiplicities, charge, multiplicity) = (None, None, None, None, None);
        let cells = frames.iter().map(|_| None).collect();
        let (statements, warnings, notes) = (Vec::new(), Faults::default(), Vec::new());
        Self {
            elements,
            frames,
            cells,
            fragments,
            charges,
            multiplicities,
            charge,
            multiplicity,
            statements,
            warnings,
            notes,
        }
    }

    /// The lattice of a periodic frame.
    pub fn lattice(&self, frame: usize) -> Option<&Lattice> {
        self.cells[frame].as_ref().map(|cell| &cell.lattice)
    }

    /// Atoms that hang together by bonds in a frame.
    fn bonded_sets(&self, frame: usize) -> Vec<Vec<usize>> {
        bonds::bonded_sets(&self.elements, &self.frames[frame], self.lattice(frame))
    }

    /// Drops what the file says about its fragments, but for what they add up to.
    pub fn forget_fragments(&mut self) {
        let add_up = |Given { value, origin }: Given<'a, Vec<i32>>| Given { value: value.iter().sum(), origin };
        self.charge = self.charge.take().or(self.charges.take().map(add_up));
        let unpaired = |value: &[u32]| value.iter().map(|multiplicity| multiplicity.saturating_sub(1)).sum::<u32>();
        let add_up = |Given { value, origin }: Given<'a, Vec<u32>>| Given { value: 1 + unpaired(&value), origin };
        self.multiplicity = self.multiplicity.take().or(self.multiplicities.take().map(add_up));
        self.fragments = None;
    }

    /// Puts what the section says in place of what the file says. Charges and multiplicities of the file belong to its own fragments.
    pub fn take_keys(&mut self, config: &'a Config, section: &Section) {
        if let Some(fragments) = &section.fragments {
            if self.fragments.as_ref().is_none_or(|given| given.value != *fragments) {
                self.forget_fragments();
            }
            self.fragments = Some(Given::by_key(config, "fragments.fragments", fragments.clone()));
        }
        if let Some(charges) = &section.charges {
            self.charges = Some(Given::by_key(config, "fragments.charges", charges.clone()));
        }
        if let Some(multiplicities) = &section.multiplicities {
            self.multiplicities = Some(Given::by_key(config, "fragments.multiplicities", multiplicities.clone()));
        }
    }

    /// The fragments: those given, or those that bonds make.
    ///
    /// # Errors
    /// There is only one, atoms are missing or in several, or charges or multiplicities are impossible or contradict those of the whole.
    pub fn fragments(&mut self) -> Result<Vec<Fragment>, Refusal> {
        let atoms = match &self.fragments {
            Some(given) => {
                check_cover(given, self.elements.len()).into_result(())?;
                given.value.clone()
            }
            None => self.bonded_sets(0),
        };
        if atoms.len() == 1 {
            let found = match self.fragments {
                Some(_) => "all atoms are in one fragment",
                None => "all atoms hang together by bonds, which makes one fragment only",
            };
            return Err(Refusal::OneFragment(format!("the fragmentation is not specified: {found}")));
        }
        let mut faults = Faults::default();
        give::give(self, &atoms)?;
        faults.extend(check_count(self.charges.as_ref(), "charges", atoms.len()));
        faults.extend(check_count(self.multiplicities.as_ref(), "multiplicities", atoms.len()));
        if faults.has_errors() {
            return Err(faults.into());
        }
        let mut fragments = Vec::with_capacity(atoms.len());
        for (place, atoms) in atoms.into_iter().enumerate() {
            match self.fragment(place, atoms) {
                Ok(fragment) => fragments.push(fragment),
                Err(more) => faults.extend(more),
            }
        }
        if faults.is_empty() {
            faults.extend(self.check_whole(&fragments));
        }
        Ok(faults.into_result(fragments)?)
    }

    /// Fragment `place`, if its electrons can have its multiplicity.
    fn fragment(&self, place: usize, atoms: Vec<usize>) -> Result<Fragment, Faults> {
        let charge = self.charges.as_ref().map_or(0, |given| given.value[place]);
        let nuclei: i64 = atoms.iter().map(|&a| i64::from(self.elements[a].number())).sum();
        let electrons = nuclei - i64::from(charge);
        let formula = formula(&self.elements, &atoms);
        if let Some(given) = self.charges.as_ref().filter(|_| electrons < 0) {
            let message = format!("fragment {place} ({formula}) with charge {charge} has {electrons} electrons");
            return Err(given.fault(&[place], message, format!("give a charge of {nuclei} at most")).into());
        }
        let Some(given) = &self.multiplicities else {
            return Ok(Fragment { atoms, charge, multiplicity: lowest_multiplicity(electrons) });
        };
        let multiplicity = given.value[place];
        match impossible(multiplicity, electrons) {
            None => Ok(Fragment { atoms, charge, multiplicity }),
            Some((message, help)) => {
                let message = format!("fragment {place} ({formula}, charge {charge}): {message}");
                Err(given.fault(&[place], message, help).into())
            }
        }
    }

    /// Faults where charge or multiplicity of the whole are not what fragments make.
    fn check_whole(&self, fragments: &[Fragment]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let charge: i64 = fragments.iter().map(|fragment| i64::from(fragment.charge)).sum();
        if let Some(given) = self.charge.as_ref().filter(|given| i64::from(given.value) != charge) {
            let message =
                format!("the charge of the molecule is {}, but its fragments' add up to {charge}", given.value);
            let charges: Vec<i32> = fragments.iter().map(|fragment| fragment.charge).collect();
            let help = format!("give the charge of every fragment: `charges`, now {}", list(&charges));
            faults.push(given.fault(&[], message, help));
        }
        let unpaired: u64 = fragments.iter().map(|fragment| u64::from(fragment.multiplicity - 1)).sum();
        if let Some(given) = self.multiplicity.as_ref().filter(|given| u64::from(given.value) != 1 + unpaired) {
            let (found, made) = (given.value, 1 + unpaired);
            let message = format!(
                "the multiplicity of the molecule is {found}, but its fragments' spins add up to {made}, the highest one"
            );
            let multiplicities: Vec<u32> = fragments.iter().map(|fragment| fragment.multiplicity).collect();
            let now = list(&multiplicities);
            let help = format!(
                "give the multiplicity of every fragment (`multiplicities`, now {now}); spins are always added"
            );
            faults.push(given.fault(&[], message, help));
        }
        faults
    }

    /// The number of atoms of each fragment that the file gives.
    pub fn fragment_sizes(&self) -> Vec<usize> {
        self.fragments.iter().flat_map(|given| &given.value).map(Vec::len).collect()
    }

    /// One supersystem for each frame, its atoms where they were given.
    pub fn supersystems(&self, fragments: &[Fragment]) -> Vec<Supersystem> {
        let of_frame = |frame: usize| Supersystem {
            elements: self.elements.clone(),
            positions: self.frames[frame].clone(),
            fragments: fragments.to_vec(),
            lattice: self.lattice(frame).copied(),
        };
        (0..self.frames.len()).map(of_frame).collect()
    }

    /// Frames whose bonds make other fragments than those of the first, where bonds are what fragments come from.
    pub fn frames_bonded_otherwise(&self) -> Vec<usize> {
        if self.fragments.is_some() || self.frames.len() == 1 {
            return Vec::new();
        }
        let first = self.bonded_sets(0);
        let differs = |frame: &usize| self.bonded_sets(*frame) != first;
        (1..self.frames.len()).filter(differs).collect()
    }
}

/// Faults unless every atom is in exactly one fragment, and every fragment has one.
fn check_cover(given: &Given<Vec<Vec<usize>>>, atoms: usize) -> Faults {
    let help = "atoms are counted from 0, and each belongs to exactly one fragment";
    let (mut faults, mut owner) = (Vec::new(), vec![None; atoms]);
    for (place, fragment) in given.value.iter().enumerate() {
        if fragment.is_empty() {
            faults.push(given.fault(&[place], format!("fragment {place} is empty"), help));
        }
        for (index, &atom) in fragment.iter().enumerate() {
            let message = match owner.get(atom) {
                None => format!("there is no atom {atom}: there are {atoms}, 0 to {}", atoms - 1),
                Some(Some(other)) if *other == place => format!("atom {atom} is in fragment {place} twice"),
                Some(Some(other)) => format!("atom {atom} is in fragment {other} and in fragment {place}"),
                Some(None) => {
                    owner[atom] = Some(place);
                    continue;
                }
            };
            faults.push(given.fault(&[place, index], message, help));
        }
    }
    let missing: Vec<usize> = (0..atoms).filter(|&atom| owner[atom].is_none()).collect();
    if !missing.is_empty() {
        let (verb, noun) = if missing.len() == 1 { ("is", "atom") } else { ("are", "atoms") };
        faults.push(given.fault(&[], format!("{noun} {} {verb} in no fragment", ranges(&missing)), help));
    }
    faults.truncate(TOLD);
    let mut told = Faults::default();
    told.extend(faults);
    told
}

fn check_count<T>(given: Option<&Given<Vec<T>>>, what: &str, fragments: usize) -> Option<Fault> {
    let given = given.filter(|given| given.value.len() != fragments)?;
    let message = format!("{} {what} are given for {fragments} fragments", given.value.len());
    Some(given.fault(&[], message, "give one for each fragment"))
}

/// The lowest multiplicity of so many electrons.
pub fn lowest_multiplicity(electrons: i64) -> u32 {
    if electrons % 2 == 0 { 1 } else { 2 }
}

/// Why so many electrons cannot have this multiplicity, and which they can have.
fn impossible(multiplicity: u32, electrons: i64) -> Option<(String, String)> {
    let unpaired = i64::from(multiplicity) - 1;
    if unpaired >= 0 && unpaired <= electrons && (electrons - unpaired) % 2 == 0 {
        return None;
    }
    let message = format!("{electrons} electrons cannot have multiplicity {multiplicity}");
    let lowest = lowest_multiplicity(electrons);
    Some((message, format!("possible are {lowest}, {}, ... up to {}", lowest + 2, electrons + 1)))
}

/// The formula of some atoms.
pub fn formula(elements: &[Element], atoms: &[usize]) -> String {
    let atom = |&a: &usize| Atom { element: elements[a], position: [0.0; 3], is_ghost: false };
    let atoms = atoms.iter().map(atom).collect();
    Molecule { atoms, charge: 0, multiplicity: 1, point_charges: Vec::new() }.formula()
}

/// Values of a key as they are written; only the first ones where there are many.
pub fn list<T: ToString>(values: &[T]) -> String {
    let shown: Vec<String> = values.iter().take(LISTED).map(ToString::to_string).collect();
    format!("[{}{}]", shown.join(", "), if values.len() > LISTED { ", ..." } else { "" })
}

/// Numbers in short, as in `0-2, 5`.
pub fn ranges(numbers: &[usize]) -> String {
    let mut runs = Vec::<(usize, usize)>::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |(first, last): (usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    runs.into_iter().map(run).collect::<Vec<_>>().join(", ")
}
