//! How are the results of replicas written?
use super::engine::Engine;
use super::replica::{ReplicaResult, ReplicaResults};
use super::setup::Setup;
use super::{free_energy, periods};
use crate::campaigns::campaign::RecordedValues;
use crate::campaigns::stage::{Error, StageResult};
use crate::engines::md::RunSummary;
use crate::engines::md::plumed::{PlumedKernel, plumed_version};
use crate::results::{Rows, Writer, or_nan, write_usage};

/// Writes `/results` and `/run/replicas` of an ensemble, and returns warnings.
///
/// # Errors
/// The file cannot be written, a recorded result cannot be read, or replicas contradict each other about a period.
pub fn write(
    setup: &Setup,
    done: &StageResult,
    recorded: &mut dyn RecordedValues,
    out: &mut Writer,
) -> Result<Vec<String>, Error> {
    let total: ReplicaResults = done.value()?;
    let periods = periods::of_variables(setup, &total)?;
    let failed: Vec<u64> = done.failed.iter().map(|failure| failure.task).collect();
    out.array("/results/seeds", &[setup.seeds.len()], &setup.seeds, "none", "seed of each replica")?;
    write_run(setup, &total, out)?;
    if setup.collect.is_empty() {
        return Ok(Vec::new());
    }
    let files: Vec<SeriesDatasets> = (0..setup.collect.len())
        .map(|file| SeriesDatasets::create(setup, &total, file, &failed, out))
        .collect::<Result<_, _>>()?;
    recorded.for_each(0, &mut |batch| {
        let results: ReplicaResults = batch.value()?;
        results.replicas.iter().try_for_each(|replica| files.iter().try_for_each(|file| file.fill(setup, replica, out)))
    })?;
    free_energy::write(setup, &periods, recorded, out)
}

/// Writes what depends on this run, not on the campaign alone.
fn write_run(setup: &Setup, total: &ReplicaResults, out: &mut Writer) -> Result<(), Error> {
    let count = setup.seeds.len();
    let mut summaries: Vec<Option<&RunSummary>> = vec![None; count];
    total.replicas.iter().for_each(|replica| summaries[replica.task as usize] = Some(&replica.summary));
    let mut numbers = |name: &str, value: fn(&RunSummary) -> Option<f64>, units: &str, about: &str| {
        let values = or_nan(summaries.iter().map(|summary| value((*summary)?)));
        out.array(&format!("/run/replicas/{name}"), &[count], &values, units, about)
    };
    numbers("seconds", |run| Some(run.usage.seconds), "s", "time that it took in the run that finished it")?;
    if !setup.engine.is_program() {
        return Ok(());
    }
    numbers("cpu_s", |run| Some(run.usage.cpu_s), "s", "processor time of its programs in the run that finished it")?;
    let about = "memory of its largest process";
    numbers("peak_memory_mb", |run| Some(run.usage.peak_memory_kb as f64 / 1024.0), "MB", about)?;
    if matches!(setup.engine, Engine::Gromacs(_)) {
        numbers("ns_per_day", |run| run.ns_per_day, "ns/day", "speed of its last simulation")?;
        numbers("potential_energy", |run| run.potential, "kJ/mol", "potential energy of the last step")?;
        numbers("last_step", |run| run.step, "none", "last step of its last simulation")?;
    }
    let together: Vec<_> = summaries.iter().map(|summary| summary.map(|run| run.usage.together.clone())).collect();
    write_usage(out, "/run/replicas", &together)?;
    let notes = summaries.iter().map(|summary| summary.map_or(String::new(), |run| run.notes.join("; ")));
    out.strings("/run/replicas/notes", &notes.collect::<Vec<_>>(), "what happened on the way")?;
    let folders: Vec<String> = (0..count)
        .map(|replica| setup.folder(&setup.names(replica)).map_or(String::new(), |path| path.display().to_string()))
        .collect();
    Ok(out.strings("/run/replicas/folder", &folders, "where its files are")?)
}

/// Writes the PLUMED that biased the replicas, as attributes of `/run/replicas`. Its version is read from the first folder where it
/// reported it.
///
/// # Errors
/// The file cannot be written.
pub fn write_plumed(setup: &Setup, kernel: &PlumedKernel, out: &mut Writer) -> Result<(), Error> {
    let Engine::Gromacs(gromacs) = &setup.engine else { return Ok(()) };
    out.text_attribute("/run/replicas", "plumed_kernel", &kernel.path.to_string_lossy())?;
    out.text_attribute("/run/replicas", "plumed_kernel_sha256", &kernel.sha256)?;
    let Some(biased) = gromacs.simulations.iter().rfind(|one| one.plumed.is_some()) else { return Ok(()) };
    let folders = (0..setup.seeds.len()).filter_map(|replica| setup.folder(&setup.names(replica)).ok());
    match folders.into_iter().find_map(|folder| plumed_version(&folder, &biased.name)) {
        Some(version) => Ok(out.text_attribute("/run/replicas", "plumed_version", &version)?),
        None => Ok(()),
    }
}

/// The datasets of one collected file.
struct SeriesDatasets {
    /// Index of the file.
    file: usize,
    /// By column.
    rows: Vec<Rows<f64>>,
    /// By replica: index of its first value; then the number of all values.
    offsets: Vec<u64>,
}

impl SeriesDatasets {
    fn create(
        setup: &Setup,
        total: &ReplicaResults,
        file: usize,
        failed: &[u64],
        out: &mut Writer,
    ) -> Result<Self, Error> {
        let collect = &setup.collect[file];
        let mut lengths = vec![0; setup.seeds.len()];
        total.replicas.iter().for_each(|replica| lengths[replica.task as usize] = replica.rows[file]);
        let mut offsets = vec![0u64];
        lengths.iter().for_each(|length| offsets.push(offsets[offsets.len() - 1] + length));
        let all = offsets[offsets.len() - 1] as usize;
        let mut rows = Vec::new();
        for column in &collect.columns {
            let group = collect.group(column);
            let about = "replica i has values[offsets[i]..offsets[i + 1]]";
            out.array(&format!("{group}/offsets"), &[offsets.len()], &offsets, "none", about)?;
            let values = format!("{group}/values");
            rows.push(out.rows(
                &values,
                &[all],
                f64::NAN,
                "as in the file",
                "the column of every replica, one after another",
            )?);
            if !failed.is_empty() {
                out.list_attribute(&values, "missing", failed)?;
            }
        }
        Ok(Self { file, rows, offsets })
    }

    fn fill(&self, setup: &Setup, replica: &ReplicaResult, out: &mut Writer) -> Result<(), Error> {
        let first = self.offsets[replica.task as usize] as usize;
        for (rows, values) in self.rows.iter().zip(replica.columns(setup, self.file)) {
            if !values.is_empty() {
                out.fill(rows, first, values)?;
            }
        }
        Ok(())
    }
}
