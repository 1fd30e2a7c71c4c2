//! What are the classical degrees of freedom, and how do they move without coupling?
use super::sincos::sincos;
use super::{LANES, Lanes, PhaseSpace, ZERO};
use crate::seed::Stream;

/// The distribution that initial coordinates are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Classical: standard deviations sd(q) = sqrt(kT/(m w^2)), sd(p) = sqrt(m kT).
    Boltzmann,
    /// Quantum harmonic oscillator (Hillery et al., Phys. Rep. 106, 121, 1984): sd(q)^2 = 1/(2 m w tanh(w/2kT)),
    /// sd(p)^2 = m w/(2 tanh(w/2kT)).
    Wigner,
}

/// Uncoupled degrees of freedom with H_c = sum_j h_j y_j^2 + (w_j^2/h_j) x_j^2; a frequency of zero is a free particle.
#[derive(Clone, Debug)]
pub struct Bath {
    pub masses: Vec<f64>,
    pub weights: Vec<f64>,
    pub frequencies: Vec<f64>,
}

impl Bath {
    /// Harmonic modes. Their weights are their frequencies, hence H_c = sum_j w_j |z_j|^2.
    pub fn harmonic(frequencies: Vec<f64>, mass: f64) -> Self {
        Self { masses: vec![mass; frequencies.len()], weights: frequencies.clone(), frequencies }
    }

    /// A free particle in `dimensions`, with weight 1.
    pub fn free_particle(mass: f64, dimensions: usize) -> Self {
        Self { masses: vec![mass; dimensions], weights: vec![1.0; dimensions], frequencies: vec![0.0; dimensions] }
    }

    pub fn coordinates(&self) -> usize {
        self.masses.len()
    }

    /// z of a position q and a momentum p, as (Re z, Im z).
    pub fn to_complex(&self, j: usize, q: f64, p: f64) -> (f64, f64) {
        let (m, h) = (self.masses[j], self.weights[j]);
        (libm::sqrt(0.5 * m * h) * q, p / libm::sqrt(2.0 * m * h))
    }

    /// Position and momentum of z = x + i y.
    pub fn to_real(&self, j: usize, x: f64, y: f64) -> (f64, f64) {
        let (m, h) = (self.masses[j], self.weights[j]);
        (libm::sqrt(2.0 / (m * h)) * x, libm::sqrt(2.0 * m * h) * y)
    }

    pub fn positions(&self, j: usize, z: &PhaseSpace) -> Lanes {
        z.x[j].map(|x| self.to_real(j, x, 0.0).0)
    }

    /// The standard deviations of position and momentum of an oscillator in a thermal distribution at `thermal_energy`.
    pub fn spread(&self, thermal_energy: f64, sampling: Sampling, j: usize) -> (f64, f64) {
        let (m, w) = (self.masses[j], self.frequencies[j]);
        match sampling {
            Sampling::Boltzmann => (libm::sqrt(thermal_energy / (m * w * w)), libm::sqrt(m * thermal_energy)),
            Sampling::Wigner => {
                // tanh -> 1 at zero temperature.
                let tanh = if thermal_energy > 0.0 { libm::tanh(0.5 * w / thermal_energy) } else { 1.0 };
                (libm::sqrt(0.5 / (m * w * tanh)), libm::sqrt(0.5 * m * w / tanh))
            }
        }
    }

    /// Draws the coordinates of one trajectory from a thermal distribution at `thermal_energy`: all positions, then all
    /// momenta.
    pub fn draw(&self, thermal_energy: f64, sampling: Sampling, lane: usize, stream: &mut Stream, z: &mut PhaseSpace) {
        let spreads: Vec<_> = (0..self.coordinates()).map(|j| self.spread(thermal_energy, sampling, j)).collect();
        let q: Vec<f64> = spreads.iter().map(|(sd, _)| sd * stream.normal()).collect();
        for (j, (_, sd)) in spreads.iter().enumerate() {
            let (x, y) = self.to_complex(j, q[j], sd * stream.normal());
            (z.x[j][lane], z.y[j][lane]) = (x, y);
        }
    }

    /// H_c of each trajectory.
    pub fn energy(&self, z: &PhaseSpace) -> Lanes {
        let mut sum = ZERO;
        for j in 0..self.coordinates() {
            let (h, k) = (self.weights[j], self.frequencies[j] * self.frequencies[j] / self.weights[j]);
            for l in 0..LANES {
                sum[l] += h * z.y[j][l] * z.y[j][l] + k * z.x[j][l] * z.x[j][l];
            }
        }
        sum
    }

    /// H_c of one trajectory with the coordinates `z`, `[C]` pairs (Re z, Im z).
    pub fn energy_of(&self, z: &[[f64; 2]]) -> f64 {
        let energy = |(j, [x, y]): (usize, &[f64; 2])| {
            self.weights[j] * y * y + self.frequencies[j] * self.frequencies[j] / self.weights[j] * x * x
        };
        z.iter().enumerate().map(energy).sum()
    }

    /// The uncoupled motion of every degree of freedom for a time `t`.
    pub fn flow(&self, t: f64) -> Flow {
        Flow { rows: (0..self.coordinates()).map(|j| self.flow_of(j, t)).collect() }
    }

    /// Moves every degree of freedom by its uncoupled motion for each lane's time `t`.
    pub fn flow_by(&self, t: &Lanes, z: &mut PhaseSpace) {
        for j in 0..self.coordinates() {
            let (h, w) = (self.weights[j], self.frequencies[j]);
            let (mut cos, mut sin) = (ZERO, ZERO);
            sincos(&t.map(|t| w * t), &mut cos, &mut sin);
            for l in 0..LANES {
                let (x, y) = (z.x[j][l], z.y[j][l]);
                let drift = if w == 0.0 { h * t[l] } else { h / w * sin[l] };
                (z.x[j][l], z.y[j][l]) = (cos[l] * x + drift * y, -w / h * sin[l] * x + cos[l] * y);
            }
        }
    }

    /// The uncoupled motion of one degree of freedom, [r0, r1, r2, r3]: x <- r0 x + r1 y, y <- r2 x + r3 y.
    pub fn flow_of(&self, j: usize, t: f64) -> [f64; 4] {
        let (h, w) = (self.weights[j], self.frequencies[j]);
        // x' = h y, y' = -(w^2/h) x
        let (sin, cos) = (libm::sin(w * t), libm::cos(w * t));
        if w == 0.0 { [1.0, h * t, 0.0, 1.0] } else { [cos, h / w * sin, -w / h * sin, cos] }
    }
}

/// A linear map of each degree of freedom, [r0, r1, r2, r3]: x <- r0 x + r1 y, y <- r2 x + r3 y.
#[derive(Default)]
pub struct Flow {
    rows: Vec<[f64; 4]>,
}

impl Flow {
    pub fn advance(&self, z: &mut PhaseSpace) {
        for (j, r) in self.rows.iter().enumerate() {
            let (x, y) = (&mut z.x[j], &mut z.y[j]);
            for l in 0..LANES {
                let (u, v) = (x[l], y[l]);
                x[l] = r[0] * u + r[1] * v;
                y[l] = r[2] * u + r[3] * v;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    #[test]
    fn a_free_flow_keeps_the_energy_and_can_be_undone() {
        let bath = Bath { masses: vec![2.0, 3.0], weights: vec![0.7, 1.0], frequencies: vec![1.3, 0.0] };
        let mut z = PhaseSpace { x: vec![[0.3; LANES], [-0.2; LANES]], y: vec![[0.1; LANES], [0.5; LANES]] };
        let (start, energy) = (z.clone(), bath.energy(&z)[0]);
        bath.flow(0.37).advance(&mut z);
        assert!((bath.energy(&z)[0] - energy).abs() < 1e-15);
        bath.flow(-0.37).advance(&mut z);
        assert!((0..2).all(|j| (z.x[j][0] - start.x[j][0]).abs() < 1e-15 && (z.y[j][0] - start.y[j][0]).abs() < 1e-15));
    }

    #[test]
    fn boltzmann_gives_every_mode_its_thermal_energy() {
        let bath = Bath::harmonic(vec![0.2, 1.0, 3.0], 1.7);
        let (mut mean, n) = (0.0, 4000);
        for task in 0..n {
            let mut z = PhaseSpace::zero(3);
            let mut stream = CampaignSeed(5).stream(task, Purpose::InitialCoordinates);
            bath.draw(0.8, Sampling::Boltzmann, 3, &mut stream, &mut z);
            mean += bath.energy(&z)[3] / n as f64;
        }
        // Variance of the energy of a mode is (kT)^2.
        assert!((mean - 3.0 * 0.8).abs() < 5.0 * 0.8 * (3.0 / n as f64).sqrt(), "{mean}");
    }

    #[test]
    fn complex_and_real_coordinates_convert_into_each_other() {
        let bath = Bath { masses: vec![2.0], weights: vec![0.7], frequencies: vec![1.3] };
        let (x, y) = bath.to_complex(0, 0.4, -1.1);
        let (q, p) = bath.to_real(0, x, y);
        assert!((q - 0.4).abs() < 1e-15 && (p + 1.1).abs() < 1e-15);
        let z = PhaseSpace { x: vec![[x; LANES]], y: vec![[y; LANES]] };
        let expected = 1.1 * 1.1 / 4.0 + 0.5 * 2.0 * 1.3 * 1.3 * 0.4 * 0.4;
        assert!((bath.energy(&z)[0] - expected).abs() < 1e-15);
    }
}
