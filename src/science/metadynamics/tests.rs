//! Sums of hills against direct sums and identities.
use super::*;
use std::f64::consts::PI;

fn hill(center: &[f64], sigma: &[f64], height: f64) -> Hill {
    let (center, sigma) = (center.to_vec(), sigma.to_vec());
    Hill { center, sigma, precision: None, height, bias_factor: 10.0 }
}

fn torsions() -> Hills {
    let center = |k: usize| [(0.37 * k as f64).sin() * PI, (0.71 * k as f64).cos() * PI];
    let hills = (0..200).map(|k| hill(&center(k), &[0.3, 0.2 + 0.001 * k as f64], 1.0 + 0.01 * k as f64)).collect();
    Hills { hills, truncation: Truncation::Stretched, periods: vec![Some(2.0 * PI); 2] }
}

#[test]
fn a_hill_is_its_height_at_the_center_and_zero_at_the_cutoff() {
    let one = hill(&[0.0], &[0.5], 2.0);
    assert!((one.shape(&[0.0], Truncation::Stretched) - 1.0).abs() < 1e-15);
    let end = 0.5 * 12.5_f64.sqrt();
    assert_eq!(one.shape(&[end * (1.0 + 1e-12)], Truncation::Stretched), 0.0);
    assert!(one.shape(&[end * (1.0 - 1e-9)], Truncation::Stretched).abs() < 1e-8);
    // PLUMED's constants of the stretched Gaussian.
    let expected = 1.001_934_187_997_447_6 * (-0.5_f64).exp() - 0.001_934_187_997_447_624;
    assert!((one.shape(&[0.5], Truncation::Stretched) - expected).abs() < 1e-14);
    assert!((one.shape(&[0.5], Truncation::Cut) - (-0.5_f64).exp()).abs() < 1e-15);
    assert!((one.bias_fraction() - 0.9).abs() < 1e-15);
    assert_eq!(Hill { bias_factor: -1.0, ..one }.bias_fraction(), 1.0);
}

#[test]
fn grid_and_points_agree_with_each_other_across_boundaries() {
    let all = torsions();
    let axis = GridAxis { lower: -PI, upper: PI, bins: 24, period: Some(2.0 * PI) };
    let grid = all.negative_on(&[axis, GridAxis { bins: 31, ..axis }], Scale::Bias);
    let (first, second) = (grid.axes[0].points(), grid.axes[1].points());
    assert_eq!((first.len(), second.len()), (24, 31));
    let x: Vec<f64> = first.iter().flat_map(|x| vec![*x; 31]).collect();
    let y: Vec<f64> = first.iter().flat_map(|_| second.clone()).collect();
    let bias = all.bias_at(&[&x, &y]);
    let most = grid.values.iter().zip(&bias).map(|(value, bias)| (value + bias).abs()).fold(0.0, f64::max);
    assert!(most < 1e-10 && bias.iter().copied().fold(0.0, f64::max) > 5.0, "{most}");
    // The free energy of well-tempered hills is gamma/(gamma - 1) of the bias.
    let energy = all.negative_on(&grid.axes, Scale::FreeEnergy);
    assert!(energy.values.iter().zip(&grid.values).all(|(f, v)| (0.9 * f - v).abs() < 1e-10));
    // A part of the period has the same values.
    let part =
        all.negative_on(&[GridAxis { lower: first[3], upper: first[9], bins: 6, ..axis }, grid.axes[1]], Scale::Bias);
    assert_eq!(part.axes[0].count(), 7);
    assert!(part.values.iter().zip(&grid.values[3 * 31..]).all(|(a, b)| (a - b).abs() < 1e-10));
}

#[test]
fn independent_variables_and_a_diagonal_covariance_are_the_same() {
    let all = torsions();
    let with_matrix = |one: &Hill| {
        let [a, b] = [one.sigma[0], one.sigma[1]];
        Hill { precision: Some(vec![1.0 / (a * a), 0.0, 0.0, 1.0 / (b * b)]), ..one.clone() }
    };
    let matrices = Hills { hills: all.hills.iter().map(with_matrix).collect(), ..all.clone() };
    let (x, y) = ([0.1, -2.0, 3.1], [3.0, 0.0, -3.1]);
    let both = all.bias_at(&[&x, &y]).into_iter().zip(matrices.bias_at(&[&x, &y]));
    assert!(both.into_iter().all(|(a, b)| (a - b).abs() < 1e-10));
}

#[test]
fn a_projection_of_independent_variables_is_each_alone_but_for_a_constant() {
    let axis = GridAxis { lower: 0.0, upper: 1.0, bins: 10, period: None };
    let of = |x: f64, y: f64| 3.0 * x * x + 2.0 * y;
    let points = axis.points();
    let values = points.iter().flat_map(|x| points.iter().map(move |y| of(*x, *y))).collect();
    let grid = Grid { axes: vec![axis; 2], values };
    let sum = |f: &dyn Fn(f64) -> f64| -2.5 * points.iter().map(|y| (-f(*y) / 2.5).exp()).sum::<f64>().ln();
    let first = grid.project(&[0], 2.5);
    let shift = sum(&|y| 2.0 * y);
    assert!(first.values.iter().zip(&points).all(|(f, x)| (f - 3.0 * x * x - shift).abs() < 1e-12));
    let second = grid.project(&[1], 2.5);
    let shift = sum(&|x| 3.0 * x * x);
    assert!(second.values.iter().zip(&points).all(|(f, y)| (f - 2.0 * y - shift).abs() < 1e-12));
    let swapped = grid.project(&[1, 0], 2.5);
    assert_eq!(swapped.values[11], grid.values[1]);
}
