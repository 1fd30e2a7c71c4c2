#!/usr/bin/python3
"""How much of two ranks is used when tasks are uneven? A program that speaks QCSchema waits as long as a calculation of its task would take (the
cube of the atoms, with a scatter that nobody can foresee), so that the machine's own load does not matter. Efficiency is the work of all tasks
over ranks x the time from the first start to the last end, for every schedule, as a Markdown table.

    benches/efficiency.py [--ranks N]

Needs a release build, mpirun and h5py.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parent.parent
SIMMPI = ROOT / "target/release/simmpi"
PROGRAM = """
import hashlib, json, sys, time
task = json.load(open(sys.argv[1]))
atoms = len(task["molecule"]["symbols"])
scatter = hashlib.sha256(json.dumps(task["molecule"]["geometry"]).encode()).digest()[0] / 255
time.sleep(0.01 * atoms ** 3 * (0.5 + scatter))
json.dump({"success": True, "return_result": -float(atoms), "properties": {"return_energy": -float(atoms)}}, open(sys.argv[2], "w"))
"""


def config(schedule):
    atoms = "\n".join(f"He {4 * (k % 2)} {4 * (k // 2 % 2)} {4 * (k // 4)}" for k in range(6))
    return (f'[campaign]\nkind = "fragments"\noutput = "{schedule}.h5"\n[partition]\nschedule = "{schedule}"\n'
            f'[fragments]\natoms = """\n{atoms}\n"""\nbsse = ["nocp"]\nmax_order = 4\ntotal = true\n'
            '[[fragments.level]]\nengine = "command"\nmethod = "any"\nbasis = "any"\n'
            'command = ["python3", "program.py", "{input}", "{output}"]\n')


def main():
    ranks = int(sys.argv[sys.argv.index("--ranks") + 1]) if "--ranks" in sys.argv else 2
    environment = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    print(f"| schedule | tasks | shortest, s | longest, s | efficiency on {ranks} ranks |\n|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(PROGRAM)
        for schedule in ("dynamic", "static"):
            (Path(folder) / f"{schedule}.toml").write_text(config(schedule))
            command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), SIMMPI, f"{schedule}.toml",
                       "--progress", "none"]
            subprocess.run(command, cwd=folder, env=environment, check=True, timeout=300, stdout=subprocess.DEVNULL)
            with h5py.File(Path(folder) / f"{schedule}.h5") as file:
                start, seconds = (file[f"run/tasks/{name}"][...] for name in ("start_s", "seconds"))
            span = (start + seconds).max() - start.min()
            print(f"| {schedule} | {len(seconds)} | {seconds.min():.2f} | {seconds.max():.2f} | {seconds.sum() / ranks / span:.1%} |")


if __name__ == "__main__":
    main()
