//! What do the files say in which PLUMED's OPES_METAD keeps its bias, KERNELS and STATE?
//!
//! Both have `#! FIELDS` and `#! SET` lines and then a kernel a row. KERNELS has every kernel as it came, STATE the compressed ones and
//! all that a restart needs; of several states in one file (STORE_STATES) the last one counts. Rows of KERNELS that a kill cut off are left
//! out, and so are kernels that a restart wrote again.
mod error;
#[cfg(test)]
mod tests;
mod text;
mod write;

pub use error::Error;
pub use write::state_text;

use crate::science::opes::{Deposit, Kernel, RunningWidths, State, Variant};
use std::fs;
use std::path::Path;
use text::Block;

/// A bias as a file tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct OpesFile {
    pub variant: Variant,
    /// The names of the biased variables.
    pub variables: Vec<String>,
    /// Smallest and largest value of each, where it is periodic.
    pub domains: Vec<Option<[f64; 2]>>,
    /// Infinite for a flat target.
    pub bias_factor: f64,
    pub epsilon: f64,
    /// In widths of a kernel.
    pub cutoff: f64,
    pub compression_threshold: f64,
    /// The time of the last kernel's row in ps; none where there is no kernel.
    pub time_ps: Option<f64>,
    /// The times of all rows, in PLUMED's unit, ps where the input says nothing else.
    pub times: Vec<f64>,
    pub content: Content,
}

/// What is in the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Exactly what a bias goes on from, to the digits that were printed.
    State(State),
    /// Every kernel as it came.
    Kernels(Vec<Deposit>),
}

impl OpesFile {
    /// The length of each variable's period.
    pub fn periods(&self) -> Vec<Option<f64>> {
        self.domains.iter().map(|domain| domain.map(|[min, max]| max - min)).collect()
    }
}

/// Reads the file at `path`.
///
/// # Errors
/// The file cannot be read, or as [`parse`].
pub fn read(path: &Path) -> Result<OpesFile, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    parse(path, &String::from_utf8_lossy(&bytes))
}

/// Reads `text`, which messages call `path`.
///
/// # Errors
/// It is not of this kind, a field or a setting is missing, or a value is no number.
pub fn parse(path: &Path, text: &str) -> Result<OpesFile, Error> {
    let block = Block::last(path, text)?;
    let (variant, is_state) = match block.setting("action")? {
        "OPES_METAD_state" => (Variant::Metad, true),
        "OPES_METAD_EXPLORE_state" => (Variant::Explore, true),
        "OPES_METAD_kernels" => (Variant::Metad, false),
        "OPES_METAD_EXPLORE_kernels" => (Variant::Explore, false),
        action => return Err(Error::Action { path: path.to_owned(), action: action.to_owned() }),
    };
    let variables = variables(&block)?;
    let places = Places::find(&block, &variables, !is_state)?;
    let mut rows = block.rows()?;
    match is_state {
        true => block.check_end()?,
        false => drop_repeated(&mut rows, places.time),
    }
    let content = match is_state {
        true => Content::State(state(&block, &variables, rows.iter().map(|row| places.kernel(row)).collect())?),
        false => Content::Kernels(rows.iter().map(|row| places.deposit(row)).collect()),
    };
    Ok(OpesFile {
        variant,
        domains: variables.iter().map(|name| domain(&block, name)).collect::<Result<_, _>>()?,
        bias_factor: block.number("biasfactor")?,
        epsilon: block.number("epsilon")?,
        cutoff: block.number("kernel_cutoff")?,
        compression_threshold: block.number("compression_threshold")?,
        time_ps: rows.last().map(|row| row[places.time]),
        times: rows.iter().map(|row| row[places.time]).collect(),
        content,
        variables,
    })
}

/// Leaves out kernels that a restarted run did not start from: where `time` goes back, those from there on. Walkers share times.
fn drop_repeated(rows: &mut Vec<Vec<f64>>, time: usize) {
    let mut kept: Vec<Vec<f64>> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        if kept.last().is_some_and(|last| row[time] < last[time]) {
            kept.truncate(kept.partition_point(|known| known[time] < row[time]));
        }
        kept.push(row);
    }
    *rows = kept;
}

/// The fields between `time` and the first `sigma_...`.
fn variables(block: &Block) -> Result<Vec<String>, Error> {
    let names = block.fields.iter().skip_while(|name| **name != "time").skip(1);
    let found: Vec<String> =
        names.take_while(|name| !name.starts_with("sigma_")).map(|name| (*name).to_owned()).collect();
    if found.is_empty() || found.len() == block.fields.len() {
        return Err(block.at().missing_field("time, a variable and its sigma_"));
    }
    Ok(found)
}

fn domain(block: &Block, name: &str) -> Result<Option<[f64; 2]>, Error> {
    let (min, max) = (format!("min_{name}"), format!("max_{name}"));
    match block.has(&min) {
        true => Ok(Some([block.number(&min)?, block.number(&max)?])),
        false => Ok(None),
    }
}

fn state(block: &Block, variables: &[String], kernels: Vec<Kernel>) -> Result<State, Error> {
    let width = block.has("adaptive_counter").then(|| width(block, variables)).transpose()?;
    Ok(State {
        zed: block.number("zed")?,
        sum_weights: block.number("sum_weights")?,
        sum_weights2: block.number("sum_weights2")?,
        counter: block.count("counter")?,
        width,
        kernels,
    })
}

/// Of one walker `av_cv_NAME`, of several `av_cv_NAME_WALKER`.
fn width(block: &Block, variables: &[String]) -> Result<RunningWidths, Error> {
    let is_single = block.has(&format!("av_cv_{}", variables[0]));
    let walkers = match is_single {
        true => 1,
        false => (0..).take_while(|walker| block.has(&format!("av_cv_{}_{walker}", variables[0]))).count().max(1),
    };
    let of = |what: &str, walker: usize| {
        let name = |variable: &String| match is_single {
            true => format!("{what}_{variable}"),
            false => format!("{what}_{variable}_{walker}"),
        };
        variables.iter().map(|variable| block.number(&name(variable))).collect::<Result<Vec<_>, _>>()
    };
    Ok(RunningWidths {
        counter: block.count("adaptive_counter")?,
        initial: variables.iter().map(|name| block.number(&format!("sigma0_{name}"))).collect::<Result<_, _>>()?,
        mean: (0..walkers).map(|walker| of("av_cv", walker)).collect::<Result<_, _>>()?,
        squares: (0..walkers).map(|walker| of("av_M2", walker)).collect::<Result<_, _>>()?,
    })
}

/// Which column is what.
struct Places {
    time: usize,
    height: usize,
    log_weight: Option<usize>,
    center: Vec<usize>,
    sigma: Vec<usize>,
}

impl Places {
    fn find(block: &Block, variables: &[String], has_weights: bool) -> Result<Self, Error> {
        let at = |name: &str| {
            block.fields.iter().position(|field| *field == name).ok_or_else(|| block.at().missing_field(name))
        };
        Ok(Self {
            time: at("time")?,
            height: at("height")?,
            log_weight: has_weights.then(|| at("logweight")).transpose()?,
            center: variables.iter().map(|name| at(name)).collect::<Result<_, _>>()?,
            sigma: variables.iter().map(|name| at(&format!("sigma_{name}"))).collect::<Result<_, _>>()?,
        })
    }

    fn kernel(&self, row: &[f64]) -> Kernel {
        let values = |places: &[usize]| places.iter().map(|place| row[*place]).collect();
        Kernel { height: row[self.height], center: values(&self.center), sigma: values(&self.sigma) }
    }

    fn deposit(&self, row: &[f64]) -> Deposit {
        Deposit { kernel: self.kernel(row), log_weight: self.log_weight.map_or(0.0, |place| row[place]) }
    }
}
