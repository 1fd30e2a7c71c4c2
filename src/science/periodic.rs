//! Are molecules whole in a periodic box?
//!
//! Programs wrap atoms into the box one by one, which breaks molecules at its boundary. Neighbours in the list of atoms are then a box length
//! apart, or move by a box length from one frame to the next.
use crate::science::simd::dispatch;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    rows: [[f64; 3]; 3],
    /// Rows of the matrix that transforms a vector to fractional coordinates.
    inverse: [[f64; 3]; 3],
}

impl Cell {
    /// The box of three vectors in rows; none if its volume is zero.
    pub fn new(rows @ [a, b, c]: &[[f64; 3]; 3]) -> Option<Self> {
        let normals = [cross(*b, *c), cross(*c, *a), cross(*a, *b)];
        let volume = dot(*a, normals[0]);
        let is_good = volume.is_finite() && volume != 0.0;
        is_good.then(|| Self { rows: *rows, inverse: normals.map(|normal| normal.map(|x| x / volume)) })
    }

    pub fn rows(&self) -> &[[f64; 3]; 3] {
        &self.rows
    }

    /// Distances between opposite faces.
    pub fn heights(&self) -> [f64; 3] {
        self.inverse.map(|row| 1.0 / libm::sqrt(dot(row, row)))
    }

    pub fn fractions(&self, v: [f64; 3]) -> [f64; 3] {
        self.inverse.map(|row| dot(row, v))
    }

    /// `v` translated by `counts` box vectors.
    pub fn shifted(&self, v: [f64; 3], counts: [f64; 3]) -> [f64; 3] {
        let along = |axis: usize| (0..3).map(|k| counts[k] * self.rows[k][axis]).sum::<f64>();
        std::array::from_fn(|axis| v[axis] + along(axis))
    }

    /// The shortest vector that differs from `v` by box vectors.
    pub fn shortest(&self, v: [f64; 3]) -> [f64; 3] {
        let near = self.shifted(v, self.fractions(v).map(|part| -libm::rint(part)));
        if self.is_rectangular() {
            return near;
        }
        // In a skewed box, the shortest image is among the 27 around the one with the smallest fractional coordinates.
        let step = |k: i32, place: u32| f64::from(k / 3_i32.pow(place) % 3 - 1);
        let images = (0..27).map(|k| self.shifted(near, [step(k, 0), step(k, 1), step(k, 2)]));
        images.fold(near, |best, image| if dot(image, image) < dot(best, best) { image } else { best })
    }

    fn is_rectangular(&self) -> bool {
        (0..3).all(|k| (0..3).all(|axis| axis == k || self.rows[k][axis] == 0.0))
    }

    /// Upper bound of the fractional coordinates of a vector with no coordinate larger than `size`.
    fn max_fraction(&self, size: f64) -> f64 {
        self.inverse.iter().map(|row| row.iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max) * size
    }

    /// Whether a fractional coordinate of a vector exceeds one half.
    fn is_beyond_half(&self, v: [f64; 3]) -> bool {
        self.fractions(v).iter().any(|part| part.abs() > 0.5)
    }
}

pub fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// The vector from one position to another.
fn step(from: [f32; 3], to: [f32; 3]) -> [f64; 3] {
    std::array::from_fn(|axis| f64::from(to[axis]) - f64::from(from[axis]))
}

/// The first of `atoms` whose successor in the list is more than half a box away, among pairs that `belong` to the same molecule.
pub fn find_parted(cell: &Cell, positions: &[[f32; 3]], atoms: &[usize], belong: &[bool]) -> Option<usize> {
    let pairs = atoms.windows(2).zip(belong);
    let parted =
        pairs.filter(|(pair, belong)| **belong && cell.is_beyond_half(step(positions[pair[0]], positions[pair[1]])));
    parted.map(|(pair, _)| pair[0]).next()
}

/// The first of `atoms` (ascending) relative to which its successor in the list moved by more than half a box between two frames.
pub fn find_jump(cell: &Cell, before: &[[f32; 3]], after: &[[f32; 3]], atoms: &[usize]) -> Option<usize> {
    let (first, last) = (*atoms.first()?, *atoms.last()?);
    if last - first + 1 == atoms.len() {
        let mut farthest = 0.0;
        farthest_step(before[first..=last].as_flattened(), after[first..=last].as_flattened(), &mut farthest);
        // Nearly always nothing has moved by half a box, which this bound shows without testing pairs.
        if cell.max_fraction(f64::from(farthest)) < 0.45 {
            return None;
        }
    }
    let jumps = |pair: &&[usize]| {
        let (then, now) = (step(before[pair[0]], before[pair[1]]), step(after[pair[0]], after[pair[1]]));
        cell.is_beyond_half(std::array::from_fn(|axis| now[axis] - then[axis]))
    };
    atoms.windows(2).find(jumps).map(|pair| pair[0])
}

dispatch! {
    /// The largest change of the coordinate differences between successive atoms.
    fn farthest_step(before: &[f32], after: &[f32], farthest: &mut f32) {
        const LANES: usize = 16;
        let next = before.len().min(3);
        let count = before.len() - next;
        let (a, a_rest) = before[..count].as_chunks::<LANES>();
        let (b, b_rest) = after[..count].as_chunks::<LANES>();
        let (c, c_rest) = before[next..].as_chunks::<LANES>();
        let (d, d_rest) = after[next..].as_chunks::<LANES>();
        let mut most = [0.0_f32; LANES];
        for (k, most) in most.iter_mut().enumerate().take(a_rest.len()) {
            *most = ((d_rest[k] - c_rest[k]) - (b_rest[k] - a_rest[k])).abs();
        }
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            for k in 0..LANES {
                let step = ((d[k] - c[k]) - (b[k] - a[k])).abs();
                most[k] = if step > most[k] { step } else { most[k] };
            }
        }
        *farthest = most.into_iter().fold(0.0, f32::max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_box_is_measured_in_fractional_coordinates() {
        let cell = Cell::new(&[[4.0, 0.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 6.0]]).unwrap();
        assert!(!cell.is_beyond_half([1.9, 0.0, 2.9]) && cell.is_beyond_half([2.1, 0.0, 0.0]));
        // Half of the second vector is no step along the first one.
        assert!(!cell.is_beyond_half([0.99, 1.98, 0.0]) && cell.is_beyond_half([1.01, 2.02, 0.0]));
        assert_eq!(Cell::new(&[[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 6.0]]), None);
    }

    #[test]
    fn the_shortest_image_is_found_in_any_box() {
        let length = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        // GROMACS' rhombic dodecahedron, where parts alone would mislead.
        let dodecahedron = Cell::new(&[[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [1.5, 1.5, 2.121_32]]).unwrap();
        for cell in [dodecahedron, Cell::new(&[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 4.0]]).unwrap()] {
            for k in 0..200 {
                let v = [0.37, -0.71, 0.53].map(|x| x * f64::from(k));
                let found = cell.shortest(v);
                let parts = cell.fractions(std::array::from_fn(|axis| found[axis] - v[axis]));
                assert!(parts.iter().all(|part| (part - part.round()).abs() < 1e-9), "{v:?} {found:?}");
                let range = || (-2..=2).map(f64::from);
                let all = range().flat_map(|a| range().flat_map(move |b| range().map(move |c| [a, b, c])));
                let least = all.map(|counts| length(cell.shifted(found, counts))).fold(f64::INFINITY, f64::min);
                assert!(length(found) <= least + 1e-12, "{v:?}: {} {least}", length(found));
            }
        }
    }

    #[test]
    fn broken_molecules_and_jumps_are_found() {
        let cell = Cell::new(&[[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]]).unwrap();
        let whole = [[0.1, 0.1, 0.1], [0.2, 0.1, 0.1], [0.3, 0.1, 0.1]];
        let mut broken = whole;
        broken[2][1] += 3.0;
        assert_eq!(find_parted(&cell, &broken, &[0, 1, 2], &[true, true]), Some(1));
        assert_eq!(find_parted(&cell, &broken, &[0, 1, 2], &[true, false]), None);
        assert_eq!(find_jump(&cell, &whole, &broken, &[0, 1, 2]), Some(1));
        // A molecule that leaves the box as a whole is as good as before.
        assert_eq!(find_jump(&cell, &whole, &whole.map(|x| [x[0] + 3.0, x[1], x[2]]), &[0, 1, 2]), None);
        // Wherever in a long list it is.
        let many: Vec<usize> = (0..40).collect();
        let chain: Vec<[f32; 3]> = many.iter().map(|&atom| [0.1 * (atom % 5) as f32, 0.0, 0.0]).collect();
        for atom in 0..39 {
            let mut broken = chain.clone();
            broken[atom + 1..].iter_mut().for_each(|x| x[2] -= 3.0);
            assert_eq!(find_jump(&cell, &chain, &broken, &many), Some(atom));
        }
        assert_eq!(find_jump(&cell, &chain, &chain, &many), None);
    }
}
