"""What the tests share: Simulations of QC Lab."""

import numpy as np
from qclab import Simulation, algorithms


def simulation(model, algorithm, initial=0, **settings):
    """A Simulation from the diabatic state, or amplitudes, `initial`."""
    sim = Simulation({"num_trajs": 6, "batch_size": 4, "tmax": 2.0, "dt_update": 0.01, "dt_collect": 0.1, "progress_bar": False, **settings})
    sim.model, sim.algorithm = model, algorithm
    states = sim.model.constants.num_quantum_states
    sim.initial_state["wf_db"] = np.eye(states, dtype=complex)[initial] if np.isscalar(initial) else np.array(initial, dtype=complex)
    return sim


def mean_field():
    return algorithms.MeanField()


def fssh(**settings):
    return algorithms.FewestSwitchesSurfaceHopping(settings)


def mash(**settings):
    return algorithms.MultiStateMappingApproachToSurfaceHopping(settings)
