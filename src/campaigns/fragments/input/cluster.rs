//! What do the molecule file and the configuration specify about a cluster?
use super::periodic::Cell;
use super::{Residue, Sourced, Statement};
use crate::campaigns::fragments::section::{Fragmentation, LengthUnit, PerFragment, Section};
use crate::config::{Config, Faults};
use crate::science::chemistry::{Element, Lattice, bonds};
use crate::science::expansion::{Fragment, Supersystem};
use std::collections::BTreeMap;

/// Values by formula or residue.
pub type NamedValues<T> = BTreeMap<String, T>;

/// A cluster as it was specified.
#[derive(Clone, Default)]
pub struct Cluster<'a> {
    pub elements: Vec<Element>,
    /// Bohr, `[frames][atoms]`; one frame at least.
    pub frames: Vec<Vec<[f64; 3]>>,
    /// Of each frame; none where it is not periodic.
    pub cells: Vec<Option<Cell>>,
    /// The unit of a file that may specify it, and whether it does.
    pub unit: Option<(LengthUnit, bool)>,
    /// The atoms of each fragment, counted from 0.
    pub fragments: Option<Sourced<'a, Vec<Vec<usize>>>>,
    /// Of each fragment, elementary charges.
    pub charges: Option<Sourced<'a, Vec<i32>>>,
    /// Of each fragment.
    pub multiplicities: Option<Sourced<'a, Vec<u32>>>,
    /// Fragments whose value in `charges` is a default.
    pub default_charges: Vec<usize>,
    /// Fragments whose value in `multiplicities` is a default.
    pub default_multiplicities: Vec<usize>,
    /// Charges by name, until fragments are known.
    pub named_charges: NamedValues<i32>,
    /// Multiplicities by name, until fragments are known.
    pub named_multiplicities: NamedValues<u32>,
    /// Charges of single atoms that the file specifies.
    pub atom_charges: Vec<AtomCharge>,
    /// The residues of the file, if it has any.
    pub residues: Vec<Residue>,
    /// The index of each atom's residue, if there are residues.
    pub residue_of: Vec<usize>,
    /// Whether residues are the fragments.
    pub has_residue_fragments: bool,
    /// Of the whole cluster.
    pub charge: Option<Sourced<'a, i32>>,
    /// Of the whole cluster.
    pub multiplicity: Option<Sourced<'a, u32>>,
    /// Charges and multiplicities in comments of the file, until fragments are known.
    pub statements: Vec<Statement<'a>>,
    pub warnings: Faults,
    /// Named lines for the summary.
    pub notes: Vec<(String, String)>,
}

/// The charge of an atom that a line of the file specifies.
#[derive(Clone, Debug)]
pub struct AtomCharge {
    pub atom: usize,
    /// Elementary charges.
    pub charge: i32,
    /// The line in messages.
    pub location: String,
}

impl<'a> Cluster<'a> {
    /// A cluster of atoms without any other specification.
    pub fn new(elements: Vec<Element>, frames: Vec<Vec<[f64; 3]>>) -> Self {
        let cells = vec![None; frames.len()];
        Self { elements, frames, cells, ..Self::default() }
    }

    /// The lattice of a periodic frame.
    pub fn lattice(&self, frame: usize) -> Option<&Lattice> {
        self.cells[frame].as_ref().map(|cell| &cell.lattice)
    }

    /// Connected atoms of a frame.
    pub fn bonded_sets(&self, frame: usize) -> Vec<Vec<usize>> {
        bonds::bonded_sets(&self.elements, &self.frames[frame], self.lattice(frame))
    }

    /// The name of the residue to which all of these atoms belong.
    pub fn residue_name(&self, atoms: &[usize]) -> Option<&str> {
        let residue = *self.residue_of.get(*atoms.first()?)?;
        atoms.iter().all(|&atom| self.residue_of[atom] == residue).then(|| self.residues[residue].name.as_str())
    }

    /// Whether the charge of a fragment is specified.
    pub fn has_charge(&self, fragment: usize) -> bool {
        self.charges.is_some() && !self.default_charges.contains(&fragment)
    }

    /// Whether the multiplicity of a fragment is specified.
    pub fn has_multiplicity(&self, fragment: usize) -> bool {
        self.multiplicities.is_some() && !self.default_multiplicities.contains(&fragment)
    }

    /// The sum of the atomic numbers of some atoms.
    pub fn nuclear_charge(&self, atoms: &[usize]) -> i64 {
        atoms.iter().map(|&atom| i64::from(self.elements[atom].number())).sum()
    }

    /// Discards the fragments of the file; their charges and spins are added up to those of the cluster.
    pub fn discard_fragments(&mut self) {
        let sum = |Sourced { value, source }: Sourced<'a, Vec<i32>>| Sourced { value: value.iter().sum(), source };
        self.charge = self.charge.take().or(self.charges.take().map(sum));
        let unpaired = |value: &[u32]| value.iter().map(|multiplicity| multiplicity.saturating_sub(1)).sum::<u32>();
        let sum = |Sourced { value, source }: Sourced<'a, Vec<u32>>| Sourced { value: 1 + unpaired(&value), source };
        self.multiplicity = self.multiplicity.take().or(self.multiplicities.take().map(sum));
        self.fragments = None;
        (self.default_charges, self.default_multiplicities) = (Vec::new(), Vec::new());
    }

    /// Replaces what the file specifies by the keys of the section. Charges and multiplicities of the file belong to its own fragments.
    pub fn apply_keys(&mut self, config: &'a Config, section: &Section) {
        if let Some(fragments) = &section.fragments {
            if self.fragments.as_ref().is_none_or(|of_file| of_file.value != *fragments) {
                self.discard_fragments();
            }
            self.fragments = Some(Sourced::from_key(config, "fragments.fragments", fragments.clone()));
        }
        match section.fragmentation {
            Some(Fragmentation::Molecules) if section.fragments.is_none() => self.discard_fragments(),
            Some(Fragmentation::Residues) => self.has_residue_fragments = true,
            _ => {}
        }
        match &section.charges {
            Some(PerFragment::List(charges)) => {
                self.charges = Some(Sourced::from_key(config, "fragments.charges", charges.clone()));
                self.default_charges.clear();
            }
            Some(PerFragment::ByName(charges)) => self.named_charges = charges.clone(),
            None => {}
        }
        match &section.multiplicities {
            Some(PerFragment::List(multiplicities)) => {
                let multiplicities = multiplicities.clone();
                self.multiplicities = Some(Sourced::from_key(config, "fragments.multiplicities", multiplicities));
                self.default_multiplicities.clear();
            }
            Some(PerFragment::ByName(multiplicities)) => self.named_multiplicities = multiplicities.clone(),
            None => {}
        }
    }

    /// The number of atoms of each fragment of the file.
    pub fn fragment_sizes(&self) -> Vec<usize> {
        self.fragments.iter().flat_map(|fragments| &fragments.value).map(Vec::len).collect()
    }

    /// One supersystem for each frame, its atoms where they are in the file.
    pub fn supersystems(&self, fragments: &[Fragment]) -> Vec<Supersystem> {
        let supersystem = |frame: usize| Supersystem {
            elements: self.elements.clone(),
            positions: self.frames[frame].clone(),
            fragments: fragments.to_vec(),
            lattice: self.lattice(frame).copied(),
        };
        (0..self.frames.len()).map(supersystem).collect()
    }

    /// Frames whose bonds give other fragments than those of the first, where fragments come from bonds.
    pub fn frames_with_other_bonds(&self) -> Vec<usize> {
        if self.fragments.is_some() || self.frames.len() == 1 {
            return Vec::new();
        }
        let first = self.bonded_sets(0);
        let differs = |frame: &usize| self.bonded_sets(*frame) != first;
        (1..self.frames.len()).filter(differs).collect()
    }
}

/// The lowest multiplicity of a number of electrons.
pub fn lowest_multiplicity(electrons: i64) -> u32 {
    if electrons % 2 == 0 { 1 } else { 2 }
}
