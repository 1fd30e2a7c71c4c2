//! Does a bias change in time at the same values of the variables?
use std::collections::HashMap;

/// Cells of each variable.
const CELLS: f64 = 20.0;

/// How much higher the bias is in the second half than in the first, on average over cells that both halves visit; none where there is no such
/// cell. `coordinates` are `[variables][samples]`.
pub fn drift(coordinates: &[Vec<f64>], bias: &[f64]) -> Option<f64> {
    let half = bias.len() / 2;
    let extent = |column: &Vec<f64>| {
        column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)))
    };
    let extents: Vec<(f64, f64)> = coordinates.iter().map(extent).collect();
    // Number and sum of the bias, in each half.
    let mut cells: HashMap<Vec<u8>, [(f64, f64); 2]> = HashMap::new();
    for (sample, value) in bias.iter().enumerate() {
        let cell = |(column, (low, high)): (&Vec<f64>, &(f64, f64))| {
            let position = CELLS * (column[sample] - low) / (high - low);
            position.clamp(0.0, CELLS - 1.0) as u8
        };
        let cell = coordinates.iter().zip(&extents).map(cell).collect();
        let (count, sum) = &mut cells.entry(cell).or_default()[usize::from(sample >= half)];
        *count += 1.0;
        *sum += value;
    }
    let mut shared: Vec<_> =
        cells.into_iter().filter(|(_, halves)| halves.iter().all(|(count, _)| *count > 0.0)).collect();
    // The order of a hash map varies.
    shared.sort_by(|a, b| a.0.cmp(&b.0));
    let (mut total, mut weights) = (0.0, 0.0);
    for (_, [first, second]) in shared {
        let weight = first.0.min(second.0);
        total += weight * (second.1 / second.0 - first.1 / first.0);
        weights += weight;
    }
    (weights > 0.0).then(|| total / weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_bias_drifts_and_a_constant_one_does_not() {
        let x: Vec<f64> = (0..4000).map(|k| (0.1 * f64::from(k)).sin()).collect();
        let constant: Vec<f64> = x.iter().map(|x| 5.0 * x * x).collect();
        let growing: Vec<f64> = constant.iter().enumerate().map(|(k, v)| v + 0.002 * k as f64).collect();
        assert!(drift(std::slice::from_ref(&x), &constant).unwrap().abs() < 0.05);
        assert!((drift(&[x], &growing).unwrap() - 4.0).abs() < 0.1);
    }
}
