"""`simmpi.open`: results of every kind as xarray datasets with named dimensions."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

import simmpi
from simmpi import program

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TRAJECTORIES = """
[campaign]
kind = "trajectories"
seed = 7
output = "{output}"
[partition]
uneven = "idle"
[trajectories]
count = 5
duration = 1.0
time_step = 0.05
sample_every = 0.25
keep = "all"
correlations = ["populations", "coordinates"]
algorithm = {{ kind = "fssh" }}
model = {{ kind = "{model}" }}
initial = {{ state = 0 }}
"""
SWEEP = """
[[sweep]]
key = "trajectories.model.{key}"
values = {values}
"""
FRAGMENTS = """
[campaign]
kind = "fragments"
output = "{output}"
[fragments]
atoms = '''
He 0 0 0
He 0 0 3
He 0 3 0
'''
driver = "gradient"
bsse = ["cp", "nocp"]
max_order = 2
[[fragments.level]]
order = 2
engine = "embedded"
method = "hf"
basis = "sto-3g"
"""
ENSEMBLE = """
[campaign]
kind = "ensemble"
output = "{output}"
[ensemble]
seeds = [3, 8, 5]
engine = "command"
directory = "replicas/{{seed}}"
[ensemble.files]
"lines.sh" = "lines.sh.j2"
[ensemble.command]
argv = ["sh", "lines.sh"]
[[ensemble.collect]]
file = "COLVAR"
columns = ["time", "x"]
"""
LINES = """echo '#! FIELDS time x' >COLVAR
for k in $(seq {{ seed }}); do echo "$k.0 $((k * {{ seed }})).5" >>COLVAR; done
"""


class Results(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_campaign(self, text, output="results.h5", **values):
        config = self.folder / "config.toml"
        config.write_text(text.format(output=output, **values))
        self.assertEqual(program.run(config)[0], 0)
        return simmpi.open(self.folder / output)

    def test_trajectories_have_named_dimensions_and_units(self):
        results = self.run_campaign(TRAJECTORIES, model="tully-1")
        self.assertEqual((results.kind, results.attrs["seed"]), ("trajectories", 7))
        self.assertIn("[trajectories]", results.configuration)
        means = results["results"]
        self.assertEqual(means.density_matrix.dims, ("time", "state", "state_2"))
        self.assertEqual(means.populations_stderr.dims, ("time", "state"))
        self.assertEqual(means.populations_adiabatic.dims, ("time", "surface"))
        self.assertEqual(means.correlation_coordinates.dims, ("time", "coordinate"))
        self.assertEqual((means.time.attrs["units"], means.energy_total.attrs["units"]), ("hbar/Eh", "Eh"))
        np.testing.assert_array_equal(means.time, [0.0, 0.25, 0.5, 0.75, 1.0])
        self.assertEqual(means.surface_channels.sel(channel="reflected").dims, ("surface",))
        self.assertEqual(means.attrs["trajectories_used"], 5)
        single = results["trajectories"]
        self.assertEqual(single.active_surface.dims, ("trajectory", "time"))
        self.assertEqual(single.density_matrix.dims, ("trajectory", "time", "state", "state_2"))
        np.testing.assert_allclose(single.populations.mean("trajectory"), means.populations, atol=1e-12)
        self.assertEqual(results["run/tasks"].status.dims, ("task",))
        self.assertEqual(set(results["run/tasks"].status.values), {"done"})
        with h5py.File(self.folder / "results.h5") as file:
            np.testing.assert_array_equal(means.density_matrix, file["results/density_matrix"])

    def test_points_of_a_sweep_are_a_dimension(self):
        results = self.run_campaign(TRAJECTORIES + SWEEP.format(key="momentum", values="[10.0, 20.0]"), model="tully-1")
        stacked = results["results"]
        self.assertEqual(stacked.populations.dims, ("point", "time", "state"))
        np.testing.assert_array_equal(stacked.momentum, [10.0, 20.0])
        np.testing.assert_array_equal(stacked.energy_total[1], results["momentum=20.0"].energy_total)
        self.assertEqual(results["momentum=10.0/trajectories"].sizes["trajectory"], 5)
        # Points with other shapes are not stacked.
        results = self.run_campaign(TRAJECTORIES + SWEEP.format(key="modes", values="[2, 3]"), "modes.h5", model="spin-boson")
        self.assertNotIn("results", results)
        self.assertEqual([results[f"modes={modes}"].sizes["coordinate"] for modes in (2, 3)], [2, 3])

    def test_fragments_have_orders_and_atoms(self):
        results = self.run_campaign(FRAGMENTS)
        self.assertEqual(results["results"].attrs["returned_bsse"], "cp")
        found = results["cp"]
        self.assertEqual((found.total_energy.dims, found.gradient_through.dims), (("order",), ("order", "atom", "axis")))
        np.testing.assert_array_equal(found.order, [1, 2])
        self.assertAlmostEqual(float(found.total_energy.sel(order=2)), results["results"].attrs["return_energy"], places=12)
        self.assertEqual(found.total_energy.attrs["units"], "hartree")
        np.testing.assert_allclose(found.total_gradient.sel(axis="x"), 0.0, atol=1e-9)
        self.assertEqual(results["nocp/clusters"].fragments.dims, ("cluster", "member"))
        self.assertEqual(results["tasks"].energy.dims, ("task",))

    def test_columns_of_an_ensemble_are_by_seed(self):
        (self.folder / "lines.sh.j2").write_text(LINES)
        results = self.run_campaign(ENSEMBLE)
        columns = results["collected/COLVAR"]
        self.assertEqual(columns.x.dims, ("seed", "row"))
        np.testing.assert_array_equal(columns.seed, [3, 8, 5])
        self.assertEqual(columns.sizes["row"], 8)
        np.testing.assert_array_equal(columns.x.sel(seed=3).dropna("row"), [3.5, 6.5, 9.5])
        self.assertEqual(int(columns.x.notnull().sum()), 16)
        np.testing.assert_array_equal(results["results"].seed, [3, 8, 5])

    def test_components_have_frames_atoms_and_components(self):
        for name in ("components.toml", "ala10.gro", "ala10.xtc"):
            shutil.copy(EXAMPLES / name, self.folder)
        program.run(self.folder / "components.toml")
        found = simmpi.open(self.folder / "components.h5")["pca"]
        self.assertEqual((found.eigenvectors.dims, found.projection.dims), (("component", "atom", "axis"), ("frame", "component")))
        np.testing.assert_array_equal(found.component, np.arange(1, 11))
        # Projections have the variances of their components.
        np.testing.assert_allclose(found.projection.var("frame", ddof=1), found.eigenvalues, rtol=1e-6)
        self.assertEqual(found.eigenvalues.attrs["units"], "nm^2")

    def test_a_potential_of_mean_force_has_bins_and_windows(self):
        shutil.copytree(EXAMPLES / "pmf", self.folder / "pmf")
        command = [program.find(), "pmf", self.folder / "pmf/windows.toml", "-o", self.folder / "pmf.h5", "--no-figures"]
        subprocess.run(command, check=True, capture_output=True)
        results = simmpi.open(self.folder / "pmf.h5")
        self.assertEqual((results.kind, results["pmf"].covariance.dims), ("pmf", ("bin", "bin_2")))
        np.testing.assert_allclose(np.sqrt(np.diag(results["pmf"].covariance)), results["pmf"].free_energy_stderr)
        self.assertIn("coordinate", results["pmf"].coords)
        self.assertEqual(results["windows"].overlap_matrix.dims, ("window", "window_2"))
        np.testing.assert_allclose(results["windows"].overlap_matrix.sum("window_2"), 1.0, atol=1e-9)

    def test_an_incomplete_campaign_is_said_to_be_one(self):
        config = self.folder / "config.toml"
        config.write_text(TRAJECTORIES.format(output="results.h5", model="tully-1"))
        path = self.folder / "results.h5"
        with self.assertRaisesRegex(FileNotFoundError, "results.h5"):
            simmpi.open(path)
        (self.folder / "results.h5.journal").mkdir()
        with self.assertRaisesRegex(simmpi.IncompleteResults, "rerun the same command"):
            simmpi.open(path)
        (self.folder / "results.h5.journal").rmdir()
        program.run(config)
        with h5py.File(path, "a") as file:
            file.attrs["complete"], file.attrs["tasks_done"] = np.uint8(0), np.uint64(2)
        with self.assertRaisesRegex(simmpi.IncompleteResults, "2 of 5 tasks"):
            simmpi.open(path)
        self.assertIn("results", simmpi.open(path, allow_incomplete=True))

    def test_another_file_is_refused(self):
        path = self.folder / "other.h5"
        path.write_text("no HDF5")
        with self.assertRaisesRegex(ValueError, "not an HDF5 file"):
            simmpi.open(path)
        with h5py.File(path, "w") as file:
            file["x"] = 1.0
        with self.assertRaisesRegex(ValueError, "not written by simmpi"):
            simmpi.open(path)

    def test_without_xarray_the_error_says_what_to_install(self):
        script = "import sys; sys.modules['xarray'] = None; import simmpi; simmpi.open('results.h5')"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("pip install xarray", done.stderr)

    def test_an_unknown_name_lists_those_that_are_there(self):
        results = self.run_campaign(TRAJECTORIES, model="tully-1")
        with self.assertRaisesRegex(KeyError, "trajectories"):
            results["populations"]


if __name__ == "__main__":
    unittest.main()
