"""Reads a result file with h5py: every dataset of the contract is there under its name, with units and description.

usage: h5py_check.py SIMMPI
"""

import json
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

ROOT = ["simmpi_version", "campaign_kind", "seed", "fingerprint", "config", "complete", "tasks_total", "tasks_done",
        "tasks_failed", "reproducibility"]
RUN = ["index", "label", "stage", "rank", "host", "attempts", "start_s", "seconds", "status", "error"]
T, S, N = 6, 2, 40


def config(algorithm, model, keep):
    return f"""
[campaign]
kind = "trajectories"
seed = 5
[trajectories]
count = {N}
duration = 1.0
time_step = 0.02
sample_every = 0.2
keep = "{keep}"
algorithm = {{ kind = "{algorithm}" }}
model = {{ kind = "{model}" }}
"""


def expected(algorithm, model, keep):
    found = {"time": (T,), "populations": (T, S), "populations_adiabatic": (T, S), "density_matrix": (T, S, S),
             "energy_classical": (T,), "energy_quantum": (T,), "energy_total": (T,), "hops": (2,)}
    if algorithm == "fssh":
        found["surface_fractions"] = (T, S)
    if model == "tully-1":
        found["surface_channels"] = (3, S)
    found.update({name + "_stderr": shape for name, shape in list(found.items()) if name != "time"})
    found["energy_drift"] = (2,)
    if keep == "all":
        single = {"populations": (N, T, S), "density_matrix": (N, T, S, S), "energy_classical": (N, T), "energy_quantum": (N, T)}
        if algorithm == "fssh":
            single["active_surface"] = (N, T)
        found.update({"trajectories/" + name: shape for name, shape in single.items()})
    return found


def check(program, algorithm, model, keep):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.toml")
        with open(path, "w") as file:
            file.write(config(algorithm, model, keep))
        subprocess.run([program, path, "--progress", "none"], check=True, timeout=120, stdout=subprocess.DEVNULL)
        with h5py.File(os.path.join(folder, "results.h5")) as file:
            for name in ROOT:
                assert name in file.attrs, name
            assert file.attrs["complete"] == 1 and file.attrs["tasks_total"] == N and file.attrs["config"] == open(path).read()
            results = file["results"]
            for name, shape in expected(algorithm, model, keep).items():
                assert results[name].shape == shape, (name, results[name].shape)
                assert np.isfinite(results[name][...].view(float)).all() if results[name].dtype.kind in "fc" else True, name
            assert results.attrs["trajectories_used"] == N
            assert results["density_matrix"].dtype == np.complex128
            assert np.allclose(np.einsum("tii->ti", results["density_matrix"][...]).real, results["populations"][...])
            for name in RUN:
                assert name in file["run/tasks"], name

            def described(name, item):
                if isinstance(item, h5py.Dataset):
                    assert item.attrs["units"] and item.attrs["description"], name

            file.visititems(described)
            if keep == "all":
                mean = results["trajectories/populations"][...].mean(axis=0)
                assert np.allclose(mean, results["populations"][...], atol=1e-12)


FRAGMENTS = """
[campaign]
kind = "fragments"
[fragments]
atoms = "He 0 0 0\\nHe 0 0 3\\nHe 0 3 0"
driver = "gradient"
bsse = ["cp", "nocp", "vmfc"]
max_order = 3
[[fragments.level]]
engine = "embedded"
method = "hf"
basis = "6-31g"
"""


def check_fragments(program):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.toml")
        with open(path, "w") as file:
            file.write(FRAGMENTS)
        subprocess.run([program, path, "--progress", "none"], check=True, timeout=120, stdout=subprocess.DEVNULL)
        with h5py.File(os.path.join(folder, "results.h5")) as file:
            results, tasks = file["results"], 19
            assert results.attrs["returned_bsse"] == "cp"
            assert results.attrs["return_energy"] == results["cp/total_energy"][-1]
            for name in ("label", "level", "order", "real", "basis", "energy"):
                assert results["tasks/" + name].shape == (tasks,), name
            assert json.loads(results["tasks/label"][0])[1:] == [[1], [1]]
            assert json.loads(results["tasks/real"][-1]) and json.loads(results["tasks/basis"][-1])
            for bsse in ("cp", "nocp", "vmfc"):
                for name in ("total_energy", "interaction_energy", "contribution"):
                    assert results[bsse][name].shape == (3,) and np.isfinite(results[bsse][name][...]).all(), name
                assert results[bsse]["total_gradient"].shape == (3, 3) and results[bsse]["gradient_through"].shape == (3, 3, 3)
                clusters = results[bsse]["clusters"]
                assert (clusters["fragments"].shape, clusters["energy"].shape, clusters["distance"].shape) == ((4, 3), (4,), (4,))
            for name in RUN:
                assert file["run/tasks"][name].shape == (tasks,), name


def main():
    program = os.path.abspath(sys.argv[1])
    cases = [("fssh", "spin-boson", "all"), ("mean-field", "spin-boson", "mean"), ("fssh", "tully-1", "mean"),
             ("mean-field", "tully-1", "all")]
    for case in cases:
        check(program, *case)
        print("ok:", *case)
    check_fragments(program)
    print("ok: fragments")


main()
