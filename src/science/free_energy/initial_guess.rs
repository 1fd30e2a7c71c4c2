//! From which free energies does the iteration start?
use super::window::by_center;
use super::{Bins, Window};

/// Initial free energies `[windows]`, kT, the first one zero: from each window to the next in the order of centers by thermodynamic integration
/// over center and stiffness, df/dc = beta k <c - x>, df/dk = <(x - c)^2>/2 (Kästner and Thiel, J. Chem. Phys. 123, 144104, 2005,
/// doi:10.1063/1.2052648, use the same means).
pub fn initial_guess(windows: &[&Window], bins: &Bins) -> Vec<f64> {
    let gradients = |window: &Window| {
        let n = window.samples.len() as f64;
        let displacements = || window.samples.iter().map(|x| bins.axis.displacement(*x, window.center));
        let mean = displacements().sum::<f64>() / n;
        let square = displacements().map(|d| d * d).sum::<f64>() / n;
        (-window.stiffness * mean, 0.5 * square)
    };
    let gradients: Vec<(f64, f64)> = windows.iter().map(|window| gradients(window)).collect();
    let order = by_center(windows.iter().copied());
    let mut energies = vec![0.0; windows.len()];
    for pair in order.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let distance = bins.axis.displacement(windows[b].center, windows[a].center);
        let stiffening = windows[b].stiffness - windows[a].stiffness;
        let rise = |(by_center, by_stiffness): (f64, f64)| distance * by_center + stiffening * by_stiffness;
        energies[b] = energies[a] + 0.5 * (rise(gradients[a]) + rise(gradients[b]));
    }
    let first = energies[0];
    energies.iter().map(|energy| energy - first).collect()
}
