#!/usr/bin/python3
"""How do the errors of the two integrators fall when the step is halved?

    benches/convergence.py [--simmpi PATH] [--ranks N]

For each algorithm one campaign sweeps the step and the integrator, with the same initial conditions everywhere. The error of the
populations is the largest deviation, over states and samples, of the mean over trajectories from that of the smallest step; it is shown for
mean field, where no random decision depends on the step. The drift is the mean over trajectories of the largest |E(t) - E(0)|.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy

ROOT = Path(__file__).resolve().parent.parent
STEPS = [0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625]
ALGORITHMS = {"mean field": "mean-field", "FSSH": "fssh", "multi-state MASH": "ms-mash"}


def configuration(algorithm):
    return f"""
        [campaign]
        kind = "trajectories"
        seed = 5
        output = "results.h5"
        [trajectories]
        count = 400
        duration = 10.0
        time_step = 0.1
        sample_every = 1.0
        algorithm = {{ kind = "{algorithm}" }}
        [trajectories.model]
        kind = "spin-boson"
        modes = 10
        characteristic_frequency = 0.2
        reorganization_energy = 0.1
        [[sweep]]
        key = "trajectories.integrator"
        values = ["strang", "sequential"]
        [[sweep]]
        key = "trajectories.time_step"
        values = {STEPS}
        """


def points(options, algorithm):
    """Populations and mean drift by (integrator, step)."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(configuration(algorithm))
        launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(options.ranks)]
        subprocess.run([*launcher, options.simmpi.absolute(), config], check=True, stdout=subprocess.DEVNULL)
        with h5py.File(Path(folder) / "results.h5") as file:
            key = lambda group: (group.attrs["trajectories.integrator"], float(group.attrs["trajectories.time_step"]))
            return {key(g): (g["populations"][...], g["energy_drift"][0]) for g in file["results"].values()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simmpi", type=Path, default=ROOT / "target/release/simmpi")
    parser.add_argument("--ranks", type=int, default=2)
    options = parser.parse_args()
    found = {name: points(options, algorithm) for name, algorithm in ALGORITHMS.items()}
    finest = found["mean field"]["strang", STEPS[-1]][0]
    for integrator in ["strang", "sequential"]:
        print(f"\n{integrator}\n\n| step | error of populations, mean field | " + " | ".join(f"drift, {n}" for n in found) + " |")
        print("|---|---|" + "---|" * len(found))
        for step in STEPS:
            error = numpy.abs(found["mean field"][integrator, step][0] - finest).max()
            drifts = " | ".join(f"{found[name][integrator, step][1]:.1e}" for name in found)
            print(f"| {step} | " + (f"{error:.1e}" if error > 0 else "(reference)") + f" | {drifts} |")


if __name__ == "__main__":
    main()
