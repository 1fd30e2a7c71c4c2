//! Two wells: the quartic of Kramers' problem (Physica 7, 284, 1940, doi:10.1016/S0031-8914(40)90098-2), and a second coordinate that
//! follows the first one.
use super::Surface;

/// U(x) = h ((x/w)^2 - 1)^2 + d x/(2 w), and with a second coordinate + k/2 (y - c x)^2.
///
/// Without d the wells are at x = -w and w, both of energy 0, and the barrier between them is h. As y is harmonic around c x with the same
/// k everywhere, the free energy along x is U(x) itself, in two dimensions too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubleWell {
    /// h, energy
    pub barrier: f64,
    /// w, length
    pub half_distance: f64,
    /// d, by which the right well is higher, energy
    pub difference: f64,
    /// Along the second coordinate, where there is one.
    pub across: Option<Across>,
}

/// The second coordinate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Across {
    /// k, energy/length^2
    pub stiffness: f64,
    /// c
    pub slant: f64,
}

impl DoubleWell {
    /// U along x alone, and its slope.
    pub fn along(&self, x: f64) -> (f64, f64) {
        let scaled = x / self.half_distance;
        let above = scaled * scaled - 1.0;
        let energy = self.barrier * above * above + 0.5 * self.difference * scaled;
        (energy, (4.0 * self.barrier * above * scaled + 0.5 * self.difference) / self.half_distance)
    }
}

impl Surface for DoubleWell {
    fn coordinates(&self) -> &'static [&'static str] {
        if self.across.is_some() { &["x", "y"] } else { &["x"] }
    }

    fn energy(&self, at: &[f64], slope: &mut [f64]) -> f64 {
        let (mut energy, along) = self.along(at[0]);
        slope[0] = along;
        if let Some(Across { stiffness, slant }) = self.across {
            let away = at[1] - slant * at[0];
            energy += 0.5 * stiffness * away * away;
            slope[0] -= stiffness * slant * away;
            slope[1] = stiffness * away;
        }
        energy
    }

    /// The left well, but for its small shift by `difference`.
    fn start(&self) -> Vec<f64> {
        let x = -self.half_distance;
        [x].into_iter().chain(self.across.map(|across| across.slant * x)).collect()
    }
}
