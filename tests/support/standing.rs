//! Ensembles by a stand-in for GROMACS and PLUMED (`gmx.py`, `plumed.py`).
use super::replicas::strings;
use super::{Campaign, simmpi};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Parameters of 40 steps.
pub const MDP: &str =
    "integrator = sd\ndt = 0.002\nnsteps = 40\ngen-vel = yes\ngen-seed = {{ seed }}\nld-seed = {{ seed }}\n";

/// A campaign by the stand-in, for seeds 1 to `count`; `keys` stand in `[ensemble.gromacs]`.
pub struct Standing {
    pub campaign: Campaign,
}

impl Standing {
    pub fn new(count: usize, keys: &str) -> Self {
        Self::with(count, keys, "", MDP)
    }

    pub fn with(count: usize, keys: &str, others: &str, mdp: &str) -> Self {
        let stages = if keys.contains("stage") { "" } else { "mdp = \"run.mdp.j2\"\n" };
        let config = format!(
            "[campaign]\nkind = \"ensemble\"\n[ensemble]\nseeds = \"1-{count}\"\ndirectory = \"replicas/{{seed}}\"\nengine = \"gromacs\"\n\
             stall_timeout_s = 4.0\n[ensemble.gromacs]\n{stages}structure = \"conf.gro\"\ntopology = \"topol.top\"\nbinary = \"bin/gmx\"\n{keys}\n{others}\n"
        );
        let campaign = Campaign::with(simmpi(), &config);
        fs::create_dir(campaign.path("bin")).unwrap();
        fs::write(campaign.path("bin/gmx"), include_str!("gmx.py")).unwrap();
        fs::write(campaign.path("bin/plumed.py"), include_str!("plumed.py")).unwrap();
        fs::set_permissions(campaign.path("bin/gmx"), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, text) in [("run.mdp.j2", mdp), ("conf.gro", "structure"), ("topol.top", "#include \"posre.itp\"\n")]
        {
            fs::write(campaign.path(name), text).unwrap();
        }
        Self { campaign }
    }

    /// How replicas fail, by folder.
    pub fn moods(&self, moods: &[(&str, &str)]) {
        let moods: serde_json::Map<String, Value> = moods.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
        fs::write(self.campaign.path("bin/mood"), Value::Object(moods).to_string()).unwrap();
    }

    /// The calls for a replica, of one of the program's parts.
    pub fn calls(&self, place: &str, part: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.campaign.path("bin/calls.log")).unwrap();
        let calls = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        calls.filter(|call| call["place"] == place && call["args"][0] == part).collect()
    }

    /// How often the program was asked for its version.
    pub fn version_queries(&self) -> usize {
        let text = fs::read_to_string(self.campaign.path("bin/calls.log")).unwrap();
        text.lines().filter(|line| line.contains(r#""args": ["--version"]"#)).count()
    }

    /// The steps that a replica ran, in their order.
    pub fn steps(&self, place: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.file(place, "run.trj")).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    pub fn file(&self, place: &str, name: &str) -> PathBuf {
        self.campaign.path(&format!("replicas/{place}/{name}"))
    }

    pub fn notes(&self) -> Vec<String> {
        strings(&self.campaign, "/run/replicas/notes")
    }
}

/// The word behind `option`.
pub fn option<'a>(call: &'a Value, option: &str) -> Option<&'a str> {
    let args = call["args"].as_array().unwrap();
    args.iter().position(|word| word == option).and_then(|at| args.get(at + 1)).and_then(Value::as_str)
}
