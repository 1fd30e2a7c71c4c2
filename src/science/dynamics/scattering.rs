//! Which channel did a scattered particle leave through?
use super::{LANES, Lanes};

/// Adds the `populations` `[state][lane]` of each trajectory to the channel it left through; `channels` is (transmitted, reflected, undecided) x
/// states. A particle has left when |q| > `range` and it moves outwards. `begin` holds the initial positions, `end` the final positions and momenta.
pub fn channels(range: f64, begin: &Lanes, end: &(Lanes, Lanes), populations: &[Lanes], channels: &mut [Lanes]) {
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
