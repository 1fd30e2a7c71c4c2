#!/usr/bin/python3
"""How many trajectory-steps does a second of CPU time buy, in simmpi and in QC Lab 1.3.0? A Markdown table with the
ratio of the two.

    benches/against_qclab.py [--simmpi PATH] [--venv FOLDER] [--only PATTERN] [--short] [--json FILE]

Needs a release build of simmpi and, the first time, the network: QC Lab is installed from PyPI into an environment of
its own. About a quarter of an hour on one core; `--short` tries every row for a second or two: its ratios mean little.

Both programs do the same: same model, initial state, time step, scheme (`integrator = "sequential"`) and number of
samples. simmpi runs as one rank without mpirun, QC Lab through its serial driver with every library on one thread, its
kernels compiled beforehand, with the batch size that was fastest in a trial of several.

What is measured is CPU time, user and system, of the propagation alone. Both programs run every configuration twice
with the same trajectories: over the whole interval, and up to the first sample. The difference is free of start-up,
imports, drawing of initial conditions, files and whatever else happens once a run or once a trajectory; what remains is
steps and samples, in the same proportion. The numbers of trajectories differ, so that each takes a few seconds. The two
programs take turns, three times; the table shows medians of the rates and the median of the three ratios.

So that the two are known to compute the same, populations are compared too, and a difference beyond five standard
errors is told.

A row that this simmpi refuses is skipped, and the reason told. Exit code 1: a row was skipped, or populations differ.
"""

import argparse
import contextlib
import json
import math
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QCLAB = "qclab==1.3.0"
STEPS_PER_SAMPLE = 10
BATCH_OF_SIMMPI = 256
BAD_CONFIGURATION = 78
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}
WORKER = "--serve-qclab"


@dataclass(frozen=True)
class System:
    name: str
    simmpi_model: str
    simmpi_settings: str
    qclab_model: str
    qclab_constants: dict
    states: int
    time_step: float
    steps: int


@dataclass(frozen=True)
class Algorithm:
    name: str
    simmpi_algorithm: str
    qclab_algorithm: str


@dataclass(frozen=True)
class Case:
    """A row of the table; `batches` are the batch sizes that QC Lab is tried with."""

    system: System
    algorithm: Algorithm
    target: float
    batches: tuple

    @property
    def name(self):
        return f"{self.system.name}, {self.algorithm.name}"


SPIN_BOSON = System("spin-boson, 100 modes", 'kind = "spin-boson", modes = 100', "",
                    "SpinBoson", {"A": 100}, states=2, time_step=0.01, steps=200)
# The fastest of the modes has a frequency of 130 in units of k_BT/hbar: RK4 damps it visibly with steps above 0.005.
FMO = System("FMO, 200 modes per site", 'kind = "fmo", modes_per_site = 200', 'time_unit = "thermal"',
             "FMOComplex", {"N": 200}, states=7, time_step=0.005, steps=200)
HOLSTEIN = System("Holstein, 10 sites", 'kind = "holstein", sites = 10', "",
                  "HolsteinLattice", {"N": 10}, states=10, time_step=0.01, steps=100)
# With a speed of 0.01 the crossing at 0 is passed after half of the 1000 atomic units of time.
TULLY = System("Tully I", 'kind = "tully-1", position = -5.0, momentum = 20.0', "", "TullyProblemOne",
               {"init_position": -5.0, "init_momentum": 20.0}, states=2, time_step=4.0, steps=250)

MEAN_FIELD = Algorithm("mean field", 'kind = "mean-field"', "MeanField")
FSSH = Algorithm("FSSH", 'kind = "fssh", frustrated = "keep", gauge = "sign-overlap"', "FewestSwitchesSurfaceHopping")
MASH = Algorithm(
    "MASH", 'kind = "ms-mash", frustrated = "reverse", max_hops = 10, bisections = 10, gauge = "sign-overlap"',
    "MultiStateMappingApproachToSurfaceHopping")

# MASH repeats a step for those trajectories that hop in it, at a cost that a large batch shares.
CASES = [
    Case(SPIN_BOSON, MEAN_FIELD, 30, (100, 200, 400, 1000)),
    Case(SPIN_BOSON, FSSH, 30, (100, 200, 400, 1000)),
    Case(SPIN_BOSON, MASH, 30, (1000, 4000, 10000)),
    Case(FMO, MEAN_FIELD, 35, (10, 20, 40, 100)),
    Case(FMO, FSSH, 20, (10, 20, 40, 100)),
    Case(HOLSTEIN, MEAN_FIELD, 8, (300, 1000, 3000)),
    Case(HOLSTEIN, FSSH, 10, (300, 1000, 3000)),
    Case(HOLSTEIN, MASH, 20, (1000, 4000, 10000)),
    Case(TULLY, MEAN_FIELD, 8, (1000, 3000, 10000, 30000)),
    Case(TULLY, FSSH, 15, (1000, 3000, 10000, 30000)),
]


@dataclass(frozen=True)
class Effort:
    repetitions: int
    seconds: float
    seconds_of_trial: float
    tries_all_batches: bool


FULL = Effort(repetitions=3, seconds=5.0, seconds_of_trial=1.0, tries_all_batches=True)
SHORT = Effort(repetitions=1, seconds=0.5, seconds_of_trial=0.1, tries_all_batches=False)


class Refused(Exception):
    """simmpi does not know the configuration."""


class Simmpi:
    """simmpi with one case, as one rank."""

    def __init__(self, program, case, folder):
        self.program, self.case, self.folder = program, case, Path(folder)
        self.results = self.folder / "results.h5"
        self.call("check", self.configure(BATCH_OF_SIMMPI, case.system.steps))

    def configure(self, trajectories, steps):
        system = self.case.system
        config = self.folder / "config.toml"
        config.write_text(f"""
            [campaign]
            kind = "trajectories"
            seed = 7
            output = "{self.results.name}"
            [partition]
            batch_size = {BATCH_OF_SIMMPI}
            [trajectories]
            count = {trajectories}
            duration = {steps * system.time_step!r}
            time_step = {system.time_step!r}
            sample_every = {STEPS_PER_SAMPLE * system.time_step!r}
            integrator = "sequential"
            {system.simmpi_settings}
            algorithm = {{ {self.case.algorithm.simmpi_algorithm} }}
            model = {{ {system.simmpi_model} }}
            initial = {{ state = 0, basis = "diabatic" }}
            """)
        return config

    def call(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, env=os.environ | ONE_THREAD)
        if done.returncode == BAD_CONFIGURATION:
            raise Refused(done.stderr.strip())
        if done.returncode != 0:
            sys.exit(f"simmpi ended with exit code {done.returncode}:\n{done.stderr}")

    def cpu_seconds(self, trajectories, steps):
        config = self.configure(trajectories, steps)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.call("run", config, "--fresh", "--force", "--progress", "none")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def rate(self, trajectories):
        return propagation_rate(self.cpu_seconds, trajectories, self.case.system.steps)

    def count_for(self, effort):
        """How many trajectories take the time that `effort` allows."""
        batches = 4
        while self.cpu_seconds(batches * BATCH_OF_SIMMPI, self.case.system.steps) < effort.seconds_of_trial:
            batches *= 2
        rate = self.rate(batches * BATCH_OF_SIMMPI)
        return math.ceil(effort.seconds * rate / self.case.system.steps / BATCH_OF_SIMMPI) * BATCH_OF_SIMMPI


class QcLab:
    """QC Lab with one case, in a process of its own that lives as long as the row: kernels are compiled once."""

    def __init__(self, python, case):
        self.case = case
        self.process = subprocess.Popen([python, __file__, WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=os.environ | ONE_THREAD)
        # The whole interval, so that every kernel is compiled, those of hops too.
        self.cpu_seconds(case.batches[0], case.system.steps, case.batches[0])

    def ask(self, question, **arguments):
        self.process.stdin.write(json.dumps({"question": question, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"QC Lab's process ended with exit code {self.process.wait()}")
        return json.loads(answer)

    def cpu_seconds(self, trajectories, steps, batch):
        system = self.case.system
        return self.ask("run", model=system.qclab_model, constants=system.qclab_constants, states=system.states,
                        algorithm=self.case.algorithm.qclab_algorithm, time_step=system.time_step, steps=steps,
                        trajectories=trajectories, batch=batch)

    def rate(self, trajectories, batch):
        return propagation_rate(lambda *shape: self.cpu_seconds(*shape, batch), trajectories, self.case.system.steps)

    def trial_rate(self, batch, effort):
        # The whole interval here too: where hops come late, the first steps would favour too large a batch.
        seconds_of_sample = self.cpu_seconds(batch, STEPS_PER_SAMPLE, batch)
        samples = self.case.system.steps / STEPS_PER_SAMPLE
        return self.rate(math.ceil(effort.seconds_of_trial / (seconds_of_sample * samples)) * batch, batch)

    def trial_rates(self, effort):
        """Batch sizes and the rate of each in a short trial."""
        batches = self.case.batches if effort.tries_all_batches else self.case.batches[:1]
        return {batch: self.trial_rate(batch, effort) for batch in batches}

    def count_for(self, rate, batch, effort):
        return max(1, round(effort.seconds * rate / self.case.system.steps / batch)) * batch

    def largest_deviation(self, results):
        """Of the last run's populations from those in a file of simmpi, in standard errors."""
        return self.ask("compare", results=str(results))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def propagation_rate(cpu_seconds, trajectories, steps):
    """Steps per CPU second, without what does not grow with the number of steps."""
    spent = cpu_seconds(trajectories, STEPS_PER_SAMPLE)
    # The whole interval comes last: its results are the ones that are compared.
    spent = cpu_seconds(trajectories, steps) - spent
    return trajectories * (steps - STEPS_PER_SAMPLE) / max(spent, 1e-9)


@dataclass
class Row:
    system: str
    algorithm: str
    target: float
    refusal: str | None = None
    batch: int | None = None
    trial_rates: dict | None = None
    simmpi_trajectories: int | None = None
    qclab_trajectories: int | None = None
    simmpi_rates: list | None = None
    qclab_rates: list | None = None
    ratios: list | None = None
    deviation: float | None = None

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    def agrees(self):
        return self.deviation <= 5.0

    def line(self):
        if self.refusal:
            cells = ["skipped", "", "", f"{self.target:g}"]
        else:
            simmpi, qclab = (round_to_3_digits(statistics.median(r)) for r in (self.simmpi_rates, self.qclab_rates))
            cells = [f"{simmpi:,}", f"{qclab:,} ({self.batch})", f"{self.ratio:.1f}", f"{self.target:g}"]
        return "| " + " | ".join([self.system, self.algorithm, *cells]) + " |"


def round_to_3_digits(rate):
    return round(rate, 2 - math.floor(math.log10(rate))) if rate < 1000 else round(float(f"{rate:.3g}"))


def measure(case, simmpi_program, python, effort):
    row = Row(case.system.name, case.algorithm.name, case.target)
    with tempfile.TemporaryDirectory() as folder:
        try:
            simmpi = Simmpi(simmpi_program, case, folder)
        except Refused as refused:
            row.refusal = str(refused)
            return row
        with contextlib.closing(QcLab(python, case)) as qclab:
            row.trial_rates = qclab.trial_rates(effort)
            row.batch = max(row.trial_rates, key=row.trial_rates.get)
            row.simmpi_trajectories = simmpi.count_for(effort)
            row.qclab_trajectories = qclab.count_for(row.trial_rates[row.batch], row.batch, effort)
            row.simmpi_rates, row.qclab_rates = [], []
            for _ in range(effort.repetitions):
                row.simmpi_rates.append(simmpi.rate(row.simmpi_trajectories))
                row.qclab_rates.append(qclab.rate(row.qclab_trajectories, row.batch))
            row.ratios = [ours / theirs for ours, theirs in zip(row.simmpi_rates, row.qclab_rates)]
            row.deviation = qclab.largest_deviation(simmpi.results)
    return row


def serve_qclab():
    """The worker: answers questions on its standard input, in the environment that has QC Lab."""
    # Whatever a library prints must not get in between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import h5py
    import numpy
    from qclab import Simulation, algorithms, models
    from qclab.dynamics import serial_driver

    data = None
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["question"] == "run":
            sim = Simulation({"tmax": ask["steps"] * ask["time_step"], "dt_update": ask["time_step"],
                              "dt_collect": STEPS_PER_SAMPLE * ask["time_step"], "num_trajs": ask["trajectories"],
                              "batch_size": ask["batch"], "progress_bar": False})
            sim.model = getattr(models, ask["model"])(ask["constants"])
            sim.algorithm = getattr(algorithms, ask["algorithm"])()
            sim.initial_state["wf_db"] = numpy.eye(ask["states"], dtype=complex)[0]
            before = resource.getrusage(resource.RUSAGE_SELF)
            data = serial_driver(sim).data_dict
            after = resource.getrusage(resource.RUSAGE_SELF)
            answer = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            assert len(data["t"]) == ask["steps"] // STEPS_PER_SAMPLE + 1, "QC Lab changed the number of samples"
        else:
            with h5py.File(ask["results"]) as file:
                populations, stderr = (file["results/" + name][...] for name in ("populations", "populations_stderr"))
                trajectories = file["results"].attrs["trajectories_used"]
            theirs = numpy.einsum("tii->ti", data["dm_db"]).real
            # QC Lab gives no errors: simmpi's are scaled to the other number of trajectories; and room for rounding.
            stderr = stderr * numpy.sqrt(1.0 + trajectories / len(data["seed"])) + 1e-9
            answer = float(numpy.max(numpy.abs(populations - theirs) / stderr))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def environment_with_qclab(folder):
    """The interpreter of a virtual environment that has QC Lab, made and filled where it is missing."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making the virtual environment {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
    version = "from importlib.metadata import version; print('qclab==' + version('qclab'))"
    if subprocess.run([python, "-c", version], capture_output=True, text=True).stdout.strip() != QCLAB:
        print(f"installing {QCLAB}", file=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "--quiet", QCLAB], check=True)
    return python


def surroundings(python):
    """What the numbers depend on: processor and versions."""
    versions = "from importlib.metadata import version; print(', '.join(n + ' ' + version(n) for n in {}))"
    versions = versions.format(("qclab", "numpy", "numba"))
    theirs = subprocess.run([python, "-c", versions], check=True, capture_output=True, text=True).stdout.strip()
    processor = re.search(r"^model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{processor[1] if processor else platform.machine()}, {theirs}, Python {platform.python_version()}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simmpi", type=Path, default=ROOT / "target/release/simmpi", metavar="PATH")
    parser.add_argument("--venv", type=Path, default=ROOT / "target/qclab-venv", metavar="FOLDER")
    parser.add_argument("--only", default="", metavar="PATTERN", help="rows whose name has this regular expression")
    parser.add_argument("--short", action="store_true", help="a quick trial of every row")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement there")
    return parser.parse_args()


def main():
    options = arguments()
    cases = [case for case in CASES if re.search(options.only, case.name, re.IGNORECASE)]
    if not cases:
        sys.exit(f"no row has {options.only!r}; there are: " + "; ".join(case.name for case in CASES))
    if not options.simmpi.exists():
        sys.exit(f"{options.simmpi} is missing: run `cargo build --release`, or name another with --simmpi")
    python = environment_with_qclab(options.venv.absolute())
    effort = SHORT if options.short else FULL
    rows = []
    for case in cases:
        print(f"{case.name} ...", file=sys.stderr, flush=True)
        rows.append(measure(case, options.simmpi.absolute(), python, effort))
        if rows[-1].refusal:
            print(f"SKIPPED, this simmpi refuses it:\n{rows[-1].refusal}\n", file=sys.stderr, flush=True)
        else:
            ratios = ", ".join(f"{ratio:.1f}" for ratio in rows[-1].ratios)
            print(f"ratios {ratios}; populations within {rows[-1].deviation:.1f} standard errors", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")

    print("| system | algorithm | simmpi, steps/CPU s | QC Lab, steps/CPU s (batch) | ratio | target |")
    print("|---|---|---:|---:|---:|---:|")
    for row in rows:
        print(row.line())
    print(f"\n{surroundings(python)}" + ("; a quick trial, ratios mean little" if options.short else ""))
    skipped = [row for row in rows if row.refusal]
    differing = [row for row in rows if not row.refusal and not row.agrees()]
    for row in skipped:
        reason = "; ".join(line.split("error: ")[1] for line in row.refusal.splitlines() if "error: " in line)
        print(f"SKIPPED {row.system}, {row.algorithm}: {reason}")
    for row in differing:
        print(f"DIFFERENT POPULATIONS {row.system}, {row.algorithm}: by {row.deviation:.1f} standard errors")
    sys.exit(1 if skipped or differing else 0)


if __name__ == "__main__":
    serve_qclab() if sys.argv[1:] == [WORKER] else main()
