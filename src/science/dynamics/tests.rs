//! Does every processor compute the same bits? What else holds for every model and method is tested in `tests/science`.
use super::algorithms::{Decay, Decoherence, Frustrated, Fssh, Gauge, InitialSurface, Mash, MeanField};
use super::models::{
    AvoidedCrossing, Coupling, Fmo, Holstein, HolsteinReciprocal, Landscape, LinearModel, LinearVibronic, SpinBoson,
    Tully, TullyOne, TullyThree, TullyTwo,
};
use super::*;
use crate::science::simd::tests::FORCE_BASELINE;
use crate::seed::CampaignSeed;
use crate::task::Tasks;
use systems::*;

#[path = "../../../tests/science/dynamics/systems.rs"]
mod systems;

#[test]
fn any_processor_computes_the_same_bits() {
    for (name, model, step) in systems() {
        for (method, algorithm) in algorithms() {
            let algorithm = algorithm.as_ref();
            for integrator in [Integrator::Strang, Integrator::Sequential] {
                let clock = clock(step, 40, 3, integrator);
                let samples = |is_plain: bool| {
                    FORCE_BASELINE.set(is_plain);
                    let found =
                        run(model.as_ref(), algorithm, &clock, Tasks::new(0, 16), &InitialConditions::default());
                    FORCE_BASELINE.set(false);
                    found.samples.iter().flatten().map(|value| value.to_bits()).collect::<Vec<u64>>()
                };
                assert!(samples(true) == samples(false), "{name}, {method}, {integrator:?}");
            }
        }
    }
}
