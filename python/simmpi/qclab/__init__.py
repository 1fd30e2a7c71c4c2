"""QC Lab's drivers, run by simmpi: `from simmpi.qclab import serial_driver` in place of `from qclab.dynamics import serial_driver`.

QC Lab (https://tempelaar-team.github.io/qclab) must be installed: simmpi takes its Simulation and returns its Data.
"""

try:
    import qclab as _qclab  # noqa: F401
except ImportError as error:
    raise ImportError("simmpi.qclab needs QC Lab: `pip install \"qclab>=1.3,<1.4\"`") from error

from simmpi.qclab.drivers import (
    configuration,
    parallel_driver_mpi,
    parallel_driver_multiprocessing,
    serial_driver,
    write_initial_file,
)
from simmpi.qclab.problems import Problem, UnsupportedSimulation

__all__ = [
    "Problem",
    "UnsupportedSimulation",
    "configuration",
    "parallel_driver_mpi",
    "parallel_driver_multiprocessing",
    "serial_driver",
    "write_initial_file",
]
