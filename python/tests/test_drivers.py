"""Drivers: the signatures of QC Lab's, its results within their errors, refusals of everything that has no counterpart."""

import inspect
import os
import re
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy as np
import qclab.dynamics
from qclab import Simulation, models, tasks
from support import fssh, mash, mean_field, simulation

import simmpi
import simmpi.qclab as ours
from simmpi.qclab import UnsupportedSimulation, configuration, parallel_driver_multiprocessing, serial_driver

# QC Lab's first example, as in its documentation.
EXAMPLE = """
import numpy as np
from qclab import Simulation
from qclab.models import SpinBoson
from qclab.algorithms import MeanField
from qclab.dynamics import serial_driver

sim = Simulation()
sim.model = SpinBoson()
sim.algorithm = MeanField()
sim.initial_state["wf_db"] = np.array([1, 0], dtype=complex)
data = serial_driver(sim)
t = data.data_dict["t"]
populations = np.real(np.einsum("tii->ti", data.data_dict["dm_db"]))
"""
MPI_SCRIPT = """
import sys
import numpy as np
from mpi4py import MPI
from qclab import Simulation
from qclab.models import SpinBoson
from qclab.algorithms import MeanField
from simmpi.qclab import parallel_driver_mpi

sim = Simulation({"num_trajs": 9, "tmax": 1.0, "dt_update": 0.01, "progress_bar": False})
sim.model = SpinBoson({"A": 10})
sim.algorithm = MeanField()
sim.initial_state["wf_db"] = np.array([1, 0], dtype=complex)
if len(sys.argv) > 1:
    sim.model.ingredients.append(("h_c", None))
data = parallel_driver_mpi(sim)
print("rank", MPI.COMM_WORLD.Get_rank(), "has", data.data_dict["norm_factor"], len(data.data_dict["seed"]))
"""


def spin_boson(algorithm, **settings):
    return simulation(models.SpinBoson({"A": 10, "l_reorg": 0.05}), algorithm, **settings)


class Drivers(unittest.TestCase):
    def test_signatures_begin_with_those_of_qclab(self):
        for name in ("serial_driver", "parallel_driver_multiprocessing", "parallel_driver_mpi"):
            theirs = list(inspect.signature(getattr(qclab.dynamics, name)).parameters.values())
            found = list(inspect.signature(getattr(ours, name)).parameters.values())
            self.assertEqual([(p.name, p.default, p.kind) for p in found[:len(theirs)]], [(p.name, p.default, p.kind) for p in theirs])
            self.assertTrue(all(p.kind is p.KEYWORD_ONLY for p in found[len(theirs):]), name)

    def test_the_example_of_qclab_runs_with_another_import(self):
        text, count = re.subn(r"from qclab\.dynamics import", "from simmpi.qclab import", EXAMPLE)
        self.assertEqual(count, 1)
        names = {}
        exec(text, names)
        self.assertEqual((names["t"].shape, names["populations"].shape), ((101,), (101, 2)))
        np.testing.assert_allclose(names["t"], np.arange(101) * 0.1, atol=1e-12)
        np.testing.assert_allclose(names["populations"].sum(axis=1), 1.0, atol=1e-9)
        self.assertEqual(names["data"].data_dict["norm_factor"], 100)
        self.assertIn("complete: 100 of 100", names["data"].log)

    def test_means_are_those_of_qclab_within_their_errors(self):
        for algorithm in (mean_field, fssh, mash):
            with self.subTest(algorithm.__name__), tempfile.TemporaryDirectory() as folder:
                def build():
                    return spin_boson(algorithm(), num_trajs=400, batch_size=100, dt_update=0.02)

                found = parallel_driver_multiprocessing(build(), num_tasks=2, directory=folder).data_dict["dm_db"]
                expected = qclab.dynamics.serial_driver(build()).data_dict["dm_db"]
                stderr = simmpi.open(os.path.join(folder, "results.h5"))["results"].density_matrix_stderr.values
                for part in ("real", "imag"):
                    # QC Lab's means have errors of the same size; at t = 0 there are none.
                    bound = 5.0 * np.sqrt(2.0) * getattr(stderr, part) + 1e-9
                    self.assertTrue((np.abs(getattr(found, part) - getattr(expected, part)) <= bound).all(), part)

    def test_ranks_do_not_change_a_bit_and_seeds_do(self):
        runs = [serial_driver(spin_boson(fssh())), parallel_driver_multiprocessing(spin_boson(fssh()), num_tasks=3),
                serial_driver(spin_boson(fssh()), np.arange(6, 12))]
        tables = [run.data_dict["dm_db"] for run in runs]
        np.testing.assert_array_equal(tables[0], tables[1])
        self.assertFalse(np.array_equal(tables[0], tables[2]))
        # With the same Data the second call has other seeds.
        both = serial_driver(spin_boson(fssh()), data=runs[0])
        np.testing.assert_allclose(both.data_dict["dm_db"], (tables[0] + tables[2]) / 2, atol=1e-12)

    def test_collected_outputs_may_be_left_out(self):
        sim = spin_boson(mean_field())
        sim.algorithm.collect_recipe = [task for task in sim.algorithm.collect_recipe if task is not tasks.collect_classical_energy]
        self.assertEqual(list(serial_driver(sim).data_dict), ["seed", "norm_factor", "t", "dm_db", "quantum_energy"])

    def test_a_script_under_mpirun_starts_one_campaign(self):
        command = [os.environ.get("SIMMPI_MPIRUN", "mpirun"), "--oversubscribe", "-n", "3", sys.executable]
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "script.py")
            script.write_text(MPI_SCRIPT)
            done = subprocess.run([*command, script], capture_output=True, text=True, timeout=100)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            lines = sorted(line for line in done.stdout.splitlines() if line.startswith("rank"))
            self.assertEqual(lines, ["rank 0 has 9 9", "rank 1 has 0 0", "rank 2 has 0 0"])
            failed = subprocess.run([*command, script, "fail"], capture_output=True, text=True, timeout=100)
            self.assertNotEqual(failed.returncode, 0)
            self.assertIn("h_c: the ingredient is removed", failed.stderr)

    def test_failed_trajectories_are_in_no_mean_and_a_warning(self):
        sim = spin_boson(mean_field(), num_trajs=4)

        def start(model, parameters, **kwargs):
            return np.array([np.full(10, np.nan if seed == 2 else 0.1, dtype=complex) for seed in kwargs["seed"]])

        sim.model.ingredients.append(("init_classical", start))
        with self.assertWarnsRegex(UserWarning, "1 of 4 trajectories failed"):
            data = serial_driver(sim, exact=True)
        self.assertEqual(data.data_dict["norm_factor"], 3)
        self.assertTrue(np.isfinite(data.data_dict["dm_db"]).all())

    def test_configuration_is_what_the_driver_runs(self):
        text = configuration(simulation(models.FMOComplex(), mash(reverse_frustrated_hops=False), 5, num_trajs=50, tmax=1.0))
        for line in ('count = 50', 'kind = "fmo"', 'temperature_k = 300.0', 'modes_per_site = 200', 'characteristic_frequency_per_cm = 106.14',
                     'reorganization_energy_per_cm = 35.0', 'time_unit = "thermal"', 'duration = 1.0', 'time_step = 0.01',
                     'sample_every = 0.1', 'kind = "ms-mash"', 'frustrated = "keep"', 'state = 5'):
            self.assertIn(line, text.splitlines())
        self.assertIn('file = "start.h5"', configuration(spin_boson(fssh()), exact=True, initial_file="start.h5"))
        with tempfile.TemporaryDirectory() as folder:
            sim = spin_boson(fssh(), num_trajs=5)
            Path(folder, "config.toml").write_text(configuration(sim, exact=True))
            ours.write_initial_file(Path(folder, "initial.h5"), sim)
            check = subprocess.run([simmpi.program.find(), "check", Path(folder, "config.toml")], capture_output=True, text=True)
            self.assertEqual(check.returncode, 0, check.stdout + check.stderr)


class Refusals(unittest.TestCase):
    def problems(self, sim, seeds=None, exact=False):
        with self.assertRaises(UnsupportedSimulation) as caught:
            serial_driver(sim, seeds, exact=exact)
        for problem in caught.exception.problems:
            self.assertTrue(problem.message and problem.help)
            self.assertIn(problem.place, str(caught.exception))
        return [problem.place for problem in caught.exception.problems]

    def test_all_that_has_no_counterpart_is_reported_together(self):
        sim = spin_boson(fssh(gauge_fixing="none"))
        sim.model.ingredients += [("h_qc", lambda model, parameters, **kwargs: None), ("dh_qc_dzc", None)]
        sim.algorithm.update_recipe.append(lambda sim, state, parameters: (state, parameters))
        sim.algorithm.collect_recipe.append(tasks.collect_dm_db)
        sim.initial_state["wf_db"] = np.array([1.0, 1.0], dtype=complex)
        self.assertEqual(set(self.problems(sim)), {
            "sim.model.ingredients: h_qc", "sim.model.ingredients: dh_qc_dzc", "sim.algorithm.update_recipe", "sim.algorithm.collect_recipe",
            "sim.algorithm.settings.gauge_fixing", 'sim.initial_state["wf_db"]'})

    def test_a_model_or_algorithm_of_ones_own_is_named(self):
        class Own(models.SpinBoson):
            pass

        sim = simulation(Own(), mean_field())
        self.assertEqual(self.problems(sim), ["sim.model"])
        sim.algorithm = qclab.Algorithm()
        self.assertEqual(self.problems(sim), ["sim.model", "sim.algorithm"])
        empty = Simulation()
        self.assertEqual(self.problems(empty), ["sim.model", "sim.algorithm"])

    def test_constants_that_simmpi_does_not_have_are_named(self):
        sim = simulation(models.TullyProblemOne({"A": 0.02, "D": 1.5}), mean_field())
        self.assertEqual(self.problems(sim), ["sim.model.constants.A", "sim.model.constants.D"])
        sim = simulation(models.ComplexAvoidedCrossingB({"W": 0.0}), mean_field())
        self.assertEqual(self.problems(sim), ["sim.model.constants.W"])
        # Read by an ingredient, but not among the constants of the model.
        sim = simulation(models.TullyProblemOne(), mean_field())
        sim.model.constants.two_level_00 = 0.1
        self.assertEqual(self.problems(sim), ["sim.model: h_q"])

    def test_changes_that_an_algorithm_does_not_see_are_no_problem(self):
        sim = spin_boson(mean_field())
        sim.model.ingredients.append(("hop", None))
        self.assertEqual(serial_driver(sim).data_dict["norm_factor"], 6)
        sim.algorithm = fssh()
        self.assertEqual(self.problems(sim), ["sim.model.ingredients: hop"])

    def test_initial_coordinates_of_ones_own_need_exact(self):
        sim = spin_boson(mean_field())
        sim.model.ingredients.append(("init_classical", lambda model, parameters, **kwargs: np.ones((len(kwargs["seed"]), 10), dtype=complex)))
        self.assertEqual(self.problems(sim), ["sim.model.ingredients: init_classical"])
        self.assertEqual(serial_driver(sim, exact=True).data_dict["norm_factor"], 6)

    def test_what_cannot_be_exact_is_named(self):
        sim = simulation(models.HolsteinLatticeReciprocalSpace({"N": 4}), fssh())
        self.assertEqual(self.problems(sim, exact=True), ["sim.algorithm.settings.gauge_fixing"])
        sim = simulation(models.ComplexAvoidedCrossingA(), mash())
        self.assertEqual(self.problems(sim, exact=True), ["exact"])
        sim = simulation(models.SpinBoson({"V": 0.0, "A": 10}), fssh())
        self.assertEqual(self.problems(sim, exact=True), ["sim.model.constants.V"])
        sim = simulation(models.HolsteinLattice({"J": 0.0, "g": 0.0}), fssh())
        self.assertEqual(self.problems(sim, exact=True), ["sim.model.constants.J", "sim.model.constants.g"])

    def test_seeds_batches_and_times_are_checked(self):
        self.assertEqual(self.problems(spin_boson(mean_field()), [3, 3]), ["seeds"])
        self.assertEqual(self.problems(spin_boson(mean_field()), [0.5]), ["seeds"])
        self.assertEqual(self.problems(spin_boson(mean_field()), []), ["seeds"])
        deterministic = fssh(fssh_deterministic=True)
        self.assertEqual(self.problems(spin_boson(deterministic, num_trajs=5)), ["sim.settings.batch_size"])
        self.assertEqual(self.problems(spin_boson(deterministic), [1, 2, 3, 4], exact=True), ["seeds"])
        self.assertEqual(self.problems(spin_boson(mean_field(), tmax=0.01)), ["sim.settings.tmax"])
        self.assertEqual(self.problems(spin_boson(mean_field(), dt_update=0.0, dt_collect="x")), ["sim.settings.dt_update", "sim.settings.dt_collect"])
        for number in (0, -1, 1.5):
            with self.assertRaisesRegex(ValueError, "num_tasks"):
                parallel_driver_multiprocessing(spin_boson(mean_field()), num_tasks=number)

    def test_faults_that_simmpi_finds_carry_its_message(self):
        sim = spin_boson(mean_field(), dt_update=5.0, dt_collect=5.0, tmax=10.0)
        with self.assertRaisesRegex(simmpi.ProgramError, "a step of 5 is unstable") as caught:
            serial_driver(sim)
        self.assertEqual(caught.exception.exit_code, 78)

    def test_a_program_that_is_not_there_is_named_before_anything_runs(self):
        with self.assertRaisesRegex(simmpi.ProgramError, "no-simmpi.*argument"):
            serial_driver(spin_boson(mean_field()), program="/no-simmpi")

    def test_another_version_of_qclab_is_a_warning(self):
        version, qclab.__version__ = qclab.__version__, "2.0.0"
        try:
            with self.assertWarnsRegex(UserWarning, "2.0.0"):
                configuration(spin_boson(mean_field()))
        finally:
            qclab.__version__ = version
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            configuration(spin_boson(mean_field()))


if __name__ == "__main__":
    unittest.main()
