//! Where in a file was each level given?
//!
//! A ManyBodyInput has no `[[fragments.level]]`: what is wrong with a level is reported as a fault of its keys in the file.
use super::json::Node;
use crate::config::{Config, Fault, Faults};

/// The places of levels in a file, in the order of the section's levels; none where the section has its own.
#[derive(Clone, Debug, Default)]
pub struct LevelPlaces(Vec<LevelPlace>);

/// Where the keys of a level stand, as messages begin.
#[derive(Clone, Debug)]
pub struct LevelPlace {
    program: String,
    method: String,
    basis: String,
    keywords: String,
    /// Why QCEngine is to run the program, where that was not asked for.
    reason: Option<String>,
}

impl LevelPlace {
    /// Of a model chemistry; `reason` says why QCEngine is to run its program.
    pub fn of(chemistry: &Node, reason: Option<String>) -> Self {
        let model = inner(chemistry, "model");
        Self {
            program: inner(chemistry, "program").place(),
            method: inner(&model, "method").place(),
            basis: inner(&model, "basis").place(),
            keywords: inner(chemistry, "keywords").place(),
            reason,
        }
    }

    /// Where the key of a level stands.
    fn of_key(&self, key: &str) -> &str {
        match key {
            "method" => &self.method,
            "basis" => &self.basis,
            "keywords" => &self.keywords,
            _ => &self.program,
        }
    }

    fn relocate(&self, config: &Config, key: &str, fault: &Fault) -> Fault {
        let Fault { message, help, severity, .. } = fault;
        let (message, help) = match &self.reason {
            Some(reason) if key == "engine" => (
                format!("{message}; {reason}, so that QCEngine is to run it"),
                format!("{help}; or change this level: hf or mp2 as \"method\", or another \"program\", as \"psi4\""),
            ),
            _ => (message.clone(), help.clone()),
        };
        let moved = config.fault(super::INPUT, format!("{}: {message}", self.of_key(key)), help);
        Fault { severity: *severity, ..moved }
    }
}

/// The value of a key, or what should hold it.
fn inner<'a>(node: &Node<'a>, key: &str) -> Node<'a> {
    node.get(key).unwrap_or_else(|| node.clone())
}

impl LevelPlaces {
    /// The places of levels, in their order.
    pub fn new(places: Vec<LevelPlace>) -> Self {
        Self(places)
    }

    /// Why QCEngine is to run the program of a level, where that was not asked for.
    pub fn reason(&self, level: usize) -> Option<&str> {
        self.0.get(level)?.reason.as_deref()
    }

    /// Where the program of a level stands.
    pub fn program(&self, level: usize) -> Option<&str> {
        self.0.get(level).map(|place| place.program.as_str())
    }

    /// Faults of levels' keys as faults of the file that gave them.
    pub fn relocate(&self, config: &Config, faults: Faults) -> Faults {
        let place_of = |fault: &Fault| {
            let (level, key) = fault.key.strip_prefix("fragments.level.")?.split_once('.')?;
            let key = key.split('.').next().unwrap_or_default().to_owned();
            Some((self.0.get(level.parse::<usize>().ok()?)?, key))
        };
        let mut moved = Faults::default();
        moved.extend(faults.into_iter().map(|fault| match place_of(&fault) {
            Some((place, key)) => place.relocate(config, &key, &fault),
            None => fault,
        }));
        moved
    }
}
