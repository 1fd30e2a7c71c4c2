#!/usr/bin/python3
"""Overhead of running a program as a replica: wall time of 2000 runs of /bin/true by `xargs -P 2` and by simmpi on two ranks, with and
without a folder for each, and of 1000 sleeps of 10 ms, also by a bare loop of posix_spawn and waitpid. The start-up (a campaign of two
replicas) is listed separately. Everything runs in the C locale: `sleep` would take 0.25 ms to load another. Minimum of several
repetitions; prints a Markdown table.

    benches/ensemble.py [--short]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIMMPI = ROOT / "target/release/simmpi"
MPIRUN = ["mpirun.openmpi", "--oversubscribe", "--bind-to", "none", "-n", "2"]
CONFIG = """[campaign]
kind = "ensemble"
[ensemble]
seeds = "1-{count}"
{directory}
engine = "command"
[ensemble.command]
argv = {argv}
environment = {{ SEED = "{{seed}}" }}
"""


PLAIN = {name: value for name, value in os.environ.items() if name != "LANG"} | {"LC_ALL": "C"}

# Removed at the end: ext4 creates folders slowly after thousands have just been removed.
KEPT = tempfile.TemporaryDirectory()


def simmpi(argv, count, directory=False):
    folder = tempfile.mkdtemp(dir=KEPT.name)
    where = 'directory = "replicas/{seed}"' if directory else ""
    # The seed is in the environment, since sleep would take an argument for a time.
    argv = "[" + ", ".join(f'"{word}"' for word in argv) + "]"
    Path(folder, "config.toml").write_text(CONFIG.format(count=count, directory=where, argv=argv))
    return wall([*MPIRUN, SIMMPI, "run", f"{folder}/config.toml", "--progress", "none"])


def xargs(argv, count):
    return wall(["sh", "-c", f"yes {argv[-1] if len(argv) > 1 else 1} | head -{count} | xargs -n 1 -P 2 {argv[0]}"])


def bare(argv, count):
    """Starts the program and waits for it, in two processes: the cost of the system itself."""
    begun = time.monotonic()
    workers = []
    for _ in range(2):
        worker = os.fork()
        if worker == 0:
            for _ in range(count // 2):
                os.waitpid(os.posix_spawn(argv[0], argv, PLAIN), 0)
            os._exit(0)
        workers.append(worker)
    for worker in workers:
        os.waitpid(worker, 0)
    return time.monotonic() - begun


def wall(command):
    environment = PLAIN | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    started = time.monotonic()
    subprocess.run(command, check=True, env=environment, timeout=300, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def main():
    short = "--short" in sys.argv
    turns, many, sleeps = (1, 200, 100) if short else (5, 2000, 1000)
    if not SIMMPI.exists():
        subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=ROOT, check=True)
    true, sleep = ["/bin/true"], ["/bin/sleep", "0.01"]
    cases = {
        "start-up of simmpi": lambda: simmpi(true, 2),
        f"{many} x true, xargs -P 2": lambda: xargs(true, many),
        f"{many} x true, simmpi": lambda: simmpi(true, many),
        f"{many} x true, simmpi, a folder each": lambda: simmpi(true, many, directory=True),
        f"{sleeps} x sleep 0.01, simmpi": lambda: simmpi(sleep, sleeps),
        f"{sleeps} x sleep 0.01, xargs -P 2": lambda: xargs(sleep, sleeps),
        f"{sleeps} x sleep 0.01, bare": lambda: bare(sleep, sleeps),
    }
    least = dict.fromkeys(cases, float("inf"))
    for _ in range(turns):
        for name, case in cases.items():
            least[name] = min(least[name], case())
    start = least["start-up of simmpi"]
    print("| | s | without start-up |\n|---|---:|---:|")
    for name, seconds in least.items():
        net = seconds if any(word in name for word in ("xargs", "bare", "start-up")) else seconds - start
        print(f"| {name} | {seconds:.2f} | {net:.2f} |")


if __name__ == "__main__":
    main()
