#!/usr/bin/python3
"""What does the water hexamer cost (3-body, counterpoise, 6-31G*: 47 tasks, 41 of them in the 114 functions of the whole cluster)? CPU
seconds of one core for Hartree-Fock and for MP2, by simmpi's embedded engine, by psi4 and by PySCF in one process, in one run, on the same
tasks with the same convergence; and the largest difference of a task's energy. A Markdown table.

    benches/water6.py [--every N] [--pyscf PYTHON]

Needs a release build, psi4 and h5py; PYTHON is an interpreter that has pyscf (python3 -m venv V; V/bin/pip install pyscf). psi4 takes a
quarter of an hour for all tasks; with --every N it and PySCF compute every N-th task and their sums are scaled up, as the table then says.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parent.parent
SIMMPI = ROOT / "target/release/simmpi"
ONE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
BOHR = 0.529177210903
PYSCF = """
import json, sys, time
from pyscf import gto, lib, mp, scf
lib.num_threads(1)
for atoms in json.load(open(sys.argv[1])):
    molecule = gto.M(atom=atoms, unit="B", basis="6-31g*", cart=True, verbose=0, max_memory=4000)
    field = scf.RHF(molecule)
    field.conv_tol = 1e-10
    start = time.process_time()
    energy = field.kernel()
    middle = time.process_time()
    total = mp.MP2(field).kernel()[0] + energy
    print(json.dumps([energy, total, middle - start, time.process_time() - start]), flush=True)
"""


def atoms_of_example():
    text = (ROOT / "examples/water6.toml").read_text().split('"""')[1]
    rows = [line.split() for line in text.strip().splitlines()]
    return [(row[0], [float(x) / BOHR for x in row[1:4]]) for row in rows]


def simmpi(folder, method):
    text = (ROOT / "examples/water6.toml").read_text().replace('method = "mp2"', f'method = "{method}"')
    (folder / f"{method}.toml").write_text(text.replace("water6.h5", f"{method}.h5"))
    seconds = cpu([SIMMPI, "run", f"{method}.toml", "--progress", "none"], folder)
    with h5py.File(folder / f"{method}.h5") as file:
        tasks = file["results/tasks"]
        keys = [(json.loads(real), json.loads(basis)) for real, basis in zip(tasks["real"][...], tasks["basis"][...])]
        return seconds, keys, tasks["energy"][...]


def cpu(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=os.environ | ONE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def psi4(folder, atoms, key, method):
    real, basis = key
    chosen = [a for fragment in sorted(basis) for a in range(3 * fragment - 3, 3 * fragment)]
    options = {"scf_type": "pk", "mp2_type": "conv", "e_convergence": 1e-10, "d_convergence": 1e-8, "freeze_core": False}
    (folder / "psi4.json").write_text(json.dumps({
        "schema_name": "qc_schema_input", "schema_version": 1, "driver": "energy", "keywords": options,
        "model": {"method": method, "basis": "6-31g*"},
        "molecule": {"symbols": [atoms[a][0] for a in chosen], "geometry": [x for a in chosen for x in atoms[a][1]],
                     "real": [a // 3 + 1 in real for a in chosen], "fix_com": True, "fix_orientation": True, "fix_symmetry": "c1"},
    }))
    seconds = cpu(["psi4", "--json", "psi4.json", "-n", "1", "-s", folder], folder)
    return seconds, json.loads((folder / "psi4.json").read_text())["return_result"]


def pyscf(folder, python, atoms, keys):
    molecules = []
    for real, basis in keys:
        chosen = [a for fragment in sorted(basis) for a in range(3 * fragment - 3, 3 * fragment)]
        molecules.append([[atoms[a][0] if a // 3 + 1 in real else f"ghost-{atoms[a][0]}", atoms[a][1]] for a in chosen])
    (folder / "tasks.json").write_text(json.dumps(molecules))
    done = subprocess.run([python, "-c", PYSCF, "tasks.json"], cwd=folder, env=os.environ | ONE, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


def option(name, default):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def main():
    every, python = int(option("--every", 1)), option("--pyscf", sys.executable)
    atoms = atoms_of_example()
    print("| | simmpi | psi4 | of psi4 | PySCF | of PySCF | largest difference, Eh |\n|---|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = None
        for place, method in enumerate(("hf", "mp2")):
            seconds, keys, energies = simmpi(folder, method)
            chosen = list(range(0, len(keys), every))
            scale = len(keys) / len(chosen)
            if peer is None:
                peer = pyscf(folder, python, atoms, [keys[k] for k in chosen])
            of_pyscf = scale * sum(row[2 + place] for row in peer)
            theirs = [psi4(folder, atoms, keys[k], method) for k in chosen]
            of_psi4 = scale * sum(row[0] for row in theirs)
            difference = max(max(abs(energies[k] - row[place]), abs(energies[k] - other[1])) for k, row, other in zip(chosen, peer, theirs))
            print(f"| {method}, {len(keys)} tasks | {seconds:.1f} s | {of_psi4:.0f} s | {of_psi4 / seconds:.1f} | {of_pyscf:.0f} s |"
                  f" {of_pyscf / seconds:.1f} | {difference:.0e} |", flush=True)
        if every > 1:
            print(f"\npsi4 and PySCF computed {len(chosen)} of the tasks, and their times are scaled up.")


if __name__ == "__main__":
    main()
