//! Which kernels can be nonzero at a point?
//!
//! Kernels are stored in chunks, each with a bounding box that includes their cutoffs. Outside of the box all of them are exactly zero, so
//! that skipping the chunk does not change any bit.
use super::period::{LANES, Period};

/// Relative enlargement of boxes, so that rounding never puts a point outside.
const MARGIN: f64 = 1e-9;
/// Half of the extent of an empty box.
const EMPTY: f64 = f64::NEG_INFINITY;

/// A bounding box around each chunk of kernels.
#[derive(Clone, Debug)]
pub(super) struct BoundingBoxes {
    /// `[variables][chunks]`
    middle: Vec<Vec<f64>>,
    /// Half of its extent, including the cutoffs of the kernels, `[variables][chunks]`.
    half: Vec<Vec<f64>>,
}

/// Centers, widths and cutoff of kernels.
pub(super) struct Extents<'a> {
    pub count: usize,
    /// `[variables][kernels]`
    pub center: &'a [Vec<f64>],
    pub sigma: &'a [Vec<f64>],
    /// In units of the widths.
    pub cutoff: f64,
}

impl BoundingBoxes {
    pub fn new(variables: usize) -> Self {
        Self { middle: vec![Vec::new(); variables], half: vec![Vec::new(); variables] }
    }

    /// Updates the boxes of `chunks`. Their number is padded to groups of [`LANES`] with empty boxes.
    pub fn update(&mut self, chunks: std::ops::Range<usize>, kernels: &Extents) {
        let all = kernels.count.div_ceil(LANES);
        for (i, (middle, half)) in self.middle.iter_mut().zip(&mut self.half).enumerate() {
            middle.resize(all.next_multiple_of(LANES), 0.0);
            half.resize(all.next_multiple_of(LANES), EMPTY);
            half[all..].fill(EMPTY);
            for chunk in chunks.start..chunks.end.min(all) {
                let members = chunk * LANES..((chunk + 1) * LANES).min(kernels.count);
                let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
                for center in &kernels.center[i][members.clone()] {
                    (low, high) = (low.min(*center), high.max(*center));
                }
                let largest_width = kernels.sigma[i][members].iter().copied().fold(0.0, f64::max);
                let extent = 0.5 * (high - low) + kernels.cutoff * largest_width;
                middle[chunk] = 0.5 * (low + high);
                half[chunk] = extent + MARGIN * (extent + low.abs().max(high.abs()));
            }
        }
    }

    /// The boxes of N variables, by groups of [`LANES`].
    pub fn view<const N: usize>(&self) -> View<'_, N> {
        View {
            middle: std::array::from_fn(|i| self.middle[i].as_chunks().0),
            half: std::array::from_fn(|i| self.half[i].as_chunks().0),
        }
    }
}

/// The boxes of N variables, `[variables][groups][LANES]`.
pub(super) struct View<'a, const N: usize> {
    middle: [&'a [[f64; LANES]]; N],
    half: [&'a [[f64; LANES]]; N],
}

impl<const N: usize> View<'_, N> {
    pub fn groups(&self) -> usize {
        self.middle[0].len()
    }

    /// How far `point` is outside of each box of a group, enlarged by `reach`; at most 0 inside.
    #[inline(always)]
    pub fn outside(&self, group: usize, point: &[f64; N], reach: &[f64; N], periods: &[Period; N]) -> [f64; LANES] {
        let mut outside = [f64::NEG_INFINITY; LANES];
        for i in 0..N {
            let (middle, half) = (&self.middle[i][group], &self.half[i][group]);
            for l in 0..LANES {
                let distance = periods[i].shortest(point[i] - middle[l]).abs() - half[l] - reach[i];
                outside[l] = if distance > outside[l] { distance } else { outside[l] };
            }
        }
        outside
    }
}

/// An order of kernels in which chunks are compact: recursive bisection along the variable with the largest spread in units of the widths.
/// `[kernels]`, the current indices of the kernels.
pub(super) fn compact_order(kernels: &Extents) -> Vec<usize> {
    let mut order: Vec<usize> = (0..kernels.count).collect();
    bisect(&mut order, kernels);
    order
}

fn bisect(order: &mut [usize], kernels: &Extents) {
    if order.len() <= LANES {
        // The bisection below leaves this order undefined.
        return order.sort_unstable();
    }
    let spread = |i: usize| {
        let (low, high, widths) =
            order.iter().fold((f64::INFINITY, f64::NEG_INFINITY, 0.0), |(low, high, widths), &k| {
                let x = kernels.center[i][k];
                (x.min(low), x.max(high), widths + kernels.sigma[i][k])
            });
        (high - low) / widths
    };
    let longest = (0..kernels.center.len()).max_by(|&i, &j| spread(i).total_cmp(&spread(j))).unwrap_or(0);
    let half = (order.len() / 2).next_multiple_of(LANES).min(order.len() - 1);
    let center = &kernels.center[longest];
    order.select_nth_unstable_by(half, |&j, &k| center[j].total_cmp(&center[k]).then(j.cmp(&k)));
    let (first, second) = order.split_at_mut(half);
    bisect(first, kernels);
    bisect(second, kernels);
}
