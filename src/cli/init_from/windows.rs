//! Umbrella windows that exist already: a list of them, or the inputs of the programs that sampled them.
use crate::campaigns::pmf::{self, WindowList};
use crate::cli::pmf::{PmfArgs, translated, windows as read_windows};
use crate::config::Config;
use crate::run::exit::{Exit, Stop};
use clap::{Args, Command, FromArgMatches};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that list windows, as options of `pmf`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lists(Vec<OsString>);

/// What a list of windows is, by its first line that is no comment.
#[derive(Debug, PartialEq)]
enum ListKind {
    RunInputs,
    PullFiles { are_forces: bool },
    Metadata,
    Plumed,
}

impl Lists {
    /// The lists that the files or folders at `paths` are; none where one is no such list.
    pub fn recognize(paths: &[PathBuf]) -> Option<Self> {
        let kinds: Vec<ListKind> = paths.iter().map(|path| kind_of(path)).collect::<Option<_>>()?;
        let mut words: Vec<OsString> = Vec::new();
        if kinds.iter().all(|kind| *kind == ListKind::Plumed) {
            words.push("--plumed".into());
            words.extend(paths.iter().map(|path| folder_of(path).into()));
            return Some(Self(words));
        }
        for (kind, path) in kinds.iter().zip(paths) {
            let option = match kind {
                ListKind::RunInputs => "--it",
                ListKind::PullFiles { are_forces: false } => "--ix",
                ListKind::PullFiles { are_forces: true } => "--if",
                ListKind::Metadata => "--metadata",
                ListKind::Plumed => return None,
            };
            words.extend([option.into(), path.into()]);
        }
        Some(Self(words))
    }
}

/// The folder of an input of PLUMED, or the folder itself.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        _ if path.is_dir() => path.to_owned(),
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn kind_of(path: &Path) -> Option<ListKind> {
    if path.is_dir() {
        return path.join(pmf::inputs::PLUMED_INPUT).is_file().then_some(ListKind::Plumed);
    }
    let text = Config::read(path).ok()?;
    if path.file_name().is_some_and(|name| name == pmf::inputs::PLUMED_INPUT) {
        return Some(ListKind::Plumed);
    }
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', '@', ';']))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let ends_with = |extension: &str| words[0].to_ascii_lowercase().trim_end_matches(".gz").ends_with(extension);
    let are_numbers = |words: &[&str]| words.iter().all(|word| word.parse::<f64>().is_ok());
    let exists = |name: &str| {
        let beside = path.parent().unwrap_or(Path::new("")).join(name);
        fs::metadata(name).or_else(|_| fs::metadata(beside)).is_ok_and(|found| found.is_file())
    };
    match words.len() {
        1 if ends_with(".tpr") => Some(ListKind::RunInputs),
        1 if ends_with(".xvg") => {
            Some(ListKind::PullFiles { are_forces: words[0].to_ascii_lowercase().contains("pullf") })
        }
        3.. if are_numbers(&words[1..3]) && exists(words[0]) => Some(ListKind::Metadata),
        _ => None,
    }
}

/// The file of windows that `lists` amount to with these options of `pmf`.
///
/// # Errors
/// An option is unknown, or the lists have faults: all of them.
pub fn from_lists(lists: Lists, options: &[OsString]) -> Result<String, Stop> {
    let command = ["simmpi", "pmf"].map(OsString::from).into_iter().chain(lists.0);
    // What `pmf` writes is not written.
    let output = ["--output", "pmf.h5"].map(OsString::from);
    let words = translated(command.chain(output).chain(options.iter().cloned()))
        .map_err(|refused| Stop::new(Exit::Usage, refused))?;
    let usage = |error: clap::Error| {
        Stop::new(Exit::Usage, format!("{}options of `simmpi pmf` stand behind `--`", error.render()))
    };
    let command = PmfArgs::augment_args(Command::new("simmpi pmf").no_binary_name(true));
    let matches = command.try_get_matches_from(words.into_iter().skip(2)).map_err(usage)?;
    let args = PmfArgs::from_arg_matches(&matches).map_err(usage)?;
    let list = read_windows(&args).map_err(|stop| {
        let help = "options of `simmpi pmf`, as -temp 300, can be given behind `--`";
        Stop { message: format!("{}\n{help}", stop.message), ..stop }
    })?;
    Ok(list.with_output(args.output.unit, args.output.output_coordinate_unit).to_toml())
}

/// The file of windows that one in another format amounts to. Its paths are relative to it.
///
/// # Errors
/// All faults of the file.
pub fn from_document(path: &Path, text: &str) -> Result<String, Stop> {
    Ok(pmf::parse(path, text).map(|list: WindowList| list.to_toml())?)
}
