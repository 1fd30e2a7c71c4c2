#!/usr/bin/env python3
"""How long do principal components take, from the trajectory on disk to components and projections?

    benches/pca.py [--short] [--python PYTHON]

The peers are `gmx covar` (GROMACS) for the components with `gmx anaeig` for the projections, and, run by PYTHON, MDAnalysis'
PCA; a peer that is not installed is skipped. All are bound to one core, in the same run. Data: atoms that move along soft modes with
noise, each frame rotated and shifted at random, 1000 frames of 200 atoms and 10,000 of 1000. Ten components are requested: they
converge quickly if twelve modes exceed the noise, slowly if four do or none. Needs numpy; `gmx trjconv` writes the xtc, without it
simmpi reads the trr.
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIMMPI = ROOT / "target/release/simmpi"
BOX = 30.0
MDANALYSIS = """
import time, warnings
warnings.filterwarnings("ignore")
import numpy as np, MDAnalysis as mda
from MDAnalysis.analysis.pca import PCA
started, cpu = time.perf_counter(), time.process_time()
u = mda.Universe("conf.gro", "traj.xtc")
pca = PCA(u, select="all", align=True).run()
np.save("mda.npy", pca.results.variance[:10])
print(time.perf_counter() - started, time.process_time() - cpu)
"""


def modes(count, atoms):
    """Amplitudes of the modes (root mean square over frames, of all atoms together), and the noise of each coordinate, nm."""
    return np.sqrt(atoms) * 0.05 / np.arange(1, count + 1) ** 0.8, 0.02


def write_data(folder, frames, atoms, widths, noise):
    """Writes conf.gro, traj.trr and, if GROMACS is installed, traj.xtc."""
    random = np.random.default_rng(frames + atoms)
    shape = np.cumsum(random.normal(0, 0.15, (atoms, 3)), axis=0)
    shape -= shape.mean(axis=0)
    directions, _ = np.linalg.qr(random.normal(size=(3 * atoms, len(widths))))
    with open(folder / "conf.gro", "w") as gro:
        gro.write(f"synthetic\n{atoms}\n")
        for k, (x, y, z) in enumerate(shape + BOX / 2):
            gro.write(f"{k % 99999 + 1:5d}ALA     CA{(k + 1) % 100000:5d}{x:8.3f}{y:8.3f}{z:8.3f}\n")
        gro.write(f"{BOX:10.5f}{BOX:10.5f}{BOX:10.5f}\n")
    box = np.diag([BOX] * 3).astype(">f4").tobytes()
    with open(folder / "traj.trr", "wb") as trr:
        for frame in range(frames):
            along = directions @ (widths * random.normal(size=len(widths)))
            x = shape + along.reshape(-1, 3) + random.normal(0, noise, (atoms, 3))
            q, r = np.linalg.qr(random.normal(size=(3, 3)))
            q *= np.sign(np.diag(r))
            q[:, 0] *= np.linalg.det(q)
            x = x @ q.T + BOX / 2 + random.normal(0, 0.5, 3)
            head = struct.pack(">3i12s10i3i2f", 1993, 13, 12, b"GMX_trn_file", 0, 0, 36, 0, 0, 0, 0, 12 * atoms, 0, 0, atoms,
                               frame, 0, float(frame), 0.0)
            trr.write(head + box + x.astype(">f4").tobytes())
    if shutil.which("gmx"):
        run(["gmx", "-quiet", "trjconv", "-f", "traj.trr", "-s", "conf.gro", "-o", "traj.xtc"], folder, "0\n")


def run(command, folder, stdin=""):
    """The output of a program, and its wall and CPU seconds without those of this script."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "GMX_MAXBACKUP": "-1"}
    command, log = [str(word) for word in command], folder / "log"
    (folder / "stdin").write_text(stdin)
    streams = [(os.POSIX_SPAWN_OPEN, 0, str(folder / "stdin"), os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), (os.POSIX_SPAWN_DUP2, 1, 2)]
    os.chdir(folder)
    started = time.perf_counter()
    _, status, used = os.wait4(os.posix_spawnp(command[0], command, environment, file_actions=streams), 0)
    wall = time.perf_counter() - started
    os.chdir(ROOT)
    said = log.read_text(errors="replace")
    if status:
        raise RuntimeError(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}: {said.strip()[-300:]}")
    return said, (wall, used.ru_utime + used.ru_stime)


def simmpi(folder):
    trajectory = "traj.xtc" if (folder / "traj.xtc").exists() else "traj.trr"
    (folder / "pca.toml").write_text(
        '[campaign]\nkind = "umbrella"\nseed = 1\noutput = "pca.h5"\n'
        f'[umbrella]\ntrajectory = "{trajectory}"\nstructure = "conf.gro"\nselection = "all"\nstop_after = "pca"\n')
    return run([SIMMPI, "run", "pca.toml", "--progress", "none"], folder)[1]


def covar(*options):
    def compute(folder):
        return run(["gmx", "-quiet", "covar", "-s", "conf.gro", "-f", "traj.xtc", *options, "-xvg", "none"], folder, "0\n0\n")[1]

    return compute


def covar_and_anaeig(folder):
    components = covar("-last", "10")(folder)
    _, projections = run(["gmx", "-quiet", "anaeig", "-s", "conf.gro", "-f", "traj.xtc", "-v", "eigenvec.trr", "-proj",
                          "projection.xvg", "-first", "1", "-last", "10", "-xvg", "none"], folder, "0\n0\n")
    return [sum(both) for both in zip(components, projections)]


def mdanalysis(python):
    def compute(folder):
        # Without the start of the interpreter: it tells its own times.
        return [float(word) for word in run([python, "-c", MDANALYSIS], folder)[0].split()[-2:]]

    return compute


def in_turns(peers, folder, rounds):
    """Wall and CPU seconds of simmpi and of each peer, `[rounds, 2]` each, and folders of the last round.

    simmpi alternates with one peer after the other, so that temporary load affects both, and cache contents left by a third program affect
    neither. Each run has its own folder with the data only, so that none has to remove old results."""
    times, folders = {}, {}
    for peer, compute in peers.items():
        try:
            for turn in range(rounds):
                for name, go in ("simmpi", simmpi), (peer, compute):
                    folders[name] = folder / f"{len(times)}-{turn}-{name == peer}"
                    folders[name].mkdir()
                    for path in folder.glob("*.*"):
                        (folders[name] / path.name).symlink_to(path)
                    times.setdefault(peer, ([], []))[name == peer].append(go(folders[name]))
        except (RuntimeError, OSError) as error:
            print(f"SKIPPED: {error}", file=sys.stderr)
            times.pop(peer, None)
            folders.pop(peer, None)
    return times, folders


def check(folders):
    """Relative differences of simmpi's eigenvalues from those of the peers."""
    run([SIMMPI, "export", "pca.h5", "-o", "pca.json"], folders["simmpi"])
    results = json.loads((folders["simmpi"] / "pca.json").read_text())["results"]["pca"]
    ours, frames = np.array(results["eigenvalues"]["values"]), len(results["projection"]["values"])
    differences = []
    for folder in folders.values():
        if (folder / "eigenval.xvg").exists():
            theirs = np.loadtxt(folder / "eigenval.xvg", comments=["#", "@"])[:10, 1] * frames / (frames - 1)
            differences.append(f"gmx {abs(ours / theirs - 1).max():.0e}")
        if (folder / "mda.npy").exists():
            differences.append(f"MDAnalysis {abs(100 * ours / np.load(folder / 'mda.npy') - 1).max():.0e}")
    return differences and "; largest relative difference of an eigenvalue: " + ", ".join(dict.fromkeys(differences))


def main():
    short = "--short" in sys.argv
    python = sys.argv[sys.argv.index("--python") + 1] if "--python" in sys.argv else None
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=ROOT, check=True)
    # One core for all.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    data = [(300, 50, 12)] if short else [(1000, 200, 12), (1000, 200, 4), (1000, 200, 0), (10_000, 1000, 12)]
    # Nothing is removed before the end: for some minutes ext4 passes over every file that was, whenever it makes another.
    with tempfile.TemporaryDirectory() as name:
        for number, (frames, atoms, count) in enumerate(data):
            folder = pathlib.Path(name) / str(number)
            folder.mkdir()
            write_data(folder, frames, atoms, *modes(count, atoms))
            peers = {"gmx covar, all components": covar(), "gmx covar -last 10": covar("-last", "10"),
                     "gmx covar -last 10, anaeig": covar_and_anaeig}
            if python and frames * atoms < 1_000_000:
                peers["MDAnalysis, without start-up"] = mdanalysis(python)
            times, folders = in_turns(peers, folder, 15 if frames * atoms < 1_000_000 else 1)
            print(f"\n{frames} frames of {atoms} atoms, {count} modes{check(folders) or ''}")
            print("| | wall s | of simmpi | times | CPU s | of simmpi | times |\n|---|---:|---:|---:|---:|---:|---:|")
            for peer, (ours, theirs) in times.items():
                of_both = zip(np.median(theirs, axis=0), np.median(ours, axis=0))
                print(f"| {peer} |", " | ".join(f"{there:.4f} | {here:.4f} | {there / here:.2f}" for there, here in of_both), "|")


if __name__ == "__main__":
    main()
