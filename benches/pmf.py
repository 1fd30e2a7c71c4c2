"""Free energies of umbrella windows by simmpi, gmx wham and pymbar, in one run on the same data.

    python3 benches/pmf.py [FOLDER]

FOLDER contains w0 to w3 with win_pullx.xvg, win_pullf.xvg and win.tpr (alanine dipeptide, 4 windows of 5001 samples); by default the one beside the
repository. Reported is the CPU time of whole programs, including start-up and reading, and for pymbar also of the solver alone: medians over
rounds in which each program runs once, so that temporary load affects all of them. Programs that are not installed are skipped.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIMMPI = os.environ.get("SIMMPI", os.path.join(ROOT, "target/release/simmpi"))
CENTERS = [0.50, 0.58, 0.66, 0.74]
ROUNDS = 21

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


def cpu_of(command, folder, environment=None):
    """The CPU time of a command, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def windows(data, estimator, bootstrap):
    head = f'temperature_k = 300.0\ndiscard_ps = 10\nrange = [0.45, 0.78]\nestimator = "{estimator}"\nbootstrap = {bootstrap}\n'
    rows = [
        f'[[window]]\nfile = "{data}/w{k}/win_pullx.xvg"\ncenter = {center}\nforce_constant = 1500.0\n'
        for k, center in enumerate(CENTERS)
    ]
    return head + "".join(rows)


def of_simmpi(data, folder):
    """Commands by (estimator, replicates)."""
    commands = {}
    for estimator in ("mbar", "wham"):
        for bootstrap in (0, 100):
            name = f"{estimator}-{bootstrap}.toml"
            with open(os.path.join(folder, name), "w") as file:
                file.write(windows(data, estimator, bootstrap))
            commands[estimator, bootstrap] = [SIMMPI, "pmf", name, "-o", f"{estimator}-{bootstrap}.h5", "--force"]
    return commands


def of_gmx_wham(data, folder):
    """Commands by replicates."""
    for name, file in (("tpr", "win.tpr"), ("pullf", "win_pullf.xvg")):
        with open(os.path.join(folder, f"{name}.dat"), "w") as out:
            out.writelines(f"{data}/w{k}/{file}\n" for k in range(4))
    common = "gmx -quiet wham -it tpr.dat -if pullf.dat -unit kJ -temp 300 -b 10 -bins 100 -min 0.45 -max 0.78 -tol 1e-6"
    return {0: common.split(), 100: (common + " -nBootstrap 100 -bs-method b-hist").split()}


def median_times(data, folder):
    """CPU times of simmpi by (estimator, replicates), of gmx wham by (threads, replicates)."""
    environment = os.environ | {"GMX_MAXBACKUP": "-1"}
    # By default it takes all cores, and spends much of its time on waiting for them where others use them too.
    threads = {"as many threads as it likes": environment, "one thread": environment | {"OMP_NUM_THREADS": "1"}}
    runs = [(key, command, None) for key, command in of_simmpi(data, folder).items()]
    if shutil.which("gmx"):
        gmx = of_gmx_wham(data, folder)
        runs += [((name, n), command, env) for name, env in threads.items() for n, command in gmx.items()]
    times = {key: [] for key, _, _ in runs}
    for _ in range(ROUNDS):
        for key, command, env in runs:
            times[key].append(cpu_of(command, folder, env)[0])
    return {key: statistics.median(of) for key, of in times.items()}


def main():
    default = os.path.join(ROOT, "../shared/reference/md/umbrella")
    data = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else default)
    if not os.path.exists(os.path.join(data, "w0/win_pullx.xvg")):
        sys.exit(f"there are no windows in {data}: name a folder that has some")
    with tempfile.TemporaryDirectory() as folder:
        times = median_times(data, folder)
        for (who, replicates), time in times.items():
            name = f"simmpi pmf, {who}, figures too" if who in ("mbar", "wham") else f"gmx wham, {who}"
            print(f"{name}, {replicates} replicates: {time:.4f} CPU s")
        for who, replicates in times:
            if replicates and who not in ("mbar", "wham"):
                ratios = ", ".join(f"{name} {times[who, 100] / times[name, 100]:.1f}" for name in ("mbar", "wham"))
                print(f"  times as fast as gmx wham, {who}, with 100 replicates each: {ratios}")
        try:
            import pymbar  # noqa: F401
        except ImportError:
            print("pymbar is not installed")
            return
        _, said = cpu_of([sys.executable, "-W", "ignore", "-c", PYMBAR, data], folder)
        equations = float(said.strip().splitlines()[-1])
        print(f"pymbar: {equations:.3f} CPU s for the solver alone")
        print(f"  all of simmpi without replicates is {equations / times['mbar', 0]:.1f} times as fast as the solver alone")


if __name__ == "__main__":
    main()
