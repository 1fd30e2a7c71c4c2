//! Which options does `pmf` have?
use crate::campaigns::pmf::inputs::{ListOptions, PLUMED_INPUT, PullLists};
use crate::campaigns::pmf::{ColumnSection, CommandLine, Convention, Quantity, UnitsSection};
use crate::campaigns::window_analysis::{Auto, Discard, Estimator};
use crate::units::{CoordinateUnit, EnergyUnit, ForceConstantUnit};
use clap::Args;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use std::f64::consts::PI;
use std::path::PathBuf;

const FILES: &str = "What to analyze";
const OUTPUT: &str = "Output";
const SETTINGS: &str = "Settings of lists of windows (a file of windows has its own)";

/// Options of `pmf`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "All options of gmx wham can be written with one dash, as there: -it, -temp, -nBootstrap.")]
pub struct PmfArgs {
    /// File of windows in TOML (see docs/free_energy.md)
    #[arg(required_unless_present_any = ["ix", "pullf", "metadata", "plumed"], conflicts_with_all = ["it", "ix", "pullf", "is", "metadata", "plumed"])]
    pub windows: Option<PathBuf>,
    #[command(flatten)]
    pub lists: ListArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// Lists of other programs in the place of a file of windows.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = FILES)]
pub struct ListArgs {
    /// gmx wham's list of tpr files: centers, force constants, kind of coordinate and temperature, by `gmx dump`
    #[arg(long, value_name = "FILE")]
    it: Option<PathBuf>,
    /// gmx wham's list of pullx files
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pullf", "metadata", "plumed"])]
    ix: Option<PathBuf>,
    /// gmx wham's list of pullf files
    #[arg(long = "if", value_name = "FILE", conflicts_with_all = ["metadata", "plumed"])]
    pullf: Option<PathBuf>,
    /// gmx wham's selection of pull coordinates: a line of digits 0 and 1 for each tpr file; by default all are windows
    #[arg(long, value_name = "FILE", conflicts_with_all = ["metadata", "plumed"])]
    is: Option<PathBuf>,
    /// GROMACS for `gmx dump`; by default the first of gmx, gmx_mpi, gmx_d, gmx_mpi_d in PATH
    #[arg(long, value_name = "PROGRAM", requires = "it", conflicts_with_all = ["windows", "metadata", "plumed"])]
    pub gmx: Option<PathBuf>,
    /// Metadata file of Grossfield's WHAM or dnlbauer's wham: path, center, constant [, correlation time [, temperature]]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plumed", "it"])]
    pub metadata: Option<PathBuf>,
    /// Folders of simulations with PLUMED: RESTRAINT and PRINT in the input beside each COLVAR
    #[arg(long, value_name = "FOLDER", num_args = 1.., conflicts_with = "it")]
    pub plumed: Vec<PathBuf>,
    /// Name of the inputs of PLUMED
    #[arg(long, value_name = "NAME", default_value = PLUMED_INPUT, requires = "plumed")]
    pub plumed_file: String,
}

/// What is written.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = OUTPUT)]
pub struct OutputArgs {
    /// HDF5 file, or the profile as xvg if it is called *.xvg; figures are written next to it. With -it or -ix by default profile.xvg
    #[arg(short, long, value_name = "FILE", required_unless_present_any = ["ix", "pullf"])]
    pub output: Option<PathBuf>,
    /// HDF5 file beside an xvg; by default that with the extension h5
    #[arg(long, value_name = "FILE")]
    pub hdf5: Option<PathBuf>,
    /// Histograms as xvg; with -it or -ix by default histo.xvg
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "histo.xvg")]
    pub hist: Option<PathBuf>,
    /// Profile with standard errors as xvg
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "bsResult.xvg")]
    pub bsres: Option<PathBuf>,
    /// Coordinate at which the profile in the xvg is zero, in the unit of the windows; by default its first bin with samples
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub zprof0: Option<f64>,
    /// Unit of energies: kJ (kJ/mol), kCal (kcal/mol), kT or eV
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<EnergyUnit>,
    /// Unit of the coordinate in results: nm or angstrom, degree or radian; by default that of the windows
    #[arg(long, value_name = "UNIT")]
    pub output_coordinate_unit: Option<CoordinateUnit>,
    /// Replace a result of different input
    #[arg(long)]
    pub force: bool,
    /// Do not draw figures
    #[arg(long)]
    pub no_figures: bool,
}

/// Settings of the analysis.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = SETTINGS)]
pub struct SettingArgs {
    /// How free energies are estimated: mbar or wham
    #[arg(long, value_name = "NAME", value_parser = word::<Estimator>, conflicts_with = "windows")]
    estimator: Option<Estimator>,
    /// Temperature, K; by default that of the tpr files
    #[arg(long, alias = "temperature", value_name = "KELVIN", value_parser = above_zero, conflicts_with = "windows")]
    temp: Option<f64>,
    /// Samples before this time are left out, ps; "auto" detects where equilibrium begins. With -it or -ix by default 50
    #[arg(short, long = "begin", value_name = "TIME", value_parser = discard, conflicts_with = "windows")]
    b: Option<Discard>,
    /// Samples after this time are left out, ps
    #[arg(short, long = "end", value_name = "TIME", conflicts_with = "windows")]
    e: Option<f64>,
    /// Number of bins; by default 100, with -it or -ix 200
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000), conflicts_with = "windows")]
    bins: Option<u32>,
    /// Lower end of the profile; by default the smallest sample
    #[arg(long, value_name = "X", allow_negative_numbers = true, requires = "max", conflicts_with = "windows")]
    min: Option<f64>,
    /// Upper end of the profile; by default the largest sample
    #[arg(long, value_name = "X", allow_negative_numbers = true, requires = "min", conflicts_with = "windows")]
    max: Option<f64>,
    /// The range is that of the samples: the default
    #[arg(long, hide = true, conflicts_with_all = ["min", "max", "windows"])]
    auto: bool,
    /// The range is from -min to -max
    #[arg(long, hide = true, requires = "min")]
    no_auto: bool,
    /// The coordinate is periodic: -min and -max are the same point
    #[arg(long, conflicts_with = "windows")]
    cycl: bool,
    /// Period of the coordinate: a number, or P (360), Ppi (2 pi) or P180 as in Grossfield's WHAM
    #[arg(long, value_name = "PERIOD", value_parser = period, conflicts_with = "windows")]
    periodicity: Option<f64>,
    /// Number of bootstrap replicates for the errors; by default 100, 0 for none
    #[arg(long = "nBootstrap", alias = "bootstrap", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=1_000_000), conflicts_with = "windows")]
    replicates: Option<u32>,
    /// Random seed of the bootstrap; by default 0
    #[arg(long, alias = "seed", value_name = "SEED", conflicts_with = "windows")]
    bs_seed: Option<u64>,
    /// Column of the coordinate in metadata's files, or the variable of PLUMED
    #[arg(long, value_name = "COLUMN", conflicts_with = "windows")]
    column: Option<String>,
    /// Unit of the coordinate in the files: nm, angstrom, degree, radian or none
    #[arg(long, value_name = "UNIT", conflicts_with = "windows")]
    coordinate_unit: Option<CoordinateUnit>,
    /// Force constant of all windows, where there are no tpr files
    #[arg(long, value_name = "K", value_parser = above_zero, conflicts_with = "windows")]
    force_constant: Option<f64>,
    /// Unit of force constants, as kcal/mol/angstrom^2; by default kJ/mol by the square of the coordinate's unit
    #[arg(long, value_name = "UNIT", conflicts_with = "windows")]
    force_constant_unit: Option<ForceConstantUnit>,
    /// Energy of a restraint: half for k/2 (x - center)^2, amber for k (x - center)^2
    #[arg(long, value_name = "NAME", value_parser = word::<Convention>, conflicts_with = "windows")]
    convention: Option<Convention>,
}

impl ListArgs {
    /// The lists of gmx wham, if they are given.
    pub fn pull(&self) -> Option<PullLists> {
        let (samples, quantity) = match (&self.ix, &self.pullf) {
            (Some(positions), _) => (positions, Quantity::Position),
            (None, Some(forces)) => (forces, Quantity::Force),
            (None, None) => return None,
        };
        let (run_inputs, samples, selection) = (self.it.clone(), samples.clone(), self.is.clone());
        Some(PullLists { run_inputs, samples, quantity, selection })
    }
}

impl PmfArgs {
    /// The settings for lists of windows.
    pub fn list_options(&self) -> ListOptions {
        let settings = self.settings.clone();
        ListOptions {
            command: CommandLine::new(std::env::args_os().map(|word| word.to_string_lossy().into_owned())),
            estimator: settings.estimator.unwrap_or_default(),
            bins: settings.bins,
            range: settings.min.zip(settings.max).map(|(low, high)| [low, high]),
            temperature_k: settings.temp,
            discard_ps: settings.b,
            until_ps: settings.e,
            bootstrap: settings.replicates,
            seed: settings.bs_seed,
            is_cyclic: settings.cycl,
            period: settings.periodicity,
            coordinate: settings.coordinate_unit,
            units: UnitsSection {
                force_constant: settings.force_constant_unit,
                convention: settings.convention.unwrap_or_default(),
                ..UnitsSection::default()
            },
            force_constant: settings.force_constant,
            column: settings.column.map(|column| match column.parse() {
                Ok(index) => ColumnSection::Index(index),
                Err(_) => ColumnSection::Name(column),
            }),
        }
    }
}

/// Parses a value that files of windows have too.
fn word<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, String> {
    let deserializer: StrDeserializer<ValueError> = text.into_deserializer();
    T::deserialize(deserializer).map_err(|error| error.to_string())
}

fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "give a number above 0".to_owned())
}

fn discard(text: &str) -> Result<Discard, String> {
    match text.parse::<f64>() {
        _ if text == "auto" => Ok(Discard::Auto(Auto::Auto)),
        Ok(time) if time >= 0.0 && time.is_finite() => Ok(Discard::Until(time)),
        _ => Err("give a time in ps, or auto".to_owned()),
    }
}

/// Parses a period as Grossfield's WHAM does: `P`, `Ppi`, `P180`; or a number.
fn period(text: &str) -> Result<f64, String> {
    match text {
        "P" => Ok(360.0),
        "Ppi" | "2pi" => Ok(2.0 * PI),
        text => above_zero(text.strip_prefix('P').unwrap_or(text))
            .map_err(|_| "give a period, P (360) or Ppi (2 pi)".to_owned()),
    }
}
