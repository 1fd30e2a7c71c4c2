#!/usr/bin/python3
"""Many real ranks on few cores: does a run start, run and end, how long does it take, and how much memory does a rank have?

    benches/ranks.py [RANKS] [--without-mpi]

RANKS (200) ranks run ten trajectories each. "Start" lasts until the first task, "end" from the last task until mpirun returns. The
memory of a process is what it has alone and its share of what others have too (PSS), or all of that (RSS): the median of all ranks
while tasks run. `mpirun` alone is the whole run of a program that calls MPI_Init and MPI_Finalize, left out --without-mpi.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parent.parent
SIMMPI = ROOT / "target/release/simmpi"
MPIRUN = ["mpirun.openmpi", "--oversubscribe", "--bind-to", "none"]
LIMIT = 600
CONFIG = """
[campaign]
kind = "trajectories"
seed = 5
[trajectories]
count = {count}
duration = 200.0
time_step = 0.1
sample_every = 100.0
algorithm = {{ kind = "fssh" }}
model = {{ kind = "tully-1" }}
[partition]
batch_size = 1
schedule = "dynamic"
"""
EMPTY = "#include <mpi.h>\nint main(int n, char **v) { MPI_Init(&n, &v); MPI_Finalize(); return 0; }\n"


def memory(folder):
    """PSS and RSS of the processes of the ranks, MB, by the name of the process."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            if not process.name.isdigit() or str(folder) not in (process / "environ").read_text(errors="replace"):
                continue
            name = (process / "comm").read_text().strip()
            rollup = (process / "smaps_rollup").read_text()
        except OSError:
            continue
        sizes = {key: int(size) / 1024 for key, size in re.findall(r"^(Pss|Rss): +(\d+) kB", rollup, re.M)}
        if len(sizes) == 2:
            found.setdefault(name, []).append((sizes["Pss"], sizes["Rss"]))
    return found


def launch(ranks, command, folder):
    start = time.time()
    # The folder stands in the environment of every rank, by which they are found.
    environment = {**os.environ, "SIMMPI_BENCH": str(folder), "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    with open(folder / "said.txt", "w") as said:
        running = subprocess.Popen([*MPIRUN, "-x", "SIMMPI_BENCH", "-n", str(ranks), *command], cwd=folder, stdout=said,
                                   stderr=subprocess.STDOUT, env=environment)
    return start, running


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    ranks = int(arguments[0]) if arguments else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "--without-mpi" not in sys.argv:
            (folder / "empty.c").write_text(EMPTY)
            subprocess.run(["mpicc.openmpi", "-o", folder / "empty", folder / "empty.c"], check=True)
            start, running = launch(ranks, [folder / "empty"], folder)
            code = running.wait(timeout=LIMIT)
            print(f"mpirun alone: {time.time() - start:.1f} s, it returns {code}")
        (folder / "config.toml").write_text(CONFIG.format(count=10 * ranks))
        start, running = launch(ranks, [SIMMPI, "config.toml", "--progress", "none"], folder)
        largest = {}
        while running.poll() is None and time.time() - start < LIMIT:
            time.sleep(0.5)
            if (folder / "results.h5.journal/000").exists():
                now = memory(folder)
                if len(now.get("simmpi", [])) == ranks:
                    largest = now
        ended = time.time()
        running.kill()
        said = (folder / "said.txt").read_text()
        last = re.findall("simmpi ends with exit code .*", said)
        print(f"mpirun returns {running.wait()}; simmpi says: {last[-1] if last else said}")
        with h5py.File(folder / "results.h5") as file:
            begins, seconds = (file[f"run/tasks/{column}"][...] for column in ("start_s", "seconds"))
            tasks = file["run/ranks/tasks"][...]
        first, last = begins.min(), (begins + seconds).max()
        print(f"start {first - start:.1f} s, tasks {last - first:.1f} s, end {ended - last:.1f} s; "
              f"each rank ran {tasks.min()} to {tasks.max()} of {tasks.sum()} tasks")
        for process, sizes in sorted(largest.items()):
            pss, rss = (statistics.median(column) for column in zip(*sizes))
            print(f"{len(sizes)} x {process}: PSS {pss:.1f} MB, RSS {rss:.1f} MB")


main()
