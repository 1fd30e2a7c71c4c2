"""Which configuration of simmpi is a Simulation of QC Lab?"""

import hashlib
import warnings
from dataclasses import dataclass

import numpy as np
import qclab

from simmpi.qclab import algorithms, models, toml
from simmpi.qclab.problems import Problems

# The version of QC Lab whose recipes, ingredients and random numbers this package knows.
KNOWN_VERSION = "1.3."
# Squared norms closer to 1 are taken for 1, and normalized.
_NORM_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Translated:
    """A Simulation in simmpi.

    `seeds` are QC Lab's, `branches` the number of them that share an initial condition, `outputs` the names that QC Lab's recipe collects,
    `energy_unit` simmpi's unit of energy in QC Lab's.
    """

    sections: dict
    seeds: np.ndarray
    branches: int
    outputs: list
    energy_unit: float
    draws_initial_file: bool

    def text(self):
        """The configuration, TOML."""
        return toml.tables(self.sections)


def translate(sim, seeds, is_exact, output="results.h5", initial_file="initial.h5"):
    """The `Translated` form of a Simulation, whose model QC Lab has initialized. Initializes its times.

    Raises `UnsupportedSimulation`, with everything that has no counterpart.
    """
    _check_version()
    problems = Problems()
    kind = algorithms.kind_of(sim.algorithm) if sim.algorithm is not None else None
    model = algorithm = None
    outputs = []
    if sim.model is None:
        problems.add("sim.model", "is not set", "set it to a model of QC Lab")
    else:
        model = models.translate(sim.model, kind, is_exact, problems)
    if sim.algorithm is None:
        problems.add("sim.algorithm", "is not set", "set it to an algorithm of QC Lab")
    else:
        algorithm, outputs = algorithms.translate(sim.algorithm, sim.model, problems)
    trajectories, branches = _times(sim, problems), 1
    if algorithm is not None and model is not None:
        branches = _branches(sim, algorithm, seeds, is_exact, problems)
        _check_exact(sim, kind, model.counterpart, is_exact, problems)
        if model.counterpart.kind.startswith("avoided-crossing") and kind != "mean-field":
            model.keys["berry_force"] = bool(sim.algorithm.settings.get("use_gauge_field_force"))
    seeds = _seeds(seeds, is_exact, problems)
    initial = _initial_state(sim, kind, problems) if model is not None and kind is not None else {}
    problems.raise_any()
    if is_exact:
        initial = {"file": initial_file}
    if model.counterpart.kind == "fmo":
        # Times are in units of hbar/kBT at the model's temperature.
        trajectories = {key: time * model.energy_unit for key, time in trajectories.items()}
        trajectories["time_unit"] = "thermal"
    if is_exact:
        trajectories["integrator"] = "sequential"
    campaign = {"kind": "trajectories", "seed": campaign_seed(seeds), "output": output}
    trajectories = {"count": len(seeds) // branches, **trajectories}
    sections = {
        "campaign": campaign,
        # Any number of trajectories may be run on any number of ranks.
        "partition": {"uneven": "idle"},
        "trajectories": trajectories,
        "trajectories.algorithm": algorithm,
        "trajectories.model": model.keys,
        "trajectories.initial": initial,
    }
    return Translated(sections, seeds, branches, outputs, model.energy_unit, is_exact)


def campaign_seed(seeds):
    """The seed of a campaign for trajectories with these seeds in QC Lab: other seeds, other random numbers."""
    digest = hashlib.sha256(np.asarray(seeds, dtype="<i8").tobytes()).digest()
    # TOML's integers are signed.
    return int.from_bytes(digest[:8], "little") >> 1


def _check_version():
    if not qclab.__version__.startswith(KNOWN_VERSION):
        warnings.warn(f"simmpi.qclab was written for QC Lab {KNOWN_VERSION}x and this is {qclab.__version__}: its settings and recipes may mean "
                      "something else; compare a short run with exact=True with QC Lab's own driver", stacklevel=4)


def _times(sim, problems):
    """The times of `[trajectories]`, rounded by QC Lab as in its drivers."""
    settings, before = sim.settings, len(problems.found)
    for name in ("dt_update", "dt_collect", "tmax"):
        value = problems.number(f"sim.settings.{name}", settings.get(name))
        if value is not None and value <= 0.0:
            problems.add(f"sim.settings.{name}", f"is {value}", "set it above 0")
    if len(problems.found) > before:
        return {}
    tmax = settings.tmax
    sim.initialize_timesteps()
    if settings.tmax_n < 1:
        problems.add("sim.settings.tmax", f"is {tmax}, less than half of dt_collect: QC Lab would collect once, at t = 0", "raise it")
    step = float(settings.dt_update)
    return {"duration": int(settings.tmax_n) * step, "time_step": step, "sample_every": int(settings.dt_collect_n) * step}


def _branches(sim, algorithm, seeds, is_exact, problems):
    """How many trajectories share an initial condition: one on each surface in deterministic surface hopping."""
    if algorithm.get("initial_surface") != "all":
        return 1
    states = int(sim.model.constants.num_quantum_states)
    batch = problems.number("sim.settings.batch_size", sim.settings.batch_size, int)
    if batch is None:
        return states
    if len(seeds) % states or batch % states:
        problems.add("sim.settings.batch_size", f"batches of {batch} of {len(seeds)} trajectories do not divide into branches on {states} surfaces",
                     f"make num_trajs and batch_size multiples of {states}, as fssh_deterministic requires")
    elif is_exact and np.ptp((np.asarray(seeds) // states).reshape(-1, states), axis=1).any():
        problems.add("seeds", f"branches of one initial condition have different seeds // {states}",
                     f"start the seeds at a multiple of {states}, and count on from there")
    return states


def _check_exact(sim, kind, counterpart, is_exact, problems):
    """What cannot be QC Lab's to the last digit."""
    mixing = {"spin-boson": "V", "holstein": "J"}.get(counterpart.kind)
    if is_exact and kind != "mean-field" and mixing is not None and sim.model.constants.get(mixing) == 0.0:
        problems.add(f"sim.model.constants.{mixing}", "states that are not coupled cross: QC Lab then loses the state, simmpi follows it",
                     "leave out exact=True")
    if is_exact and kind == "fssh" and counterpart.kind == "holstein" and sim.model.constants.get("g") == 0.0:
        problems.add("sim.model.constants.g", "without it adiabatic states can be degenerate: QC Lab takes what LAPACK makes of them",
                     "leave out exact=True")
    if not is_exact or not counterpart.is_complex:
        return
    if kind == "fssh" and sim.algorithm.settings.get("gauge_fixing") == "sign_overlap":
        problems.add("sim.algorithm.settings.gauge_fixing",
                     f"with sign_overlap hops of {type(sim.model).__name__} depend on the phases that LAPACK gives complex eigenvectors",
                     "set gauge_fixing to \"phase_overlap\", or leave out exact=True")
    if kind == "ms-mash" and counterpart.kind.startswith("avoided-crossing"):
        problems.add("exact", f"QC Lab's MASH lets hops of {type(sim.model).__name__} happen without conserving energy, since its rescaling "
                     "direction is none there; simmpi's does not", "leave out exact=True")


def _seeds(seeds, is_exact, problems):
    array = np.asarray(seeds)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        problems.add("seeds", "must be whole numbers, at least one", "pass an array such as numpy.arange(100), or set sim.settings.num_trajs")
    elif array.min() < 0:
        problems.add("seeds", "must not be negative", "count seeds from 0")
    elif not is_exact and len(np.unique(array)) < len(array):
        problems.add("seeds", "are repeated: simmpi would draw independent trajectories for them",
                     "leave out the repeated ones, or pass exact=True")
    return array


def _initial_state(sim, kind, problems):
    """The keys of `[trajectories.initial]`."""
    place, states = 'sim.initial_state["wf_db"]', int(sim.model.constants.num_quantum_states)
    given = sim.initial_state.get("wf_db")
    if not isinstance(given, np.ndarray) or given.shape != (states,) or given.dtype.kind not in "iufc":
        problems.add(place, f"must be a numpy array of {states} complex numbers", "set the diabatic amplitudes of the initial state")
        return {}
    amplitudes = given.astype(complex)
    norm = float(np.sum(np.abs(amplitudes) ** 2))
    if kind == "ms-mash" and np.isfinite(norm) and norm > 0.0:
        # Focused sampling starts from the state of largest population.
        return {"state": int(np.argmax(np.abs(amplitudes) ** 2)), "basis": "diabatic"}
    if not abs(norm - 1.0) <= _NORM_TOLERANCE:
        problems.add(place, f"has the squared norm {norm}, not 1", "divide it by numpy.linalg.norm(...)")
        return {}
    occupied = np.flatnonzero(amplitudes)
    if len(occupied) == 1 and amplitudes[occupied[0]] == 1.0:
        return {"state": int(occupied[0]), "basis": "diabatic"}
    return {"amplitudes": [[float(c.real), float(c.imag)] for c in amplitudes], "basis": "diabatic"}
