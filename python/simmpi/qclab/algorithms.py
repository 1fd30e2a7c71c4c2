"""Which algorithm of simmpi is an algorithm of QC Lab, with which settings?"""

from qclab import algorithms, tasks

from simmpi.qclab.recipes import difference, same_function, same_recipe

KINDS = {
    algorithms.MeanField: "mean-field",
    algorithms.FewestSwitchesSurfaceHopping: "fssh",
    algorithms.MultiStateMappingApproachToSurfaceHopping: "ms-mash",
}
_GAUGES = {"sign_overlap": "sign-overlap", "phase_overlap": "phase-overlap", "phase_der_couple": "phase-coupling"}
# Tasks that collect, and the dataset that each fills.
OUTPUTS = {
    tasks.collect_t: "t",
    tasks.collect_dm_db: "dm_db",
    tasks.collect_quantum_energy: "quantum_energy",
    tasks.collect_classical_energy: "classical_energy",
}
_HINTS = {
    "update_recipe": "settings of simmpi's algorithms that QC Lab lacks are keys of its configuration, such as frustrated = "
                     "\"reverse\" or decoherence = \"edc\" (docs/trajectories.md): start from simmpi.qclab.configuration(sim)",
    "initialization_recipe": "restore QC Lab's recipe; initial coordinates of your own are the ingredient init_classical with exact=True",
    "collect_recipe": "collect t, dm_db and energies only; other observables are in simmpi's result file (simmpi.open)",
}


def kind_of(algorithm):
    """simmpi's name of the algorithm, or None."""
    return KINDS.get(type(algorithm))


def translate(algorithm, model, problems):
    """The keys of `[trajectories.algorithm]` for QC Lab's `algorithm`, and the names of what it collects. Adds to `problems`."""
    kind = kind_of(algorithm)
    if kind is None:
        problems.add("sim.algorithm", f"{type(algorithm).__name__} has no counterpart in simmpi",
                     "use MeanField, FewestSwitchesSurfaceHopping or MultiStateMappingApproachToSurfaceHopping")
        return None, []
    for name in ("initialization_recipe", "update_recipe"):
        given, expected = getattr(algorithm, name), getattr(type(algorithm), name)
        if not same_recipe(given, expected):
            problems.add(f"sim.algorithm.{name}", difference(given, expected), _HINTS[name])
    outputs = _outputs(algorithm, problems)
    keys = {"kind": kind}
    settings = algorithm.settings
    if kind == "fssh":
        keys["initial_surface"] = "all" if settings.get("fssh_deterministic") else "sampled"
        keys["frustrated"] = "keep"
    elif kind == "ms-mash":
        keys["frustrated"] = "reverse" if settings.get("reverse_frustrated_hops") else "keep"
        keys["max_hops"] = problems.number("sim.algorithm.settings.msmash_max_hops", settings.get("msmash_max_hops"), int)
        keys["bisections"] = problems.number("sim.algorithm.settings.msmash_num_bisections",
                                             settings.get("msmash_num_bisections"), int)
    if kind != "mean-field":
        gauge = settings.get("gauge_fixing")
        keys["gauge"] = _GAUGES.get(gauge)
        if keys["gauge"] is None:
            problems.add("sim.algorithm.settings.gauge_fixing", f"{gauge!r} is unknown", f"use one of {', '.join(_GAUGES)}")
    return keys, outputs


def _outputs(algorithm, problems):
    """What is collected: QC Lab's recipe, of which collecting tasks may be left out."""
    given, expected = algorithm.collect_recipe, type(algorithm).collect_recipe
    remaining = iter(expected)
    # Each given task must come in QC Lab's order; what is left out between them must not be needed by what follows.
    is_part = all(any(same_function(task, known) for known in remaining) for task in given)
    dropped = [task for task in expected if not any(same_function(task, known) for known in given)]
    if not is_part or any(task not in OUTPUTS for task in dropped):
        problems.add("sim.algorithm.collect_recipe", difference(given, expected), _HINTS["collect_recipe"])
    return [OUTPUTS[task] for task in given if task in OUTPUTS]
