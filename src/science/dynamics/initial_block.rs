//! How does a block of trajectories begin?
use super::{Algorithm, Block, InitialConditions, InitialState, LANES, Model};
use crate::seed::{CampaignSeed, Purpose};
use crate::task::Tasks;

/// The trajectories `tasks` at t = 0, at most [`LANES`] of them: their coordinates and amplitudes, given or drawn, and their adiabatic states.
pub fn initial_block(
    model: &dyn Model,
    algorithm: &dyn Algorithm,
    tasks: Tasks,
    (seed, state, start): (CampaignSeed, &InitialState, &InitialConditions),
) -> Block {
    let filled = (tasks.count() as usize).min(LANES);
    let has_given_amplitudes = start.wavefunctions.is_some();
    let mut block = Block::blank(model);
    (block.filled, block.has_given_amplitudes) = (filled, has_given_amplitudes);
    // A lane without a trajectory of its own repeats the first one: it costs nothing and is never read.
    let sources: [usize; LANES] = std::array::from_fn(|l| if l < block.filled { l } else { 0 });
    for (lane, &source) in sources.iter().enumerate() {
        block.begin_trajectory(model, lane, (tasks.first + source as u64, source), seed, start);
    }
    model.hamiltonian(&block.z, &mut block.h);
    block.eigen.solve(&block.h);
    let amplitudes = |source: usize| match &start.wavefunctions {
        Some(given) => given[source].clone(),
        None => {
            let stream = &mut seed.stream(tasks.first + source as u64, Purpose::MappingPhases);
            algorithm.draw_amplitudes(state.amplitudes(), stream)
        }
    };
    for (lane, &source) in sources.iter().enumerate() {
        for (k, [re, im]) in amplitudes(source).into_iter().enumerate() {
            (block.c.re[k][lane], block.c.im[k][lane]) = (re, im);
        }
    }
    if start.wavefunctions.is_none() && matches!(state, InitialState::Adiabatic(_)) {
        block.scratch[0].clone_from(&block.c);
        block.eigen.vectors.apply(&block.scratch[0], &mut block.c);
    }
    block
}
