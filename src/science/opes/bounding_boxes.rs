//! Which kernels can be near a point at all?
//!
//! Kernels are kept in chunks, each in a box that holds all of their reach. What is outside of a box is exactly zero for all kernels in it, so
//! that leaving a chunk out changes no bit.
use super::kernels::{LANES, Period};

/// What a box is larger by than it must be, relative to its numbers, so that rounding never puts a point outside.
const MARGIN: f64 = 1e-9;
/// Half of the extent of a box that nothing is in.
const NOWHERE: f64 = f64::NEG_INFINITY;

/// A box around each chunk of kernels.
#[derive(Clone, Debug)]
pub(super) struct Boxes {
    /// `[variables][chunks]`
    middle: Vec<Vec<f64>>,
    /// Half of its extent, the kernels' reach included, `[variables][chunks]`.
    half: Vec<Vec<f64>>,
}

/// What boxes are made from.
pub(super) struct Extent<'a> {
    pub count: usize,
    /// `[variables][kernels]`
    pub center: &'a [Vec<f64>],
    pub sigma: &'a [Vec<f64>],
    /// In widths.
    pub cutoff: f64,
}

impl Boxes {
    pub fn new(variables: usize) -> Self {
        Self { middle: vec![Vec::new(); variables], half: vec![Vec::new(); variables] }
    }

    /// Brings the boxes of chunks up to date. Boxes are as many as fill groups of [`LANES`]; those of no chunk are nowhere.
    pub fn refresh(&mut self, chunks: std::ops::Range<usize>, kernels: &Extent) {
        let all = kernels.count.div_ceil(LANES);
        for (i, (middle, half)) in self.middle.iter_mut().zip(&mut self.half).enumerate() {
            middle.resize(all.next_multiple_of(LANES), 0.0);
            half.resize(all.next_multiple_of(LANES), NOWHERE);
            half[all..].fill(NOWHERE);
            for chunk in chunks.start..chunks.end.min(all) {
                let members = chunk * LANES..((chunk + 1) * LANES).min(kernels.count);
                let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
                for center in &kernels.center[i][members.clone()] {
                    (low, high) = (low.min(*center), high.max(*center));
                }
                let widest = kernels.sigma[i][members].iter().copied().fold(0.0, f64::max);
                let extent = 0.5 * (high - low) + kernels.cutoff * widest;
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

    /// How far `point` is outside of each box of a group that is widened by `reach`; not above 0 where it is inside.
    #[inline(always)]
    pub fn outside(&self, group: usize, point: &[f64; N], reach: &[f64; N], periods: &[Period; N]) -> [f64; LANES] {
        let mut outside = [f64::NEG_INFINITY; LANES];
        for i in 0..N {
            let (middle, half) = (&self.middle[i][group], &self.half[i][group]);
            for l in 0..LANES {
                let away = periods[i].shortest(point[i] - middle[l]).abs() - half[l] - reach[i];
                outside[l] = if away > outside[l] { away } else { outside[l] };
            }
        }
        outside
    }
}

/// An order of kernels in which chunks are compact: halved again and again along the variable in which they are spread most, in units of
/// their widths. `[kernels]`, the places of kernels now.
pub(super) fn compact_order(kernels: &Extent) -> Vec<usize> {
    let mut order: Vec<usize> = (0..kernels.count).collect();
    divide(&mut order, kernels);
    order
}

fn divide(order: &mut [usize], kernels: &Extent) {
    if order.len() <= LANES {
        // What is left open by the halving below.
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
    let widest = (0..kernels.center.len()).max_by(|&i, &j| spread(i).total_cmp(&spread(j))).unwrap_or(0);
    let half = (order.len() / 2).next_multiple_of(LANES).min(order.len() - 1);
    let center = &kernels.center[widest];
    order.select_nth_unstable_by(half, |&j, &k| center[j].total_cmp(&center[k]).then(j.cmp(&k)));
    let (first, second) = order.split_at_mut(half);
    divide(first, kernels);
    divide(second, kernels);
}
