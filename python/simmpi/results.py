"""What is in a result file of simmpi, as xarray datasets with named dimensions?"""

import json
import os
from collections.abc import Mapping

import h5py
import numpy as np

from simmpi import dimensions

# For simmpi alone, and different in every version.
_PRIVATE = "run/state"


class IncompleteResults(RuntimeError):
    """A campaign has no result yet, or one without all of its tasks."""


def open_results(path, *, allow_incomplete=False):
    """The results of a campaign, by the path of its HDF5 file (`campaign.output`).

    Returns `Results`, a mapping of names to xarray datasets that are read when they are asked for. `allow_incomplete=True` also opens a file
    in which tasks are missing.

    Raises `IncompleteResults`, `FileNotFoundError`, `ValueError` for a file that is not simmpi's, and `ImportError` without xarray.
    """
    try:
        import xarray  # noqa: F401
    except ImportError as error:
        raise ImportError("simmpi.open needs xarray: `pip install xarray` (h5py reads the file without it)") from error
    path = os.fspath(path)
    if not os.path.exists(path):
        if os.path.isdir(f"{path}.journal"):
            raise IncompleteResults(f"`{path}` is not written yet, its campaign is not complete: rerun the same command to continue "
                                    "(`simmpi inspect` shows its state)")
        raise FileNotFoundError(f"there is no file `{path}`")
    try:
        with h5py.File(path, "r") as file:
            return Results(path, file, allow_incomplete)
    except OSError as error:
        raise ValueError(f"`{path}` is not an HDF5 file, or is cut off: {error}") from error


class Results(Mapping):
    """The datasets of a result file.

    Names are groups of the file, without `results/` in front: `results` itself, `pmf`, `cp`, `trajectories`, `run/tasks`. Every variable has its
    `units` and `description` as attributes. Of a sweep, or of several frames of fragments, every point is a dataset (`momentum=10.0`), and
    `results` is all of them along the dimension `point` (`frame`) if they have the same shapes. Columns that an ensemble has collected have
    the dimensions `seed` and `row`, with NaN behind the end of shorter ones.

    `kind` is that of the campaign, `attrs` are the attributes of the file, `configuration` is its TOML.
    """

    def __init__(self, path, file, allow_incomplete):
        self.path = path
        self.attrs = {name: _plain(value) for name, value in file.attrs.items()}
        if "campaign_kind" not in self.attrs or "results" not in file:
            raise ValueError(f"`{path}` was not written by simmpi")
        self.kind, self.configuration = self.attrs["campaign_kind"], self.attrs.get("config", "")
        if not self.attrs.get("complete", 1) and not allow_incomplete:
            done, total = (self.attrs.get(f"tasks_{word}") for word in ("done", "total"))
            raise IncompleteResults(f"`{path}` has {done} of {total} tasks: rerun the campaign to complete it, or pass allow_incomplete=True")
        self._points = _points(file["results"])
        self._groups = {}
        # A fragment campaign has attributes there.
        if file["results"].attrs:
            self._groups["results"] = "results"
        file["results"].visititems(lambda name, item: self._list(f"results/{name}", item))
        self._groups.update({f"collected/{name}": None for name in file["results"].get("collected", ())})
        file.visititems(self._list)
        self._is_stacked = bool(self._points) and self._is_stackable(file)
        if self._is_stacked:
            self._groups = {"results": None, **self._groups}
        self._known = {}

    def __getitem__(self, name):
        if name not in self._groups:
            raise KeyError(f"{name!r}; there are: {', '.join(self._groups)}")
        if name not in self._known:
            with h5py.File(self.path, "r") as file:
                self._known[name] = self._read(file, name)
        return self._known[name]

    def __iter__(self):
        return iter(self._groups)

    def __len__(self):
        return len(self._groups)

    def __repr__(self):
        return f"<simmpi.Results of {self.kind} in {self.path!r}: {', '.join(self._groups)}>"

    def _list(self, path, item):
        if isinstance(item, h5py.Dataset) and path != _PRIVATE and not path.startswith("results/collected/"):
            group = path.rpartition("/")[0]
            self._groups.setdefault(_key(group), group)

    def _is_stackable(self, file):
        """Whether all points have the same datasets with the same shapes, at the same times."""
        def shapes(group):
            return {name: item.shape for name, item in group.items() if isinstance(item, h5py.Dataset)}

        def times(group):
            return group["time"][...].tolist() if "time" in group else None

        first, *others = (file[f"results/{name}"] for name in self._points)
        known = (shapes(first), times(first))
        return bool(known[0]) and all((shapes(other), times(other)) == known for other in others)

    def _read(self, file, name):
        if name.startswith("collected/"):
            return _read_columns(file, f"results/{name}")
        if name == "results" and self._is_stacked:
            return self._stack(file)
        return _read_group(file, self._groups[name], bool(self._points))

    def _stack(self, file):
        import xarray

        dimension = "frame" if self.kind == "fragments" else "point"
        parts = [_read_group(file, f"results/{name}", True) for name in self._points]
        names = [list(part.attrs) for part in parts]
        stacked = xarray.concat(parts, dim=dimension, data_vars="all", coords="minimal", compat="override", join="exact",
                                combine_attrs="drop_conflicts")
        stacked = stacked.assign_coords({f"{dimension}_name": (dimension, np.array(self._points, dtype=object))})
        swept = [key for key in names[0] if "." in key and all(key in known for known in names)]
        for key in swept:
            values = [_parsed(part.attrs[key]) for part in parts]
            # The last part of a key, as in the names of points, where it is not the name of a variable.
            short = key.rpartition(".")[2]
            coordinate = key if short in stacked.variables or short in stacked.dims else short
            stacked = stacked.assign_coords({coordinate: (dimension, _column(values), {"key": key})})
        return stacked


def _points(results):
    """Names of the points of a sweep, or of frames, in their order."""
    names = [name for name, group in results.items() if isinstance(group, h5py.Group) and "=" in name]
    order = {name: (int(results[name].attrs.get("point", 0)), _frame(name)) for name in names}
    return sorted(names, key=order.get)


def _frame(name):
    number = name.partition("=")[2]
    return int(number) if name.startswith("frame=") and number.isdigit() else 0


def _key(group):
    return group.partition("/")[2] if group.startswith("results/") else group


def _plain(value):
    """An attribute without the types of HDF5."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value


def _parsed(text):
    """The value of a swept key: a number where it is one, else its text."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return text
    return value if isinstance(value, (bool, int, float, str)) else text


def _column(values):
    kinds = {type(value) for value in values}
    return np.array(values) if kinds <= {int, float} or kinds == {bool} else np.array([str(value) for value in values], dtype=object)


def _values(dataset):
    """The values of a dataset; texts as str."""
    if h5py.check_string_dtype(dataset.dtype) is not None or dataset.dtype.kind == "S":
        return np.array([_plain(text) for text in dataset[...].reshape(-1)], dtype=object).reshape(dataset.shape)
    return dataset[...]


def _read_group(file, group, sweeps):
    """The datasets directly in a group."""
    import xarray

    has_group = sweeps and group.startswith("results/")
    variables, coordinates = {}, {}
    for stored, dataset in file[group].items():
        if not isinstance(dataset, h5py.Dataset):
            continue
        names = dimensions.of_dataset(f"{group}/{stored}", dataset.ndim, has_group)
        name = "seed" if names == ("seed",) else stored
        attributes = {key: _plain(value) for key, value in dataset.attrs.items()}
        target = coordinates if names == (name,) or name in _COORDINATES.get(names, ()) else variables
        target[name] = (names, _values(dataset), attributes)
    if "time" not in coordinates and group.endswith("/trajectories"):
        # Single trajectories have the times of their means.
        times = file[group.rpartition("/")[0]].get("time")
        if times is not None:
            coordinates["time"] = ("time", times[...], {key: _plain(value) for key, value in times.attrs.items()})
    found = xarray.Dataset(variables, coordinates, {key: _plain(value) for key, value in file[group].attrs.items()})
    for name, length in found.sizes.items():
        if name in found.coords:
            continue
        if len(dimensions.LABELS.get(name, "")) == length > 0:
            found = found.assign_coords({name: dimensions.LABELS[name]})
        elif name in dimensions.FROM_ONE:
            found = found.assign_coords({name: np.arange(1, length + 1)})
    return found


# Datasets that label a dimension of another name.
_COORDINATES = {("bin",): ("coordinate",), ("window",): ("center",), ("frame",): ("time",), ("task",): ("label",),
                ("variable", "bin"): ("coordinate",)}


def _read_columns(file, group):
    """The collected columns of one file of each replica, [seed, row]."""
    import xarray

    seeds = file["results/seeds"][...]
    columns, length = {}, 0
    for name, column in file[group].items():
        values, offsets = column["values"][...], column["offsets"][...].astype(int)
        attributes = {key: _plain(value) for key, value in column["values"].attrs.items()}
        columns[name.replace("%2F", "/")] = (values, offsets, attributes)
        length = max(length, int(np.diff(offsets).max(initial=0)))
    variables = {}
    for name, (values, offsets, attributes) in columns.items():
        table = np.full((len(seeds), length), np.nan)
        for row, (first, end) in enumerate(zip(offsets[:-1], offsets[1:])):
            table[row, : end - first] = values[first:end]
        attributes["description"] = "the column of every replica"
        variables[name] = (("seed", "row"), table, attributes)
    return xarray.Dataset(variables, {"seed": seeds}, {"file": group.rpartition("/")[2].replace("%2F", "/")})
