"""What of a Simulation has no counterpart in simmpi, and what can be done about it?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A part of a Simulation that simmpi cannot honour.

    `place` names it as the user wrote it, `message` says what is wrong, `help` what to do.
    """

    place: str
    message: str
    help: str

    def __str__(self):
        return f"{self.place}: {self.message}\n    help: {self.help}"


class UnsupportedSimulation(ValueError):
    """A Simulation that simmpi cannot run as it is; `problems` lists every reason."""

    def __init__(self, problems):
        self.problems = tuple(problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"simmpi cannot run this Simulation; QC Lab's own driver can:\n{lines}")


class Problems:
    """Collects the problems of one Simulation, so that all are reported together."""

    def __init__(self):
        self.found = []

    def add(self, place, message, help):
        self.found.append(Problem(place, message, help))

    def number(self, place, value, kind=float):
        """`value` as a number of `kind`, float or int; None, and a problem, if it is none."""
        import numpy

        array = numpy.asarray(value)
        is_number = array.size == 1 and array.dtype.kind in "iufb" and bool(numpy.isfinite(array).all())
        if not is_number or (kind is int and float(array.item()) != int(array.item())):
            wanted = "a whole number" if kind is int else "a finite number"
            self.add(place, f"{value!r} is not {wanted}", f"set it to {wanted}")
            return None
        return kind(array.item())

    def raise_any(self):
        """Raises `UnsupportedSimulation` if there are problems."""
        if self.found:
            raise UnsupportedSimulation(self.found)
