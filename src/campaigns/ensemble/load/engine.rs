//! Is the section of the engine valid and complete?
use super::{Loader, is_inside};
use crate::campaigns::ensemble::engine::{Engine, GromacsSetup};
use crate::campaigns::ensemble::section::{CommandSection, EngineName, GromacsSection, StageSection};
use crate::config::Inputs;
use crate::engines::md::gromacs::{Input, Mdp, Simulation, digest_with_includes};
use crate::engines::md::model::{Model, ModelSection};
use crate::engines::{launcher_problems, resolve_argument, resolve_launcher};
use crate::journal::Fingerprint;
use std::collections::BTreeSet;
use std::path::PathBuf;

impl Loader<'_> {
    /// The engine; none where it cannot be determined.
    pub(super) fn engine(&mut self) -> Option<Engine> {
        let section = self.section;
        for (name, is_given, owner) in [
            ("command", section.command.is_some(), EngineName::Command),
            ("gromacs", section.gromacs.is_some(), EngineName::Gromacs),
            ("model", section.model.is_some(), EngineName::Model),
        ] {
            match (is_given, section.engine == owner) {
                (true, false) => {
                    let message = format!("[ensemble.{name}] requires engine = \"{name}\"");
                    self.refuse(name, message, "remove it");
                }
                (false, true) => {
                    let message = format!("engine \"{name}\" requires the section [ensemble.{name}]");
                    self.refuse("engine", message, "add it; `simmpi schema` describes it");
                }
                _ => {}
            }
        }
        match section.engine {
            EngineName::Model => Some(Engine::Model(Box::new(self.model(section.model.as_ref()?)?))),
            EngineName::Command => Some(Engine::Command(self.program(section.command.as_ref()?))),
            EngineName::Gromacs => Some(Engine::Gromacs(Box::new(self.gromacs(section.gromacs.as_ref()?)))),
        }
    }

    fn model(&mut self, model: &ModelSection) -> Option<Model> {
        let section = self.section;
        let unused = [
            ("directory", section.directory.is_some()),
            ("files", !section.files.is_empty()),
            ("stall_timeout_s", section.watchdog_timeout_s.is_some()),
            ("stagger_s", section.stagger_s > 0.0),
        ];
        for (key, _) in unused.into_iter().filter(|(_, is_given)| *is_given) {
            self.refuse(key, format!("`{key}` does not apply to engine = \"model\""), "remove it");
        }
        let model = Model::new(model).map_err(|problem| self.config.fault_of("ensemble.model", problem));
        self.check.faults.collect(model)
    }

    fn program(&mut self, command: &CommandSection) -> CommandSection {
        // A word that names a file in the folder of the replica refers to that file, whatever its source.
        let is_target = |word: &str| self.section.files.contains_key(word.strip_prefix("./").unwrap_or(word));
        let resolved = |(index, word): (usize, &String)| match is_target(word) {
            true => word.clone(),
            false => resolve_argument(index, word, &self.base),
        };
        let argv: Vec<String> = command.argv.iter().enumerate().map(resolved).collect();
        if command.argv.first().is_some_and(String::is_empty) {
            let help = "set it as in argv = [\"prog\", \"--seed\", \"{seed}\"]";
            self.refuse("command.argv", "the name of the program is empty", help);
        }
        for (index, file) in command.produces.iter().enumerate().filter(|(_, file)| !is_inside(file)) {
            let help = "use a path in the folder of the replica";
            self.refuse(
                &format!("command.produces.{index}"),
                format!("`{file}` is outside the folder of the replica"),
                help,
            );
        }
        for problem in launcher_problems(command.launcher.as_deref(), command.ranks) {
            self.check.faults.push(self.config.fault_of("ensemble.command", problem));
        }
        let launcher = resolve_launcher(command.launcher.as_deref(), &self.base);
        CommandSection { argv, launcher, ..command.clone() }
    }

    fn gromacs(&mut self, gromacs: &GromacsSection) -> GromacsSetup {
        if self.section.directory.is_none() {
            let help = "set it as in directory = \"replicas/{seed}\"";
            self.refuse("directory", "GROMACS requires a folder for each replica", help);
        }
        let simulations = self.simulations(gromacs);
        let of_launcher = gromacs.gromacs.launcher_problems();
        for problem in gromacs.gromacs.reserved_arguments(&[]).into_iter().chain(of_launcher) {
            self.check.faults.push(self.config.fault_of("ensemble.gromacs", problem));
        }
        self.check_plumed(gromacs);
        let has_parameters = simulations.iter().any(|one| matches!(one.input, Input::Parameters { .. }));
        self.input("structure", gromacs.structure.as_ref(), has_parameters);
        self.input("topology", gromacs.topology.as_ref(), has_parameters);
        self.input("index", gromacs.index.as_ref(), false);
        let mut section = gromacs.clone();
        section.gromacs = section.gromacs.resolved(|path| self.config.absolute(path));
        section.gromacs.unstable_factor = section.unstable_time_step_factor;
        let parameters = section.mdp.iter_mut().chain(section.stage.iter_mut().map(|stage| &mut stage.mdp));
        parameters.for_each(|mdp| *mdp = self.base.join(&*mdp));
        GromacsSetup { section, simulations }
    }

    fn check_plumed(&mut self, gromacs: &GromacsSection) {
        if gromacs.plumed.is_some() && !gromacs.stage.is_empty() {
            let help = "set it in the stages that PLUMED biases, as in stage = [..., { name = \"run\", mdp = \"run.mdp\", plumed = \"plumed.dat\" }]";
            self.refuse(
                "gromacs.plumed",
                "with several stages `plumed` must be set in the one that PLUMED biases",
                help,
            );
        }
        let of_stages = gromacs.stage.iter().enumerate();
        let of_stages = of_stages.map(|(index, stage)| (format!("gromacs.stage.{index}.plumed"), &stage.plumed));
        for (key, input) in [("gromacs.plumed".to_owned(), &gromacs.plumed)].into_iter().chain(of_stages) {
            if let Some(input) = input.as_ref().filter(|input| !self.section.files.contains_key(*input)) {
                let help = format!("add it to [ensemble.files], as in \"{input}\" = \"{input}.j2\"");
                self.refuse(&key, format!("`{input}` is not a file in the folder of the replica"), help);
            }
        }
    }

    fn simulations(&mut self, gromacs: &GromacsSection) -> Vec<Simulation> {
        let given =
            [("mdp", gromacs.mdp.is_some()), ("tpr", gromacs.tpr.is_some()), ("stage", !gromacs.stage.is_empty())];
        let given: Vec<&str> = given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect();
        if let [_, second, ..] = given[..] {
            let message = format!("`{}` are set, but exclude each other", given.join("` and `"));
            self.refuse(&format!("gromacs.{second}"), message, "keep one of them");
            return Vec::new();
        }
        let single = |input| vec![Simulation { name: "run".into(), input, plumed: gromacs.plumed.clone() }];
        if let Some(tpr) = &gromacs.tpr {
            self.input("tpr", Some(tpr), true);
            return single(Input::Tpr(tpr.clone()));
        }
        if gromacs.mdp.is_some() {
            return single(self.parameters(gromacs, 0));
        }
        if gromacs.stage.is_empty() {
            let help = "set mdp, structure and topology, or tpr, or [[ensemble.gromacs.stage]]";
            self.refuse("gromacs", "no simulation is defined", help);
        }
        let mut names = BTreeSet::new();
        let simulation = |(index, stage): (usize, &StageSection)| {
            let is_word = stage.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !is_word || !names.insert(stage.name.clone()) {
                let help = "use letters, digits and dashes, and a different name for each stage";
                let message = format!("`{}` is not a valid name of a stage", stage.name);
                self.refuse(&format!("gromacs.stage.{index}.name"), message, help);
            }
            let input = self.parameters(gromacs, index);
            Simulation { name: stage.name.clone(), input, plumed: stage.plumed.clone() }
        };
        gromacs.stage.iter().enumerate().map(simulation).collect()
    }

    /// The input of `grompp` for a stage.
    fn parameters(&mut self, gromacs: &GromacsSection, stage: usize) -> Input {
        let (key, mdp) = gromacs.mdp(stage).unwrap_or_default();
        let text = self.text(&key, &self.base.join(mdp));
        self.digests.push((key, Fingerprint::of_text(&text).to_string()));
        let of_stage = gromacs.stage.get(stage).map_or(&[][..], |stage| &stage.grompp_args);
        Input::Parameters {
            mdp: Mdp::new(text),
            structure: gromacs.structure.clone().filter(|_| stage == 0),
            topology: gromacs.topology.clone().unwrap_or_default(),
            index: gromacs.index.clone(),
            args: [&gromacs.gromacs.grompp_args[..], of_stage].concat(),
        }
    }

    /// Checks a file that GROMACS reads. A path with names in braces is checked later, by replica.
    fn input(&mut self, key: &str, path: Option<&PathBuf>, is_needed: bool) {
        let full_key = format!("gromacs.{key}");
        let Some(path) = path else {
            if is_needed {
                self.refuse(&full_key, format!("`{key}` is not set"), format!("set it to the {key} file"));
            }
            return;
        };
        if path.to_string_lossy().contains('{') {
            return;
        }
        let file = self.base.join(path);
        let digest = |inputs: &Inputs| match key {
            "topology" => digest_with_includes(inputs, &file),
            _ => inputs.digest(&file),
        };
        let digest = self.read(&full_key, &file, digest).unwrap_or_default();
        self.digests.push((full_key, digest));
    }
}
