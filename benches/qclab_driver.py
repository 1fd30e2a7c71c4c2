#!/usr/bin/python3
"""How long do QC Lab's drivers take, and simmpi's in their place? Wall time of the whole call, on QC Lab's own spin-boson example.

    benches/qclab_driver.py [--simmpi PATH] [--venv FOLDER] [--workers N] [--trajectories N] [--repetitions N]

Needs a release build of simmpi, and the environment with QC Lab 1.3.0 that `ci/setup.sh --tests` makes (target/qclab-venv). A few minutes.

Every driver gets the same Simulation, QC Lab's defaults but for the number of trajectories: 10,000 steps of 100 modes, 101 samples, batches of 25. A
first call compiles QC Lab's kernels and is left out (`first call`: what a script waits for that calls a driver once). All calls count starts of
processes, files and imports of the driver's own; every process has one thread.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}
WORKER = "--worker"
ALGORITHMS = ("MeanField", "FewestSwitchesSurfaceHopping", "MultiStateMappingApproachToSurfaceHopping")


def measure(package, driver, algorithm, trajectories, workers, repetitions):
    """Seconds of each call of a driver, in this process."""
    import numpy
    import qclab
    import qclab.algorithms
    import qclab.dynamics
    import qclab.models

    if package == "simmpi":
        import simmpi.qclab as drivers
    else:
        drivers = qclab.dynamics
    seconds = []
    for _ in range(repetitions + 1):
        sim = qclab.Simulation({"num_trajs": trajectories, "progress_bar": False})
        sim.model = qclab.models.SpinBoson()
        sim.algorithm = getattr(qclab.algorithms, algorithm)()
        sim.initial_state["wf_db"] = numpy.array([1, 0], dtype=complex)
        begin = time.perf_counter()
        data = getattr(drivers, driver)(sim, **({} if driver == "serial_driver" else {"num_tasks": workers}))
        seconds.append(time.perf_counter() - begin)
        assert data.data_dict["dm_db"].shape == (101, 2, 2) and data.data_dict["norm_factor"] == trajectories
    return seconds


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simmpi", type=Path, default=ROOT / "target/release/simmpi", metavar="PATH")
    parser.add_argument("--venv", type=Path, default=ROOT / "target/qclab-venv", metavar="FOLDER")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--trajectories", type=int, default=1000, metavar="N")
    parser.add_argument("--repetitions", type=int, default=3, metavar="N")
    return parser.parse_args()


def main():
    options = arguments()
    python = options.venv / "bin/python"
    for needed, remedy in ((options.simmpi, "cargo build --release"), (python, "ci/setup.sh --tests")):
        if not needed.exists():
            sys.exit(f"{needed} is missing: run `{remedy}`")
    environment = os.environ | ONE_THREAD | {"SIMMPI": str(options.simmpi.absolute()), "PYTHONPATH": str(ROOT / "python")}
    print(f"{options.trajectories} trajectories; seconds of a call\n")
    print("| driver | algorithm | simmpi | QC Lab | ratio | first call | |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for driver in ("serial_driver", "parallel_driver_multiprocessing"):
        for algorithm in ALGORITHMS:
            times = {}
            for package in ("simmpi", "qclab"):
                task = [package, driver, algorithm, options.trajectories, options.workers, options.repetitions]
                done = subprocess.run([python, __file__, WORKER, json.dumps(task)], env=environment, check=True, stdout=subprocess.PIPE, text=True)
                first, *rest = json.loads(done.stdout.splitlines()[-1])
                times[package] = (statistics.median(rest), first)
            (ours, our_first), (theirs, their_first) = times["simmpi"], times["qclab"]
            name = driver if driver == "serial_driver" else f"{driver}, {options.workers} workers"
            print(f"| {name} | {algorithm} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.1f} | {our_first:.2f} | {their_first:.2f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == [WORKER]:
        print(json.dumps(measure(*json.loads(sys.argv[2]))))
    else:
        main()
