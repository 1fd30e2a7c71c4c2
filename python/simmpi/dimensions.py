"""Which dimensions has a dataset of a result file, and which labels have they?"""

import re

# Datasets below /results, without the group of a point or frame and without _stderr, and the names of their dimensions. The first rule that fits
# name and rank counts.
_RULES = [
    # trajectories
    (r"time", ("time",)),
    (r"populations", ("time", "state")),
    (r"populations_adiabatic|surface_fractions", ("time", "surface")),
    (r"density_matrix|correlation_populations", ("time", "state", "state_2")),
    (r"correlation_coordinates", ("time", "coordinate")),
    (r"energy_drift", ("statistic",)),
    (r"energy_(classical|quantum|total)", ("time",)),
    (r"hops", ("outcome",)),
    (r"surface_channels", ("channel", "surface")),
    (r"trajectories/populations", ("trajectory", "time", "state")),
    (r"trajectories/density_matrix", ("trajectory", "time", "state", "state_2")),
    (r"trajectories/\w+", ("trajectory", "time")),
    # fragments
    (r"(nocp|cp|vmfc)/(total_energy|interaction_energy|contribution)", ("order",)),
    (r"(nocp|cp|vmfc)/gradient_through", ("order", "atom", "axis")),
    (r"(nocp|cp|vmfc)/\w+_gradient", ("atom", "axis")),
    (r"(nocp|cp|vmfc)/\w+_hessian", ("atom_axis", "atom_axis_2")),
    (r"(nocp|cp|vmfc)/clusters/fragments", ("cluster", "member")),
    (r"(nocp|cp|vmfc)/clusters/\w+", ("cluster",)),
    (r"tasks/\w+", ("task",)),
    (r"positions", ("atom", "axis")),
    (r"cell", ("vector", "axis")),
    # ensemble
    (r"seeds", ("seed",)),
    (r"free_energy/[^/]+/difference", ("region_pair",)),
    (r"free_energy/[^/]+/difference_of_replicas", ("replica",)),
    (r"free_energy/[^/]+/(coordinate|free_energy)", ("bin",)),
    (r"free_energy/[^/]+/coordinate", ("variable", "bin")),
    (r"free_energy/[^/]+/free_energy", ("bin", "bin_2")),
    # umbrella
    (r"pca/(eigenvalues|variance_explained)", ("component",)),
    (r"pca/eigenvectors", ("component", "atom", "axis")),
    (r"pca/mean", ("atom", "axis")),
    (r"pca/projection", ("frame", "component")),
    (r"(pca|coordinate)/(time|values)", ("frame",)),
    (r"(pca|coordinate)/atoms/\w+", ("atom",)),
    (r"windows/series/offsets", ("window_edge",)),
    (r"windows/series/values", ("sample",)),
    (r"windows/remarks", ("remark",)),
    (r"windows/(series/)?\w+", ("window",)),
    (r"windows/\w+", ("window", "window_2")),
    (r"pmf/\w+", ("bin",)),
    (r"pmf/covariance", ("bin", "bin_2")),
]
# Groups below /run and what a row of theirs is.
_ROWS_OF_RUN = {"tasks": "task", "ranks": "rank", "replicas": "replica", "windows": "window", "levels": "level", "retried": "retried",
                "notes": "note", "resources/gpus": "gpu", "resources": "warning"}
LABELS = {
    "outcome": ["accepted", "frustrated"],
    "statistic": ["mean", "largest"],
    "channel": ["transmitted", "reflected", "undecided"],
    "axis": ["x", "y", "z"],
}
# Dimensions that count from 1.
FROM_ONE = {"order", "component"}


def of_dataset(path, rank, sweeps):
    """The names of the dimensions of the dataset `path` ("results/..." or "run/...") with so many dimensions.

    `sweeps`: the first group below /results is a point of a sweep, or a frame. A dataset of an unknown kind has `dim_0`, `dim_1`, ...
    """
    root, _, name = path.partition("/")
    if root == "run":
        group = name.rpartition("/")[0]
        if rank == 1 and group in _ROWS_OF_RUN:
            return (_ROWS_OF_RUN[group],)
    elif root == "results":
        if sweeps:
            name = name.partition("/")[2]
        stem = re.sub(r"_(stderr|covariance)$", lambda match: "" if match[1] == "stderr" else match[0], name)
        for pattern, dimensions in _RULES:
            if len(dimensions) == rank and re.fullmatch(pattern, stem):
                return dimensions
    # A name of its own for each dataset: unknown dimensions of one group need not be the same.
    last = path.rpartition("/")[2]
    return tuple(f"{last}_dim_{axis}" for axis in range(rank))
