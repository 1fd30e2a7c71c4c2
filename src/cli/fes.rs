//! The command `fes`: the free energy of existing biased simulations.
use crate::campaigns::fes::{self, LoadError, Settings, parse_number, parse_region};
use crate::campaigns::pmf;
use crate::run::console;
use crate::run::exit::{Exit, Stop};
use crate::science::reweighting::Region;
use crate::units::EnergyUnit;
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

const SAMPLES: &str = "Samples and bias";
const HILLS: &str = "Sums of hills";
const GRID: &str = "Grid";
const OUTPUT: &str = "Output";

/// Options of `fes`.
#[derive(Args, Clone, Debug)]
pub struct FesArgs {
    /// COLVAR, xvg or plain columns, one for each replica; parts of one replica are separated by commas, or matched by a quoted 'run*/COLVAR'
    pub colvar: Vec<PathBuf>,
    /// One or two variables: columns by name, or by index (0 is the time)
    #[arg(long, visible_alias = "cvs", value_name = "NAME,...", value_delimiter = ',')]
    pub cv: Vec<String>,
    #[command(flatten)]
    pub samples: SampleArgs,
    #[command(flatten)]
    pub hills: HillsArgs,
    #[command(flatten)]
    pub grid: GridArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Which samples are used, and how they are reweighted.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = SAMPLES)]
pub struct SampleArgs {
    /// Columns whose sum is the bias: opes.bias, metad.rbias, or metad.rbias,uwall.bias
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    bias: Vec<String>,
    /// The columns of --bias are constant in time, although their names do not tell
    #[arg(long)]
    constant_bias: bool,
    /// All files are walkers of one bias: their weights are relative to each other
    #[arg(long)]
    walkers: bool,
    /// Temperature of the simulations, K
    #[arg(long, visible_alias = "temp", value_name = "K", value_parser = parse_positive)]
    temperature: Option<f64>,
    /// Samples before this time are discarded, ps
    #[arg(long, visible_alias = "discard-ps", value_name = "PS", default_value_t = 0.0, value_parser = parse_number)]
    discard: f64,
    /// Samples after this time are left out, ps
    #[arg(long, value_name = "PS", value_parser = parse_number)]
    until: Option<f64>,
    /// Rows to leave out at the beginning of each replica
    #[arg(long, visible_alias = "skiprows", value_name = "ROWS", default_value_t = 0)]
    skip: usize,
    /// Use only every N-th row
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_count)]
    stride: usize,
    /// Blocks into which a single replica is divided for its errors; several replicas give errors by their spread
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(2..))]
    blocks: usize,
    /// Two boxes whose free energy difference is computed, as in --region 0:pi --region=-pi:0; of two variables 0:pi,-1:1
    #[arg(long, value_name = "LOW:HIGH,...", value_parser = parse_region, allow_hyphen_values = true)]
    region: Vec<Region>,
}

/// Sums of hills.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HILLS)]
pub struct HillsArgs {
    /// HILLS of METAD, several of one bias separated by commas. Alone: minus their sum; with COLVAR files: the bias, as it is at the end of
    /// the run. Once for all replicas, which then share the bias, or once for each
    #[arg(long, value_name = "FILE,...")]
    hills: Vec<PathBuf>,
    /// Write minus the bias instead of the free energy of well-tempered hills
    #[arg(long)]
    negbias: bool,
    /// Shift a sum of hills to a minimum of zero
    #[arg(long)]
    mintozero: bool,
}

/// The points of the free energy.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = GRID)]
pub struct GridArgs {
    /// Number of bins of all variables, or of each; by default 60, of hills a tenth of their reach
    #[arg(long, visible_alias = "bin", value_name = "N,...", value_delimiter = ',')]
    bins: Vec<usize>,
    /// Lower end of each variable, as 0.5 or -pi; by default the lowest sample, or that of a whole period
    #[arg(long, value_name = "X,...", value_delimiter = ',', value_parser = parse_number, allow_hyphen_values = true)]
    min: Vec<f64>,
    /// Upper end of each variable
    #[arg(long, value_name = "X,...", value_delimiter = ',', value_parser = parse_number, allow_hyphen_values = true)]
    max: Vec<f64>,
    /// Period of each variable, as 360 or 2*pi, 0 for none; by default that of `#! SET min_phi` in the files
    #[arg(long, value_name = "X,...", value_delimiter = ',', value_parser = parse_number)]
    period: Vec<f64>,
    /// Standard deviation of a Gaussian around each sample, for each variable; by default samples are counted in bins
    #[arg(long, value_name = "X,...", value_delimiter = ',', value_parser = parse_number)]
    bandwidth: Vec<f64>,
}

/// What is written.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = OUTPUT)]
pub struct OutputArgs {
    /// HDF5 file to write; figures are written next to it
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Text file as sum_hills writes fes.dat
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "fes.dat")]
    table: Option<PathBuf>,
    /// Unit of energies in the output: kJ/mol, kcal/mol, kT or eV
    #[arg(long, value_name = "UNIT", default_value = "kJ/mol")]
    unit: EnergyUnit,
    /// Unit of energies in the files, where PLUMED's UNITS ENERGY was set
    #[arg(long, value_name = "UNIT", default_value = "kJ/mol")]
    file_unit: EnergyUnit,
    /// Replace a result of different input
    #[arg(long)]
    force: bool,
    /// Do not draw figures
    #[arg(long)]
    no_figures: bool,
}

impl FesArgs {
    fn settings(&self) -> Settings {
        let (samples, hills, grid, output) =
            (self.samples.clone(), self.hills.clone(), self.grid.clone(), &self.output);
        Settings {
            replicas: self.colvar.clone(),
            variables: self.cv.clone(),
            bias: samples.bias,
            is_constant: samples.constant_bias,
            hills: hills.hills,
            is_negative_bias: hills.negbias,
            is_minimum_zero: hills.mintozero,
            are_walkers: samples.walkers,
            temperature_k: samples.temperature,
            bins: grid.bins,
            lower: grid.min,
            upper: grid.max,
            periods: grid.period,
            bandwidth: grid.bandwidth,
            regions: samples.region,
            discard_ps: samples.discard,
            until_ps: samples.until,
            skip: samples.skip,
            stride: samples.stride,
            blocks: samples.blocks,
            file_unit: output.file_unit,
            unit: output.unit,
        }
    }
}

/// Computes a free energy from existing files, and writes it with figures beside it.
///
/// # Errors
/// Options contradict each other, a file is invalid, or the output cannot be written.
pub fn fes(args: &FesArgs) -> Result<Exit, Stop> {
    let input = fes::load(args.settings()).map_err(|refusal| match refusal {
        LoadError::Usage(_) => Stop::because(Exit::Usage, &refusal),
        LoadError::Input(_) => Stop::because(Exit::Input, &refusal),
    })?;
    let path = &args.output.output;
    if !args.output.force {
        pmf::check_output(path, &input.fingerprint).map_err(|refused| Stop::because(Exit::Output, &refused))?;
        args.output.table.as_deref().map_or(Ok(()), check_table)?;
    }
    input.summary.iter().for_each(|line| console::line(line));
    input.warnings.iter().for_each(|line| console::warning(line));
    let analysis = input.analysis().map_err(|problem| Stop::because(Exit::Input, &problem))?;
    let command = std::env::args().collect::<Vec<_>>().join(" ");
    let closed = analysis.write(path, &command)?;
    closed.publish()?;
    if let Some(table) = &args.output.table {
        let text = analysis.text_table();
        fs::write(table, text)
            .map_err(|error| Stop::new(Exit::Output, format!("cannot write `{}`: {error}", table.display())))?;
        console::line(&format!("written: {}", table.display()));
    }
    analysis.summary().iter().for_each(|line| console::line(line));
    analysis.warnings().iter().for_each(|line| console::warning(line));
    console::line(&format!("written: {}", path.display()));
    if !args.output.no_figures {
        let failed = |error| Stop::because(Exit::Output, &error);
        for (name, figure) in analysis.draw().map_err(failed)? {
            let path = path.with_extension(format!("{name}.svg"));
            figure.write(&path).map_err(failed)?;
            console::line(&format!("drawn: {}", path.display()));
        }
    }
    Ok(Exit::Complete)
}

/// Whether a table may be written to `path`: no other file is there.
fn check_table(path: &Path) -> Result<(), Stop> {
    let is_grid = |text: &str| text.starts_with("#! FIELDS") && text.contains(" file.free");
    match fs::read_to_string(path) {
        Err(_) if !path.exists() => Ok(()),
        Ok(text) if is_grid(&text) => Ok(()),
        _ => {
            let text =
                format!("`{}` is no table of a free energy: move it away, or replace it with --force", path.display());
            Err(Stop::new(Exit::Output, text))
        }
    }
}

fn parse_positive(text: &str) -> Result<f64, String> {
    let number = parse_number(text)?;
    if number > 0.0 { Ok(number) } else { Err(format!("{text} is not positive")) }
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| format!("`{text}` is not a positive integer"))
}
