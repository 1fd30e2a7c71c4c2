"""Which initial conditions and random numbers would QC Lab take?"""

import copy

import h5py
import numpy as np
from qclab import tasks


def write(path, sim, translated):
    """Writes an initial file of simmpi with what QC Lab draws for every seed of a `translated` Simulation.

    Datasets: `z` complex [n, C], `wavefunction` complex [n, S]; of surface hopping `hop_uniforms` [n, steps] and `surface_uniform` [n]. Row k
    belongs to seed k, or to the k-th group of branches. Batches of sim.settings.batch_size bound the memory.
    """
    # QC Lab's tasks change the settings.
    sim = copy.deepcopy(sim)
    seeds, branches = translated.seeds, translated.branches
    kind, steps = translated.sections["trajectories.algorithm"]["kind"], int(sim.settings.tmax_n)
    rows = len(seeds) // branches
    shapes = {"z": ((int(sim.model.constants.num_classical_coordinates),), complex),
              "wavefunction": ((int(sim.model.constants.num_quantum_states),), complex)}
    if kind == "fssh":
        shapes |= {"hop_uniforms": ((steps,), float), "surface_uniform": ((), float)}
    size = max(int(sim.settings.batch_size) // branches, 1) * branches
    with h5py.File(path, "w") as file:
        for name, (shape, dtype) in shapes.items():
            file.create_dataset(name, (rows, *shape), dtype)
        for first in range(0, len(seeds), size):
            drawn = _draw(sim, kind, seeds[first:first + size], branches)
            at = first // branches
            for name in shapes:
                values = drawn[name][..., :steps] if name == "hop_uniforms" else drawn[name]
                file[name][at:at + len(values)] = values


def _draw(sim, kind, seeds, branches):
    """The rows of a batch, drawn by QC Lab's own tasks in the order of its recipes."""
    sim.settings.batch_size = len(seeds)
    state, parameters = {"seed": np.array(seeds)}, {}
    recipe = {
        "mean-field": [tasks.initialize_z],
        "fssh": [tasks.initialize_branch_seeds, tasks.initialize_z, tasks.initialize_random_values_fssh],
        "ms-mash": [tasks.initialize_z, tasks.initialize_wf_db_msmash],
    }[kind]
    for task in (tasks.initialize_variable_objects, *recipe):
        state, parameters = task(sim, state, parameters)
    drawn = {"z": state["z"][::branches], "wavefunction": state["wf_db"][::branches]}
    if kind == "fssh":
        drawn |= {"hop_uniforms": state["hop_prob_rand_vals"], "surface_uniform": state["init_act_surf_rand_vals"][:, 0]}
    return drawn
