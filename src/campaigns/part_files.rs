//! Which files hold one time series or one trajectory?
use crate::md::{FileListError, expand_files};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// One file, or the parts of one run in the order of their times; a name may have the wildcards `*`, `?` and `[...]`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PartFiles {
    One(#[schemars(length(min = 1))] PathBuf),
    Several(#[schemars(length(min = 1))] Vec<PathBuf>),
}

impl PartFiles {
    /// The paths as they are written.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Several(paths) => paths,
        }
    }

    /// The files that the paths stand for, relative to `folder`; those of a name with wildcards are in no particular order.
    ///
    /// # Errors
    /// Nothing matches a name.
    pub fn expand(&self, folder: &Path) -> Result<Vec<PathBuf>, FileListError> {
        let found = self.paths().iter().map(|path| expand_files(folder, path));
        Ok(found.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

/// The names, for messages.
impl fmt::Display for PartFiles {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let names: Vec<String> = self.paths().iter().map(|path| path.display().to_string()).collect();
        f.write_str(&names.join(", "))
    }
}
