//! What determines results, and what else a campaign declares of its keys, is the same JSON, byte for byte, as in earlier versions: otherwise
//! campaigns could not be continued.
#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};
use simmpi::campaigns::KINDS;
use simmpi::config::{Config, Inputs, KindSchema, KnownFiles};
use simmpi::results::Writer;
use std::fs;
use std::path::Path;

/// Campaigns by name: all keys of each kind. Files are those of [`write_files`].
const CAMPAIGNS: &[(&str, &str)] = &[
    (
        "gromacs",
        r##"
campaign = { kind = "ensemble", output = "o.h5", seed = 3 }
[ensemble]
seeds = "4-6"
directory = "replicas/{seed}"
engine = "gromacs"
stagger_s = 1.0
stall_timeout_s = 60.0
files = { "plumed.dat" = "plumed.dat.j2", "run.dat" = "run.dat", "list.txt" = "list.txt" }
variables = { kappa = 1.5, list = [1, 2] }
[ensemble.gromacs]
structure = "ala2.gro"
topology = "outer.top"
index = "index.ndx"
plumed = "run.dat"
mdp = "run.mdp.j2"
grompp_args = ["-maxwarn", "1"]
binary = "gmx"
threads = 2
thread_mpi_ranks = 1
oversubscribe = true
gpus = [0]
replicas_per_gpu = 2
mdrun_args = ["-v", "-reprod", "-nb", "cpu"]
unstable_time_step_factor = 0.5
[[ensemble.collect]]
file = "COLVAR"
columns = ["time", "phi", "opes.bias", 4]
[[ensemble.free_energy]]
cvs = ["phi"]
bias = "opes.bias"
temperature_k = 300.0
discard_ps = 5.0
period = [6.283185]
bandwidth = [0.1]
range = [[-3.1, 3.1]]
regions = [[[0.0, 3.1]], [[-3.1, 0.0]]]
"##,
    ),
    (
        "gromacs in stages",
        r##"
campaign = { kind = "ensemble", output = "o.h5" }
[ensemble]
count = 3
directory = "replicas/{seed}"
engine = "gromacs"
files = { "plumed.dat" = "plumed.dat.j2" }
[ensemble.gromacs]
structure = "ala2.gro"
topology = "outer.top"
grompp_args = ["-maxwarn", "1"]
[[ensemble.gromacs.stage]]
name = "em"
mdp = "ala2.mdp"
grompp_args = ["-r", "ala2.gro"]
[[ensemble.gromacs.stage]]
name = "run"
mdp = "run.mdp.j2"
plumed = "plumed.dat"
"##,
    ),
    (
        "run input file",
        r##"
campaign = { kind = "ensemble", output = "o.h5" }
[ensemble]
seeds = [4]
directory = "replicas/{seed}"
engine = "gromacs"
gromacs = { tpr = "ala2.gro" }
"##,
    ),
    (
        "command",
        r##"
campaign = { kind = "ensemble", output = "o.h5" }
[ensemble]
seeds = [3, 5]
directory = "replicas/{seed}"
engine = "command"
files = { "list.txt" = "list.txt" }
[ensemble.command]
argv = ["sh", "list.txt", "{seed}"]
threads = 2
oversubscribe = true
environment = { A = "{seed}", B = "b" }
produces = ["out.dat"]
again = "continue"
[[ensemble.collect]]
file = "out.dat"
columns = [0, "x"]
"##,
    ),
    ("model", include_str!("../examples/ensemble-model.toml")),
    (
        "windows along a component",
        r##"
campaign = { kind = "umbrella", output = "o.h5", seed = 3 }
[umbrella]
trajectory = "ala2.xtc"
structure = "ala2.gro"
topology = "outer.top"
mdp = "ala2.mdp"
selection = "not name H*"
align_to = "average"
check_whole = false
components = 4
component = 2
windows = 5
spacing = "quantile"
adaptive = true
max_windows = 9
force_constant_kj_mol_nm2 = 500.0
steps = 25000
sample_every_steps = 25
temperature_k = 300.0
discard_ps = 2.0
estimator = "wham"
bins = 50
bootstrap = 10
directory = "windows"
index = "index.ndx"
grompp_args = ["-maxwarn", "1"]
binary = "gmx"
threads = 2
thread_mpi_ranks = 1
oversubscribe = true
gpus = [0]
replicas_per_gpu = 2
mdrun_args = ["-v", "-reprod", "-nb", "cpu"]
stall_timeout_s = 60.0
"##,
    ),
    (
        "windows along a distance",
        r##"
campaign = { kind = "umbrella", output = "o.h5" }
[umbrella]
trajectory = ["ala2.xtc", "later.gro"]
structure = "ala2.gro"
topology = "outer.top"
mdp = "ala2.mdp"
centers = [0.4, 0.5]
steps = 25000
temperature_k = 300.0
index = "index.ndx"
coordinate = { kind = "distance", groups = ["resname ACE and name CH3", "resname NME and name CH3"] }
"##,
    ),
    (
        "windows along a dihedral",
        r##"
campaign = { kind = "umbrella", output = "o.h5" }
[umbrella]
trajectory = "ala2.xtc"
structure = "ala2.gro"
topology = "outer.top"
mdp = "ala2.mdp"
windows = 3
steps = 25000
temperature_k = 300.0
force_constant_kj_mol_rad2 = 50.0
coordinate = { kind = "dihedral", groups = ["resname ACE and name CH3", "resname ACE and name C", "resname ALA and name N", "resname ALA and name CA"] }
"##,
    ),
    (
        "components only",
        r##"
campaign = { kind = "umbrella", output = "o.h5" }
[umbrella]
trajectory = "ala2.xtc"
structure = "ala2.gro"
topology = "outer.top"
selection = "not name H*"
align = "name CA or name C"
align_to = "ala2.gro"
windows = 7
stop_after = "pca"
"##,
    ),
    (
        "fragments",
        r##"
campaign = { kind = "fragments", output = "o.h5" }
[fragments]
molecule = "pair.xyz"
units = "angstrom"
fragments = [[0, 1], [2, 3, 4]]
charges = [-1, 0]
multiplicities = [1, 1]
driver = "energy"
bsse = ["nocp", "cp"]
max_order = 2
total = true
embedding_charges = [[-1.2, 0.2], [-0.8, 0.4, 0.4]]
[[fragments.level]]
order = 1
name = "first"
engine = "embedded"
method = "mp2"
basis_file = "hydrogen.gbs"
reference = "rhf"
frozen_core = true
density_fitting = false
scf_convergence = 1e-9
threads = 1
keywords = { guess = "core" }
retry = [{ keywords = { max_iterations = 300 } }]
[[fragments.level]]
order = 2
engine = "recorded"
name = "recorded"
file = "recorded.json"
"##,
    ),
    (
        "fragments by programs",
        r##"
campaign = { kind = "fragments", output = "o.h5" }
[fragments]
atoms = "O 0 0 0\nH 0 0 0.96\nO 2.6 0 0\nH 1.62 0.05 0.1\nH 2.9 0.8 -0.4"
charges = [-1, 0]
max_order = 2
cutoffs_angstrom = [9.0]
[[fragments.level]]
order = 1
engine = "qcengine"
program = "psi4"
method = "hf"
basis = "sto-3g"
threads = 3
[[fragments.level]]
order = 2
engine = "command"
command = ["sh", "list.txt", "{input}", "{output}"]
method = "hf"
"##,
    ),
    (
        "many-body input",
        "campaign = { kind = \"fragments\", output = \"o.h5\" }\n[fragments]\ninput = \"many_body.json\"\n",
    ),
    (
        "trajectories",
        r##"
campaign = { kind = "trajectories", output = "o.h5" }
[trajectories]
count = 100
target_stderr = 0.01
max_count = 400
duration = 10.0
time_step = 0.1
sample_every = 0.5
time_unit = "fs"
integrator = "sequential"
keep = "all"
correlations = ["populations", "coordinates"]
algorithm = { kind = "fssh", frustrated = "jasper-truhlar" }
model = { kind = "fmo" }
initial = { amplitudes = [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], basis = "adiabatic" }
"##,
    ),
    ("sweep", include_str!("../examples/tully_sweep.toml")),
    (
        "files of trajectories",
        r##"
campaign = { kind = "trajectories", output = "o.h5" }
[trajectories]
duration = 0.2
time_step = 0.1
sample_every = 0.1
algorithm = { kind = "mean-field" }
model = { kind = "linear-vibronic", thermal_energy = 1.0, file = "model.h5" }
initial = { file = "initial.h5" }
[[sweep]]
key = "trajectories.time_step"
values = [0.1, 0.05]
"##,
    ),
];

fn write_files(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["ala2.gro", "ala2.xtc", "ala2.top", "ala2.mdp"] {
        fs::copy(root.join("examples").join(name), folder.join(name)).unwrap();
    }
    let text = fs::read_to_string(folder.join("ala2.gro")).unwrap();
    let (_, atoms) = text.split_once('\n').unwrap();
    fs::write(folder.join("later.gro"), format!("a later frame t= 5000.0\n{atoms}")).unwrap();
    let level = |name: &str, method: &str| {
        format!(
            "\"{name}\": {{\"program\": \"psi4\", \"driver\": \"energy\", \"model\": {{\"method\": \"{method}\", \"basis\": \"sto-3g\"}}, \"keywords\": {{}}}}"
        )
    };
    let many_body = format!(
        "{{\"schema_name\": \"qcschema_manybodyinput\", \"molecule\": {{\"symbols\": [\"He\", \"He\"], \"geometry\": [0, 0, 0, 0, 0, 5], \"fragments\": [[0], [1]]}}, \
         \"specification\": {{\"driver\": \"energy\", \"keywords\": {{\"bsse_type\": [\"cp\"], \"levels\": {{\"1\": \"low\", \"2\": \"high\"}}}}, \"specification\": {{{}, {}}}}}}}",
        level("low", "hf"),
        level("high", "mp2")
    );
    let ends = [("1", "1, 2"), ("2", "1, 2"), ("1, 2", "1, 2"), ("1", "1"), ("2", "2")];
    let recorded: Vec<String> = ends
        .iter()
        .map(|(real, basis)| {
            format!("{{\"level\": \"recorded\", \"real\": [{real}], \"basis\": [{basis}], \"energy\": -1}}")
        })
        .collect();
    let files = [
        ("outer.top", "#include \"ala2.top\"\n#include \"missing.itp\"\n".to_owned()),
        ("index.ndx", "[ System ]\n1 2 3\n".to_owned()),
        ("run.mdp.j2", "integrator = sd\ngen-vel = yes\ngen-seed = {{ seed }}\nld-seed = {{ seed }}\n".to_owned()),
        ("plumed.dat.j2", "phi: TORSION ATOMS=1,2,3,4\nPRINT ARG=phi FILE=COLVAR STRIDE={{ seed }}\n".to_owned()),
        ("run.dat", "phi: TORSION ATOMS=1,2,3,4\n".to_owned()),
        ("list.txt", "echo $1\n".to_owned()),
        ("pair.xyz", "5\n\nO 0 0 0\nH 0 0 0.96\nO 2.6 0 0\nH 1.62 0.05 0.1\nH 2.9 0.8 -0.4\n".to_owned()),
        ("hydrogen.gbs", "H 0\nS 1 1.0\n 0.5 1.0\n****\nO 0\nS 1 1.0\n 0.9 1.0\nP 1 1.0\n 0.8 1.0\n****\n".to_owned()),
        ("recorded.json", format!("[{}]", recorded.join(", "))),
        ("many_body.json", many_body),
    ];
    files.into_iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
    let mut out = Writer::create(&folder.join("model.h5")).unwrap();
    out.array("/hamiltonian", &[2, 2], &[0.5, 0.1, 0.1, -0.5], "", "").unwrap();
    out.array("/frequencies", &[2], &[1.0, 0.3], "", "").unwrap();
    out.array("/couplings", &[1, 4], &[0.0, 0.0, 1.0, 0.7], "", "").unwrap();
    out.close().unwrap().publish().unwrap();
    let mut out = Writer::create(&folder.join("initial.h5")).unwrap();
    out.array("/q", &[3, 2], &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "", "").unwrap();
    out.array("/p", &[3, 2], &[0.6, 0.5, 0.4, 0.3, 0.2, 0.1], "", "").unwrap();
    out.close().unwrap().publish().unwrap();
}

/// What a campaign declares of its keys, and what it read for that; versions of programs are left out.
fn declared(folder: &Path, text: &str, inputs: Inputs) -> (Value, KnownFiles) {
    let kinds: Vec<_> = KINDS.iter().map(|kind| KindSchema::new(kind.name(), || kind.schema())).collect();
    let mut config = Config::parse(&folder.join("run.toml"), text, &kinds).unwrap_or_else(|faults| panic!("{faults}"));
    config.inputs = inputs;
    let kind = KINDS.iter().find(|kind| kind.name() == config.campaign.kind).unwrap();
    let declared = kind.load(&config).unwrap_or_else(|faults| panic!("{faults}")).declare().unwrap();
    let declared = json!({
        "identity": declared.identity, "extensible": declared.extensible, "requests": declared.requests,
        "post_processing": declared.post_processing, "reading": declared.reading,
    });
    (declared, config.inputs.release())
}

#[test]
fn what_campaigns_declare_of_their_keys_is_frozen() {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/identity.txt");
    // The bytes of HDF5 files depend on the library.
    let of_file = blake3::hash(&fs::read(folder.path().join("initial.h5")).unwrap()).to_string();
    let of_campaign = |(name, config): &(&str, &str)| {
        let declared = declared(folder.path(), config, Inputs::default()).0.to_string();
        assert_eq!(declared.matches(&of_file).count(), if *name == "files of trajectories" { 2 } else { 0 }, "{name}");
        format!("{name}: {}", declared.replace(&of_file, "digest of initial.h5"))
    };
    let declared: Vec<String> = CAMPAIGNS.iter().map(of_campaign).collect();
    assert_eq!(declared, fs::read_to_string(golden).unwrap().lines().collect::<Vec<_>>());
}

/// Files that ranks read in parts.
const IN_PARTS: &[&str] = &["ala2.xtc", "later.gro", "initial.h5"];

#[test]
fn ranks_that_know_the_files_of_rank_0_read_none_of_them() {
    for (name, config) in CAMPAIGNS {
        let folder = tempfile::tempdir().unwrap();
        write_files(folder.path());
        let (of_rank_0, files) = declared(folder.path(), config, Inputs::default());
        for entry in fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()) {
            if !IN_PARTS.iter().any(|kept| entry.file_name() == *kept) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        let (of_others, _) = declared(folder.path(), config, Inputs::checked(files));
        assert_eq!(of_others, of_rank_0, "{name}");
    }
}
