"""Which model of simmpi is a model of QC Lab, with which constants?"""

from dataclasses import dataclass, field

import numpy as np
from qclab import ingredients, models
from qclab.numerical_constants import INVCM_TO_KBT_REF, T_REF_K

from simmpi.qclab.recipes import same_function

_OWN_MODEL = (
    "simmpi has SpinBoson, FMOComplex, HolsteinLattice, HolsteinLatticeReciprocalSpace, TullyProblemOne, "
    "Two and Three, ComplexAvoidedCrossingA, B and C; states with linear couplings to harmonic modes can be given as kind = "
    "\"linear-vibronic\" in a configuration (docs/trajectories.md); a model of your own is a type in Rust "
    "(examples/own_dynamics.rs)"
)
_OWN_INGREDIENT = "remove the change, or write the model as a type in Rust (examples/own_dynamics.rs)"
_BOLTZMANN, _WIGNER = ingredients.init_classical_boltzmann_harmonic, ingredients.init_classical_wigner_harmonic


@dataclass(frozen=True)
class Counterpart:
    """A model of simmpi.

    `constants` are (its key, QC Lab's constant, type, QC Lab's unit in its own); constants in `fixed` cannot differ from QC Lab's default,
    those in `ignored` have no effect in QC Lab; `pairs` are vectors (its key, two constants of QC Lab).
    """

    kind: str
    constants: tuple
    fixed: tuple = ()
    ignored: tuple = ()
    pairs: tuple = ()
    is_harmonic: bool = True
    is_complex: bool = False
    extra: dict = field(default_factory=dict)

    def names(self):
        """The constants of QC Lab that are translated."""
        return [theirs for _, theirs, _, _ in self.constants] + [name for _, names in self.pairs for name in names]


_LATTICE = (("thermal_energy", "kBT", float, 1.0), ("coupling", "g", float, 1.0), ("frequency", "w", float, 1.0),
            ("sites", "N", int, 1), ("hopping", "J", float, 1.0), ("mass", "phonon_mass", float, 1.0))
_CURVES = (("mass", "mass", float, 1.0), ("position", "init_position", float, 1.0),
           ("momentum", "init_momentum", float, 1.0))
_PACKET = (("position", ("init_position_x", "init_position_y")), ("momentum", ("init_momentum_x", "init_momentum_y")))


def _tully(kind, *fixed):
    return Counterpart(kind, _CURVES, fixed, is_harmonic=False)


def _crossing(kind, *fixed):
    return Counterpart(kind, (("mass", "mass", float, 1.0),), fixed, pairs=_PACKET, is_harmonic=False, is_complex=True)


COUNTERPARTS = {
    models.SpinBoson: Counterpart("spin-boson", (
        ("thermal_energy", "kBT", float, 1.0), ("bias", "E", float, 1.0), ("coupling", "V", float, 1.0),
        ("modes", "A", int, 1), ("characteristic_frequency", "W", float, 1.0),
        ("reorganization_energy", "l_reorg", float, 1.0), ("mass", "boson_mass", float, 1.0))),
    models.FMOComplex: Counterpart("fmo", (
        ("temperature_k", "kBT", float, 1.0 / T_REF_K), ("modes_per_site", "N", int, 1),
        ("characteristic_frequency_per_cm", "w_c", float, INVCM_TO_KBT_REF),
        ("reorganization_energy_per_cm", "l_reorg", float, INVCM_TO_KBT_REF), ("mass", "mass", float, 1.0))),
    models.HolsteinLattice: Counterpart("holstein", (*_LATTICE, ("periodic", "periodic", bool, None))),
    # QC Lab ignores `periodic` there: reciprocal space is periodic.
    models.HolsteinLatticeReciprocalSpace: Counterpart("holstein-k", _LATTICE, ignored=("periodic",), is_complex=True),
    models.TullyProblemOne: _tully("tully-1", "A", "B", "C", "D"),
    models.TullyProblemTwo: _tully("tully-2", "A", "B", "C", "D", "E_0"),
    models.TullyProblemThree: _tully("tully-3", "A", "B", "C"),
    models.ComplexAvoidedCrossingA: _crossing("avoided-crossing-a", "A", "B", "W"),
    models.ComplexAvoidedCrossingB: _crossing("avoided-crossing-b", "A", "Bx", "By", "W"),
    models.ComplexAvoidedCrossingC: _crossing("avoided-crossing-c", "A", "Bx", "By", "W"),
}

# What only some algorithms use: a change of it changes nothing for the others.
_OF_SURFACES = {"hop", "rescaling_direction_fssh", "gauge_field_force", "derivative_coupling_dzc"}
_OF_MASH = {"sample_wf_db_msmash"}


@dataclass(frozen=True)
class Translation:
    """A model in simmpi: `keys` of `[trajectories.model]`, and the value of its unit of energy in QC Lab's."""

    counterpart: Counterpart
    keys: dict
    energy_unit: float
    is_sampled_elsewhere: bool


def translate(model, algorithm_kind, is_exact, problems):
    """The `Translation` of QC Lab's `model`; None where there is none. Adds to `problems`."""
    counterpart = COUNTERPARTS.get(type(model))
    if counterpart is None:
        problems.add("sim.model", f"{type(model).__name__} has no counterpart in simmpi", _OWN_MODEL)
        return None
    before = len(problems.found)
    keys = {"kind": counterpart.kind}
    for ours, theirs, kind, unit in counterpart.constants:
        value = model.constants.get(theirs)
        if kind is bool:
            keys[ours] = bool(value)
            continue
        number = problems.number(f"sim.model.constants.{theirs}", _scalar(value), kind)
        keys[ours] = number if number is None or unit == 1 else _in_units(number, unit)
    for ours, names in counterpart.pairs:
        keys[ours] = [problems.number(f"sim.model.constants.{name}", model.constants.get(name)) for name in names]
    _check_fixed(model, counterpart, problems)
    is_sampled_elsewhere = _check_ingredients(model, counterpart, algorithm_kind, is_exact, keys, problems)
    if len(problems.found) == before:
        _check_values(model, counterpart, problems)
    energy_unit = 1.0
    if isinstance(model, models.FMOComplex) and keys["temperature_k"] is not None:
        # simmpi's unit is the thermal energy at the model's temperature, QC Lab's that at 300 K.
        energy_unit = keys["temperature_k"] / T_REF_K
        if energy_unit <= 0.0:
            problems.add("sim.model.constants.kBT", "FMOComplex without thermal energy cannot be run in units of kBT",
                         "set kBT above 0")
            energy_unit = 1.0
    return Translation(counterpart, keys, energy_unit, is_sampled_elsewhere)


def _scalar(value):
    # QC Lab itself turns the initial position and momentum of one particle into arrays of one element.
    return np.asarray(value).reshape(-1)[0] if np.size(value) == 1 else value


def _in_units(number, unit):
    """The number in another unit; QC Lab's defaults come out as the round numbers that they are made of."""
    value = number / unit
    rounded = float(f"{value:.12g}")
    return rounded if rounded * unit == number else value


def _check_fixed(model, counterpart, problems):
    for name in counterpart.fixed:
        value, default = model.constants.get(name), model.default_constants[name]
        if np.size(value) != 1 or _scalar(value) != default:
            problems.add(f"sim.model.constants.{name}", f"is {value!r}; in simmpi's {counterpart.kind} it is {default!r}",
                         f"leave it at {default!r}")


def _check_ingredients(model, counterpart, algorithm_kind, is_exact, keys, problems):
    """Names every ingredient that is not QC Lab's own. Returns whether initial coordinates must come from QC Lab."""
    own = {name for name, _ in model.ingredients}
    unused = set() if algorithm_kind in ("fssh", "ms-mash") else set(_OF_SURFACES)
    unused |= set() if algorithm_kind == "ms-mash" else _OF_MASH
    is_sampled_elsewhere = False
    for name in sorted(own | {name for name, _ in type(model).ingredients}):
        theirs = _effective(type(model).ingredients, name)
        given = _effective(model.ingredients, name)
        if name in unused or same_function(given, theirs):
            if name == "init_classical" and counterpart.is_harmonic:
                keys["sampling"] = "boltzmann"
            continue
        place = f"sim.model.ingredients: {name}"
        if name == "init_classical":
            if counterpart.is_harmonic and given in (_BOLTZMANN, _WIGNER):
                keys["sampling"] = "wigner" if given is _WIGNER else "boltzmann"
            elif is_exact:
                is_sampled_elsewhere = True
            else:
                problems.add(place, "initial coordinates are not drawn by QC Lab's own ingredient of this model",
                             "pass exact=True: QC Lab draws them, and hands them over")
        elif name == "sample_wf_db_msmash":
            if not is_exact:
                problems.add(place, "initial amplitudes are not drawn by QC Lab's focused sampling",
                             "pass exact=True: QC Lab draws them, and hands them over")
        else:
            what = "is removed" if given is None else "is not QC Lab's own"
            problems.add(place, f"the ingredient {what}", _OWN_INGREDIENT)
    return is_sampled_elsewhere


def _effective(listed, name):
    """The function of an ingredient: QC Lab takes the last one of a name."""
    return next((function for known, function in reversed(listed) if known == name), None)


def _check_values(model, counterpart, problems):
    """Compares the Hamiltonians of the model with those of QC Lab's own with the same constants.

    This finds what has no name above: constants that an ingredient reads and the model does not list, or that were set behind its back.
    """
    constants = {name: model.constants.get(name) for name in (*counterpart.names(), *counterpart.ignored)}
    pristine = type(model)({name: _scalar(value) for name, value in constants.items()})
    # The ingredients are the same: equal constants have equal Hamiltonians. Calling them would compile them, for seconds.
    if _public(model.constants) == _public(pristine.constants):
        return
    count = pristine.constants.num_classical_coordinates
    random = np.random.default_rng(0)
    z = random.normal(size=(4, count)) + 1j * random.normal(size=(4, count))
    for name in ("h_q", "h_qc", "h_c"):
        values = []
        for one in (model, pristine):
            function, is_there = one.get(name)
            values.append(np.asarray(function(one, {}, z=z, batch_size=len(z))) if is_there else np.zeros(1))
        if values[0].shape != values[1].shape or not np.allclose(*values, rtol=1e-12, atol=1e-14):
            problems.add(f"sim.model: {name}", "differs from QC Lab's own model with the same constants",
                         "set only the constants that the model lists in default_constants: "
                         + ", ".join(model.default_constants))


def _public(constants):
    """Names and values of all constants, those that the model derives included."""
    # QC Lab adds a dimension to some arrays whenever it initializes a model.
    return {name: np.ravel(value).tolist() for name, value in vars(constants).items() if not name.startswith("_")}
