//! How does the text of a molecule become a cluster?
use super::cell::{self, CellSpec};
use super::fragment_blocks::FragmentBlock;
use super::psi4_input::{self, MoleculeInput};
use super::residue_atoms::{self, ResidueAtoms};
use super::{
    AtomCharge, AtomRow, ChargeSpec, Cluster, Pair, Source, Sourced, Statement, atom_rows, columns, foreign, gro,
    lowest_multiplicity, pdb, periodic, qchem_input, statement, uppercase_symbols, xyz,
};
use crate::campaigns::fragments::section::{LengthUnit, MoleculeFormat, Section};
use crate::config::{Config, Fault, Faults};
use crate::problem::LineProblem;
use crate::units::BOHR_ANGSTROM;

/// Nanometres in bohr.
const NM: f64 = 10.0 / BOHR_ANGSTROM;

/// The file or key that holds a molecule, and how it is read.
#[derive(Clone, Copy)]
pub struct MoleculeSource<'a> {
    pub config: &'a Config,
    pub key: &'static str,
    pub name: &'a str,
    pub format: MoleculeFormat,
    /// That of the key `units`.
    pub unit: Option<LengthUnit>,
    /// Whether cells are used.
    pub has_cell: bool,
}

impl<'a> MoleculeSource<'a> {
    /// The source of the text at `key`, with the keys of `section`.
    pub fn new(
        config: &'a Config,
        key: &'static str,
        name: &'a str,
        format: MoleculeFormat,
        section: &Section,
    ) -> Self {
        Self { config, key, name, format, unit: section.units, has_cell: section.periodic.unwrap_or(true) }
    }

    pub fn fault(&self, message: impl std::fmt::Display, help: impl Into<String>) -> Fault {
        let place = if self.config.is_translated() { "molecule" } else { self.name };
        self.config.fault(self.key, format!("{place}: {message}"), help)
    }

    /// A line in messages.
    fn location(&self, line: usize) -> String {
        if self.name == "atoms" { format!("line {line} of `atoms`") } else { format!("{}:{line}", self.name) }
    }

    fn line_fault(&self, LineProblem { line, problem }: LineProblem) -> Fault {
        self.config.fault(self.key, format!("{}: {}", self.location(line), problem.message), problem.help)
    }

    fn refuse(&self, problems: Vec<LineProblem>) -> Faults {
        problems.into_iter().map(|problem| self.line_fault(problem)).collect()
    }

    /// The cluster in `text`, which is no JSON.
    pub fn cluster(&self, text: &str) -> Result<Cluster<'a>, Faults> {
        let refuse = |problems| self.refuse(problems);
        match self.format {
            MoleculeFormat::Psi4 => self.blocks(psi4_input::parse(text).map_err(refuse)?),
            MoleculeFormat::Qchem => self.blocks(qchem_input::parse(text).map_err(refuse)?),
            MoleculeFormat::Pdb => {
                self.check_unit("angstrom", self.unit == Some(LengthUnit::Bohr))?;
                let file = pdb::parse(text, self.has_cell).map_err(refuse)?;
                let mut atoms = residue_atoms::read(file.frames, 1.0 / BOHR_ANGSTROM).map_err(refuse)?;
                atoms.warnings.extend(file.warnings);
                self.residues(atoms, 1.0 / BOHR_ANGSTROM)
            }
            MoleculeFormat::Gro => {
                self.check_unit("nm", self.unit.is_some())?;
                let file = gro::parse(text, self.has_cell).map_err(refuse)?;
                let mut atoms = residue_atoms::read(file.frames, NM).map_err(refuse)?;
                if file.decimals < 4 {
                    let step = libm::pow(10.0, 1.0 - file.decimals as f64);
                    atoms.notes.push(format!("positions in the file are rounded to {step} angstrom"));
                }
                self.residues(atoms, NM)
            }
            MoleculeFormat::Xyz | MoleculeFormat::Qcschema => self.xyz(text),
        }
    }

    /// Fails where the key `units` contradicts a format with a unit of its own.
    fn check_unit(&self, unit: &str, is_other: bool) -> Result<(), Faults> {
        let message = || format!("{}: files of this format are in {unit}", self.name);
        match is_other {
            true => Err(self.config.fault("fragments.units", message(), "remove `units`, or convert the file").into()),
            false => Ok(()),
        }
    }

    fn xyz(&self, text: &str) -> Result<Cluster<'a>, Faults> {
        let unit_bohr = self.unit.unwrap_or(LengthUnit::Angstrom).in_bohr();
        if let Some(problem) = foreign::recognize(text) {
            return Err(self.line_fault(problem).into());
        }
        // Before lines that are not atoms are ignored.
        cell::check_lines(text).map_err(|problem| self.line_fault(problem))?;
        let parse = if self.name == "atoms" { xyz::parse_atoms } else { xyz::parse };
        let xyz::XyzFile { frames, words, warnings, notes } = parse(text, unit_bohr)
            .map_err(|problems| self.refuse(foreign::z_matrix(text).map_or(problems, |problem| vec![problem])))?;
        let specs = frames.iter().map(|frame| cell::parse(frame.comment.0, frame.comment.1));
        let specs = if self.has_cell { specs.collect() } else { Ok(vec![CellSpec::NotPeriodic; frames.len()]) };
        let cells = specs.and_then(|specs| periodic::cells(&specs, unit_bohr));
        let bohr = |position: &[f64; 3]| position.map(|x| x * unit_bohr);
        let positions = frames.iter().map(|frame| frame.positions.iter().map(bohr).collect()).collect();
        let cells = cells.map_err(|problem| self.line_fault(problem))?;
        let mut cluster = Cluster { cells, ..Cluster::new(frames[0].elements.clone(), positions) };
        uppercase_symbols::check(&words, &cluster.frames[0], cluster.lattice(0)).map_err(|one| self.refuse(one))?;
        cluster.statements = statement::statements(self.config, self.key, &frames, |line| self.location(line));
        cluster.warnings.extend(warnings.into_iter().map(|warning| self.line_fault(warning).warning()));
        cluster.notes.extend(notes.into_iter().map(|note| ("note".to_owned(), note)));
        Ok(cluster)
    }

    /// The cluster of fragments as psi4 and Q-Chem write them.
    fn blocks(&self, input: MoleculeInput) -> Result<Cluster<'a>, Faults> {
        let MoleculeInput { blocks, unit, notes } = input;
        let lines: Vec<(usize, &str)> = blocks.fragments.iter().flat_map(|fragment| fragment.rows.clone()).collect();
        if lines.is_empty() {
            return Err(self.fault("the molecule has no atoms", "write each atom as symbol, x, y, z").into());
        }
        let rows = atom_rows::parse_all(&lines).map_err(|problems| self.refuse(problems))?;
        let length = self.block_unit(unit)?;
        let detected = columns::detect(&rows.iter().collect::<Vec<_>>(), rows.len(), length.in_bohr());
        let detected = detected.map_err(|problem| self.line_fault(problem))?;
        let position = |row: &AtomRow| detected.layout.position(row).map(|x| x * length.in_bohr());
        let elements = rows.iter().map(|row| row.element).collect();
        let mut cluster = Cluster::new(elements, vec![rows.iter().map(position).collect()]);
        cluster.unit = Some((length, unit.is_some()));
        let words: Vec<(usize, &str)> = rows.iter().map(|row| (row.line, row.word)).collect();
        uppercase_symbols::check(&words, &cluster.frames[0], None).map_err(|one| self.refuse(one))?;
        cluster.warnings.extend(detected.warning.map(|warning| self.line_fault(warning).warning()));
        let notes = notes.into_iter().chain(xyz::isotopes(&rows));
        cluster.notes.extend(notes.map(|note| ("note".to_owned(), note)));
        self.set_blocks(&mut cluster, &blocks.fragments, blocks.total);
        Ok(cluster)
    }

    /// The unit of a molecule input, which the key `units` must not contradict.
    fn block_unit(&self, unit: Option<(usize, LengthUnit)>) -> Result<LengthUnit, Faults> {
        match (unit, self.unit) {
            (Some((line, of_file)), Some(of_key)) if of_file != of_key => {
                let message = format!("{} says {}", self.location(line), of_file.name());
                Err(self.config.fault("fragments.units", message, "remove `units`, or correct the file").into())
            }
            (unit, key) => Ok(unit.map(|(_, unit)| unit).or(key).unwrap_or(LengthUnit::Angstrom)),
        }
    }

    /// Sets fragments, charges and multiplicities as the lines of `--` divide them.
    fn set_blocks(&self, cluster: &mut Cluster<'a>, fragments: &[FragmentBlock], total: Option<(usize, Pair)>) {
        let line = |line: usize| self.location(line);
        let of_line = |(number, pair): (usize, Pair)| {
            let spec = ChargeSpec { charge: Some(pair.0), multiplicity: Some(pair.1), ..ChargeSpec::default() };
            Statement::new(self.config, self.key, line(number), format!("{} {}", pair.0, pair.1), spec)
        };
        let total = total.or(fragments.first().filter(|_| fragments.len() == 1).and_then(|one| one.pair));
        let has_pairs = fragments.len() > 1 && fragments.iter().any(|fragment| fragment.pair.is_some());
        if let Some((number, pair)) = total.filter(|_| has_pairs) {
            let source = || Source::Line(self.config, self.key, line(number));
            cluster.charge = Some(Sourced { value: pair.0, source: source() });
            cluster.multiplicity = Some(Sourced { value: pair.1, source: source() });
        } else {
            cluster.statements.extend(total.map(of_line));
        }
        if fragments.len() == 1 {
            return;
        }
        let mut first = 0;
        let atoms = |fragment: &FragmentBlock| -> Vec<usize> {
            first += fragment.rows.len();
            (first - fragment.rows.len()..first).collect()
        };
        let atoms: Vec<Vec<usize>> = fragments.iter().map(atoms).collect();
        let of_fragment = |one: &FragmentBlock| line(one.pair.map_or(one.rows[0].0, |(number, _)| number));
        let lines: Vec<String> = fragments.iter().map(of_fragment).collect();
        let source = || Source::Lines(self.config, self.key, lines.clone());
        if has_pairs {
            let charges = block_charges(fragments, total);
            let lowest = |k: usize| lowest_multiplicity(cluster.nuclear_charge(&atoms[k]) - i64::from(charges[k]));
            let multiplicities =
                fragments.iter().enumerate().map(|(k, one)| one.pair.map_or_else(|| lowest(k), |(_, pair)| pair.1));
            cluster.multiplicities = Some(Sourced { value: multiplicities.collect(), source: source() });
            cluster.charges = Some(Sourced { value: charges, source: source() });
            let is_open = |k: &usize| fragments[*k].pair.is_none();
            cluster.default_multiplicities = (0..fragments.len()).filter(is_open).collect();
            let has_total = total.is_some();
            cluster.default_charges = (0..fragments.len()).filter(|k| is_open(k) && !has_total).collect();
        }
        cluster.fragments = Some(Sourced { value: atoms, source: source() });
    }

    /// The cluster of a file with residues.
    fn residues(&self, atoms: ResidueAtoms, unit_bohr: f64) -> Result<Cluster<'a>, Faults> {
        let bohr = |position: [f64; 3]| position.map(|x| x * unit_bohr);
        let frames = atoms.frames.into_iter().map(|frame| frame.into_iter().map(bohr).collect()).collect();
        let cells = periodic::cells(&atoms.cells, unit_bohr).map_err(|problem| self.line_fault(problem))?;
        let mut cluster = Cluster { cells, ..Cluster::new(atoms.elements, frames) };
        (cluster.residues, cluster.residue_of) = (atoms.residues, atoms.residue_of);
        let charge = |(atom, charge, line)| AtomCharge { atom, charge, location: self.location(line) };
        cluster.atom_charges = atoms.charges.into_iter().map(charge).collect();
        cluster.warnings.extend(atoms.warnings.into_iter().map(|warning| self.line_fault(warning).warning()));
        cluster.notes.extend(atoms.notes.into_iter().map(|note| ("note".to_owned(), note)));
        Ok(cluster)
    }
}

/// The charge of each fragment: where only one has none, the rest of the total.
fn block_charges(fragments: &[FragmentBlock], total: Option<(usize, Pair)>) -> Vec<i32> {
    let charges: Vec<Option<i32>> = fragments.iter().map(|one| one.pair.map(|(_, pair)| pair.0)).collect();
    let sum: i32 = charges.iter().flatten().sum();
    let is_only = charges.iter().filter(|charge| charge.is_none()).count() == 1;
    let rest = total.filter(|_| is_only).map_or(0, |(_, pair)| pair.0.saturating_sub(sum));
    charges.into_iter().map(|charge| charge.unwrap_or(rest)).collect()
}

impl LengthUnit {
    /// Its length in bohr.
    pub fn in_bohr(self) -> f64 {
        match self {
            LengthUnit::Angstrom => 1.0 / BOHR_ANGSTROM,
            LengthUnit::Bohr => 1.0,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            LengthUnit::Angstrom => "angstrom",
            LengthUnit::Bohr => "bohr",
        }
    }
}
