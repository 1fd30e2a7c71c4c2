//! Where do a task's random numbers come from?
//!
//! Every stream belongs to one task and one purpose and is derived from the campaign's seed, never from a rank, a batch or an attempt: the numbers
//! are the same on 1 rank and on 400. ChaCha20 is specified bit by bit (RFC 8439), so is the conversion to floating point below; reference
//! values in the tests pin both.
use crate::task::TaskId;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// The seed of a whole campaign, `campaign.seed` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignSeed(pub u64);

/// The purpose of a stream. The numbers determine the results of every campaign: add new ones, never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Initial coordinates and momenta of a trajectory.
    InitialCoordinates = 1,
    /// The surface a trajectory starts on.
    InitialSurface = 2,
    /// Decisions to hop between surfaces.
    Hops = 3,
    /// Phases of the amplitudes that mapping approaches start from.
    MappingPhases = 4,
    /// Starting vectors of Krylov methods.
    KrylovVectors = 5,
    /// Weights of blocks of samples in a bootstrap.
    Bootstrap = 8,
    /// Seed of a replica's program.
    ReplicaSeed = 16,
    /// Random forces of Langevin dynamics.
    ThermalNoise = 32,
    /// Initial velocities of Langevin dynamics.
    InitialVelocities = 33,
}

/// Number of tasks with streams of their own: the upper byte of a stream's number is its purpose.
pub const MAX_TASKS: u64 = 1 << 56;

impl CampaignSeed {
    /// The stream of `task` for `purpose`. `task` must be below [`MAX_TASKS`], which `plan` ensures.
    pub fn stream(self, task: TaskId, purpose: Purpose) -> Stream {
        debug_assert!(task < MAX_TASKS);
        let mut rng = ChaCha20Rng::seed_from_u64(self.0);
        rng.set_stream(((purpose as u64) << 56) | task);
        Stream { rng, spare_normal: None }
    }
}

/// Random numbers of one task for one purpose.
pub struct Stream {
    rng: ChaCha20Rng,
    spare_normal: Option<f64>,
}

impl Stream {
    /// A number uniform in [0, 1), a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number from the standard normal distribution (Box and Muller, Ann. Math. Stat. 29, 610, 1958,
    /// doi:10.1214/aoms/1177706645), computed with `libm` so that its bits do not depend on the processor.
    pub fn normal(&mut self) -> f64 {
        if let Some(value) = self.spare_normal.take() {
            return value;
        }
        // 1 - u lies in (0, 1], so that the logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        let angle = 2.0 * std::f64::consts::PI * self.uniform();
        self.spare_normal = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_their_reference_values() {
        let draw = |task, purpose| CampaignSeed(7).stream(task, purpose).rng.next_u64();
        assert_eq!(
            [draw(0, Purpose::InitialCoordinates), draw(1, Purpose::InitialCoordinates), draw(0, Purpose::Hops)],
            [8499507811446339671, 164975388340519281, 1792675575245397050]
        );
        let mut stream = CampaignSeed(7).stream(0, Purpose::Hops);
        assert_eq!(
            [stream.uniform().to_bits(), stream.normal().to_bits(), stream.normal().to_bits()],
            [4591667059628967256, 4603662530864944405, 13818689004594170463]
        );
    }

    #[test]
    fn normal_numbers_have_zero_mean_and_unit_variance() {
        let mut stream = CampaignSeed(1).stream(3, Purpose::InitialCoordinates);
        let n = 100_000;
        let (sum, squares) = (0..n).fold((0.0, 0.0), |(s, q), _| {
            let x = stream.normal();
            (s + x, q + x * x)
        });
        let mean = sum / n as f64;
        assert!(mean.abs() < 5.0 / (n as f64).sqrt(), "{mean}");
        assert!((squares / n as f64 - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt());
    }
}
