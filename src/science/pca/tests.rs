use super::*;
use crate::science::linear::{Eigen, Matrix};
use crate::science::simd::tests::FORCE_BASELINE;
use crate::seed::{CampaignSeed, Purpose, Stream};

const BOTH: [Width; 2] = [Width::Narrow, Width::Wide];

fn stream(task: u64) -> Stream {
    CampaignSeed(5).stream(task, Purpose::KrylovVectors)
}

/// Frames of random positions with small displacements, rotated and shifted.
fn frames(atoms: usize, count: usize) -> Vec<Vec<[f32; 3]>> {
    let mut random = stream(1);
    let shape: Vec<[f64; 3]> = (0..atoms).map(|_| [(); 3].map(|()| random.normal())).collect();
    let mode: Vec<[f64; 3]> = (0..atoms).map(|_| [(); 3].map(|()| 0.1 * random.normal())).collect();
    let frame = |_| {
        let (along, [a, b]) = (random.normal(), [(); 2].map(|()| random.uniform() * 6.0));
        let shift = [(); 3].map(|()| 5.0 * random.normal());
        let position = |k: usize| {
            let [x, y, z] = [0, 1, 2].map(|i| shape[k][i] + along * mode[k][i] + 0.02 * random.normal());
            let (x, y) = (a.cos() * x - a.sin() * y, a.sin() * x + a.cos() * y);
            let (y, z) = (b.cos() * y - b.sin() * z, b.sin() * y + b.cos() * z);
            [x, y, z]
        };
        let positions: Vec<[f64; 3]> = (0..atoms).map(position).collect();
        positions.iter().map(|x| [0, 1, 2].map(|i| (x[i] + shift[i]) as f32)).collect()
    };
    (0..count).map(frame).collect()
}

fn all(atoms: usize) -> Vec<usize> {
    (0..atoms).collect()
}

fn rows(atoms: usize, count: usize) -> Rows {
    let frames = frames(atoms, count);
    let superposition = Superposition::new(all(atoms), all(atoms), &frames[0]).unwrap();
    let (mut rows, mut scratch) = (Rows::with_capacity(3 * atoms, count), Scratch::default());
    frames.iter().for_each(|frame| superposition.add(frame, &mut scratch, &mut rows));
    rows
}

fn product(rows: &Rows, mean: &[f64], vectors: &[f64]) -> Vec<f64> {
    VectorBlock::new(mean, vectors).product(rows)
}

/// The sums of (x_i - mean_i)(x_j - mean_j) over the frames, `[3n, 3n]`.
fn scatter_matrix(rows: &Rows, mean: &[f64]) -> Matrix {
    let n = mean.len();
    let element = |i: usize, j: usize| {
        rows.iter().map(|row| (f64::from(row[i]) - mean[i]) * (f64::from(row[j]) - mean[j])).sum::<f64>()
    };
    Matrix::new(n, n, (0..n * n).map(|k| element(k / n, k % n)).collect())
}

fn mean(rows: &Rows) -> Vec<f64> {
    rows.sum().iter().map(|sum| sum / rows.frames() as f64).collect()
}

#[test]
fn rotation_and_translation_are_removed() {
    let atoms = 12;
    let first = &frames(atoms, 1)[0];
    let rotated: Vec<[f32; 3]> = first.iter().map(|x| [2.0 - x[1], x[0] + 1.0, x[2] - 7.0]).collect();
    let superposition = Superposition::new(vec![0, 3, 5, 7], all(atoms), first).unwrap();
    let mut rows = Rows::with_capacity(3 * atoms, 1);
    superposition.add(&rotated, &mut Scratch::default(), &mut rows);
    assert!(rows.iter().flatten().all(|x| x.abs() < 2e-6), "{rows:?}");
    // A mirror image cannot be superposed.
    let mirrored: Vec<[f32; 3]> = first.iter().map(|x| [-x[0], x[1], x[2]]).collect();
    superposition.add(&mirrored, &mut Scratch::default(), &mut rows);
    assert!(rows.largest_square() > 1.0);
}

#[test]
fn no_other_rotation_brings_a_frame_closer() {
    let frames = frames(9, 2);
    let superposition = Superposition::new(all(9), all(9), &frames[0]).unwrap();
    let mut rows = Rows::with_capacity(27, 1);
    superposition.add(&frames[1], &mut Scratch::default(), &mut rows);
    let best = rows.largest_square();
    let deviations: Vec<f64> = rows.iter().flatten().map(|x| f64::from(*x)).collect();
    let superposed = superposition.positions(&deviations);
    for (i, j) in [(0, 1), (1, 2), (2, 0)] {
        for angle in [-1e-3_f64, 1e-3] {
            let centre: Vec<f64> = (0..3).map(|a| superposed.iter().map(|x| x[a]).sum::<f64>() / 9.0).collect();
            let square: f64 = superposed
                .iter()
                .zip(&frames[0])
                .map(|(x, to)| {
                    let mut moved = *x;
                    let (u, v) = (x[i] - centre[i], x[j] - centre[j]);
                    moved[i] = centre[i] + angle.cos() * u - angle.sin() * v;
                    moved[j] = centre[j] + angle.sin() * u + angle.cos() * v;
                    (0..3).map(|a| (moved[a] - f64::from(to[a])).powi(2)).sum::<f64>()
                })
                .sum();
            assert!(square > best, "{square} {best}");
        }
    }
}

#[test]
fn atoms_that_do_not_determine_a_rotation_are_refused() {
    let line = [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [5.0, 5.0, 5.0]];
    let refused = |fitted: Vec<usize>| Superposition::new(fitted, all(4), &line).unwrap_err();
    assert_eq!(refused(all(4)), Undetermined::Line(4));
    assert_eq!(refused(vec![1, 2]), Undetermined::TooFew(2));
}

#[test]
fn products_with_vectors_are_those_with_the_covariance() {
    for (atoms, count) in [(5, 7), (9, 64), (3, 1), (11, 30)] {
        let rows = rows(atoms, count);
        let (mean, n) = (mean(&rows), 3 * atoms);
        let scatter = scatter_matrix(&rows, &mean);
        let at = |i: usize, j: usize| scatter.get(i, j);
        let size = scatter.values.iter().fold(1e-3_f64, |most, x| most.max(x.abs()));
        for width in [1, 3, 4, 8] {
            let vectors: Vec<f64> = (0..n * width).map(|k| libm::sin(k as f64)).collect();
            let (product, projections) =
                (product(&rows, &mean, &vectors), VectorBlock::new(&mean, &vectors).projections(&rows));
            for (i, k) in (0..n).flat_map(|i| (0..width).map(move |k| (i, k))) {
                let plain: f64 = (0..n).map(|j| at(i, j) * vectors[k * n + j]).sum();
                assert!((product[k * n + i] - plain).abs() < 1e-12 * size * n as f64);
            }
            for (frame, row) in rows.iter().enumerate() {
                for k in 0..width {
                    let distances = row.iter().zip(&mean).map(|(x, mean)| f64::from(*x) - mean);
                    let plain: f64 = distances.zip(&vectors[k * n..]).map(|(x, vector)| x * vector).sum();
                    assert!((projections[frame * width + k] - plain).abs() < 1e-13 * n as f64);
                }
            }
        }
        let trace: f64 = (0..n).map(|i| at(i, i)).sum();
        assert!((trace / rows.sum_of_squares(&mean).max(1e-300) - 1.0).abs() < 1e-12 || count == 1);
    }
}

#[test]
fn components_are_the_eigenvectors_of_the_covariance() {
    let (atoms, count, wanted) = (60, 400, 12);
    let rows = rows(atoms, count);
    let (mean, n) = (mean(&rows), 3 * atoms);
    let Eigen { values, vectors } = Eigen::new(&scatter_matrix(&rows, &mean));
    let order = (0..n).rev().take(wanted);
    let dense =
        Components::new(order.clone().map(|k| values[k]).collect(), order.map(|k| vectors.row(k).to_vec()).collect());
    for width in BOTH {
        let mut search = Krylov::new(n, wanted, width, &mut stream(0));
        let found = (0..100).find_map(|_| search.add_products(&product(&rows, &mean, &search.block()))).unwrap();
        for k in 0..wanted {
            assert!((found.values[k] / dense.values[k] - 1.0).abs() < 1e-12, "{k}");
            let cosine: f64 = found.vectors[k].iter().zip(&dense.vectors[k]).map(|(a, b)| a * b).sum();
            assert!((cosine - 1.0).abs() < 1e-10, "{k}: {cosine}");
        }
    }
}

#[test]
fn long_searches_stay_orthogonal() {
    // Of a diagonal matrix the vectors are known: eigenvalues without any gap, and such that fall by twelve orders of magnitude, some of
    // them equal.
    let (n, wanted) = (600, 40);
    let dense = |k: usize| 2.0 - k as f64 / n as f64;
    let falling = |k: usize| 10.0_f64.powf(-0.3 * (k / 2) as f64);
    for (eigenvalue, width) in
        BOTH.iter().flat_map(|width| [(&dense as &dyn Fn(usize) -> f64, *width), (&falling, *width)])
    {
        let mut search = Krylov::new(n, wanted, width, &mut stream(0));
        let multiply =
            |block: Vec<f64>| -> Vec<f64> { block.iter().enumerate().map(|(k, x)| eigenvalue(k % n) * x).collect() };
        let found = (0..400).find_map(|_| search.add_products(&multiply(search.block()))).unwrap();
        for k in 0..wanted {
            assert!(
                (found.values[k] - eigenvalue(k)).abs() < 1e-10 * eigenvalue(k) + 1e-14,
                "{k}: {}",
                found.values[k]
            );
            for other in 0..=k {
                let product: f64 = found.vectors[k].iter().zip(&found.vectors[other]).map(|(a, b)| a * b).sum();
                let expected = if other == k { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-12, "{k} {other} of {width:?}: {product}");
            }
        }
    }
}

#[test]
fn few_frames_have_few_components() {
    // Five frames about their mean span four dimensions.
    let rows = rows(40, 5);
    let mean = mean(&rows);
    for width in BOTH {
        let mut search = Krylov::new(120, 10, width, &mut stream(0));
        let found = (0..100).find_map(|_| search.add_products(&product(&rows, &mean, &search.block()))).unwrap();
        let total: f64 = found.values.iter().filter(|value| **value > 1e-9).sum();
        assert_eq!(found.values.iter().filter(|value| **value > 1e-9).count(), 4);
        assert!((total / rows.sum_of_squares(&mean) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn processors_of_all_kinds_give_the_same_bits() {
    let run = || {
        let rows = rows(17, 37);
        let mean = mean(&rows);
        let mut all = vec![vec![rows.largest_square(), rows.sum_of_squares(&mean)]];
        for width in [1, 4, 7] {
            let vectors: Vec<f64> = (0..51 * width).map(|k| libm::cos(k as f64)).collect();
            all.extend([product(&rows, &mean, &vectors), VectorBlock::new(&mean, &vectors).projections(&rows)]);
        }
        all.concat().into_iter().map(f64::to_bits).collect::<Vec<u64>>()
    };
    let vectorized = run();
    FORCE_BASELINE.set(true);
    let baseline = run();
    FORCE_BASELINE.set(false);
    assert_eq!(vectorized, baseline);
}

#[test]
fn sums_do_not_depend_on_their_order_and_keep_their_bound() {
    let numbers: Vec<[f64; 2]> = (0..500).map(|k| [libm::sin(f64::from(k)) * 90.0, 1.0 / 3.0]).collect();
    let empty = || FixedSums::new(2, 500.0 * 90.0);
    let mut forward = empty();
    numbers.iter().for_each(|x| forward.add(x).unwrap());
    let mut grouped = empty();
    for group in numbers.rchunks(7) {
        let mut part = empty();
        group.iter().for_each(|x| part.add(x).unwrap());
        grouped.merge(&part).unwrap();
    }
    assert_eq!(forward, grouped);
    assert!((forward.values()[1] - 500.0 / 3.0).abs() < 1e-10);
    assert!(empty().add(&[f64::NAN, 0.0]).is_err() && empty().add(&[1e9, 0.0]).is_err());
    assert!(empty().merge(&FixedSums::new(3, 1.0)).is_err());
}
