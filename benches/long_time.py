#!/usr/bin/python3
"""Where do the populations of a biased two-level system in a bath go for long times, with each algorithm?

    benches/long_time.py [--simmpi PATH] [--ranks N]

The exact answer for classical coordinates is the Boltzmann average over them: with the one combination s of positions that shifts the
levels, normally distributed with variance 2 l k_BT, it is an integral over s of the 2 x 2 matrix exp(-h(s)/k_BT). One campaign sweeps
the algorithm; the table shows means over the last half of the time, with the largest standard error there. About a minute on two cores.
"""

import argparse
import math
import subprocess
import tempfile
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parent.parent
BIAS, COUPLING, REORGANIZATION = 0.5, 0.25, 0.25
ALGORITHMS = {
    "mean field": 'kind = "mean-field"',
    "FSSH, frustrated hops kept": 'kind = "fssh"',
    "FSSH, frustrated hops reversed": 'kind = "fssh", frustrated = "reverse"',
    "FSSH, Jasper and Truhlar": 'kind = "fssh", frustrated = "jasper-truhlar"',
    "FSSH with decoherence (edc, C = 0.1)": 'kind = "fssh", decoherence = "edc", edc_constant = 0.1',
    "multi-state MASH": 'kind = "ms-mash"',
}


def configuration():
    values = ", ".join("{ " + keys + " }" for keys in ALGORITHMS.values())
    return f"""
        [campaign]
        kind = "trajectories"
        seed = 5
        output = "results.h5"
        [trajectories]
        count = 4000
        duration = 200.0
        time_step = 0.05
        sample_every = 2.0
        algorithm = {{ kind = "mean-field" }}
        [trajectories.model]
        kind = "spin-boson"
        thermal_energy = 1.0
        bias = {BIAS}
        coupling = {COUPLING}
        modes = 40
        characteristic_frequency = 0.25
        reorganization_energy = {REORGANIZATION}
        [[sweep]]
        key = "trajectories.algorithm"
        values = [{values}]
        """


def exact():
    """Boltzmann populations of the upper diabatic and the upper adiabatic state, by Simpson's rule over s."""
    spread = math.sqrt(2.0 * REORGANIZATION)
    steps = 4000
    total = diabatic = adiabatic = 0.0
    for k in range(steps + 1):
        s = spread * (-10.0 + 20.0 * k / steps)
        weight = (1 if k in (0, steps) else 4 if k % 2 else 2) * math.exp(-0.5 * (s / spread) ** 2)
        gap = math.hypot(BIAS + s, COUPLING)
        total += weight * 2.0 * math.cosh(gap)
        diabatic += weight * (math.cosh(gap) - (BIAS + s) / gap * math.sinh(gap))
        adiabatic += weight * math.exp(-gap)
    return diabatic / total, adiabatic / total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simmpi", type=Path, default=ROOT / "target/release/simmpi")
    parser.add_argument("--ranks", type=int, default=2)
    options = parser.parse_args()
    print("| | upper diabatic state | upper adiabatic state | on the upper surface |\n|---|---|---|---|")
    print("| exact | {:.4f} | {:.4f} | {:.4f} |".format(*exact(), exact()[1]))
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(configuration())
        launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(options.ranks)]
        subprocess.run([*launcher, options.simmpi.absolute(), config], check=True, stdout=subprocess.DEVNULL)
        with h5py.File(Path(folder) / "results.h5") as file:
            points = {group.attrs["point"]: group for group in file["results"].values()}
            for point, name in enumerate(ALGORITHMS):
                print(f"| {name} | " + " | ".join(cells(points[point])) + " |")


def cells(group):
    # State 0 lies higher of the diabatic states, surface 1 of the adiabatic ones.
    for name, state in [("populations", 0), ("populations_adiabatic", 1), ("surface_fractions", 1)]:
        if name not in group:
            yield ""
            continue
        late = len(group["time"]) // 2
        mean = group[name][late:, state].mean()
        yield f"{mean:.4f} ± {group[name + '_stderr'][late:, state].max():.4f}"


if __name__ == "__main__":
    main()
