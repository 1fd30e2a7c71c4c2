//! What is the covariance of all pairs of coordinates?
use super::Rows;
use crate::science::widest::widest;

/// Columns that are multiplied at once.
const PANEL: usize = 8;

/// The number of pairs of `coordinates`, each with itself too.
pub fn pairs(coordinates: usize) -> usize {
    coordinates * (coordinates + 1) / 2
}

/// Forms products of chunks; keeps its memory from one to the next.
#[derive(Debug, Default)]
pub struct Covariance {
    /// Panels of columns, each `[frames, PANEL]`.
    panels: Vec<f64>,
}

impl Covariance {
    /// The sums of (x_i - mean_i)(x_j - mean_j) over the frames, for i <= j, row after row.
    pub fn of(&mut self, rows: &Rows, mean: &[f64]) -> Vec<f64> {
        let (coordinates, frames) = (rows.coordinates(), rows.frames());
        let count = coordinates.div_ceil(PANEL);
        self.panels.clear();
        self.panels.resize(count * frames * PANEL, 0.0);
        for (frame, row) in rows.iter().enumerate() {
            for (k, (x, mean)) in row.iter().zip(mean).enumerate() {
                self.panels[(k / PANEL * frames + frame) * PANEL + k % PANEL] = f64::from(*x) - mean;
            }
        }
        let panel = |k: usize| &self.panels[k * frames * PANEL..][..frames * PANEL];
        let mut upper = vec![0.0; pairs(coordinates)];
        for a in 0..count {
            for b in a..count {
                let mut tile = [[0.0; PANEL]; PANEL];
                multiply(panel(a), panel(b), &mut tile);
                scatter(&tile, a * PANEL, b * PANEL, coordinates, &mut upper);
            }
        }
        upper
    }
}

/// Puts a tile where it belongs in the upper triangle.
fn scatter(tile: &[[f64; PANEL]; PANEL], row: usize, column: usize, coordinates: usize, upper: &mut [f64]) {
    for (i, values) in (row..coordinates).zip(tile) {
        // Row i begins after the rows before it, each one shorter than the last.
        let start = i * coordinates - i * (i + 1) / 2;
        for (j, value) in (column..coordinates).zip(values).filter(|(j, _)| *j >= i) {
            upper[start + j] = *value;
        }
    }
}

widest! {
    fn multiply(a: &[f64], b: &[f64], tile: &mut [[f64; PANEL]; PANEL]) {
        // Two halves: a whole tile would not fit into registers.
        for half in 0..2 {
            let mut sums = [[0.0; PANEL]; PANEL / 2];
            for (a, b) in a.chunks_exact(PANEL).zip(b.chunks_exact(PANEL)) {
                for i in 0..PANEL / 2 {
                    for j in 0..PANEL {
                        sums[i][j] += a[half * PANEL / 2 + i] * b[j];
                    }
                }
            }
            tile[half * PANEL / 2..][..PANEL / 2].copy_from_slice(&sums);
        }
    }
}
