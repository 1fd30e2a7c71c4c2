//! The command `init --from`: print the configuration that a file amounts to.
//!
//! One module for each kind of file.
mod configuration;
mod many_body;
mod molecule;
mod windows;

use crate::campaigns::Kind;
use crate::config::{Config, Faults, Format, comment, root_keys};
use crate::run::console;
use crate::run::exit::{Exit, Stop};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use windows::Lists;

/// A configuration and what is to be said of it.
struct Written {
    config: Config,
    /// Comments above it.
    notes: Vec<String>,
    /// Those of a file that is no configuration: they name their places in it themselves.
    warnings: Faults,
}

/// What a file is, by its extension and its keys.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FileKind {
    Configuration,
    ManyBodyInput,
    Molecule,
    /// A list of umbrella windows.
    Windows,
    Unknown,
}

/// What can be read.
const READABLE: &str = "configurations (TOML, JSON, YAML), inputs of QCManyBody (ManyBodyInput, JSON), \
    molecules (xyz, psi4, Q-Chem, PDB, GRO, QCSchema JSON), and lists of umbrella windows (of gmx wham, metadata files, folders with PLUMED's input)";

/// Prints the configuration that the files at `paths` amount to; several are lists of the same umbrella windows. `options` are those of `pmf`
/// for such lists.
///
/// # Errors
/// A file cannot be read, is of none of the kinds that are known, or has faults.
pub fn init_from(kinds: &[&'static dyn Kind], paths: &[PathBuf], options: &[OsString]) -> Result<(), Stop> {
    if let Some(path) = paths.iter().find(|path| !path.exists()) {
        return Err(Stop::new(Exit::Input, format!("`{}` not found: name an existing file", path.display())));
    }
    if let Some(lists) = Lists::recognize(paths) {
        console::line(windows::from_lists(lists, options)?.trim_end());
        return Ok(());
    }
    let [path] = paths else {
        let message = "several files must be lists of the same umbrella windows: gmx wham's lists of tpr and of pullx files, or folders with PLUMED's input";
        return Err(Stop::new(Exit::Usage, message.to_owned()));
    };
    if !options.is_empty() {
        return Err(Stop::new(Exit::Usage, "only lists of umbrella windows have options behind `--`".to_owned()));
    }
    from_file(kinds, path)
}

fn from_file(kinds: &[&'static dyn Kind], path: &Path) -> Result<(), Stop> {
    let text = Config::read(path).map_err(|error| Stop::because(Exit::Input, &error))?;
    if text.starts_with("#! FIELDS") {
        let message = format!("`{}` is an output of PLUMED: `simmpi fes` reads it", path.display());
        return Err(Stop::new(Exit::Input, message));
    }
    let written = match FileKind::recognize(path, &text) {
        FileKind::Configuration => configuration::configuration(kinds, path, text)?,
        FileKind::ManyBodyInput => many_body::many_body(kinds, path)?,
        FileKind::Molecule => molecule::molecule(kinds, path)?,
        FileKind::Windows => {
            console::line(windows::from_document(path, &text)?.trim_end());
            return Ok(());
        }
        FileKind::Unknown => return Err(unknown(path)),
    };
    for warning in &written.warnings {
        console::warning(&format!("warning: {}; {}", warning.message, warning.help));
    }
    let title =
        format!("The configuration that {} amounts to, as `simmpi init --from` understands it.", path.display());
    let notes: String = std::iter::once(&title).chain(&written.notes).map(|note| comment(note)).collect();
    console::line(format!("{notes}\n{}", written.config.to_toml()).trim_end());
    Ok(())
}

impl FileKind {
    /// Of which kind a file is. What has no extension of a configuration is a molecule, which its reader may refuse.
    fn recognize(path: &Path, text: &str) -> Self {
        let is_toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        let format = Format::for_path(path);
        if format == Format::Toml && !is_toml {
            return if text.trim_start().starts_with('{') {
                Self::of_keys(Path::new("x.json"), text)
            } else {
                Self::Molecule
            };
        }
        match Self::of_keys(path, text) {
            // All of its faults are reported.
            Self::Unknown if format != Format::Json => Self::Configuration,
            kind => kind,
        }
    }

    fn of_keys(path: &Path, text: &str) -> Self {
        let keys = root_keys(path, text);
        let has = |names: &[&str]| names.iter().all(|name| keys.iter().any(|key| key == name));
        match () {
            () if has(&["campaign"]) || keys.is_empty() => Self::Configuration,
            () if has(&["molecule", "specification"]) => Self::ManyBodyInput,
            () if has(&["symbols", "geometry"]) => Self::Molecule,
            () if has(&["window"]) => Self::Windows,
            () => Self::Unknown,
        }
    }
}

fn unknown(path: &Path) -> Stop {
    Stop::new(Exit::Input, format!("`{}` is no file that `init --from` reads: it reads {READABLE}", path.display()))
}

/// The faults of a file that is no configuration, one a line: they name their places in it themselves.
fn refused(path: &Path, faults: &Faults, is_certain: bool) -> Stop {
    let mut lines = vec![format!("`{}` cannot be read", path.display())];
    lines.extend(faults.iter().map(|fault| format!("  {}; {}", fault.message, fault.help)));
    if !is_certain {
        lines.push(format!("  `init --from` reads {READABLE}"));
    }
    Stop::new(Exit::Input, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recognized_by_its_extension_and_its_keys() {
        for (name, text, kind) in [
            ("a.toml", "[campaign]\nkind = \"x\"\n", FileKind::Configuration),
            ("a.toml", "[champain]\n", FileKind::Configuration),
            ("a.yaml", "campaign: {}\n", FileKind::Configuration),
            ("a.json", "{\"campaign\": {}}", FileKind::Configuration),
            ("a.json", "{\"campaign\": {},", FileKind::Configuration),
            ("a.json", "{\"molecule\": {\"symbols\": null}, \"specification\": {}}", FileKind::ManyBodyInput),
            ("a.json", "{\"symbols\": [], \"geometry\": []}", FileKind::Molecule),
            ("a", "{\"symbols\": [], \"geometry\": []}", FileKind::Molecule),
            ("a.json", "{\"driver\": \"energy\"}", FileKind::Unknown),
            ("a.json", "{\"window\": []}", FileKind::Windows),
            ("a.toml", "[[window]]\n", FileKind::Windows),
            ("a.xyz", "1\n\nH 0 0 0\n", FileKind::Molecule),
            ("a", "anything", FileKind::Molecule),
        ] {
            assert_eq!(FileKind::recognize(Path::new(name), text), kind, "{name}: {text}");
        }
    }
}
