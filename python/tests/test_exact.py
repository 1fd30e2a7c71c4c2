"""`exact=True` gives QC Lab's own numbers."""

import unittest

import numpy as np
from qclab import ingredients, models
from qclab.dynamics import serial_driver as serial_driver_of_qclab
from support import fssh, mash, mean_field, simulation

from simmpi.qclab import parallel_driver_multiprocessing, serial_driver

TOLERANCE = 1e-9
SCATTERING = {"tmax": 1000.0, "dt_update": 1.0, "dt_collect": 50.0}
FAST = {"tmax": 0.5, "dt_update": 0.001, "dt_collect": 0.05}


def bath(**constants):
    return models.SpinBoson({"A": 20, "l_reorg": 0.05, **constants})


def wigner():
    model = bath(kBT=0.3)
    model.ingredients.append(("init_classical", ingredients.init_classical_wigner_harmonic))
    return model


def own_start(model, parameters, **kwargs):
    """Initial coordinates that no distribution of simmpi's has."""
    return np.array([np.full(model.constants.num_classical_coordinates, 0.1 * seed + 0.2j) for seed in kwargs["seed"]])


def with_own_start():
    model = bath()
    model.ingredients.append(("init_classical", own_start))
    return model


def from_the_left(kind, momentum):
    return kind({"init_position": -4.0, "init_momentum": momentum})


CASES = {
    "spin-boson, mean field": lambda: simulation(bath(), mean_field()),
    "spin-boson, superposition": lambda: simulation(bath(), mean_field(), [0.6, 0.8j]),
    "spin-boson, other constants": lambda: simulation(bath(kBT=0.4, E=0.2, V=-0.3, W=0.3, boson_mass=2.5), fssh()),
    "spin-boson, Wigner": lambda: simulation(wigner(), mean_field()),
    "spin-boson, initial coordinates of the user's": lambda: simulation(with_own_start(), fssh()),
    "spin-boson, FSSH": lambda: simulation(bath(), fssh(), [0.6, 0.8j]),
    "spin-boson, deterministic FSSH": lambda: simulation(bath(), fssh(fssh_deterministic=True), num_trajs=8),
    "spin-boson, MASH": lambda: simulation(bath(l_reorg=0.5), mash()),
    "spin-boson, MASH, frustrated hops kept": lambda: simulation(
        bath(l_reorg=0.5), mash(reverse_frustrated_hops=False, msmash_num_bisections=12, msmash_max_hops=3), 1),
    "FMO, mean field": lambda: simulation(models.FMOComplex({"N": 10}), mean_field(), tmax=1.0, dt_update=0.005),
    "FMO at 77 K, FSSH": lambda: simulation(models.FMOComplex({"N": 10, "kBT": 77 / 300}), fssh(), tmax=1.0, dt_update=0.005),
    "FMO, MASH": lambda: simulation(models.FMOComplex({"N": 10}), mash(), 5, tmax=1.0, dt_update=0.005),
    "Holstein, FSSH": lambda: simulation(models.HolsteinLattice({"N": 6, "g": 0.8}), fssh()),
    "open Holstein, MASH": lambda: simulation(models.HolsteinLattice({"N": 4, "periodic": False}), mash()),
    "Holstein in reciprocal space, FSSH": lambda: simulation(
        models.HolsteinLatticeReciprocalSpace({"N": 6}), fssh(gauge_fixing="phase_overlap")),
    "Holstein in reciprocal space, FSSH, real couplings": lambda: simulation(
        models.HolsteinLatticeReciprocalSpace({"N": 6}), fssh(gauge_fixing="phase_der_couple")),
    "Holstein in reciprocal space, MASH": lambda: simulation(models.HolsteinLatticeReciprocalSpace({"N": 4}), mash(), tmax=1.0),
    "Tully I, mean field": lambda: simulation(from_the_left(models.TullyProblemOne, 15.0), mean_field(), **SCATTERING),
    "Tully I, FSSH": lambda: simulation(from_the_left(models.TullyProblemOne, 15.0), fssh(), **SCATTERING),
    "Tully I, MASH": lambda: simulation(from_the_left(models.TullyProblemOne, 15.0), mash(), **SCATTERING),
    "Tully II, FSSH": lambda: simulation(from_the_left(models.TullyProblemTwo, 25.0), fssh(), **SCATTERING),
    "Tully III, FSSH": lambda: simulation(from_the_left(models.TullyProblemThree, 15.0), fssh(), 1, **SCATTERING),
    "complex crossing A, FSSH": lambda: simulation(models.ComplexAvoidedCrossingA(), fssh(gauge_fixing="phase_overlap"), **FAST),
    "complex crossing B with Berry force, FSSH": lambda: simulation(
        models.ComplexAvoidedCrossingB(), fssh(gauge_fixing="phase_der_couple", use_gauge_field_force=True), **FAST),
    "complex crossing C, mean field": lambda: simulation(models.ComplexAvoidedCrossingC(), mean_field(), **FAST),
}


class Exact(unittest.TestCase):
    def assert_same(self, ours, theirs):
        ours, theirs = ours.data_dict, theirs.data_dict
        # Also in their order: data_dict is what users loop over.
        self.assertEqual(list(ours), list(theirs))
        for name in theirs:
            found, expected = np.asarray(ours[name]), np.asarray(theirs[name])
            self.assertEqual((found.shape, found.dtype), (expected.shape, expected.dtype), name)
            np.testing.assert_allclose(found, expected, rtol=0.0, atol=TOLERANCE * (1.0 + np.abs(expected).max()), err_msg=name)

    def test_means_are_those_of_qclab(self):
        for name, build in CASES.items():
            with self.subTest(name):
                self.assert_same(serial_driver(build(), exact=True), serial_driver_of_qclab(build()))

    def test_every_single_trajectory_is_that_of_qclab(self):
        for name in ("spin-boson, mean field", "spin-boson, FSSH", "spin-boson, MASH"):
            for seed in (0, 5, 1234567):
                with self.subTest(name, seed=seed):
                    build = CASES[name]
                    self.assert_same(serial_driver(build(), [seed], exact=True), serial_driver_of_qclab(build(), np.array([seed])))

    def test_more_seeds_are_added_to_data_as_with_qclab(self):
        build = CASES["spin-boson, FSSH"]
        ours, theirs = build(), build()
        first = (serial_driver(ours, exact=True), serial_driver_of_qclab(theirs))
        theirs.settings.batch_size = 4
        self.assert_same(parallel_driver_multiprocessing(ours, data=first[0], num_tasks=2, exact=True),
                         serial_driver_of_qclab(theirs, data=first[1]))
        self.assertEqual(first[0].data_dict["seed"].tolist(), list(range(12)))
        seeds = np.array([40, 3, 99])
        self.assert_same(serial_driver(ours, seeds, first[0], exact=True), serial_driver_of_qclab(theirs, seeds, first[1]))

    def test_times_that_do_not_divide_are_rounded_as_by_qclab(self):
        def build():
            return simulation(bath(), mean_field(), tmax=1.04, dt_update=0.03, dt_collect=0.1)

        self.assert_same(serial_driver(build(), exact=True), serial_driver_of_qclab(build()))


if __name__ == "__main__":
    unittest.main()
