"""simmpi from Python: its results as xarray datasets (`simmpi.open`), and QC Lab's drivers (`simmpi.qclab`)."""

from simmpi.program import ProgramError
from simmpi.results import IncompleteResults, Results, open_results

open = open_results  # noqa: A001 (the name that users call: simmpi.open)

__all__ = ["IncompleteResults", "ProgramError", "Results", "open"]
