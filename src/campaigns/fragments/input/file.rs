//! How is an input file read?
use crate::config::{Config, Faults};
use std::fs;
use std::path::Path;

/// Larger files are certainly not molecules.
const MAX_BYTES: u64 = 256 << 20;

/// A text file that the configuration names.
pub struct InputFile {
    /// The path in messages.
    pub name: String,
    pub text: String,
}

impl InputFile {
    /// Reads the file at `path`, which is the value of `key`.
    pub fn read(config: &Config, key: &str, path: &Path) -> Result<Self, Faults> {
        let path = config.resolve(path);
        let name = path.display().to_string();
        let unreadable =
            |reason: String| config.fault(key, format!("cannot read `{name}`: {reason}"), "give a text file");
        let size = fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > MAX_BYTES {
            return Err(unreadable(format!("it has {} MB, more than {}", size >> 20, MAX_BYTES >> 20)).into());
        }
        let bytes = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(Self { name, text })
    }

    /// Whether it is JSON, by its first character.
    pub fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['{', '['])
    }
}
