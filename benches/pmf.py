"""Free energies of umbrella windows by simmpi, gmx wham and pymbar, in one run on the same data.

    python3 benches/pmf.py [FOLDER]

FOLDER has w0 to w3 with win_pullx.xvg, win_pullf.xvg and win.tpr (alanine dipeptide, 4 windows of 5001 samples); by default that beside the
repository. Told is the CPU time of whole programs, start-up and reading included, and of pymbar also of its equations alone. Peers that
are not installed are left out.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIMMPI = os.environ.get("SIMMPI", os.path.join(ROOT, "target/release/simmpi"))
CENTERS = [0.50, 0.58, 0.66, 0.74]

PYMBAR = """
import sys, time
import numpy as np, pymbar
centers = np.array([0.50, 0.58, 0.66, 0.74])
def load(path):
    rows = [line.split() for line in open(path) if line[0] not in "#@"]
    return np.array([float(x) for t, x in rows if float(t) >= 10.0])
samples = [load(f"{sys.argv[1]}/w{k}/win_pullx.xvg") for k in range(4)]
x = np.concatenate(samples)
u = 0.5 * 1500.0 * (x[None, :] - centers[:, None]) ** 2 / (0.0083144626 * 300.0)
pymbar.MBAR(u, [len(s) for s in samples])
start = time.process_time()
for _ in range(20):
    pymbar.MBAR(u, [len(s) for s in samples])
print((time.process_time() - start) / 20)
"""


def cpu_of(command, folder, repeats):
    """The mean CPU time of a command (single times are counted in ticks), and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(repeats):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / repeats, done.stdout


def windows(data, estimator, bootstrap):
    head = f'temperature_k = 300.0\ndiscard_ps = 10\nrange = [0.45, 0.78]\nestimator = "{estimator}"\nbootstrap = {bootstrap}\n'
    rows = [
        f'[[window]]\nfile = "{data}/w{k}/win_pullx.xvg"\ncenter = {center}\nforce_constant = 1500.0\n'
        for k, center in enumerate(CENTERS)
    ]
    return head + "".join(rows)


def of_simmpi(data, folder):
    times = {}
    for estimator in ("mbar", "wham"):
        for bootstrap in (0, 100):
            name = f"{estimator}-{bootstrap}.toml"
            with open(os.path.join(folder, name), "w") as file:
                file.write(windows(data, estimator, bootstrap))
            command = [SIMMPI, "pmf", name, "-o", f"{estimator}-{bootstrap}.h5"]
            times[estimator, bootstrap], _ = cpu_of(command, folder, 40)
            print(f"simmpi pmf, {estimator}, {bootstrap:3} replicates, with figures: {times[estimator, bootstrap]:.3f} CPU s")
    return times


def of_gmx_wham(data, folder):
    for name, file in (("tpr", "win.tpr"), ("pullf", "win_pullf.xvg")):
        with open(os.path.join(folder, f"{name}.dat"), "w") as out:
            out.writelines(f"{data}/w{k}/{file}\n" for k in range(4))
    common = "gmx -quiet wham -it tpr.dat -if pullf.dat -unit kJ -temp 300 -b 10 -bins 100 -min 0.45 -max 0.78 -tol 1e-6"
    os.environ["GMX_MAXBACKUP"] = "-1"
    bootstrapped = {}
    # By default it takes all cores, and spends much of its time on waiting for them where others use them too.
    for threads in ("as many threads as it likes", "one thread"):
        if threads == "one thread":
            os.environ["OMP_NUM_THREADS"] = "1"
        plain, _ = cpu_of(common.split(), folder, 10)
        bootstrapped[threads], _ = cpu_of((common + " -nBootstrap 100 -bs-method b-hist").split(), folder, 10)
        print(f"gmx wham, {threads}: {plain:.3f} CPU s, with 100 replicates {bootstrapped[threads]:.3f}")
    return bootstrapped


def main():
    default = os.path.join(ROOT, "../shared/reference/md/umbrella")
    data = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else default)
    if not os.path.exists(os.path.join(data, "w0/win_pullx.xvg")):
        sys.exit(f"there are no windows in {data}: name a folder that has some")
    with tempfile.TemporaryDirectory() as folder:
        own = of_simmpi(data, folder)
        if shutil.which("gmx"):
            for threads, peer in of_gmx_wham(data, folder).items():
                ratios = ", ".join(f"{name} {peer / own[name, 100]:.1f}" for name in ("mbar", "wham"))
                print(f"  times as fast as that with 100 replicates each: {ratios} ({threads})")
        try:
            import pymbar  # noqa: F401
        except ImportError:
            print("pymbar is not installed")
            return
        _, said = cpu_of([sys.executable, "-W", "ignore", "-c", PYMBAR, data], folder, 1)
        equations = float(said.strip().splitlines()[-1])
        print(f"pymbar: {equations:.3f} CPU s for the equations alone")
        print(f"  all of simmpi without replicates is {equations / own['mbar', 0]:.1f} times as fast as the equations alone")


if __name__ == "__main__":
    main()
