//! How is an analysis written to an HDF5 file?
use super::load::WindowInput;
use crate::campaigns::window_analysis::Analysis;
use crate::results::{Closed, Error, Reader, Writer};
use std::path::Path;

/// Whether the result of these windows may be written to `path`.
///
/// # Errors
/// The file is the result of another input, or of another program.
pub fn check_output(path: &Path, fingerprint: &str) -> Result<(), OutputConflict> {
    if !path.exists() {
        return Ok(());
    }
    let found = Reader::open_results(path).and_then(|reader| reader.text_attribute("fingerprint"));
    match found {
        Ok(found) if found == fingerprint => Ok(()),
        Ok(_) => Err(OutputConflict::OtherInput { path: path.to_owned() }),
        Err(_) => Err(OutputConflict::NoResult { path: path.to_owned() }),
    }
}

/// Why an existing file is not replaced.
#[derive(Debug, thiserror::Error)]
pub enum OutputConflict {
    #[error("`{path}` is the result of another input: move it away, or replace it with --force")]
    OtherInput { path: std::path::PathBuf },
    #[error("`{path}` is not a result of simmpi: move it away, or replace it with --force")]
    NoResult { path: std::path::PathBuf },
}

impl WindowInput {
    /// Writes everything to a temporary file next to `path`; closing and publishing it is up to the caller.
    ///
    /// # Errors
    /// The folder is missing or the disk is full.
    pub fn write(&self, analysis: &Analysis, path: &Path) -> Result<Closed, Error> {
        let mut out = Writer::create(path)?;
        self.write_attributes(&mut out)?;
        analysis.write_results(&mut out)?;
        self.write_tasks(&mut out)?;
        out.close()
    }

    fn write_attributes(&self, out: &mut Writer) -> Result<(), Error> {
        let windows = self.umbrella.windows.len() as u64;
        out.text_attribute("/", "simmpi_version", env!("CARGO_PKG_VERSION"))?;
        out.text_attribute("/", "campaign_kind", "pmf")?;
        out.attribute("/", "seed", self.seed.0)?;
        out.text_attribute("/", "fingerprint", &self.fingerprint)?;
        out.text_attribute("/", "config", &self.config)?;
        out.attribute("/", "complete", 1_u8)?;
        out.attribute("/", "tasks_total", windows)?;
        out.attribute("/", "tasks_done", windows)?;
        out.attribute("/", "tasks_failed", 0_u64)?;
        out.text_attribute("/", "reproducibility", "given-files")
    }

    /// One row per window, in the format of campaigns.
    fn write_tasks(&self, out: &mut Writer) -> Result<(), Error> {
        let windows = &self.umbrella.windows;
        let names: Vec<&str> = windows.iter().map(|window| window.name.as_str()).collect();
        let index: Vec<u64> = (0..windows.len() as u64).collect();
        out.array("/run/tasks/index", &[windows.len()], &index, "none", "the window")?;
        out.strings("/run/tasks/label", &names, "the file of its samples")?;
        out.strings("/run/tasks/status", &vec!["done"; windows.len()], "done")?;
        out.strings("/run/tasks/error", &vec![""; windows.len()], "why it failed")
    }
}
