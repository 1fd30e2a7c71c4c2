//! What is the shortest displacement along a periodic variable?

/// Kernels that are evaluated together; part of the order of sums, hence of every result's bits.
pub(super) const LANES: usize = 8;
/// Adding and subtracting it rounds to the nearest integer.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The period of a variable; its length is 0 for a variable that is not periodic.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Period {
    length: f64,
    inverse: f64,
}

impl Period {
    pub fn new(length: Option<f64>) -> Self {
        length.map_or(Self::default(), |length| Self { length, inverse: 1.0 / length })
    }

    /// The minimum image of a displacement.
    #[inline(always)]
    pub fn shortest(self, displacement: f64) -> f64 {
        displacement - ((displacement * self.inverse + ROUNDER) - ROUNDER) * self.length
    }
}
