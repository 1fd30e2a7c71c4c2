//! What are the classical coordinates, and how do they move when nothing else acts on them?
use super::phase::turn;
use super::{LANES, Lane, ZERO};
use crate::seed::Stream;

/// Complex coordinates z = x + i y of C degrees of freedom, `[coordinate][lane]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    pub x: Vec<Lane>,
    pub y: Vec<Lane>,
}

impl Phase {
    /// Zero for `coordinates` degrees of freedom.
    pub fn zero(coordinates: usize) -> Self {
        Self { x: vec![ZERO; coordinates], y: vec![ZERO; coordinates] }
    }

    /// Becomes `other`, of as many degrees of freedom.
    pub fn copy_from(&mut self, other: &Self) {
        self.x.copy_from_slice(&other.x);
        self.y.copy_from_slice(&other.y);
    }
}

/// The distribution that initial coordinates are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Classical: sd(q) = sqrt(kT/(m w^2)), sd(p) = sqrt(m kT).
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
    /// Harmonic modes, whose weights are their frequencies: then H_c = sum_j w_j |z_j|^2.
    pub fn harmonic(frequencies: Vec<f64>, mass: f64) -> Self {
        Self { masses: vec![mass; frequencies.len()], weights: frequencies.clone(), frequencies }
    }

    /// A free particle in `dimensions`, with weight 1.
    pub fn free_particle(mass: f64, dimensions: usize) -> Self {
        Self { masses: vec![mass; dimensions], weights: vec![1.0; dimensions], frequencies: vec![0.0; dimensions] }
    }

    /// The number of degrees of freedom.
    pub fn coordinates(&self) -> usize {
        self.masses.len()
    }

    /// z of a position and momentum.
    pub fn to_complex(&self, j: usize, q: f64, p: f64) -> (f64, f64) {
        let (m, h) = (self.masses[j], self.weights[j]);
        (libm::sqrt(0.5 * m * h) * q, p / libm::sqrt(2.0 * m * h))
    }

    /// Position and momentum of z.
    pub fn to_real(&self, j: usize, x: f64, y: f64) -> (f64, f64) {
        let (m, h) = (self.masses[j], self.weights[j]);
        (libm::sqrt(2.0 / (m * h)) * x, libm::sqrt(2.0 * m * h) * y)
    }

    /// The positions of one degree of freedom.
    pub fn positions(&self, j: usize, z: &Phase) -> Lane {
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
    pub fn draw(&self, thermal_energy: f64, sampling: Sampling, lane: usize, stream: &mut Stream, z: &mut Phase) {
        let spreads: Vec<_> = (0..self.coordinates()).map(|j| self.spread(thermal_energy, sampling, j)).collect();
        let q: Vec<f64> = spreads.iter().map(|(sd, _)| sd * stream.normal()).collect();
        for (j, (_, sd)) in spreads.iter().enumerate() {
            let (x, y) = self.to_complex(j, q[j], sd * stream.normal());
            (z.x[j][lane], z.y[j][lane]) = (x, y);
        }
    }

    /// H_c.
    pub fn energy(&self, z: &Phase) -> Lane {
        let mut sum = ZERO;
        for j in 0..self.coordinates() {
            let (h, k) = (self.weights[j], self.frequencies[j] * self.frequencies[j] / self.weights[j]);
            for l in 0..LANES {
                sum[l] += h * z.y[j][l] * z.y[j][l] + k * z.x[j][l] * z.x[j][l];
            }
        }
        sum
    }

    /// H_c of one trajectory whose coordinates are the pairs `z`.
    pub fn energy_of(&self, z: &[[f64; 2]]) -> f64 {
        let of = |(j, [x, y]): (usize, &[f64; 2])| {
            self.weights[j] * y * y + self.frequencies[j] * self.frequencies[j] / self.weights[j] * x * x
        };
        z.iter().enumerate().map(of).sum()
    }

    /// How every degree of freedom moves in time `t` when nothing acts on it.
    pub fn flow(&self, t: f64) -> Flow {
        Flow { rows: (0..self.coordinates()).map(|j| self.flow_of(j, t)).collect() }
    }

    /// Moves every degree of freedom in each lane's time `t` as it does when nothing acts on it.
    pub fn flow_by(&self, t: &Lane, z: &mut Phase) {
        for j in 0..self.coordinates() {
            let (h, w) = (self.weights[j], self.frequencies[j]);
            let (mut cos, mut sin) = (ZERO, ZERO);
            turn(&t.map(|t| w * t), &mut cos, &mut sin);
            for l in 0..LANES {
                let (x, y) = (z.x[j][l], z.y[j][l]);
                let along = if w == 0.0 { h * t[l] } else { h / w * sin[l] };
                (z.x[j][l], z.y[j][l]) = (cos[l] * x + along * y, -w / h * sin[l] * x + cos[l] * y);
            }
        }
    }

    /// The same for one: x <- r0 x + r1 y, y <- r2 x + r3 y.
    pub fn flow_of(&self, j: usize, t: f64) -> [f64; 4] {
        let (h, w) = (self.weights[j], self.frequencies[j]);
        // x' = h y, y' = -(w^2/h) x
        let (sin, cos) = (libm::sin(w * t), libm::cos(w * t));
        if w == 0.0 { [1.0, h * t, 0.0, 1.0] } else { [cos, h / w * sin, -w / h * sin, cos] }
    }
}

/// A linear map of each degree of freedom: x <- r0 x + r1 y, y <- r2 x + r3 y.
#[derive(Default)]
pub struct Flow {
    rows: Vec<[f64; 4]>,
}

impl Flow {
    /// Moves all coordinates.
    pub fn advance(&self, z: &mut Phase) {
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
        let mut z = Phase { x: vec![[0.3; LANES], [-0.2; LANES]], y: vec![[0.1; LANES], [0.5; LANES]] };
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
            let mut z = Phase::zero(3);
            let mut stream = CampaignSeed(5).stream(task, Purpose::InitialCoordinates);
            bath.draw(0.8, Sampling::Boltzmann, 3, &mut stream, &mut z);
            mean += bath.energy(&z)[3] / n as f64;
        }
        // Variance of the energy of a mode is (kT)^2.
        assert!((mean - 3.0 * 0.8).abs() < 5.0 * 0.8 * (3.0 / n as f64).sqrt(), "{mean}");
    }

    #[test]
    fn complex_and_real_coordinates_are_two_ways_to_say_the_same() {
        let bath = Bath { masses: vec![2.0], weights: vec![0.7], frequencies: vec![1.3] };
        let (x, y) = bath.to_complex(0, 0.4, -1.1);
        let (q, p) = bath.to_real(0, x, y);
        assert!((q - 0.4).abs() < 1e-15 && (p + 1.1).abs() < 1e-15);
        let z = Phase { x: vec![[x; LANES]], y: vec![[y; LANES]] };
        let expected = 1.1 * 1.1 / 4.0 + 0.5 * 2.0 * 1.3 * 1.3 * 0.4 * 0.4;
        assert!((bath.energy(&z)[0] - expected).abs() < 1e-15);
    }
}
