//! Where in a ManyBodyInput is each level specified?
//!
//! The file has no `[[fragments.level]]`: a fault of a level's key becomes a fault of the value in the file.
use super::{Location, Node};
use crate::config::{Config, Fault, Faults};

/// The locations of levels in a file, in the order of the section's levels; empty where the configuration has the levels itself.
#[derive(Clone, Debug, Default)]
pub struct LevelLocations(pub Vec<LevelLocation>);

/// The locations of a level's keys.
#[derive(Clone, Debug)]
pub struct LevelLocation {
    program: Location,
    method: Location,
    basis: Location,
    keywords: Location,
    /// Why QCEngine runs the program, where that was not asked for.
    reason: Option<String>,
}

impl LevelLocation {
    /// The locations in a model chemistry; `reason` says why QCEngine runs its program.
    pub fn new(chemistry: &Node, reason: Option<String>) -> Self {
        let inner = |node: &Node<'_>, key: &str| node.get(key).map_or_else(|| node.location(), |node| node.location());
        let model = chemistry.get("model").unwrap_or_else(|| chemistry.clone());
        Self {
            program: inner(chemistry, "program"),
            method: inner(&model, "method"),
            basis: inner(&model, "basis"),
            keywords: inner(chemistry, "keywords"),
            reason,
        }
    }

    fn relocate(&self, config: &Config, key: &str, fault: &Fault) -> Fault {
        let Fault { message, help, severity, .. } = fault;
        let location = match key {
            "method" => &self.method,
            "basis" => &self.basis,
            "keywords" => &self.keywords,
            _ => &self.program,
        };
        let (message, help) = match &self.reason {
            Some(reason) if key == "engine" => (
                format!("{message}; QCEngine is used because {reason}"),
                format!(
                    "{help}; or change this level: hf or mp2 as \"method\", or another \"program\", such as \"psi4\""
                ),
            ),
            _ => (message.clone(), help.clone()),
        };
        Fault { severity: *severity, ..location.fault(config, message, help) }
    }
}

impl LevelLocations {
    /// Why QCEngine runs the program of a level, where that was not asked for.
    pub fn reason(&self, level: usize) -> Option<&str> {
        self.0.get(level)?.reason.as_deref()
    }

    /// The location of a level's program.
    pub fn program(&self, level: usize) -> Option<&Location> {
        self.0.get(level).map(|location| &location.program)
    }

    /// Faults of levels' keys as faults of the file that specifies them.
    pub fn relocate(&self, config: &Config, faults: Faults) -> Faults {
        let relocated = |fault: &Fault| {
            let (level, key) = fault.key.strip_prefix("fragments.level.")?.split_once('.')?;
            let key = key.split('.').next().unwrap_or_default();
            Some(self.0.get(level.parse::<usize>().ok()?)?.relocate(config, key, fault))
        };
        faults.into_iter().map(|fault| relocated(&fault).unwrap_or(fault)).collect()
    }
}
