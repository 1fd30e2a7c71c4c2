//! What does each replica start from?
use super::engine::Engine;
use super::render::{self, Names, Renderer};
use super::section::ColumnName;
use crate::journal::Fingerprint;
use crate::md::columns::Column;
use crate::science::reweighting::Region;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What every replica of the campaign needs.
pub struct Setup {
    /// By replica.
    pub seeds: Vec<u64>,
    pub variables: Names,
    /// The folder of a replica, with names in braces; none where programs run in `base`.
    pub directory: Option<String>,
    /// The folder of the configuration.
    pub base: PathBuf,
    /// What makes the folders this campaign's own: its output.
    pub owner: String,
    pub files: Vec<FileSource>,
    pub engine: Engine,
    pub collect: Vec<Collect>,
    pub free_energies: Vec<FreeEnergy>,
    /// What is read of the files that programs leave, as a digest; none where no program runs.
    pub reading: Option<String>,
    /// Whether programs may have more threads than the rank has cores.
    pub oversubscribe: bool,
    pub stagger: Duration,
    pub stall: Option<Duration>,
    pub renderer: Renderer,
}

/// A file of a replica's folder.
pub struct FileSource {
    /// Where it goes, relative to the folder.
    pub target: String,
    pub path: PathBuf,
    /// SHA-256 of the source.
    pub digest: String,
    /// The text of a source that is rendered; others are copied.
    pub template: Option<String>,
}

/// Columns of a file of every replica.
pub struct Collect {
    /// With names in braces.
    pub file: String,
    pub columns: Vec<ColumnName>,
}

/// A free energy that is asked for.
pub struct FreeEnergy {
    pub name: String,
    /// The collected file, and in it the columns.
    pub file: usize,
    pub cvs: Vec<usize>,
    pub bias: usize,
    /// None where nothing is discarded.
    pub time: Option<usize>,
    pub discard_ps: f64,
    /// kT, in the unit of the bias, and that unit.
    pub thermal_energy: f64,
    pub units: &'static str,
    /// Bins of each variable.
    pub grid: usize,
    pub ranges: Option<Vec<[f64; 2]>>,
    /// Of each variable, as the section says; otherwise files do.
    pub periods: Option<Vec<Option<f64>>>,
    pub bandwidths: Option<Vec<f64>>,
    pub regions: Option<[Region; 2]>,
}

impl FreeEnergy {
    /// Whether a row of the collected `columns` `[column][row]` counts: what comes before `discard_ps` does not.
    pub fn uses(&self, columns: &[impl AsRef<[f64]>], row: usize) -> bool {
        self.time.is_none_or(|time| columns[time].as_ref()[row] >= self.discard_ps)
    }
}

impl Collect {
    /// The columns as the reader of files has them.
    pub fn wanted(&self) -> Vec<Column> {
        let column = |name: &ColumnName| match name {
            ColumnName::Name(name) => Column::Name(name.clone()),
            ColumnName::Place(place) => Column::Index(*place as usize),
        };
        self.columns.iter().map(column).collect()
    }
}

/// A text that could not be filled in: where it stands in the configuration, and what is wrong.
#[derive(Debug)]
pub struct Unfit {
    pub key: String,
    pub message: String,
}

/// What one replica starts from.
pub struct Inputs {
    pub folder: PathBuf,
    /// Whether the folder is this replica's alone.
    pub is_own: bool,
    /// Files that were rendered: where they go, and their text.
    pub rendered: Vec<(String, String)>,
    /// What its programs are told.
    pub job: super::engine::Job,
    /// Of everything but the folder: equal for two replicas that would do the same.
    pub digest: String,
}

impl Setup {
    /// The names that texts of a replica may use.
    pub fn names(&self, replica: usize) -> Names {
        let mut names = self.variables.clone();
        names.insert("seed".into(), self.seeds[replica].into());
        names.insert("replica".into(), replica.into());
        names.insert("threads".into(), self.engine.threads().into());
        names
    }

    /// What a replica is called.
    pub fn label(&self, replica: usize) -> String {
        format!("seed {}", self.seeds[replica])
    }

    /// A replica's folder.
    ///
    /// # Errors
    /// It asks for a name that is not there.
    pub fn folder(&self, names: &Names) -> Result<PathBuf, Unfit> {
        let Some(directory) = &self.directory else { return Ok(self.base.clone()) };
        let word = render::word(directory, names).map_err(|error| unfit("ensemble.directory", &error))?;
        Ok(self.base.join(word))
    }

    /// What a replica starts from.
    ///
    /// # Errors
    /// A text asks for a name that is not there, or GROMACS would take a seed from the clock.
    pub fn inputs(&self, replica: usize) -> Result<Inputs, Unfit> {
        let mut names = self.names(replica);
        let folder = self.folder(&names)?;
        let mut rendered = Vec::new();
        let mut identity = format!("{}\n", self.owner);
        for file in &self.files {
            identity.push_str(&format!("{} {}\n", file.target, file.digest));
            if let Some(template) = &file.template {
                let key = format!("ensemble.files.\"{}\"", file.target);
                let text = self.renderer.file(template, &names);
                let text =
                    text.map_err(|error| Unfit { key, message: format!("`{}`: {error}", file.path.display()) })?;
                identity.push_str(&text);
                rendered.push((file.target.clone(), text));
            }
        }
        let job = self.engine.job(self, &names)?;
        // Where a replica runs, and on how many cores, does not make it another one.
        let threads = names.insert("threads".into(), "".into()).unwrap_or_default();
        names.insert("directory".into(), "".into());
        identity.push_str(&self.engine.told(&names)?);
        names.insert("threads".into(), threads);
        job.describe(&mut identity);
        names.insert("directory".into(), folder.to_string_lossy().into());
        let job = job.with_words(&self.engine, &names)?;
        let digest = Fingerprint::of_text(&self.without_base(&identity)).to_string();
        Ok(Inputs { folder, is_own: self.directory.is_some(), rendered, job, digest })
    }

    /// A text with paths relative to the configuration's folder: that may be moved with all that is in it.
    fn without_base(&self, text: &str) -> String {
        let base = format!("{}/", self.base.display());
        // As in a path, and as in a path that is printed in quotes.
        let quoted = format!("{base:?}");
        text.replace(quoted.trim_matches('"'), "").replace(&base, "")
    }

    /// A path of the configuration that may hold names.
    ///
    /// # Errors
    /// A name is not there.
    pub fn path(&self, key: &str, path: &Path, names: &Names) -> Result<PathBuf, Unfit> {
        let word = render::word(&path.to_string_lossy(), names).map_err(|error| unfit(key, &error))?;
        Ok(self.base.join(word))
    }
}

/// What is wrong with the value of a key.
pub fn unfit(key: &str, error: &dyn std::error::Error) -> Unfit {
    Unfit { key: key.to_owned(), message: error.to_string() }
}
