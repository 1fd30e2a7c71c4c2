//! Which ways are there to let quantum states and classical coordinates act on each other? An algorithm is one file here and
//! one line below.
mod fssh;
mod mean_field;

pub use fssh::{Frustrated, Fssh, Gauge};
pub use mean_field::MeanField;

use super::widest::widest;
use super::{Block, Clock, LANES, Matrix, Model, Observed, Vector};

/// A mixed quantum-classical method.
pub trait Algorithm: Send + Sync {
    /// Whether every trajectory moves on one surface at a time.
    fn has_surfaces(&self) -> bool;

    /// Prepares a block whose coordinates, amplitudes and adiabatic states are those of t = 0.
    fn begin(&self, model: &dyn Model, block: &mut Block);

    /// The method's step for a model.
    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a>;

    /// Takes the observables of the present moment.
    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observed);
}

/// Moves a block by one time step.
pub trait Stepper {
    /// Step number `step`, counted from 0.
    fn advance(&mut self, block: &mut Block, step: usize);
}

/// c <- exp(-i h t) c to fourth order in t (classical Runge-Kutta), with h fixed. `k` is working memory.
fn propagate_fourth_order(h: &Matrix, t: f64, c: &mut Vector, k: &mut [Vector; 5]) {
    match h.is_real {
        true => runge_kutta::<true>(h, t, c, k),
        false => runge_kutta::<false>(h, t, c, k),
    }
}

widest! {
    fn runge_kutta<const REAL: bool>(h: &Matrix, t: f64, c: &mut Vector, k: &mut [Vector; 5]) {
        let [slope, stage, sum, ..] = k;
        stage.clone_from(c);
        sum.clone_from(c);
        for (weight, reach) in [(1.0 / 6.0, 0.5), (1.0 / 3.0, 0.5), (1.0 / 3.0, 1.0), (1.0 / 6.0, 0.0)] {
            h.times::<REAL>(stage, slope);
            for i in 0..h.states {
                for l in 0..LANES {
                    // -i (a + i b) = b - i a
                    let (re, im) = (slope.im[i][l], -slope.re[i][l]);
                    sum.re[i][l] += weight * t * re;
                    sum.im[i][l] += weight * t * im;
                    stage.re[i][l] = c.re[i][l] + reach * t * re;
                    stage.im[i][l] = c.im[i][l] + reach * t * im;
                }
            }
        }
        c.clone_from(sum);
    }
}
