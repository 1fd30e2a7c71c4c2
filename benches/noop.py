#!/usr/bin/python3
"""What does the engine itself cost? No-op tasks per second on two ranks, static and dynamic, in batches of 100, and the CPU time of
a task; beside mpi4py.futures with chunks of 100 on the same two ranks, in the same run. Start-up, measured by a run of 200 tasks, is
taken off.

    benches/noop.py [--short]
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MPIRUN = ["mpirun.openmpi", "--oversubscribe", "--bind-to", "none", "-n", "2"]
PEER = """
import sys
from mpi4py import MPI
from mpi4py.futures import MPICommExecutor
def noop(task):
    return task
count = int(sys.argv[1])
with MPICommExecutor(MPI.COMM_WORLD, root=0) as executor:
    if executor is not None:
        assert sum(1 for _ in executor.map(noop, range(count), chunksize=100)) == count
"""


def simmpi(schedule):
    program = ROOT / "target/release/examples/test-campaigns"

    def command(folder, count):
        config = folder / "noop.toml"
        config.write_text(f'[campaign]\nkind = "noop"\n[noop]\ncount = {count}\n'
                          f'[partition]\nbatch_size = 100\nschedule = "{schedule}"\n')
        return [program, "run", config, "--fresh", "--progress", "none"]

    return command


def mpi4py(folder, count):
    script = folder / "peer.py"
    script.write_text(PEER)
    return ["/usr/bin/python3", script, str(count)]


def run(command, folder, count):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([*MPIRUN, *command(folder, count)], check=True, timeout=300, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - start, cpu


def measure(command, folder, count):
    empty, full = (min(run(command, folder, n) for _ in range(3)) for n in (200, count))
    return count / max(full[0] - empty[0], 1e-9), 1e6 * (full[1] - empty[1]) / count


def main():
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked", "--example", "test-campaigns"], cwd=ROOT, check=True)
    scale = 10 if "--short" in sys.argv else 1
    print(f"{'2 ranks, batches of 100':28} {'tasks/s':>12} {'CPU us/task':>12} {'of mpi4py':>12}")
    with tempfile.TemporaryDirectory() as folder:
        peer = None
        cases = [("mpi4py.futures, map", mpi4py, 400_000), ("simmpi, static", simmpi("static"), 4_000_000),
                 ("simmpi, dynamic", simmpi("dynamic"), 4_000_000)]
        for name, command, count in cases:
            rate, cpu = measure(command, Path(folder), count // scale)
            peer = peer or rate
            print(f"{name:28} {rate:12.3g} {cpu:12.3g} {rate / peer:12.1f}")


main()
