//! Are free energies those that samples were drawn from, and do the intervals cover them?
use simmpi::science::reweighting::*;
use simmpi::seed::{CampaignSeed, Purpose, Stream};

const KT: f64 = 2.5;

/// Two-sided 95 % quantile of Student's t for these degrees of freedom.
fn student(freedom: usize) -> f64 {
    match freedom {
        3 => 3.1824,
        7 => 2.3646,
        9 => 2.2622,
        15 => 2.1314,
        _ => panic!("{freedom} is not in the table"),
    }
}

fn stream(task: u64) -> Stream {
    CampaignSeed(11).stream(task, Purpose::ThermalNoise)
}

/// Samples of the unbiased density exp(-F/kT), F = 10 x on [0, 1), under the bias V = -10 x + 4 x^2 + offset: correlated, by Metropolis'
/// rule with steps of 0.2.
fn tilted(task: u64, samples: usize, offset: f64) -> (Vec<f64>, Vec<f64>) {
    let mut stream = stream(task);
    let mut x = stream.uniform();
    let walk = |x: &mut f64, stream: &mut Stream| {
        let next = *x + 0.4 * (stream.uniform() - 0.5);
        let accepted = stream.uniform() < libm::exp(-(4.0 * (next * next - *x * *x)) / KT);
        if (0.0..1.0).contains(&next) && accepted {
            *x = next;
        }
        *x
    };
    let xs: Vec<f64> = (0..samples + 50).map(|_| walk(&mut x, &mut stream)).skip(50).collect();
    let bias = xs.iter().map(|x| -10.0 * x + 4.0 * x * x + offset).collect();
    (xs, bias)
}

/// -kT ln of the probability of [a, b), of the density exp(-10 x/kT).
fn exact(a: f64, b: f64) -> f64 {
    let tail = |x: f64| libm::exp(-10.0 * x / KT);
    -KT * libm::log((tail(a) - tail(b)) / (1.0 - tail(1.0)))
}

fn axis(bins: usize) -> Axis {
    Axis { lower: 0.0, upper: 1.0, bins, period: None, bandwidth: None }
}

fn replicas(data: &[(Vec<f64>, Vec<f64>)]) -> Vec<Replica<'_>> {
    data.iter().map(|(x, bias)| Replica { coordinates: vec![x], bias }).collect()
}

fn halves() -> (Region, Region) {
    (Region { ranges: vec![[0.5, 1.0]] }, Region { ranges: vec![[0.0, 0.5]] })
}

#[test]
fn a_free_energy_does_not_depend_on_the_zero_of_each_bias() {
    let data: Vec<_> = (0..8).map(|r| tilted(r, 20_000, 300.0 * r as f64)).collect();
    let found = free_energy(&replicas(&data), KT, &[axis(10)], 10).unwrap();
    let least = exact(0.0, 0.1);
    for (k, (value, error)) in found.free_energy.iter().zip(&found.standard_error).enumerate() {
        let (value, error) = (value.unwrap(), error.unwrap());
        let expected = exact(0.1 * k as f64, 0.1 * (k + 1) as f64) - least;
        assert!((value - expected).abs() < 4.0 * error + 0.02, "{k}: {value} +- {error} and {expected}");
        assert!(error > 0.0 && error < 0.2, "{error}");
    }
    assert!(found.effective_samples.iter().all(|n| (1e3..2e4).contains(n)), "{:?}", found.effective_samples);
    // Other zeros give the same, but for rounding.
    let moved: Vec<_> = (0..8).map(|r| tilted(r, 20_000, -7.0 * r as f64)).collect();
    let moved = free_energy(&replicas(&moved), KT, &[axis(10)], 10).unwrap();
    let worst = found
        .free_energy
        .iter()
        .zip(&moved.free_energy)
        .map(|(a, b)| (a.unwrap() - b.unwrap()).abs())
        .fold(0.0, f64::max);
    assert!(worst < 1e-9, "{worst}");
}

#[test]
fn kernel_density_estimates_are_periodic() {
    let (x, bias) = (vec![3.0, -3.0, 0.0], vec![0.0; 3]);
    let period = Some(2.0 * std::f64::consts::PI);
    let axis = Axis { bandwidth: Some(0.3), ..Axis::around([].into_iter(), 60, period) };
    let one = [Replica { coordinates: vec![&x], bias: &bias }];
    let found = free_energy(&one, KT, &[axis], 3).unwrap();
    let density = |at: f64| {
        let distance = |x: f64| libm::remainder(at - x, 2.0 * std::f64::consts::PI) / 0.3;
        x.iter().map(|x| libm::exp(-0.5 * distance(*x).powi(2))).sum::<f64>()
    };
    let all: Vec<f64> = found.coordinates[0].iter().map(|at| -KT * libm::log(density(*at))).collect();
    let least = all.iter().copied().fold(f64::INFINITY, f64::min);
    for (value, expected) in found.free_energy.iter().flatten().zip(&all) {
        assert!((value - (expected - least)).abs() < 1e-9, "{value} and {expected}");
    }
    // Both ends meet: 3.0 and -3.0 are closer to one another than either is to 2.
    assert!(found.free_energy[0] < found.free_energy[51]);
    let counted = free_energy(&one, KT, &[Axis { bandwidth: None, ..axis }], 3).unwrap();
    assert_eq!(counted.free_energy.iter().flatten().count(), 3);
    // Each bin was seen by one block alone: there is no error.
    assert!(counted.standard_error.iter().all(Option::is_none));
}

#[test]
fn two_variables_make_a_grid_with_the_last_one_running_fastest() {
    let (x, y) = (vec![0.1, 0.9, 0.9, 0.9], vec![0.1, 0.5, 0.9, 0.9]);
    let bias = vec![0.0; 4];
    let replica = Replica { coordinates: vec![&x, &y], bias: &bias };
    let both = [replica.clone(), replica];
    let found = free_energy(&both, KT, &[axis(2), axis(3)], 2).unwrap();
    let step = KT * std::f64::consts::LN_2;
    assert_eq!(found.coordinates[0], [0.25, 0.75]);
    assert!((found.coordinates[1][2] - 2.5 / 3.0).abs() < 1e-15 && found.coordinates[1].len() == 3);
    for (value, expected) in found.free_energy.iter().zip([Some(step), None, None, None, Some(step), Some(0.0)]) {
        let is_equal = |value: &f64| expected.is_some_and(|expected| (value - expected).abs() < 1e-12);
        assert_eq!(value.as_ref().is_some_and(is_equal), expected.is_some(), "{:?}", found.free_energy);
        assert_eq!(value.is_some(), expected.is_some());
    }
    // Replicas that agree have no spread.
    assert!(found.standard_error[5].unwrap().abs() < 1e-12);
}

#[test]
fn a_region_may_lie_across_the_end_of_a_period() {
    let region = Region { ranges: vec![[2.5, 4.0]] };
    let period = [Some(2.0 * std::f64::consts::PI)];
    assert!(region.contains(&[3.0], &period) && region.contains(&[-2.4], &period));
    assert!(!region.contains(&[0.0], &period) && !region.contains(&[2.4], &period));
    assert!(!region.contains(&[-2.4], &[None]));
}

/// The fraction of 400 campaigns whose 95 % interval covers the exact difference between the halves.
fn coverage(replicas_each: usize, samples: usize, blocks: usize) -> f64 {
    let repeats = 400;
    let expected = exact(0.5, 1.0) - exact(0.0, 0.5);
    let (first, second) = halves();
    let hits = (0..repeats).filter(|repeat| {
        let own = |r| tilted((repeat * replicas_each + r) as u64, samples, 10.0 * r as f64);
        let data: Vec<_> = (0..replicas_each).map(own).collect();
        let found = difference(&replicas(&data), KT, (&first, &second), &[None], blocks).unwrap();
        assert_eq!(found.parts, if replicas_each > 1 { replicas_each } else { blocks });
        (found.value - expected).abs() < student(found.parts - 1) * found.standard_error.unwrap()
    });
    hits.count() as f64 / repeats as f64
}

#[test]
fn intervals_of_95_percent_cover_the_exact_value_19_times_of_20() {
    // Two deviations of a count of 400 are 2.2 %.
    for (replicas, samples, blocks) in [(4, 1500, 10), (8, 1500, 10), (16, 600, 10), (1, 12_000, 10)] {
        let found = coverage(replicas, samples, blocks);
        println!("{replicas} replicas of {samples}: {found}");
        assert!((0.91..=0.98).contains(&found), "{replicas} replicas: {found}");
    }
}

#[test]
fn replicas_of_unequal_length_count_by_their_samples() {
    // A replica that is cut into unequal parts gives the same.
    let (x, bias) = tilted(5, 9000, 0.0);
    let whole = [Replica { coordinates: vec![&x], bias: &bias }];
    let (first, second) = halves();
    let regions = (&first, &second);
    let expected = difference(&whole, KT, regions, &[None], 10).unwrap().value;
    let cuts = [0, 1000, 2500, 5000, 9000];
    let parts: Vec<Replica> =
        cuts.windows(2).map(|c| Replica { coordinates: vec![&x[c[0]..c[1]]], bias: &bias[c[0]..c[1]] }).collect();
    let found = difference(&parts, KT, regions, &[None], 10).unwrap();
    // Not exactly, as sums of weights and effective numbers are not quite proportional.
    assert!((found.value - expected).abs() < found.standard_error.unwrap(), "{found:?} and {expected}");
    assert_eq!(found.of_replicas.len(), 4);
}

#[test]
fn invalid_input_is_refused() {
    let (x, bias) = (vec![0.5; 4], vec![0.0; 4]);
    let good = Replica { coordinates: vec![&x], bias: &bias };
    let refused = |replicas: &[Replica], axes: &[Axis], blocks| free_energy(replicas, KT, axes, blocks).unwrap_err();
    assert_eq!(refused(&[], &[axis(2)], 2), Error::NoReplica);
    assert_eq!(refused(std::slice::from_ref(&good), &[], 2), Error::Axes(0));
    assert_eq!(refused(std::slice::from_ref(&good), &[axis(2)], 1), Error::Blocks(1));
    assert_eq!(
        refused(std::slice::from_ref(&good), &[axis(2)], 5),
        Error::TooFew { replica: 0, samples: 4, blocks: 5 }
    );
    let short = Replica { coordinates: vec![&x[1..]], bias: &bias };
    let length = Error::Length { replica: 1, what: "a variable", found: 3, expected: 4 };
    assert_eq!(refused(&[good.clone(), short], &[axis(2)], 2), length);
    let odd = [0.0, f64::NAN, 0.0, 0.0];
    let odd = Replica { coordinates: vec![&x], bias: &odd };
    assert_eq!(refused(&[odd], &[axis(2)], 2), Error::NotFinite { replica: 0, sample: 1 });
    let empty = Replica { coordinates: vec![&[]], bias: &[] };
    assert_eq!(refused(&[good.clone(), empty], &[axis(2)], 2), Error::Empty { replica: 1 });
    for axis in [
        Axis { upper: 0.0, ..axis(2) },
        axis(0),
        Axis { period: Some(0.5), ..axis(2) },
        Axis { bandwidth: Some(0.0), ..axis(2) },
    ] {
        assert!(
            matches!(refused(std::slice::from_ref(&good), &[axis], 2), Error::Axis { variable: 0, .. }),
            "{axis:?}"
        );
    }
}
