//! How are KERNELS and STATE read, the files in which PLUMED's OPES_METAD keeps its bias?
//!
//! Both have lines `#! FIELDS` and `#! SET`, then one kernel a row. KERNELS has all deposited kernels, STATE the compressed ones and
//! everything that a restart needs; of several states in a file (STORE_STATES) the last one counts. Rows of KERNELS that were cut off by a
//! kill or repeated by a restart are left out.
mod block;
mod error;

pub use error::Error;

use crate::science::opes::{Deposit, Kernel, RunningWidths, State, Variant};
use block::Block;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The bias of an OPES simulation as stored in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct OpesFile {
    pub variant: Variant,
    /// Names of the biased variables.
    pub variables: Vec<String>,
    /// Smallest and largest value of each periodic variable.
    pub domains: Vec<Option<[f64; 2]>>,
    /// Infinite for a flat target distribution.
    pub bias_factor: f64,
    pub epsilon: f64,
    /// In widths of a kernel.
    pub cutoff: f64,
    pub compression_threshold: f64,
    /// The time of the last kernel, in the unit of `times`; none without kernels.
    pub time_ps: Option<f64>,
    /// Times of all kernels in PLUMED's unit of time, by default ps.
    pub times: Vec<f64>,
    pub content: Content,
}

/// The kernels of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The complete state of a bias, in the precision of the file.
    State(State),
    /// All deposited kernels in their order.
    Kernels(Vec<Deposit>),
}

impl OpesFile {
    /// The period of each variable.
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

/// Reads `text`; `path` is only used in messages.
///
/// # Errors
/// It is no such file, a field or a setting is missing, or a value is not a number.
pub fn parse(path: &Path, text: &str) -> Result<OpesFile, Error> {
    let block = Block::last(path, text)?;
    let (variant, is_state) = match block.setting("action")? {
        "OPES_METAD_state" => (Variant::Metad, true),
        "OPES_METAD_EXPLORE_state" => (Variant::Explore, true),
        "OPES_METAD_kernels" => (Variant::Metad, false),
        "OPES_METAD_EXPLORE_kernels" => (Variant::Explore, false),
        action => return Err(Error::UnknownAction { path: path.to_owned(), action: action.to_owned() }),
    };
    let variables = block.variables()?;
    let columns = KernelColumns::find(&block, &variables, !is_state)?;
    let mut rows = block.rows()?;
    match is_state {
        true => block.check_end()?,
        false => drop_repeated(&mut rows, columns.time),
    }
    let content = match is_state {
        true => Content::State(state(&block, &variables, rows.iter().map(|row| columns.kernel(row)).collect())?),
        false => Content::Kernels(rows.iter().map(|row| columns.deposit(row)).collect()),
    };
    Ok(OpesFile {
        variant,
        domains: variables.iter().map(|name| domain(&block, name)).collect::<Result<_, _>>()?,
        bias_factor: block.number("biasfactor")?,
        epsilon: block.number("epsilon")?,
        cutoff: block.number("kernel_cutoff")?,
        compression_threshold: block.number("compression_threshold")?,
        time_ps: rows.last().map(|row| row[columns.time]),
        times: rows.iter().map(|row| row[columns.time]).collect(),
        content,
        variables,
    })
}

/// Drops kernels that a restarted run did not start from: where column `time` goes back, those of that time and later. Walkers share
/// times, so equal ones are kept.
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

fn domain(block: &Block, name: &str) -> Result<Option<[f64; 2]>, Error> {
    let (min, max) = (format!("min_{name}"), format!("max_{name}"));
    match block.has(&min) {
        true => Ok(Some([block.number(&min)?, block.number(&max)?])),
        false => Ok(None),
    }
}

fn state(block: &Block, variables: &[String], kernels: Vec<Kernel>) -> Result<State, Error> {
    let width = block.has("adaptive_counter").then(|| running_widths(block, variables)).transpose()?;
    Ok(State {
        zed: block.number("zed")?,
        sum_weights: block.number("sum_weights")?,
        sum_weights2: block.number("sum_weights2")?,
        counter: block.count("counter")?,
        width,
        kernels,
    })
}

/// The running widths; settings are called `av_cv_NAME` for one walker, `av_cv_NAME_WALKER` for several.
fn running_widths(block: &Block, variables: &[String]) -> Result<RunningWidths, Error> {
    let is_single = block.has(&format!("av_cv_{}", variables[0]));
    let walkers = match is_single {
        true => 1,
        false => (0..).take_while(|walker| block.has(&format!("av_cv_{}_{walker}", variables[0]))).count().max(1),
    };
    let averages = |quantity: &str, walker: usize| {
        let name = |variable: &String| match is_single {
            true => format!("{quantity}_{variable}"),
            false => format!("{quantity}_{variable}_{walker}"),
        };
        variables.iter().map(|variable| block.number(&name(variable))).collect::<Result<Vec<_>, _>>()
    };
    Ok(RunningWidths {
        counter: block.count("adaptive_counter")?,
        initial: variables.iter().map(|name| block.number(&format!("sigma0_{name}"))).collect::<Result<_, _>>()?,
        mean: (0..walkers).map(|walker| averages("av_cv", walker)).collect::<Result<_, _>>()?,
        squares: (0..walkers).map(|walker| averages("av_M2", walker)).collect::<Result<_, _>>()?,
    })
}

/// Indices of the fields of a kernel.
struct KernelColumns {
    time: usize,
    height: usize,
    log_weight: Option<usize>,
    center: Vec<usize>,
    sigma: Vec<usize>,
}

impl KernelColumns {
    fn find(block: &Block, variables: &[String], has_weights: bool) -> Result<Self, Error> {
        let index =
            |name: &str| block.fields.iter().position(|field| *field == name).ok_or_else(|| block.missing_field(name));
        Ok(Self {
            time: index("time")?,
            height: index("height")?,
            log_weight: has_weights.then(|| index("logweight")).transpose()?,
            center: variables.iter().map(|name| index(name)).collect::<Result<_, _>>()?,
            sigma: variables.iter().map(|name| index(&format!("sigma_{name}"))).collect::<Result<_, _>>()?,
        })
    }

    fn kernel(&self, row: &[f64]) -> Kernel {
        let values = |columns: &[usize]| columns.iter().map(|column| row[*column]).collect();
        Kernel { height: row[self.height], center: values(&self.center), sigma: values(&self.sigma) }
    }

    fn deposit(&self, row: &[f64]) -> Deposit {
        Deposit { kernel: self.kernel(row), log_weight: self.log_weight.map_or(0.0, |column| row[column]) }
    }
}

/// The text of a STATE file with `state` at `time`, in PLUMED's unit of time. All other settings, such as the bias factor and the domains
/// of the variables, are copied verbatim from `like`, the text of a STATE or KERNELS file (`path` in messages).
///
/// # Errors
/// `like` is no such text.
pub fn state_text(path: &Path, like: &str, state: &State, time: f64) -> Result<String, Error> {
    let block = Block::last(path, like)?;
    let variables = block.variables()?;
    let mut text = "#! FIELDS time".to_owned();
    variables.iter().for_each(|name| text.push_str(&format!(" {name}")));
    variables.iter().for_each(|name| text.push_str(&format!(" sigma_{name}")));
    text.push_str(" height\n");
    let sums = [
        ("zed", format!("{:e}", state.zed)),
        ("sum_weights", format!("{:e}", state.sum_weights)),
        ("sum_weights2", format!("{:e}", state.sum_weights2)),
        ("counter", state.counter.to_string()),
    ];
    let is_sum = |name: &str| sums.iter().any(|(known, _)| *known == name);
    let mut set = |name: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "#! SET {name} {value}");
    };
    for (name, value) in block.settings().filter(|(name, _)| !is_sum(name)) {
        match name {
            "action" => set(name, &value.replace("_kernels", "_state")),
            _ => set(name, value),
        }
    }
    sums.iter().for_each(|(name, value)| set(name, value));
    for kernel in &state.kernels {
        let numbers = kernel.center.iter().chain(&kernel.sigma).chain([&kernel.height]);
        let _ = write!(text, " {time}");
        numbers.for_each(|number| text.push_str(&format!(" {number:e}")));
        text.push('\n');
    }
    Ok(text)
}
