//! How are derivatives computed by central differences of energies or gradients?
//!
//! Each displaced calculation contributes to the derivative with its own weight, so that derivatives can be summed one calculation at a time, in
//! any order.

/// Which derivative is computed by differences of which quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differences {
    /// No differences: the derivative is analytic.
    None,
    /// The gradient from energies: four points for each coordinate, with an error of the fourth power of the step (Abramowitz and Stegun,
    /// 25.3.24).
    GradientFromEnergies,
    /// The Hessian from gradients: two points for each coordinate, with an error of the square of the step.
    HessianFromGradients,
    /// The Hessian from energies: two points for each coordinate and four for each pair of them (Abramowitz and Stegun, 25.3.23 and 25.3.27),
    /// with an error of the square of the step.
    HessianFromEnergies,
}

/// Displaced coordinates, each with its index and the signed number of steps; empty for the undisplaced calculation.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Displacement(pub Box<[(u32, i8)]>);

impl Displacement {
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// `positions` displaced by steps of `step`.
    pub fn apply(&self, positions: &mut [[f64; 3]], step: f64) {
        for &(coordinate, steps) in &self.0 {
            positions[coordinate as usize / 3][coordinate as usize % 3] += f64::from(steps) * step;
        }
    }
}

impl Differences {
    /// The length of a step, bohr.
    pub fn step(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::GradientFromEnergies => 0.01,
            Self::HessianFromGradients | Self::HessianFromEnergies => 0.005,
        }
    }

    /// A description for reports; none without differences.
    pub fn about(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::GradientFromEnergies => Some("gradients by central differences of energies (5 points, 0.01 bohr)"),
            Self::HessianFromGradients => Some("Hessians by central differences of gradients (3 points, 0.005 bohr)"),
            Self::HessianFromEnergies => Some("Hessians by central differences of energies (3 points, 0.005 bohr)"),
        }
    }

    /// All calculations that `coordinates` coordinates need, the undisplaced one first.
    pub fn displacements(self, coordinates: usize) -> Vec<Displacement> {
        let coordinates = coordinates as u32;
        let along = |steps: &'static [i8]| {
            (0..coordinates).flat_map(move |i| steps.iter().map(move |&n| Displacement([(i, n)].into())))
        };
        let mut all = vec![Displacement::default()];
        match self {
            Self::None => {}
            Self::GradientFromEnergies => all.extend(along(&[-2, -1, 1, 2])),
            Self::HessianFromGradients => all.extend(along(&[-1, 1])),
            Self::HessianFromEnergies => {
                all.extend(along(&[-1, 1]));
                let pairs = (0..coordinates).flat_map(|i| (0..i).map(move |j| (j, i)));
                let signs = [(-1, -1), (-1, 1), (1, -1), (1, 1)];
                all.extend(pairs.flat_map(|(j, i)| signs.map(|(m, n)| Displacement([(j, m), (i, n)].into()))));
            }
        }
        all
    }

    /// The contribution of the energy at `displacement` (Eh) to the gradient `[coordinates]`, Eh/bohr; none if the gradient is not computed from
    /// energies.
    pub fn to_gradient(self, displacement: &Displacement, energy: f64, coordinates: usize) -> Option<Vec<f64>> {
        if self != Self::GradientFromEnergies {
            return None;
        }
        let mut gradient = vec![0.0; coordinates];
        if let [(coordinate, steps)] = *displacement.0 {
            let weight = match steps {
                -2 => 1.0,
                -1 => -8.0,
                1 => 8.0,
                _ => -1.0,
            };
            gradient[coordinate as usize] = weight * energy / (12.0 * self.step());
        }
        Some(gradient)
    }

    /// The contribution of the energy (Eh) and the gradient (Eh/bohr) at `displacement` to the Hessian `[coordinates, coordinates]`, Eh/bohr^2; none
    /// if the Hessian is not computed from them.
    pub fn to_hessian(
        self,
        displacement: &Displacement,
        energy: f64,
        gradient: &[f64],
        coordinates: usize,
    ) -> Option<Vec<f64>> {
        let (n, step) = (coordinates, self.step());
        let mut hessian = vec![0.0; n * n];
        match (self, &*displacement.0) {
            (Self::HessianFromGradients, []) => {}
            (Self::HessianFromGradients, &[(i, steps)]) => {
                // Half to a row and half to its column, so that the result is symmetric.
                let i = i as usize;
                for (j, slope) in gradient.iter().enumerate() {
                    let value = f64::from(steps) * slope / (4.0 * step);
                    hessian[i * n + j] += value;
                    hessian[j * n + i] += value;
                }
            }
            (Self::HessianFromEnergies, []) => (0..n).for_each(|i| hessian[i * n + i] = -2.0 * energy / (step * step)),
            (Self::HessianFromEnergies, &[(i, _)]) => hessian[i as usize * (n + 1)] = energy / (step * step),
            (Self::HessianFromEnergies, &[(j, m), (i, k)]) => {
                let value = f64::from(m * k) * energy / (4.0 * step * step);
                hessian[j as usize * n + i as usize] = value;
                hessian[i as usize * n + j as usize] = value;
            }
            _ => return None,
        }
        Some(hessian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A smooth function of two points in space.
    fn energy(x: &[f64]) -> f64 {
        let y: f64 = x.iter().enumerate().map(|(k, x)| (k as f64 + 1.0) * x).sum();
        libm::sin(y) + libm::exp(0.3 * x[0] - 0.2 * x[4]) * x[1] * x[5]
    }

    fn slopes(x: &[f64]) -> Vec<f64> {
        let h = 1e-6;
        (0..x.len())
            .map(|i| {
                let at = |step: f64| {
                    energy(&x.iter().enumerate().map(|(k, x)| if k == i { x + step } else { *x }).collect::<Vec<_>>())
                };
                (at(h) - at(-h)) / (2.0 * h)
            })
            .collect()
    }

    fn sum(
        differences: Differences,
        contribution: impl Fn(&Displacement, f64, &[f64]) -> Option<Vec<f64>>,
    ) -> Vec<f64> {
        let mut sum = Vec::new();
        for displacement in differences.displacements(6) {
            let mut positions = [[0.1, 0.4, -0.2], [0.3, 0.2, 0.7]];
            displacement.apply(&mut positions, differences.step());
            let x = positions.concat();
            let part = contribution(&displacement, energy(&x), &slopes(&x)).unwrap();
            sum.resize(part.len(), 0.0);
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        sum
    }

    const POSITIONS: [f64; 6] = [0.1, 0.4, -0.2, 0.3, 0.2, 0.7];

    #[test]
    fn differences_of_energies_are_the_gradient() {
        let differences = Differences::GradientFromEnergies;
        assert_eq!(differences.displacements(6).len(), 25);
        let found = sum(differences, |displacement, energy, _| differences.to_gradient(displacement, energy, 6));
        for (found, expected) in found.iter().zip(slopes(&POSITIONS)) {
            assert!((found - expected).abs() < 3e-6, "{found} {expected}");
        }
    }

    #[test]
    fn hessians_from_energies_and_from_gradients_agree_and_are_symmetric() {
        let hessian = |differences: Differences| {
            sum(differences, |displacement, energy, gradient| differences.to_hessian(displacement, energy, gradient, 6))
        };
        let (one, other) = (hessian(Differences::HessianFromGradients), hessian(Differences::HessianFromEnergies));
        assert_eq!(Differences::HessianFromEnergies.displacements(6).len(), 1 + 12 + 60);
        for i in 0..6 {
            for j in 0..6 {
                assert!((one[6 * i + j] - other[6 * i + j]).abs() < 2e-3, "{i} {j}");
                assert_eq!(one[6 * i + j], one[6 * j + i]);
            }
        }
    }
}
