//! Which color does the k-th of n marks have?

/// Colors that most people with a color vision deficiency can distinguish (Okabe and Ito; Wong, Nat. Methods 8, 441, 2011,
/// doi:10.1038/nmeth.1618), without the yellow, which is invisible on white.
const FEW: [(u8, u8, u8); 7] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0), (80, 80, 80)];

/// A scale from dark blue over green to yellow-green, for many ordered marks.
const MANY: [(f64, f64, f64); 5] =
    [(68.0, 1.0, 84.0), (59.0, 82.0, 139.0), (33.0, 145.0, 140.0), (94.0, 201.0, 98.0), (190.0, 210.0, 40.0)];

/// Red, green and blue of mark `k` of `n`.
pub fn color(k: usize, n: usize) -> (u8, u8, u8) {
    if n <= FEW.len() {
        return FEW[k % FEW.len()];
    }
    let place = k as f64 / (n - 1) as f64 * (MANY.len() - 1) as f64;
    let below = (place as usize).min(MANY.len() - 2);
    let part = place - below as f64;
    let between = |a: f64, b: f64| (a + part * (b - a)).round() as u8;
    let (a, b) = (MANY[below], MANY[below + 1]);
    (between(a.0, b.0), between(a.1, b.1), between(a.2, b.2))
}
