//! In which format is a file written?
use std::path::Path;

/// A format of configurations. All have the same keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Toml,
    Json,
    Yaml,
}

impl Format {
    /// The format of a file, by the extension of its name; TOML where that says nothing.
    pub fn for_path(path: &Path) -> Self {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "json" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            _ => Self::Toml,
        }
    }

    /// A key with a value, as a message suggests it.
    pub(super) fn assignment(self, key: &str, value: &str) -> String {
        match self {
            Self::Toml => format!("{key} = {value}"),
            Self::Json => format!("\"{key}\": {value}"),
            Self::Yaml => format!("{key}: {value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_in_any_case() {
        let of = |name: &str| Format::for_path(Path::new(name));
        assert_eq!(
            ["a.json", "b.JSON", "c.yaml", "d.YML"].map(of),
            [Format::Json, Format::Json, Format::Yaml, Format::Yaml]
        );
        assert_eq!(["a.toml", "a", "json", "a.json.bak"].map(of), [Format::Toml; 4]);
    }
}
