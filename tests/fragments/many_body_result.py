"""Does QCManyBody read a result of simmpi, and get the same values from its tasks?

Usage: many_body_result.py RESULT [RECORDS]

RESULT is read by QCManyBody's model of its schema. QCManyBody then assembles the energies of the tasks in it (and the derivatives of tasks in
RECORDS, as engine = "recorded" reads them) for the input in it; properties must have the same names and values. Prints their number.
"""
import json
import sys

import numpy as np


def models(name):
    if name == "qcschema_many_body_result":
        from qcmanybody.models.v2 import ManyBodyResult
        from qcmanybody.v2 import ManyBodyComputer
    else:
        from qcmanybody import ManyBodyComputer
        from qcmanybody.models import ManyBodyResult
    return ManyBodyResult, ManyBodyComputer


def plain(model):
    """The properties that are set."""
    fields = model.model_dump() if hasattr(model, "model_dump") else model.dict()
    return {key: value for key, value in fields.items() if value is not None and not key.startswith("schema_")}


def tasks(result, records):
    """Energies and derivatives by label."""
    components = getattr(result, "cluster_properties", None) or result.component_properties
    found = {label: {"energy": properties.return_energy} for label, properties in components.items()}
    for record in records:
        label = json.dumps([record["level"], record["real"], record["basis"]])
        for name in ("gradient", "hessian"):
            if label in found and name in record:
                found[label][name] = np.array(record[name])
    return found


def main():
    with open(sys.argv[1]) as file:
        data = json.load(file)
    records = []
    if len(sys.argv) > 2:
        with open(sys.argv[2]) as file:
            records = json.load(file)
    Result, Computer = models(data["schema_name"])
    result = Result(**data)
    assert result.success
    computer = Computer.from_manybodyinput(result.input_data, build_tasks=False)
    components = tasks(result, records)
    assert sorted(components) == sorted(label for _, label, _ in computer.qcmb_core.iterate_molecules()), "other tasks"
    analyzed = computer.qcmb_core.analyze(components)
    analyzed["nbody_number"] = len(components)
    expected = computer.get_results(external_results=analyzed, component_results={})
    ours, theirs = plain(result.properties), plain(expected.properties)
    # QCManyBody takes totals for unknown where those of single fragments are exactly 0, as gradients of atoms are.
    others = [name for name in set(ours) ^ set(theirs) if "_corrected_total_" not in name or name in theirs]
    assert not others, f"other properties: {sorted(others)}"
    for name, value in theirs.items():
        assert np.shape(ours[name]) == np.shape(value), f"{name} has the shape {np.shape(ours[name])}"
        assert np.allclose(ours[name], value, rtol=0.0, atol=1e-9), f"{name}: {ours[name]} and not {value}"
    assert np.allclose(result.return_result, expected.return_result, rtol=0.0, atol=1e-9), "return_result"
    print(len(theirs))


main()
