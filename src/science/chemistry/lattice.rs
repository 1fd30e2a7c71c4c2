//! Along which vectors is a frame periodic, and where are the nearest images of its atoms?
use super::close_pairs::close_pairs;
use super::molecule::distance;
use crate::science::periodic::{Cell, dot};

/// Integer multiples of the lattice vectors.
pub type Counts = [i64; 3];

/// The lattice of a frame that is periodic along one, two or three vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lattice {
    /// Lattice vectors; non-periodic ones are replaced by unit normals of the others, so that nothing depends on them.
    cell: Cell,
    is_periodic: [bool; 3],
    /// Distance between adjacent lattice planes along each vector, bohr.
    heights: [f64; 3],
    /// Length of the shortest lattice vector, bohr.
    shortest: f64,
}

/// Two atoms, the second at one of its images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbours {
    pub one: usize,
    /// Not less than `one`; equal for an image of the atom itself.
    pub other: usize,
    /// Translation of the other atom to that image.
    pub counts: Counts,
    /// Bohr.
    pub distance: f64,
}

/// The image of one group of points that is nearest to another group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Translation of the group to that image.
    pub counts: Counts,
    /// Distance of the closest two points, bohr.
    pub distance: f64,
    /// Distance to the second-nearest image, bohr.
    pub next: f64,
}

/// A cell with lattice planes closer than this is invalid, bohr.
const MIN_HEIGHT: f64 = 1.0;

impl Lattice {
    /// The lattice of three vectors in rows (bohr), periodic along those marked by `is_periodic`, at least one of them.
    ///
    /// None if the periodic vectors are linearly dependent, or if images would be less than half an angstrom apart.
    pub fn new(rows: &[[f64; 3]; 3], is_periodic: [bool; 3]) -> Option<Self> {
        let cell = Cell::new(&completed(rows, is_periodic)?)?;
        let heights = cell.heights();
        let is_good = (0..3).all(|k| !is_periodic[k] || (MIN_HEIGHT..f64::INFINITY).contains(&heights[k]));
        let mut lattice = Self { cell, is_periodic, heights, shortest: f64::INFINITY };
        if !is_good || is_periodic == [false; 3] {
            return None;
        }
        let lengths = (0..3).filter(|&k| is_periodic[k]).map(|k| distance([0.0; 3], rows[k]));
        let least = lengths.fold(f64::INFINITY, f64::min);
        let others = lattice.images([0.0; 3], least).filter(|&counts| counts != [0; 3]);
        lattice.shortest =
            others.map(|counts| distance([0.0; 3], lattice.translated([0.0; 3], counts))).fold(least, f64::min);
        Some(lattice)
    }

    /// Lattice vectors in rows, bohr; non-periodic ones are unit normals of the others.
    pub fn rows(&self) -> &[[f64; 3]; 3] {
        self.cell.rows()
    }

    pub fn is_periodic(&self) -> [bool; 3] {
        self.is_periodic
    }

    /// `point` translated by `counts` lattice vectors; unchanged to the last bit if all counts are zero.
    pub fn translated(&self, point: [f64; 3], counts: Counts) -> [f64; 3] {
        if counts == [0; 3] { point } else { self.cell.shifted(point, counts.map(|count| count as f64)) }
    }

    /// Translations of the vector `v` to all images not longer than `radius`, and some longer ones.
    fn images(&self, v: [f64; 3], radius: f64) -> impl Iterator<Item = Counts> + use<> {
        let parts = self.cell.fractions(v);
        self.counts(std::array::from_fn(|k| {
            let reach = radius / self.heights[k];
            (-parts[k] - reach, reach - parts[k])
        }))
    }

    /// All counts within `limits`, zero along non-periodic vectors.
    fn counts(&self, limits: [(f64, f64); 3]) -> impl Iterator<Item = Counts> + use<> {
        let [first, second, third] = std::array::from_fn(|k| match self.is_periodic[k] {
            true => libm::ceil(limits[k].0) as i64..=libm::floor(limits[k].1) as i64,
            false => 0..=0,
        });
        first.flat_map(move |a| {
            let third = third.clone();
            second.clone().flat_map(move |b| third.clone().map(move |c| [a, b, c]))
        })
    }

    /// The translation of a point into the cell at the origin.
    fn wrap(&self, point: [f64; 3]) -> Counts {
        let parts = self.cell.fractions(point);
        std::array::from_fn(|k| if self.is_periodic[k] { -libm::floor(parts[k]) as i64 } else { 0 })
    }

    /// All pairs of a point and an image that are closer than `cutoff` (bohr), each pair once, with all such images.
    pub fn neighbours(&self, points: &[[f64; 3]], cutoff: f64) -> Vec<Neighbours> {
        let mut moves: Vec<(usize, Counts)> = points.iter().map(|&point| self.wrap(point)).enumerate().collect();
        for (atom, home) in moves.clone() {
            let parts = self.cell.fractions(self.translated(points[atom], home));
            let all = self.counts(std::array::from_fn(|k| {
                let reach = cutoff / self.heights[k];
                (-reach - parts[k], 1.0 + reach - parts[k])
            }));
            let others = all.filter(|step| *step != [0; 3]);
            moves.extend(others.map(|step| (atom, std::array::from_fn(|k| home[k] + step[k]))));
        }
        let images: Vec<[f64; 3]> = moves.iter().map(|&(atom, counts)| self.translated(points[atom], counts)).collect();
        // With a margin for the rounding of images; the returned distance is that of the given points.
        let pairs = close_pairs(&images, cutoff * (1.0 + 1e-9)).filter(|&(one, ..)| one < points.len());
        let pair = |(one, image, _): (usize, usize, f64)| {
            let (other, counts) = moves[image];
            let counts = std::array::from_fn(|k| counts[k] - moves[one].1[k]);
            let distance = distance(points[one], self.translated(points[other], counts));
            Neighbours { one, other, counts, distance }
        };
        // Pairs of different atoms are found from both sides, and so are both directions to an atom's own images.
        let is_first = |pair: &Neighbours| pair.one < pair.other || (pair.one == pair.other && pair.counts > [0; 3]);
        pairs.map(pair).filter(is_first).filter(|pair| pair.distance < cutoff).collect()
    }

    /// The image of the points `other` that is nearest to the points `one`, measured between the closest two points, and the distance of the next
    /// nearest image. A group is nearest to itself without translation, and the next image is then its first periodic one. Neither group is
    /// empty.
    pub fn nearest(&self, one: &[[f64; 3]], other: &[[f64; 3]]) -> Nearest {
        let from = one[0];
        let v: [f64; 3] = std::array::from_fn(|k| other[0][k] - from[k]);
        let spread = extent(one) + extent(other);
        let length = |counts: Counts| distance([0.0; 3], self.translated(v, counts));
        // At least two images are not farther away than this, measured between the first points.
        let bound = length(self.nearest_by_fractions(v)) + self.shortest;
        let mut found = Nearest { counts: [0; 3], distance: f64::INFINITY, next: f64::INFINITY };
        for counts in self.images(v, (bound + spread) * (1.0 + 1e-9)) {
            if length(counts) - spread > found.next {
                continue;
            }
            let near = |&b: &[f64; 3]| {
                let b = self.translated(b, counts);
                one.iter().map(|&a| distance(a, b)).fold(f64::INFINITY, f64::min)
            };
            let distance = other.iter().map(near).fold(f64::INFINITY, f64::min);
            // Of two equally near images, prefer the one without translation.
            if distance < found.distance || (distance == found.distance && counts == [0; 3]) {
                found = Nearest { counts, distance, next: found.distance };
            } else {
                found.next = found.next.min(distance);
            }
        }
        found
    }

    /// The translation that minimizes the fractional coordinates of `v`.
    fn nearest_by_fractions(&self, v: [f64; 3]) -> Counts {
        let parts = self.cell.fractions(v);
        std::array::from_fn(|k| if self.is_periodic[k] { -libm::rint(parts[k]) as i64 } else { 0 })
    }
}

/// The largest distance from the first of some points.
fn extent(points: &[[f64; 3]]) -> f64 {
    points.iter().map(|&point| distance(points[0], point)).fold(0.0, f64::max)
}

/// The vectors, with non-periodic ones replaced by unit normals; none if the periodic ones are linearly dependent.
fn completed(rows: &[[f64; 3]; 3], is_periodic: [bool; 3]) -> Option<[[f64; 3]; 3]> {
    let mut complete = *rows;
    let mut independent: Vec<[f64; 3]> = (0..3).filter(|&k| is_periodic[k]).map(|k| rows[k]).collect();
    for k in (0..3).filter(|&k| !is_periodic[k]) {
        complete[k] = normal(&independent)?;
        independent.push(complete[k]);
    }
    Some(complete)
}

/// A vector of unit length that is perpendicular to all of at most two others.
fn normal(others: &[[f64; 3]]) -> Option<[f64; 3]> {
    let unit = |v: [f64; 3]| {
        let length = libm::sqrt(dot(v, v));
        (length > 1e-6).then(|| v.map(|x| x / length))
    };
    let mut basis = Vec::<[f64; 3]>::new();
    let rest = |v: [f64; 3], basis: &[[f64; 3]]| {
        basis.iter().fold(v, |v, e| std::array::from_fn(|k| v[k] - dot(v, *e) * e[k]))
    };
    for &other in others {
        basis.push(unit(rest(other, &basis))?);
    }
    // The component of the axis that is most nearly normal to the others.
    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let left = axes.map(|axis| rest(axis, &basis));
    unit(left.into_iter().fold([0.0; 3], |best, v| if dot(v, v) > dot(best, best) { v } else { best }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILTED: [[f64; 3]; 3] = [[9.0, 0.0, 0.0], [7.0, 8.0, 0.0], [-6.0, 5.0, 10.0]];

    /// Points that fill no cell evenly, some far outside.
    fn points(count: u32) -> Vec<[f64; 3]> {
        let along = |k: u32, f: f64| 14.0 * libm::sin(f * f64::from(k * k + 1));
        (0..count).map(|k| [1.3, 2.7, 0.9].map(|f| along(k, f))).collect()
    }

    /// All translations by up to twelve of each periodic vector.
    fn all_moves(is_periodic: [bool; 3]) -> Vec<Counts> {
        let range = |k: usize| if is_periodic[k] { -12..=12 } else { 0..=0 };
        range(0).flat_map(|a| range(1).flat_map(move |b| range(2).map(move |c| [a, b, c]))).collect()
    }

    #[test]
    fn neighbours_are_those_of_all_images_in_any_cell() {
        let points = points(12);
        for is_periodic in [[true; 3], [true, true, false], [false, true, false]] {
            let lattice = Lattice::new(&TILTED, is_periodic).unwrap();
            let mut found: Vec<_> =
                lattice.neighbours(&points, 6.0).iter().map(|pair| (pair.one, pair.other, pair.counts)).collect();
            found.sort_unstable();
            let mut wanted = Vec::new();
            for (a, b) in (0..12).flat_map(|a| (a..12).map(move |b| (a, b))) {
                let is_near = |counts: &Counts| distance(points[a], lattice.translated(points[b], *counts)) < 6.0;
                let moves = all_moves(is_periodic).into_iter().filter(is_near);
                wanted.extend(moves.filter(|counts| a < b || *counts > [0; 3]).map(|counts| (a, b, counts)));
            }
            wanted.sort_unstable();
            assert!(wanted.len() > 3, "{}", wanted.len());
            assert_eq!(found, wanted, "{is_periodic:?}");
        }
    }

    #[test]
    fn the_nearest_image_of_a_group_is_that_of_a_search_through_all() {
        let points = points(40);
        for is_periodic in [[true; 3], [false, true, true], [true, false, false]] {
            let lattice = Lattice::new(&TILTED, is_periodic).unwrap();
            for pair in points.chunks(4) {
                let (one, other) = pair.split_at(2);
                let found = lattice.nearest(one, other);
                let distance_at = |counts: Counts| {
                    let pairs = one.iter().flat_map(|&a| other.iter().map(move |&b| (a, b)));
                    pairs.map(|(a, b)| distance(a, lattice.translated(b, counts))).fold(f64::INFINITY, f64::min)
                };
                let mut all: Vec<f64> = all_moves(is_periodic).into_iter().map(distance_at).collect();
                all.sort_by(f64::total_cmp);
                assert_eq!((found.distance, found.next), (all[0], all[1]));
                assert_eq!(distance_at(found.counts), all[0]);
            }
        }
    }

    #[test]
    fn a_group_is_nearest_to_itself_and_next_to_its_first_image() {
        let lattice = Lattice::new(&[[9.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 12.0]], [true; 3]).unwrap();
        let rod = [[1.0, 1.0, 1.0], [4.0, 1.0, 1.0]];
        assert_eq!(lattice.nearest(&rod, &rod), Nearest { counts: [0; 3], distance: 0.0, next: 6.0 });
    }

    #[test]
    fn vectors_of_non_periodic_directions_may_be_zero() {
        let flat = Lattice::new(&[[9.0, 0.0, 0.0], [1.0, 9.0, 0.0], [0.0; 3]], [true, true, false]).unwrap();
        assert_eq!(flat.nearest(&[[0.0; 3]], &[[8.0, 0.0, 50.0]]).counts, [-1, 0, 0]);
        for (rows, is_periodic) in [
            ([[9.0, 0.0, 0.0], [1.0, 9.0, 0.0], [0.0; 3]], [true; 3]),
            ([[9.0, 0.0, 0.0], [18.0, 0.0, 0.0], [0.0, 0.0, 9.0]], [true, true, false]),
            ([[0.5, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]], [true; 3]),
            ([[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]], [false; 3]),
        ] {
            assert_eq!(Lattice::new(&rows, is_periodic), None, "{rows:?} {is_periodic:?}");
        }
    }
}
