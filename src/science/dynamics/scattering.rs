//! Where did a scattered particle go?
use super::{LANES, Lane};

/// Adds each lane's `populations` of the states to the channel that it left through: `channels` are transmitted, reflected and
/// undecided x states. A particle has left when it is further out than `range` and moves outwards.
pub fn channels(range: f64, begin: &Lane, end: &(Lane, Lane), populations: &[Lane], channels: &mut [Lane]) {
    for l in 0..LANES {
        let (q, p) = (end.0[l], end.1[l]);
        let came_from = if begin[l] < 0.0 { -1.0 } else { 1.0 };
        let is_out = q.abs() > range && q * p > 0.0;
        let channel = match is_out {
            false => 2,
            true if q * came_from > 0.0 => 1,
            true => 0,
        };
        for (k, population) in populations.iter().enumerate() {
            channels[channel * populations.len() + k][l] += population[l];
        }
    }
}
