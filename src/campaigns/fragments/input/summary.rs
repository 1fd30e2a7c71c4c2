//! How is an input summarized?
use super::{Input, formula, ranges};
use crate::science::chemistry::Lattice;
use crate::science::expansion::Supersystem;
use crate::units::BOHR_ANGSTROM;

/// Lines about fragments, at most.
const MAX_LINES: usize = 16;

impl Input {
    /// Named lines for `check`: the cluster, its cell, and each fragment, or each run of equal ones.
    pub fn summary(&self) -> Vec<(String, String)> {
        let Some(system) = self.supersystems.first() else { return Vec::new() };
        let (atoms, fragments, frames) = (system.elements.len(), system.fragments.len(), self.supersystems.len());
        let mut cluster = format!("{atoms} atoms in {fragments} fragments");
        if frames > 1 {
            cluster += &format!(", {frames} frames: one expansion each");
        }
        let mut lines = vec![("cluster".to_owned(), cluster)];
        lines.extend(self.periodic_lines());
        let runs = runs(system, fragments <= MAX_LINES);
        lines.extend(runs.iter().take(MAX_LINES).map(|run| fragment_line(system, run)));
        if let Some(last) = runs.get(MAX_LINES - 1).filter(|_| runs.len() > MAX_LINES) {
            lines.push((String::new(), format!("and {} more", fragments - last.end)));
        }
        lines.extend(self.notes.iter().cloned());
        lines
    }

    /// The cells of periodic frames, and their molecules across the boundary.
    fn periodic_lines(&self) -> Vec<(String, String)> {
        let lattices = || self.supersystems.iter().filter_map(|system| system.lattice.as_ref());
        let Some(lattice) = lattices().next() else { return Vec::new() };
        let (count, all) = (lattices().count(), self.supersystems.len());
        let mut cell = describe_lattice(lattice);
        if lattices().any(|other| other != lattice) {
            cell += ", different in other frames";
        }
        if count < all {
            cell += &format!("; {} of {all} frames are not periodic", all - count);
        }
        let made_whole: usize = self.periodic.iter().flatten().map(|frame| frame.made_whole).sum();
        let in_all = if all > 1 { " in all frames" } else { "" };
        let whole = match made_whole {
            0 => "none was cut by the cell boundary".to_owned(),
            1 => format!("1 was cut by the cell boundary and made whole{in_all}"),
            cut => format!("{cut} were cut by the cell boundary and made whole{in_all}"),
        };
        vec![("periodic cell".to_owned(), cell), ("molecules".to_owned(), whole)]
    }
}

/// Formula, charge and multiplicity of a fragment.
fn kind(system: &Supersystem, index: usize) -> (String, i32, u32) {
    let fragment = &system.fragments[index];
    (formula(&system.elements, &fragment.atoms), fragment.charge, fragment.multiplicity)
}

/// Runs of equal fragments.
fn runs(system: &Supersystem, one_by_one: bool) -> Vec<std::ops::Range<usize>> {
    let kinds: Vec<_> = (0..system.fragments.len()).map(|index| kind(system, index)).collect();
    let run = |start: &mut usize, run: &[_]| {
        let first = *start;
        *start += run.len();
        Some(first..*start)
    };
    kinds.chunk_by(|a, b| !one_by_one && a == b).scan(0, run).collect()
}

fn fragment_line(system: &Supersystem, run: &std::ops::Range<usize>) -> (String, String) {
    let first = run.start;
    let (formula, charge, multiplicity) = kind(system, first);
    let electrons = system.molecule(&[first], &[first]).electrons();
    let mut atoms: Vec<usize> = run.clone().flat_map(|index| system.fragments[index].atoms.clone()).collect();
    atoms.sort_unstable();
    let (name, each) = match run.len() {
        1 => (format!("fragment {first}"), ""),
        _ => (format!("fragments {first}-{}", run.end - 1), " each"),
    };
    let atoms = ranges(&atoms);
    (
        name,
        format!("{formula}, charge {charge}, multiplicity {multiplicity}, {electrons} electrons{each}, atoms {atoms}"),
    )
}

/// Periodic directions, lengths and angles.
fn describe_lattice(lattice: &Lattice) -> String {
    let rows = lattice.rows();
    let dot = |u: [f64; 3], v: [f64; 3]| u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    let length = |k: usize| libm::sqrt(dot(rows[k], rows[k]));
    let along: Vec<usize> = (0..3).filter(|&k| lattice.is_periodic()[k]).collect();
    let lengths: Vec<String> = along.iter().map(|&k| format!("{:.3}", length(k) * BOHR_ANGSTROM)).collect();
    let angle = |a: usize, b: usize| libm::acos(dot(rows[a], rows[b]) / (length(a) * length(b))).to_degrees();
    // Alpha is the angle between the second and third vector, and so on.
    let angles = [(1, 2), (0, 2), (0, 1)].into_iter().filter(|(a, b)| along.contains(a) && along.contains(b));
    let angles: Vec<String> = angles.map(|(a, b)| format!("{:.1}", angle(a, b))).collect();
    let names: Vec<&str> = along.iter().map(|&k| ["a", "b", "c"][k]).collect();
    let mut text = format!("along {}, {} angstrom", names.join(", "), lengths.join(" x "));
    if !angles.is_empty() {
        text += &format!(", angles {} degrees", angles.join(", "));
    }
    text
}
