"""Runs a Simulation of QC Lab by simmpi, with the signatures of QC Lab's drivers."""

import os
import tempfile
import time
import warnings
from contextlib import nullcontext
from pathlib import Path

import h5py
import numpy as np
from qclab import Data

from simmpi import program as programs
from simmpi.qclab import initial
from simmpi.qclab.simulation import translate

# How launchers tell a process their number and those of its node: Open MPI, MPICH, SLURM.
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
_LOCAL_SIZES = ("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS")
_NODES = ("SLURM_STEP_NUM_NODES",)
_RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")
# Where simmpi writes what QC Lab collects, in units of energy or without.
_DATASETS = {"dm_db": "density_matrix", "classical_energy": "energy_classical", "quantum_energy": "energy_quantum"}


def serial_driver(sim, seeds=None, data=None, *, exact=False, program=None, directory=None):
    """Runs a Simulation on one core, as `qclab.dynamics.serial_driver`.

    `sim`, `seeds` and `data` are those of QC Lab's driver, and so is the `qclab.Data` that is returned. `exact=True` takes QC Lab's integrator,
    and the initial conditions and random numbers that it draws for the seeds, and gives its trajectories; otherwise simmpi draws its own.
    `program` is the path of simmpi (default: the variable SIMMPI, then PATH); `directory` is a folder for the configuration and the result
    file, which are otherwise removed.

    Raises `UnsupportedSimulation` with everything that simmpi has no counterpart of, and `simmpi.ProgramError` if it fails.
    """
    return _drive(sim, seeds, data, 1, exact, program, directory)


def parallel_driver_multiprocessing(sim, seeds=None, data=None, num_tasks=None, *, exact=False, program=None, directory=None):
    """Runs a Simulation on `num_tasks` cores of this machine (default: all that this process may use). Else as `serial_driver`."""
    return _drive(sim, seeds, data, _ranks(num_tasks, _cores), exact, program, directory)


def parallel_driver_mpi(sim, seeds=None, data=None, num_tasks=None, *, exact=False, program=None, directory=None):
    """Runs a Simulation on `num_tasks` ranks of MPI (default: as many as a launcher has started of this script). Else as `serial_driver`.

    In a script that `mpirun` has started, rank 0 starts simmpi on the cores of all ranks, while these wait; as with QC Lab only rank 0 has the
    results, and `data` of the others is as it was.
    """
    size, rank = _from_environment(_SIZES, 1), _from_environment(_RANKS, 0)
    if _from_environment(_LOCAL_SIZES, size) < size or _from_environment(_NODES, 1) > 1:
        raise programs.ProgramError(
            "this script runs on several nodes, and simmpi would run on this one only: write simmpi.qclab.configuration(sim) into a file, and "
            "start `mpirun simmpi` with it on all of them"
        )
    if size == 1:
        return _drive(sim, seeds, data, _ranks(num_tasks, lambda: 1), exact, program, directory)
    from mpi4py import MPI

    failure = None
    if rank == 0:
        try:
            data = _drive(sim, seeds, data, _ranks(num_tasks, lambda: size), exact, program, directory)
        except Exception as error:  # the other ranks must not wait forever
            failure = error
    elif data is None:
        data = Data()
    has_failed = _wait_for_first(MPI.COMM_WORLD, failure is not None)
    if failure is not None:
        raise failure
    if has_failed:
        raise programs.ProgramError("simmpi failed; rank 0 says why")
    return data


def configuration(sim, seeds=None, *, exact=False, output="results.h5", initial_file="initial.h5"):
    """The configuration of simmpi that a Simulation amounts to, TOML; with `exact=True` it reads `initial_file` (`write_initial_file`).

    Raises `UnsupportedSimulation`.
    """
    return _translate(sim, seeds, None, exact, output, initial_file).text()


def write_initial_file(path, sim, seeds=None):
    """Writes the initial conditions and random numbers that QC Lab draws for a Simulation into an HDF5 file, for `exact=True`.

    Raises `UnsupportedSimulation`.
    """
    initial.write(path, sim, _translate(sim, seeds, None, True))


def _translate(sim, seeds, data, exact, output="results.h5", initial_file="initial.h5"):
    """Initializes the model and counts seeds as QC Lab's drivers do, and translates the Simulation."""
    if sim.model is not None:
        sim.model.initialize_constants()
    if seeds is None:
        known = data.data_dict["seed"] if data is not None else ()
        seeds = (int(np.max(known)) + 1 if len(known) else 0) + np.arange(sim.settings.num_trajs, dtype=int)
    else:
        seeds = np.asarray(seeds)
        sim.settings.num_trajs = seeds.size
    return translate(sim, seeds, bool(exact), output, initial_file)


def _drive(sim, seeds, data, ranks, exact, program, directory):
    # Before anything is drawn or written.
    program = programs.find(program)
    data = Data() if data is None else data
    translated = _translate(sim, seeds, data, exact)
    with tempfile.TemporaryDirectory(prefix="simmpi-") if directory is None else nullcontext(directory) as folder:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "config.toml"
        config.write_text(translated.text(), encoding="utf-8")
        if translated.draws_initial_file:
            initial.write(folder / "initial.h5", sim, translated)
        code, output = programs.run(config, ranks, program, bool(sim.settings.get("progress_bar", True)))
        new = _collect(folder / "results.h5", sim, translated)
    if code == programs.SOME_TASKS_FAILED:
        lost = len(translated.seeds) - new.data_dict["norm_factor"]
        warnings.warn(f"{lost} of {len(translated.seeds)} trajectories failed and are in no mean: data.log says why", stacklevel=3)
    data.add_data(new)
    data.log = output
    return data


def _collect(path, sim, translated):
    """The `qclab.Data` of a result file: means over the trajectories at the collected times, as QC Lab's recipe names them."""
    new = Data(np.array(translated.seeds))
    with h5py.File(path, "r") as file:
        results = file["results"]
        new.data_dict["norm_factor"] = int(results.attrs["trajectories_used"]) * translated.branches
        for name in translated.outputs:
            if name == "t":
                new.data_dict[name] = np.array(sim.settings.t_collect, dtype=float)
            else:
                values = results[_DATASETS[name]][...]
                new.data_dict[name] = values if name == "dm_db" else values * translated.energy_unit
    return new


def _ranks(num_tasks, default):
    if num_tasks is None:
        return default()
    if int(num_tasks) != num_tasks or num_tasks < 1:
        raise ValueError(f"num_tasks is {num_tasks!r}: give a whole number from 1 on")
    return int(num_tasks)


def _cores():
    """The number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _from_environment(names, default):
    return next((int(os.environ[name]) for name in names if os.environ.get(name, "").isdigit()), default)


def _wait_for_first(comm, has_failed):
    """Waits until rank 0 comes here; returns whether it has failed. Sleeps: a blocking call would keep the cores busy that simmpi needs."""
    flag = np.array([has_failed], dtype="i4")
    request = comm.Ibcast(flag, root=0)
    while not request.Test():
        time.sleep(0.02)
    return bool(flag[0])
