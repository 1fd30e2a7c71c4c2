"""Which program is simmpi, and how is a campaign run with it?"""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

# What launchers of MPI tell the processes that they start. simmpi would take itself for one of them.
_LAUNCHER_VARIABLES = ("OMPI_", "PMIX_", "PMI_", "PMI2_", "MPIR_", "HYDRA_", "HYDI_", "MPI_LOCAL", "PRTE_")
# Settings of the user's that have the same beginnings.
_USER_SETTINGS = ("OMPI_MCA_", "OMPI_ALLOW_RUN_AS_ROOT", "PMIX_MCA_", "HYDRA_LAUNCHER", "HYDRA_HOST_FILE")
# Those of them that Open MPI sets itself.
_OF_A_RANK = ("OMPI_MCA_orte_", "OMPI_MCA_ess", "OMPI_MCA_pmix", "OMPI_MCA_initial_wdir", "OMPI_MCA_shmem_RUNTIME")

COMPLETE, SOME_TASKS_FAILED = 0, 2


class ProgramError(RuntimeError):
    """simmpi is not found, or has ended without a result.

    `exit_code` is that of the program, or None; `output` is what it printed.
    """

    def __init__(self, message, exit_code=None, output=""):
        super().__init__(message)
        self.exit_code, self.output = exit_code, output


def find(program=None):
    """The path of simmpi: `program`, else the variable SIMMPI of the environment, else from PATH.

    Raises `ProgramError` if there is none.
    """
    named, origin = (program, "the argument `program`") if program else (os.environ.get("SIMMPI"), "SIMMPI")
    if named:
        found = shutil.which(os.fspath(named))
        if found is None:
            raise ProgramError(f"`{named}`, named by {origin}, is not a program: name the file of simmpi")
        return os.path.abspath(found)
    found = shutil.which("simmpi")
    if found is None:
        raise ProgramError(
            "simmpi was not found in PATH: add its folder to PATH, set SIMMPI to its path, or pass program=\"...\" "
            "(`cargo build --release` builds target/release/simmpi)"
        )
    return found


def command(program, config, ranks, progress):
    """The command that runs the campaign of the file `config` on so many `ranks` of this machine."""
    run = ["run", os.fspath(config), "--progress", progress]
    if ranks == 1:
        return [program, *run]
    if _starts_ranks(program):
        return [program, *run, "--ranks", str(ranks)]
    launcher = shutil.which("mpirun")
    if launcher is None:
        raise ProgramError("mpirun was not found in PATH: add the folder of the MPI library that simmpi is built for")
    options = ["--oversubscribe", "--bind-to", "none"] if _is_open_mpi(launcher) else []
    return [launcher, *options, "-n", str(ranks), program, *run]


def run(config, ranks=1, program=None, shows_progress=False):
    """Runs the campaign of the file `config` on `ranks` ranks; returns its exit code (0, or 2 if some tasks failed) and what it printed.

    Raises `ProgramError` if simmpi ends without a result.
    """
    progress = ("bar" if ranks == 1 and _is_terminal() else "lines") if shows_progress else "none"
    # It runs in the folder of the configuration, which may be reached by another path.
    config = Path(config).resolve()
    arguments = command(find(program), config, ranks, progress)
    printed = []
    try:
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=_environment())
    except OSError as error:
        raise ProgramError(f"cannot start `{arguments[0]}`: {error}") from error
    try:
        for piece in iter(lambda: child.stdout.read1(1 << 16), b""):
            printed.append(piece)
            if shows_progress:
                sys.stderr.write(piece.decode("utf-8", "replace"))
                sys.stderr.flush()
        code = child.wait()
    except BaseException:
        # An interrupted run is ended as by Ctrl-C: it finishes its journal.
        child.terminate()
        child.wait()
        raise
    finally:
        child.stdout.close()
    output = b"".join(printed).decode("utf-8", "replace")
    if code not in (COMPLETE, SOME_TASKS_FAILED):
        raise ProgramError(f"simmpi ended with exit code {code}:\n{output.strip()}", code, output)
    return code, output


def _environment():
    """The environment without what a launcher has told this process."""
    def is_kept(name):
        if name.startswith(_OF_A_RANK):
            return False
        return name.startswith(_USER_SETTINGS) or not name.startswith(_LAUNCHER_VARIABLES)

    return {name: value for name, value in os.environ.items() if is_kept(name)}


def _is_terminal():
    return bool(getattr(sys.stderr, "isatty", lambda: False)())


@lru_cache(maxsize=None)
def _starts_ranks(program):
    """Whether this simmpi starts ranks itself."""
    return "--ranks" in _printed([program, "run", "--help"])


@lru_cache(maxsize=None)
def _is_open_mpi(launcher):
    return "Open MPI" in _printed([launcher, "--version"])


def _printed(arguments):
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, env=_environment(), timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramError(f"cannot run `{' '.join(arguments)}`: {error}") from error
    return done.stdout + done.stderr
