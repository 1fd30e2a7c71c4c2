//! What stands in an input file?
use crate::config::{Config, Faults};
use std::fs;
use std::path::Path;

/// Larger files are certainly no molecules.
const MAX_BYTES: u64 = 256 << 20;

/// The text of a file that the configuration names.
pub struct File {
    /// As messages show it.
    pub name: String,
    pub text: String,
}

impl File {
    /// The file at `path`, which stands at `key` of the configuration.
    ///
    /// # Errors
    /// It is missing, unreadable, too large or no text.
    pub fn open(config: &Config, key: &str, path: &Path) -> Result<Self, Faults> {
        let path = config.resolve(path);
        let name = path.display().to_string();
        let refuse = |why: String| {
            Faults::from(config.fault(key, format!("cannot read `{name}`: {why}"), "name a file of text"))
        };
        let size = fs::metadata(&path).map_err(|error| refuse(error.to_string()))?.len();
        if size > MAX_BYTES {
            return Err(refuse(format!("it has {} MB, more than {}", size >> 20, MAX_BYTES >> 20)));
        }
        let bytes = fs::read(&path).map_err(|error| refuse(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| refuse(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(Self { name, text })
    }

    /// Whether it is JSON, by its first sign.
    pub fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['{', '['])
    }
}
