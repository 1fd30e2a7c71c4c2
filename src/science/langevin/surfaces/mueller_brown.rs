//! The surface of Mueller and Brown (Theor. Chim. Acta 53, 75, 1979, doi:10.1007/BF00547608): three minima on a curved path.
use super::Surface;
use crate::science::exponential::exp;

/// U(x, y) = s sum_k A_k exp(a_k (x - x_k)^2 + b_k (x - x_k)(y - y_k) + c_k (y - y_k)^2), with the constants of the paper.
///
/// With s = 1 its minima are -146.6995 at (-0.55822, 1.44173), -108.1667 at (0.62350, 0.02804) and -80.7678 at (-0.05001, 0.46669).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MuellerBrown {
    /// s, an addition to the paper.
    pub scale: f64,
}

const HEIGHT: [f64; 4] = [-200.0, -100.0, -170.0, 15.0];
const XX: [f64; 4] = [-1.0, -1.0, -6.5, 0.7];
const XY: [f64; 4] = [0.0, 0.0, 11.0, 0.6];
const YY: [f64; 4] = [-10.0, -10.0, -6.5, 0.7];
const X: [f64; 4] = [1.0, 0.0, -0.5, -1.0];
const Y: [f64; 4] = [0.0, 0.5, 1.5, 1.0];

impl Surface for MuellerBrown {
    fn coordinates(&self) -> &'static [&'static str] {
        &["x", "y"]
    }

    fn energy(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let mut exponent = [0.0; 4];
        let mut displacement = [[0.0; 4]; 2];
        for k in 0..4 {
            let (x, y) = (position[0] - X[k], position[1] - Y[k]);
            (displacement[0][k], displacement[1][k]) = (x, y);
            exponent[k] = XX[k] * x * x + XY[k] * x * y + YY[k] * y * y;
        }
        let mut term = [0.0; 4];
        for k in 0..4 {
            term[k] = self.scale * HEIGHT[k] * exp(exponent[k]);
        }
        (gradient[0], gradient[1]) = (0.0, 0.0);
        for k in 0..4 {
            gradient[0] += term[k] * (2.0 * XX[k] * displacement[0][k] + XY[k] * displacement[1][k]);
            gradient[1] += term[k] * (XY[k] * displacement[0][k] + 2.0 * YY[k] * displacement[1][k]);
        }
        (term[0] + term[1]) + (term[2] + term[3])
    }

    fn start(&self) -> Vec<f64> {
        vec![-0.558_223_651_263_643, 1.441_725_820_962_885]
    }
}
