//! What do all replicas share, and what does each start from?
use super::engine::{Engine, EngineInput};
use super::render::{Names, Renderer};
use super::section::{CollectSection, ColumnName, FreeEnergySection, Section};
use crate::campaigns::replicas::Inputs;
use crate::journal::Fingerprint;
use crate::md::columns::Column;
use crate::problem::Problem;
use crate::science::reweighting::Region;
use std::path::PathBuf;

/// What all replicas of a campaign share.
pub struct Setup {
    pub section: Section,
    /// What programs of each replica start from, without its files; on rank 0 only.
    pub claims: Vec<Inputs>,
    /// Seeds by replica.
    pub seeds: Vec<u64>,
    /// The folder of the configuration.
    pub base: PathBuf,
    /// Identifies the campaign that owns the folders: its output.
    pub owner: String,
    pub files: Vec<FileSource>,
    pub engine: Engine,
    /// Names in braces in the paths of their files are replaced for each replica.
    pub collect: Vec<CollectSection>,
    pub free_energies: Vec<FreeEnergy>,
    /// Digest of what is read from the files of programs; none where no program runs.
    pub reading: Option<String>,
    /// Whether programs may use more threads than the rank has cores.
    pub oversubscribe: bool,
    pub renderer: Renderer,
}

/// A file in the folder of every replica.
pub struct FileSource {
    /// Its path relative to the folder.
    pub target: String,
    pub path: PathBuf,
    /// SHA-256 of the source.
    pub digest: String,
    /// The text of a template; other sources are copied.
    pub template: Option<String>,
}

/// A requested free energy.
pub struct FreeEnergy {
    pub section: FreeEnergySection,
    pub name: String,
    /// Index of the collected file.
    pub file: usize,
    /// Indices of columns in that file: the variables, the bias and the time (none where nothing is discarded).
    pub cvs: Vec<usize>,
    pub bias: usize,
    pub time: Option<usize>,
    /// kT in the unit of the bias.
    pub thermal_energy: f64,
    /// That unit.
    pub units: &'static str,
    /// Of each variable; none where the files of the replicas set them.
    pub periods: Option<Vec<Option<f64>>>,
    pub regions: Option<[Region; 2]>,
}

impl FreeEnergy {
    /// Whether a row of the collected `columns`, `[column][row]`, is used: not before `discard_ps`.
    pub fn uses(&self, columns: &[impl AsRef<[f64]>], row: usize) -> bool {
        self.time.is_none_or(|time| columns[time].as_ref()[row] >= self.section.discard_ps)
    }

    /// Its group in the result file.
    pub fn group(&self) -> String {
        format!("/results/free_energy/{}", escaped(&self.name))
    }
}

impl CollectSection {
    /// The columns as [`crate::md::columns`] selects them.
    pub fn selection(&self) -> Vec<Column> {
        let column = |name: &ColumnName| match name {
            ColumnName::Name(name) => Column::Name(name.clone()),
            ColumnName::Index(index) => Column::Index(*index as usize),
        };
        self.columns.iter().map(column).collect()
    }

    /// The group of one of its columns in the result file.
    pub fn group(&self, column: &ColumnName) -> String {
        format!("/results/collected/{}/{}", escaped(&self.file), escaped(&column.to_string()))
    }
}

/// A name without the separator of HDF5 groups.
fn escaped(name: &str) -> String {
    name.replace('/', "%2F")
}

impl Setup {
    /// The names that templates of a replica may use.
    pub fn names(&self, replica: usize) -> Names {
        let mut names = self.section.variables.clone();
        names.insert("seed".into(), self.seeds[replica].into());
        names.insert("replica".into(), replica.into());
        names.insert("threads".into(), self.engine.threads().into());
        names
    }

    /// The name of a replica in messages.
    pub fn label(&self, replica: usize) -> String {
        format!("seed {}", self.seeds[replica])
    }

    /// The folder of a replica.
    ///
    /// # Errors
    /// A name is undefined.
    pub fn folder(&self, names: &Names) -> Result<PathBuf, Problem> {
        let Some(directory) = &self.section.directory else { return Ok(self.base.clone()) };
        let word = self.renderer.word(directory, names);
        Ok(self.base.join(word.map_err(|error| error.problem("directory", None, names))?))
    }

    /// What a replica starts from, and what its programs are started with.
    ///
    /// # Errors
    /// A template cannot be rendered, or GROMACS would seed from the clock.
    pub fn inputs(&self, replica: usize) -> Result<(Inputs, EngineInput), Problem> {
        let mut names = self.names(replica);
        let folder = self.folder(&names)?;
        let (mut rendered, mut copied) = (Vec::new(), Vec::new());
        let mut identity = format!("{}\n", self.owner);
        for file in &self.files {
            identity.push_str(&format!("{} {}\n", file.target, file.digest));
            if let Some(template) = &file.template {
                let text = self
                    .renderer
                    .file(template, &names)
                    .map_err(|error| error.problem(&format!("files.\"{}\"", file.target), Some(&file.path), &names))?;
                identity.push_str(&text);
                rendered.push((file.target.clone(), text));
            } else {
                copied.push((file.target.clone(), file.path.clone()));
            }
        }
        let input = |names: &Names| self.engine.input(&self.renderer, &self.base, names);
        let engine_input = match &self.engine {
            Engine::Command(_) => {
                // Folder and number of threads do not distinguish replicas.
                let mut anonymous = names.clone();
                anonymous.insert("threads".into(), "".into());
                anonymous.insert("directory".into(), "".into());
                input(&anonymous)?.describe(&mut identity);
                names.insert("directory".into(), folder.to_string_lossy().into());
                input(&names)?
            }
            Engine::Gromacs(_) | Engine::Model(_) => {
                let input = input(&names)?;
                input.describe(&mut identity);
                input
            }
        };
        let digest = Fingerprint::of_text(&self.without_base(&identity)).to_string();
        let (label, is_own) = (self.label(replica), self.section.directory.is_some());
        Ok((Inputs { label, folder, is_own, rendered, copied, digest }, engine_input))
    }

    /// A text with paths relative to the folder of the configuration, which may be moved with its contents.
    fn without_base(&self, text: &str) -> String {
        let base = format!("{}/", self.base.display());
        // As in a path, and as in a quoted path.
        let quoted = format!("{base:?}");
        text.replace(quoted.trim_matches('"'), "").replace(&base, "")
    }
}
