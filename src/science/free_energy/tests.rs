//! Free energies of surfaces that are known exactly.
use super::blocks::Blocks;
use super::component::solve_in_cells;
use super::grid::Grid;
use super::initial_guess::initial_guess;
use super::layout::Layout;
use super::newton::{Convergence, Equations, Status};
use super::resampling::Resampling;
use super::solution::Solution;
use super::*;
use crate::science::simd::tests::FORCE_BASELINE;
use crate::seed::{CampaignSeed, Purpose, Stream};

fn harmonic(x: f64) -> f64 {
    3.0 * x * x
}

fn double_well(x: f64) -> f64 {
    5.0 * (x * x - 1.0) * (x * x - 1.0)
}

fn bins(low: f64, high: f64, count: usize) -> Bins {
    Bins { low, high, count, axis: Axis::default() }
}

/// A Metropolis walk with a bias on `surface`: samples of the exact distribution, the more correlated the shorter the moves.
struct Walk {
    stream: Stream,
    longest: f64,
    between: usize,
}

impl Walk {
    fn window(&mut self, surface: fn(f64) -> f64, center: f64, stiffness: f64, samples: usize) -> Window {
        let mut window = Window { center, stiffness, samples: Vec::new() };
        let mut x = 0.8 * center;
        for _ in 0..50 + samples {
            for _ in 0..self.between {
                let to = x + self.longest * (2.0 * self.stream.uniform() - 1.0);
                let change =
                    surface(to) + window.bias(Axis::default(), to) - surface(x) - window.bias(Axis::default(), x);
                if self.stream.uniform() < libm::exp(-change) {
                    x = to;
                }
            }
            window.samples.push(x);
        }
        window.samples.drain(..50);
        window
    }
}

/// Evenly spaced windows from `-reach` to `reach`.
fn windows(surface: fn(f64) -> f64, reach: f64, count: usize, samples: usize, walk: &mut Walk) -> Vec<Window> {
    let center = |k: usize| reach * (2.0 * k as f64 / (count - 1) as f64 - 1.0);
    (0..count).map(|k| walk.window(surface, center(k), 20.0, samples)).collect()
}

fn walk(task: u64, longest: f64, between: usize) -> Walk {
    Walk { stream: CampaignSeed(11).stream(task, Purpose::Hops), longest, between }
}

/// -ln of the integral of exp(-surface) over each bin, relative to the smallest.
fn exact(surface: fn(f64) -> f64, bins: &Bins) -> Vec<f64> {
    const POINTS: usize = 100;
    let step = bins.width() / POINTS as f64;
    let of_bin = |low: &f64| {
        let points = (0..POINTS).map(|k| low + step * (k as f64 + 0.5));
        -points.map(|x| (-surface(x)).exp()).sum::<f64>().ln()
    };
    let energies: Vec<f64> = bins.edges()[..bins.count].iter().map(of_bin).collect();
    let smallest = energies.iter().copied().fold(f64::INFINITY, f64::min);
    energies.iter().map(|energy| energy - smallest).collect()
}

/// The fraction of bins below 6 kT whose 95 % interval contains the exact value, over `repeats` of the whole procedure, and that of pairs of bins.
fn coverage(surface: fn(f64) -> f64, estimator: Estimator, repeats: u64, longest: f64, between: usize) -> (f64, f64) {
    let bins = bins(-1.6, 1.6, 40);
    let exact = exact(surface, &bins);
    let low: Vec<usize> = (0..bins.count).filter(|bin| exact[*bin] < 6.0).collect();
    let (mut covered, mut pairs_covered) = (0, 0);
    for repeat in 0..repeats {
        let windows = windows(surface, 1.5, 8, 300, &mut walk(repeat, longest, between));
        let problem = Problem::new(windows, bins, estimator).unwrap();
        assert_eq!(problem.gaps(), Vec::<&Overlap>::new());
        let replicates: Vec<_> = (0..60).map(|k| problem.replicate(k, CampaignSeed(repeat)).unwrap()).collect();
        let profile = problem.profile(&replicates);
        // Bins without samples are not covered.
        let off = |bin: usize| Some(profile.free_energy[bin]? - exact[bin]);
        let covariance = |a: usize, b: usize| profile.covariance[a * bins.count + b];
        let is_covered = |a: usize| Some(off(a)?.abs() <= 1.96 * profile.stderr[a]?);
        let is_pair_covered = |a: usize, b: usize| {
            let variance = covariance(a, a)? + covariance(b, b)? - 2.0 * covariance(a, b)?;
            Some((off(a)? - off(b)?).abs() <= 1.96 * variance.sqrt())
        };
        for (k, &a) in low.iter().enumerate() {
            let b = low[(k + low.len() / 2) % low.len()];
            covered += usize::from(is_covered(a) == Some(true));
            pairs_covered += usize::from(is_pair_covered(a, b) == Some(true));
        }
    }
    let all = (low.len() as u64 * repeats) as f64;
    (covered as f64 / all, pairs_covered as f64 / all)
}

/// With nearly independent samples and with correlated ones.
fn check_coverage(surface: fn(f64) -> f64, estimator: Estimator, repeats: u64) {
    for (longest, between) in [(0.6, 8), (0.4, 1)] {
        let (bins, pairs) = coverage(surface, estimator, repeats, longest, between);
        println!("{estimator:?}, moves of {longest} x {between}: {bins:.4} of bins, {pairs:.4} of pairs");
        assert!((0.91..=0.98).contains(&bins) && (0.91..=0.98).contains(&pairs), "{bins} {pairs}");
    }
}

#[test]
fn intervals_of_95_percent_cover_the_exact_profile_of_a_harmonic_surface_by_mbar() {
    check_coverage(harmonic, Estimator::Mbar, 200);
}

#[test]
fn intervals_of_95_percent_cover_the_exact_profile_of_a_double_well_by_mbar() {
    check_coverage(double_well, Estimator::Mbar, 200);
}

#[test]
fn intervals_of_95_percent_cover_the_exact_profile_of_both_surfaces_by_wham() {
    check_coverage(harmonic, Estimator::Wham, 200);
    check_coverage(double_well, Estimator::Wham, 200);
}

/// The largest (sum_n p_k(x_n) - N_k)/N_k, by the definition.
fn imbalance(windows: &[Window], axis: Axis, f: &[f64]) -> f64 {
    let mut expected = vec![0.0; windows.len()];
    for x in windows.iter().flat_map(|window| &window.samples) {
        let terms: Vec<f64> =
            windows.iter().zip(f).map(|(w, f)| (w.samples.len() as f64).ln() + f - w.bias(axis, *x)).collect();
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = terms.iter().map(|term| (term - largest).exp()).sum();
        expected.iter_mut().zip(&terms).for_each(|(e, term)| *e += (term - largest).exp() / sum);
    }
    let off = expected.iter().zip(windows).map(|(e, w)| (e / w.samples.len() as f64 - 1.0).abs());
    off.fold(0.0, f64::max)
}

#[test]
fn free_energies_solve_the_equations_of_mbar_and_are_near_the_exact_ones() {
    let windows = windows(harmonic, 1.5, 7, 4000, &mut walk(0, 0.8, 10));
    let problem = Problem::new(windows.clone(), bins(-1.6, 1.6, 40), Estimator::Mbar).unwrap();
    let found = problem.estimate().free_energies;
    assert!(imbalance(&windows, Axis::default(), &found) < 1e-9);
    // exp(-f) is the mean of exp(-bias) over a Gaussian of stiffness 6; all windows have the same stiffness.
    let exact = |w: &Window| 0.5 * (6.0 * 20.0 / 26.0) * w.center * w.center;
    for (f, window) in found.iter().zip(&windows) {
        assert!((f - (exact(window) - exact(&windows[0]))).abs() < 0.15, "{found:?}");
    }
    assert!(problem.steps() < 20);
}

#[test]
fn a_thousand_kt_do_not_overflow() {
    // Far up a slope, with stiff windows: the bias of a window is thousands of kT at the other end.
    fn slope(x: f64) -> f64 {
        40.0 * x
    }
    let mut walk = walk(3, 0.15, 4);
    let windows: Vec<Window> = (0..40).map(|k| walk.window(slope, 25.0 + 0.25 * f64::from(k), 60.0, 300)).collect();
    let (low, high) = (24.0, 34.0);
    for estimator in [Estimator::Mbar, Estimator::Wham] {
        let problem = Problem::new(windows.clone(), bins(low, high, 100), estimator).unwrap();
        assert!(problem.gaps().is_empty(), "{:?}", problem.overlaps);
        let replicates: Vec<_> = (0..20).map(|k| problem.replicate(k, CampaignSeed(1)).unwrap()).collect();
        let profile = problem.profile(&replicates);
        let known: Vec<usize> = (0..100).filter(|bin| profile.counts[*bin] > 30).collect();
        let (a, b) = (known[0], known[known.len() - 1]);
        let rise = profile.free_energy[b].unwrap() - profile.free_energy[a].unwrap();
        let expected = 40.0 * (profile.coordinate[b] - profile.coordinate[a]);
        let covariance = |a: usize, b: usize| profile.covariance[a * 100 + b].unwrap();
        let variance = covariance(a, a) + covariance(b, b) - 2.0 * covariance(a, b);
        assert!(
            expected > 300.0 && (rise - expected).abs() < 4.0 * variance.sqrt() && variance < 25.0,
            "{rise} {expected}"
        );
        if estimator == Estimator::Mbar {
            assert!(imbalance(&windows, Axis::default(), &problem.estimate().free_energies) < 1e-8);
        }
    }
}

#[test]
fn wham_is_mbar_of_samples_in_the_middle_of_their_bins() {
    let bins = bins(-1.7, 1.7, 34);
    let mut windows = windows(double_well, 1.5, 8, 500, &mut walk(5, 0.6, 5));
    let wham = Problem::new(windows.clone(), bins, Estimator::Wham).unwrap();
    for x in windows.iter_mut().flat_map(|window| &mut window.samples) {
        *x = bins.center(bins.unbounded_index(*x));
    }
    let mbar = Problem::new(windows, bins, Estimator::Mbar).unwrap();
    let (wham, mbar) = (wham.estimate(), mbar.estimate());
    for (a, b) in wham.free_energies.iter().zip(&mbar.free_energies) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    for (a, b) in wham.profile.iter().zip(&mbar.profile) {
        assert!(a == b || (a.unwrap() - b.unwrap()).abs() < 1e-9, "{a:?} {b:?}");
    }
}

#[test]
fn windows_without_overlap_are_separate_components() {
    let mut walk = walk(7, 0.5, 6);
    let centers = [-1.4, -1.0, -0.6, 0.9, 1.3];
    let windows: Vec<Window> = centers.iter().map(|c| walk.window(harmonic, *c, 60.0, 400)).collect();
    let bins = bins(-2.0, 2.0, 80);
    for estimator in [Estimator::Mbar, Estimator::Wham] {
        let problem = Problem::new(windows.clone(), bins, estimator).unwrap();
        let gaps: Vec<_> = problem.gaps().iter().map(|overlap| overlap.windows).collect();
        assert_eq!((gaps, problem.component_of_windows()), (vec![(2, 3)], vec![0, 0, 0, 1, 1]));
        let replicates: Vec<_> = (0..10).map(|k| problem.replicate(k, CampaignSeed(1)).unwrap()).collect();
        let profile = problem.profile(&replicates);
        let (first, last) = (bins.index(-1.0).unwrap(), bins.index(1.1).unwrap());
        assert_eq!((profile.component[first], profile.component[last]), (Some(0), Some(1)));
        assert!(profile.covariance[first * 80 + last].is_none() && profile.stderr[first].unwrap() > 0.0);
        let between = (0..79).find(|k| profile.component[*k] == Some(0) && profile.component[k + 1] == Some(1));
        assert!(between.is_none(), "components touch at {between:?}");
        for component in [Some(0), Some(1)] {
            let own = (0..80).filter(|bin| profile.component[*bin] == component);
            let own = own.map(|bin| profile.free_energy[bin].unwrap());
            assert_eq!(own.fold(f64::INFINITY, f64::min), 0.0);
        }
        assert!((0..80).all(|bin| profile.free_energy[bin].is_none() == profile.component[bin].is_none()));
    }
}

#[test]
fn a_periodic_coordinate_has_no_ends() {
    const PERIOD: f64 = 360.0;
    fn torsion(x: f64) -> f64 {
        2.0 * (1.0 + (3.0 * x.to_radians()).cos()) + (x.to_radians() - 0.3).sin()
    }
    let axis = Axis { period: Some(PERIOD) };
    let mut stream = CampaignSeed(4).stream(0, Purpose::Hops);
    let windows: Vec<Window> = (0..24)
        .map(|k| {
            let mut window = Window { center: f64::from(k) * 15.0 - 180.0, stiffness: 0.02, samples: Vec::new() };
            let mut x = window.center;
            for step in 0..6000 {
                let to = x + 20.0 * (2.0 * stream.uniform() - 1.0);
                let energy = |x: f64| torsion(x) + window.bias(axis, x);
                if stream.uniform() < libm::exp(energy(x) - energy(to)) {
                    x = to;
                }
                if step >= 200 && step % 4 == 0 {
                    // From -180 to 180, as programs print it.
                    window.samples.push(axis.displacement(x, 0.0));
                }
            }
            window
        })
        .collect();
    let bins = Bins { low: -180.0, high: 180.0, count: 72, axis };
    let exact = exact(torsion, &bins);
    for estimator in [Estimator::Mbar, Estimator::Wham] {
        let problem = Problem::new(windows.clone(), bins, estimator).unwrap();
        assert!(problem.gaps().is_empty() && problem.overlaps.len() == 24);
        let replicates: Vec<_> = (0..30).map(|k| problem.replicate(k, CampaignSeed(1)).unwrap()).collect();
        let profile = problem.profile(&replicates);
        let is_far = |bin: &usize| {
            (profile.free_energy[*bin].unwrap() - exact[*bin]).abs() > 3.0 * profile.stderr[*bin].unwrap()
        };
        let far = (0..72).filter(is_far).count();
        assert!(far <= 2 && profile.stderr.iter().all(|e| e.unwrap() < 0.5), "{far} {:?}", profile.stderr);
        if estimator == Estimator::Mbar {
            assert!(imbalance(&windows, axis, &problem.estimate().free_energies) < 1e-9);
        }
        // The same angles counted from 0 to 360.
        let mut shifted = windows.clone();
        for window in &mut shifted {
            window.center = window.center.rem_euclid(PERIOD);
            window.samples.iter_mut().for_each(|x| *x = x.rem_euclid(PERIOD));
        }
        let shifted = Problem::new(shifted, bins, estimator).unwrap().estimate();
        for (a, b) in shifted.profile.iter().zip(&problem.estimate().profile) {
            assert!((a.unwrap() - b.unwrap()).abs() < 1e-9);
        }
    }
}

#[test]
fn results_do_not_depend_on_the_processor_and_replicates_only_on_their_index() {
    let windows = windows(double_well, 1.5, 6, 200, &mut walk(9, 0.6, 4));
    let problem = Problem::new(windows.clone(), bins(-1.7, 1.7, 30), Estimator::Mbar).unwrap();
    let bits = |problem: &Problem| {
        let replicate = problem.replicate(17, CampaignSeed(2)).unwrap();
        let profiles = problem.estimate().profile.into_iter().chain(replicate.profile);
        let all = profiles.chain(replicate.free_energies.into_iter().map(Some));
        all.map(|value| value.map(f64::to_bits)).collect::<Vec<_>>()
    };
    let wide = bits(&problem);
    let others: Vec<_> = (0..5).map(|k| problem.replicate(k, CampaignSeed(2))).collect();
    assert_eq!(wide, bits(&problem));
    assert_ne!(others[0], others[1]);
    FORCE_BASELINE.set(true);
    let plain = bits(&Problem::new(windows, bins(-1.7, 1.7, 30), Estimator::Mbar).unwrap());
    FORCE_BASELINE.set(false);
    assert_eq!(plain, wide);
}

#[test]
fn a_replicate_is_the_solution_for_all_samples_at_their_positions() {
    let bins = bins(-1.7, 1.7, 20);
    let windows = windows(double_well, 1.5, 8, 400, &mut walk(6, 0.5, 2));
    let all: Vec<&Window> = windows.iter().collect();
    let samples: Vec<f64> = windows.iter().flat_map(|window| window.samples.iter().copied()).collect();
    let in_cells = solve_in_cells(&all, &bins, initial_guess(&all, &bins)).unwrap();
    let layout = || Layout::as_sampled(&samples, &Layout::in_fine_cells(&samples, &bins, &all));
    let solution = Solution::find(usize::MAX, layout(), &all, bins.axis, in_cells.free_energies).unwrap();
    let blocks: Vec<Blocks> = all.iter().map(|w| Blocks::new(400, &Inefficiency::from_series(&w.samples))).collect();
    let of_windows: Vec<&Blocks> = blocks.iter().collect();
    let estimate = || solution.free_energies.clone();
    let resampling = Resampling::new(&all, &bins, Estimator::Mbar, &of_windows, estimate());
    let (grid, numbers, layout) = (Grid::new(&layout().positions, &all, bins.axis, estimate()), [400.0; 8], layout());
    let convergence = Convergence { tolerance: 1e-9, reuses_hessian_below: 0.0 };
    for replicate in 0..20 {
        let stream = |window: usize| CampaignSeed(8).stream(8 * replicate + window as u64, Purpose::Bootstrap);
        let draw = |window: usize, weights: &mut Vec<f64>| blocks[window].draw(&mut stream(window), weights);
        let mut of_points = vec![0.0; grid.padded()];
        for window in 0..8 {
            let mut weights = Vec::new();
            draw(window, &mut weights);
            for (k, weight) in weights.iter().enumerate() {
                blocks[window].samples(k).for_each(|n| of_points[layout.point_of[400 * window + n] as usize] = *weight);
            }
        }
        let mut exact = vec![0.0; 8];
        let (status, _) = Equations::new(8).solve(&grid, &numbers, &of_points, &mut exact, convergence);
        let found = resampling.replicate(draw).unwrap();
        let off = found.change.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(status == Status::Converged && off < 2e-5, "{off}");
        let relative = grid.relative_weights(&numbers, &exact);
        for (bin, value) in found.profile {
            let (_, points) = layout.bins.iter().find(|(other, _)| *other == bin).unwrap();
            let weight = |n: usize| of_points[n] * relative[n] * libm::exp(-grid.shifts[n]);
            let expected = -libm::log(points.clone().map(weight).sum());
            assert!((value - expected).abs() < 1e-4, "{bin}: {value} {expected}");
        }
    }
}

#[test]
fn one_window_is_its_own_histogram_and_none_is_refused() {
    let window = walk(1, 0.6, 5).window(harmonic, 0.0, 0.0, 2000);
    let bins = bins(-1.0, 1.0, 10);
    let problem = Problem::new(vec![window.clone()], bins, Estimator::Mbar).unwrap();
    let profile = problem.profile(&[]);
    let counts = bins.counts(&window.samples);
    let largest = *counts.iter().max().unwrap() as f64;
    for (f, count) in profile.free_energy.iter().zip(&counts) {
        assert!((f.unwrap() - (largest / *count as f64).ln()).abs() < 1e-12);
    }
    assert!(profile.stderr.iter().all(Option::is_none) && problem.overlaps.is_empty());
    assert_eq!(Problem::new(vec![], bins, Estimator::Mbar).err(), Some(Error::NoWindow));
    let empty = Window { samples: vec![], ..window };
    assert_eq!(Problem::new(vec![empty], bins, Estimator::Wham).err(), Some(Error::NoSamples { window: 0 }));
}

#[test]
fn overlaps_are_common_areas_and_matrix_elements() {
    let bins = bins(0.0, 10.0, 10);
    assert_eq!(histogram_overlap(&bins, &[0.5, 1.5, 1.6, 12.5], &[1.2, 12.1, 3.0, 3.1]), 0.5);
    assert_eq!(histogram_overlap(&bins, &[0.5], &[1.5]), 0.0);
    let windows = windows(harmonic, 1.5, 6, 500, &mut walk(2, 0.6, 5));
    let problem = Problem::new(windows, self::bins(-1.7, 1.7, 40), Estimator::Mbar).unwrap();
    for row in &problem.overlap_matrix {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert!(problem.overlaps.iter().all(|o| o.histogram > 0.15 && o.matrix > 0.1), "{:?}", problem.overlaps);
}
