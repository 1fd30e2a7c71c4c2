//! Two wells: the quartic of Kramers' problem (Physica 7, 284, 1940, doi:10.1016/S0031-8914(40)90098-2), and optionally a second,
//! harmonic coordinate.
use super::Surface;

/// U(x) = h ((x/w)^2 - 1)^2 + d x/(2 w), plus k/2 (y - c x)^2 with a second coordinate.
///
/// For d = 0 the wells are at x = -w and w, both with energy 0, and the barrier between them is h. As y is harmonic around c x with the same
/// k everywhere, the free energy along x is U(x) also in two dimensions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubleWell {
    /// h, energy.
    pub barrier: f64,
    /// w, length.
    pub half_distance: f64,
    /// d, the energy of the right well relative to the left one.
    pub difference: f64,
    /// The second coordinate, if there is one.
    pub across: Option<Across>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Across {
    /// k, energy/length^2.
    pub stiffness: f64,
    /// c.
    pub slant: f64,
}

impl DoubleWell {
    /// U along x alone, and its derivative.
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

    fn energy(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let (mut energy, along) = self.along(position[0]);
        gradient[0] = along;
        if let Some(Across { stiffness, slant }) = self.across {
            let displacement = position[1] - slant * position[0];
            energy += 0.5 * stiffness * displacement * displacement;
            gradient[0] -= stiffness * slant * displacement;
            gradient[1] = stiffness * displacement;
        }
        energy
    }

    /// The left well, apart from its small shift by `difference`.
    fn start(&self) -> Vec<f64> {
        let x = -self.half_distance;
        [x].into_iter().chain(self.across.map(|across| across.slant * x)).collect()
    }
}
