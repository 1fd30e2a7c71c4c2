//! Which pairs of points are closer than a cutoff?
use super::molecule::distance;
use std::collections::HashMap;

/// All pairs of points closer than `cutoff`, the lower index first, with their distance. Uses a cell list with cells as wide as the cutoff.
pub fn close_pairs(points: &[[f64; 3]], cutoff: f64) -> impl Iterator<Item = (usize, usize, f64)> {
    // The bound keeps the indices of neighbouring cells in range; coordinates beyond it have no fractional digits.
    let cell = move |point: [f64; 3]| point.map(|x| (x / cutoff).floor().clamp(-1e15, 1e15) as i64);
    let mut cells = HashMap::<[i64; 3], Vec<usize>>::new();
    points.iter().enumerate().for_each(|(index, &point)| cells.entry(cell(point)).or_default().push(index));
    (0..points.len()).flat_map(move |a| {
        let [x, y, z] = cell(points[a]);
        let around = (0..27).map(|k| [x + k / 9 - 1, y + k / 3 % 3 - 1, z + k % 3 - 1]);
        let others: Vec<usize> = around.filter_map(|neighbour| cells.get(&neighbour)).flatten().copied().collect();
        let pair = move |b: usize| (a, b, distance(points[a], points[b]));
        others.into_iter().filter(move |&b| b > a).map(pair).filter(move |pair| pair.2 < cutoff)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_those_of_the_double_loop() {
        let points: Vec<[f64; 3]> =
            (0..200).map(|k| [1.3, 2.7, 0.9].map(|f: f64| 20.0 * (f * f64::from(k * k)).sin())).collect();
        let mut found: Vec<_> = close_pairs(&points, 5.0).map(|(a, b, _)| (a, b)).collect();
        found.sort_unstable();
        let all = (0..200).flat_map(|a| (a + 1..200).map(move |b| (a, b)));
        let wanted: Vec<_> = all.filter(|&(a, b)| distance(points[a], points[b]) < 5.0).collect();
        assert!(wanted.len() > 100);
        assert_eq!(found, wanted);
    }

    #[test]
    fn very_distant_points_are_supported() {
        assert_eq!(close_pairs(&[[1e300; 3], [-1e300; 3], [1e300, 0.0, 0.0]], 3.0).count(), 0);
    }
}
