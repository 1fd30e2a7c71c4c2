#!/usr/bin/python3
"""What does it cost to have a program compute one task? CPU time per task, all processes together, of a water molecule's energy
(RHF/6-31G*, all electrons; xtb: GFN2), for the program by its own command line, through simmpi, through QCEngine within one Python
process, and through `qcengine run`, in one run; as a Markdown table. Start-up is taken off: the difference of a run with more tasks
and one with fewer. What cannot be run is skipped and said so.

    benches/launch.py [--short] [--qcengine PYTHON]

PYTHON is an interpreter that has qcengine (and networkx for NWChem). QCEngine from 0.50 on does not understand psi4 1.3 (Debian 12);
0.26 with qcelemental 0.25, pydantic 1 and numpy 1 does. Its xtb is the Python module xtb, not the program.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIMMPI = ROOT / "target/release/simmpi"
WATER = [("O", 0.0, 0.0, 0.117), ("H", 0.0, 0.757, -0.469), ("H", 0.0, -0.757, -0.469)]  # angstrom
APART = 20.0
BOHR = 0.529177210903
LEVELS = {
    "psi4": 'method = "hf"\nbasis = "6-31g*"\nfrozen_core = false\ndensity_fitting = false\n',
    "nwchem": 'method = "hf"\nbasis = "6-31g*"\nfrozen_core = false\ndensity_fitting = false\n',
    "xtb": 'method = "gfn2-xtb"\n',
}
KEYWORDS = {"psi4": {"scf_type": "pk"}, "nwchem": {"basis__cartesian": True}, "xtb": {}}
NWCHEM = """start job
geometry units angstrom noautosym nocenter noautoz
{atoms}
end
basis cartesian
 * library 6-31g*
end
task scf energy
"""
PEER = """
import json, sys
import qcengine
task, program, count = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for _ in range(count):
    assert qcengine.compute(task, program, raise_error=True).success
"""


def atomic_input(program):
    method, basis = ("gfn2-xtb", None) if program == "xtb" else ("hf", "6-31g*")
    return {
        "schema_name": "qcschema_input", "schema_version": 1, "driver": "energy", "extras": {}, "protocols": {},
        "model": {"method": method, **({"basis": basis} if basis else {})}, "keywords": dict(KEYWORDS[program]),
        "molecule": {
            "schema_name": "qcschema_molecule", "schema_version": 2, "symbols": [atom[0] for atom in WATER],
            "geometry": [x / BOHR for atom in WATER for x in atom[1:]], "molecular_charge": 0, "molecular_multiplicity": 1,
            "real": [True] * 3, "fix_com": True, "fix_orientation": True, "fix_symmetry": "c1",
        },
    }


def alone(program, folder, count):
    """The program's own command line, as often."""
    atoms = "\n".join(f" {s} {x} {y} {z}" for s, x, y, z in WATER)
    for _ in range(count):
        if program == "psi4":
            (folder / "job.json").write_text(json.dumps(atomic_input(program)))
            command = ["psi4", "--json", "job.json", "-n", "1", "-s", folder]
        elif program == "nwchem":
            (folder / "job.nw").write_text(NWCHEM.format(atoms=atoms))
            command = ["nwchem", "job.nw"]
        else:
            (folder / "job.xyz").write_text(f"3\n\n{atoms}\n")
            command = ["xtb", "job.xyz", "--gfn", "2"]
        run(command, folder)


def simmpi(program, folder, count):
    """A campaign of as many water molecules far from each other, one task each."""
    lines = [f"{s} {x + k * APART} {y} {z}" for k in range(count) for s, x, y, z in WATER]
    (folder / "waters.xyz").write_text(f"{len(lines)}\n\n" + "\n".join(lines) + "\n")
    (folder / "waters.toml").write_text(
        '[campaign]\nkind = "fragments"\nseed = 0\noutput = "waters.h5"\n'
        '[fragments]\nmolecule = "waters.xyz"\nbsse = ["nocp"]\nmax_order = 1\ntotal = true\n'
        f'[[fragments.level]]\norder = 1\nengine = "{program}"\n{LEVELS[program]}')
    run([SIMMPI, "run", "waters.toml", "--fresh", "--progress", "none"], folder)


def qcengine(python):
    def compute(program, folder, count):
        run([python, "-c", PEER, json.dumps(atomic_input(program)), program, str(count)], folder)

    return compute


def qcengine_run(python):
    def compute(program, folder, count):
        (folder / "input.json").write_text(json.dumps(atomic_input(program)))
        for _ in range(count):
            run([Path(python).parent / "qcengine", "run", program, "input.json"], folder)

    return compute


def run(command, folder):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, timeout=600, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout.strip()[-200:]}")


def cpu_seconds(compute, program, count):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        compute(program, Path(folder), count)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def per_task(compute, program, counts):
    try:
        few, many = (cpu_seconds(compute, program, count) for count in counts)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        print(f"SKIPPED: {program}: {error}", file=sys.stderr)
        return None
    return (many - few) / (counts[1] - counts[0])


def main():
    counts = (2, 4) if "--short" in sys.argv else (2, 12)
    python = sys.argv[sys.argv.index("--qcengine") + 1] if "--qcengine" in sys.argv else sys.executable
    columns = {"the program alone": alone, "simmpi": simmpi, "QCEngine": qcengine(python),
               "`qcengine run`": qcengine_run(python)}
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=ROOT, check=True)
    print("| CPU s per task |", " | ".join(columns), "|")
    print("|---|" + "---:|" * len(columns))
    for program in LEVELS:
        if not shutil.which(program):
            print(f"SKIPPED: {program} is not installed", file=sys.stderr)
            continue
        times = [per_task(compute, program, counts) for compute in columns.values()]
        print(f"| {program} |", " | ".join("-" if time is None else f"{time:.2f}" for time in times), "|", flush=True)


if __name__ == "__main__":
    main()
