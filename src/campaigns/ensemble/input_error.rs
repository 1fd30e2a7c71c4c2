//! Why can the inputs of a replica not be prepared?
use super::render::{self, Names};
use crate::engines::md::gromacs::SeedFault;
use std::path::PathBuf;

/// Why the inputs of a replica cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[error("{}{cause}", .file.as_ref().map_or(String::new(), |file| format!("`{}`: ", file.display())))]
pub struct InputError {
    /// Key of the configuration that holds or names the text.
    pub key: String,
    /// The file with the text; none where the text is in the configuration itself.
    pub file: Option<PathBuf>,
    /// Not the source of the error: its text is part of the message.
    pub cause: InputFault,
}

/// What is wrong with a text of a replica.
#[derive(Debug)]
pub enum InputFault {
    Render(render::Error),
    Seed(SeedFault),
}

impl std::fmt::Display for InputFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Render(error) => error.fmt(f),
            Self::Seed(error) => error.fmt(f),
        }
    }
}

impl InputError {
    /// The error of a text in the configuration.
    pub fn of_key(key: &str, error: render::Error) -> Self {
        Self { key: key.to_owned(), file: None, cause: InputFault::Render(error) }
    }

    /// How to fix it, where texts may use `names`.
    pub fn help(&self, names: &Names) -> String {
        match &self.cause {
            InputFault::Seed(_) => "write {{ seed }} there, in a file whose name ends in .j2".to_owned(),
            InputFault::Render(render::Error::Syntax { .. }) => "correct the template".to_owned(),
            InputFault::Render(render::Error::Undefined { .. } | render::Error::NotScalar { .. }) => {
                let names: Vec<&str> = names.keys().map(String::as_str).collect();
                format!("define it in [ensemble.variables]; there are {}", names.join(", "))
            }
        }
    }
}
