//! A user-defined linear vibronic coupling model (Koeppel, Domcke and Cederbaum, Adv. Chem. Phys. 57, 59, 1984,
//! doi:10.1002/9780470142813.ch2): any Hamiltonian, any frequencies, any linear couplings.
use super::{Group, LinearModel, Operator};
use crate::science::dynamics::{Bath, Sampling};

/// H_q + sum of value (z_mode + z_mode*) |row><column| over all couplings, each with its transpose.
#[derive(Clone, Debug)]
pub struct LinearVibronic {
    pub thermal_energy: f64,
    pub mass: f64,
    pub sampling: Sampling,
    /// H_q `[S, S]`, Hermitian.
    pub hamiltonian: Vec<Vec<[f64; 2]>>,
    pub frequencies: Vec<f64>,
    /// Each element once: (row, column) implies (column, row).
    pub couplings: Vec<Coupling>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coupling {
    pub mode: usize,
    pub row: usize,
    pub column: usize,
    pub value: f64,
}

impl LinearVibronic {
    /// The model in general form. Consecutive modes whose couplings differ by a factor only form one group.
    pub fn build(&self) -> LinearModel {
        let states = self.hamiltonian.len();
        let mut groups: Vec<Group> = Vec::new();
        let mut couplings = Vec::with_capacity(self.frequencies.len());
        let mut by_mode: Vec<Vec<Coupling>> = vec![Vec::new(); self.frequencies.len()];
        self.couplings.iter().filter(|c| c.value != 0.0).for_each(|c| by_mode[c.mode].push(*c));
        for (mode, own) in by_mode.into_iter().enumerate() {
            let (g, operator) = factored_operator(own, states);
            couplings.push(g);
            match groups.last_mut() {
                Some(group) if group.operator == operator => group.modes.end = mode + 1,
                _ => groups.push(Group { modes: mode..mode + 1, operator }),
            }
        }
        LinearModel {
            states,
            h_q: self.hamiltonian.concat(),
            bath: Bath::harmonic(self.frequencies.clone(), self.mass),
            couplings,
            groups,
            thermal_energy: self.thermal_energy,
            sampling: self.sampling,
        }
    }
}

/// A mode's coupling as a factor g times an operator whose first element is one.
fn factored_operator(mut own: Vec<Coupling>, states: usize) -> (f64, Operator) {
    own.sort_by_key(|c| (c.row, c.column));
    let Some(g) = own.first().map(|c| c.value) else { return (0.0, Operator::Diagonal(vec![0.0; states])) };
    if own.iter().all(|c| c.row == c.column) {
        let mut weights = vec![0.0; states];
        own.iter().for_each(|c| weights[c.row] = c.value / g);
        return (g, Operator::Diagonal(weights));
    }
    let both = own.iter().flat_map(|c| {
        let value = [c.value / g, 0.0];
        let transposed = (c.row != c.column).then_some((c.column, c.row, value));
        std::iter::once((c.row, c.column, value)).chain(transposed)
    });
    (g, Operator::Elements(both.collect()))
}
