//! What was understood, in lines for people?
use super::Input;
use super::cluster::{formula, ranges};
use crate::science::expansion::Supersystem;

/// Lines about fragments, at most.
const MOST_LINES: usize = 16;

impl Input {
    /// What was understood, for `check`: the cluster in a line, and one for each fragment, or for a run of equal ones.
    pub fn understood(&self) -> Vec<(String, String)> {
        let Some(system) = self.supersystems.first() else { return Vec::new() };
        let (atoms, fragments, frames) = (system.elements.len(), system.fragments.len(), self.supersystems.len());
        let mut cluster = format!("{atoms} atoms in {fragments} fragments");
        if frames > 1 {
            cluster += &format!(", {frames} frames: one expansion each");
        }
        let mut lines = vec![("cluster".to_owned(), cluster)];
        lines.extend(self.understood_of_cells());
        // One by one where there are few.
        let runs = runs(system, fragments <= MOST_LINES);
        lines.extend(runs.iter().take(MOST_LINES).map(|&(first, last)| describe(system, first, last)));
        if runs.len() > MOST_LINES {
            lines.push((String::new(), format!("and {} more", fragments - 1 - runs[MOST_LINES - 1].1)));
        }
        lines.extend(self.notes.iter().cloned());
        lines
    }
}

/// What tells fragments apart: formula, charge and multiplicity.
fn kind_of(system: &Supersystem, place: usize) -> (String, i32, u32) {
    let fragment = &system.fragments[place];
    (formula(&system.elements, &fragment.atoms), fragment.charge, fragment.multiplicity)
}

/// First and last fragment of every run of equal ones.
fn runs(system: &Supersystem, one_by_one: bool) -> Vec<(usize, usize)> {
    let mut runs = Vec::<(usize, usize)>::new();
    for place in 0..system.fragments.len() {
        match runs.last_mut() {
            Some((_, last)) if !one_by_one && kind_of(system, *last) == kind_of(system, place) => *last = place,
            _ => runs.push((place, place)),
        }
    }
    runs
}

fn describe(system: &Supersystem, first: usize, last: usize) -> (String, String) {
    let (formula, charge, multiplicity) = kind_of(system, first);
    let electrons = system.molecule(&[first], &[first]).electrons();
    let mut atoms: Vec<usize> = (first..=last).flat_map(|place| system.fragments[place].atoms.clone()).collect();
    atoms.sort_unstable();
    let name = if first == last { format!("fragment {first}") } else { format!("fragments {first}-{last}") };
    let each = if first == last { "" } else { " each" };
    let value = format!(
        "{formula}, charge {charge}, multiplicity {multiplicity}, {electrons} electrons{each}, atoms {}",
        ranges(&atoms)
    );
    (name, value)
}
