//! How are a profile and histograms written as files of gmx wham?
//!
//! The format is that of GROMACS 2022: `@` lines of xmgrace, columns with tabs, numbers in `%e`. gmx wham writes zero, less its shift, into
//! bins without samples, which reads as a free energy; here such bins are `nan`.
use crate::campaigns::window_analysis::Analysis;
use crate::problem::Problem;
use crate::units::{CoordinateUnit, EnergyUnit};
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

/// The files to write; none where they are not wanted.
#[derive(Clone, Debug, Default)]
pub struct XvgFiles {
    /// `-o`.
    pub profile: Option<PathBuf>,
    /// `-hist`.
    pub histograms: Option<PathBuf>,
    /// `-bsres`.
    pub errors: Option<PathBuf>,
    /// `-zprof0`: where the profile is zero, in the unit of the windows.
    pub zero: Option<f64>,
}

impl XvgFiles {
    /// Whether any is wanted.
    pub fn is_empty(&self) -> bool {
        self.profile.is_none() && self.histograms.is_none() && self.errors.is_none()
    }

    /// The files with their contents.
    ///
    /// # Errors
    /// No samples are in the bin of the zero, or errors are wanted that were not computed.
    pub fn contents(&self, analysis: &Analysis) -> Result<Vec<(&Path, String)>, Problem> {
        let mut files = Vec::new();
        let profile = Profile::new(analysis, self.zero)?;
        if let Some(path) = &self.profile {
            files.push((path.as_path(), profile.text()));
        }
        if let Some(path) = &self.histograms {
            files.push((path.as_path(), histograms(analysis)));
        }
        if let Some(path) = &self.errors {
            if analysis.replicates < 2 {
                return Err(Problem::new("-bsres needs errors, but there are no replicates", "set -nBootstrap to 100"));
            }
            files.push((path.as_path(), profile.text_with_errors()));
        }
        Ok(files)
    }

    /// Writes the `contents` of [`contents`](Self::contents).
    ///
    /// # Errors
    /// A file cannot be written, with its path.
    pub fn write<'a>(contents: &[(&'a Path, String)]) -> Result<(), (&'a Path, io::Error)> {
        contents.iter().try_for_each(|(path, text)| std::fs::write(path, text).map_err(|error| (*path, error)))
    }
}

/// A profile relative to the zero of gmx wham: the first bin with samples, or the bin of `-zprof0`; the first bin of each other component.
struct Profile<'a> {
    analysis: &'a Analysis<'a>,
    /// The bin that is zero, of each component.
    zeros: Vec<usize>,
}

impl<'a> Profile<'a> {
    fn new(analysis: &'a Analysis<'a>, zero: Option<f64>) -> Result<Self, Problem> {
        let (profile, bins) = (&analysis.profile, analysis.umbrella.bins);
        let count = profile.component.iter().flatten().max().map_or(0, |last| last + 1);
        let first =
            |component: usize| profile.component.iter().position(|of| *of == Some(component)).unwrap_or_default();
        let mut zeros: Vec<usize> = (0..count).map(first).collect();
        if let Some(zero) = zero {
            // Positions outside of the range are those of its ends.
            let bin = (((zero - bins.low) / bins.width()).floor().max(0.0) as usize).min(bins.count - 1);
            match profile.component[bin] {
                Some(component) => zeros[component] = bin,
                None => {
                    let (low, high) =
                        (bins.low + bins.width() * bin as f64, bins.low + bins.width() * (bin + 1) as f64);
                    let message = format!("no samples lie in the bin of -zprof0 {zero}, from {low} to {high}");
                    return Err(Problem::new(message, "set -zprof0 to a position with samples"));
                }
            }
        }
        Ok(Self { analysis, zeros })
    }

    /// Free energy of a bin relative to the zero of its component, with its standard error, kT.
    fn relative(&self, bin: usize) -> Option<(f64, Option<f64>)> {
        let profile = &self.analysis.profile;
        let zero = self.zeros[profile.component[bin]?];
        let bins = profile.free_energy.len();
        let covariance = |a: usize, b: usize| profile.covariance[a * bins + b];
        let variance = || Some(covariance(bin, bin)? + covariance(zero, zero)? - 2.0 * covariance(bin, zero)?);
        Some((
            profile.free_energy[bin]? - profile.free_energy[zero]?,
            variance().map(|variance| variance.max(0.0).sqrt()),
        ))
    }

    fn rows(&self, row: impl Fn(f64, Option<(f64, Option<f64>)>) -> String) -> String {
        let factor = self.analysis.umbrella.coordinate_factor();
        let coordinate = self.analysis.profile.coordinate.iter().enumerate();
        coordinate.map(|(bin, x)| row(x * factor, self.relative(bin))).collect()
    }

    fn text(&self) -> String {
        let kt = self.analysis.umbrella.thermal_energy_in_output();
        let mut text = header(self.analysis, "Umbrella potential", &energy_label(self.analysis));
        text += &self.rows(|x, relative| format!("{}\t{}\n", scientific(x), number(relative.map(|(f, _)| kt * f))));
        text
    }

    fn text_with_errors(&self) -> String {
        let kt = self.analysis.umbrella.thermal_energy_in_output();
        let title = "Profile and standard error from bootstrapping";
        let mut text = header(self.analysis, title, &energy_label(self.analysis)) + "@TYPE xydy\n";
        text += &self.rows(|x, relative| {
            let (f, error) =
                (relative.map(|(f, _)| kt * f), relative.and_then(|(_, error)| error).map(|error| kt * error));
            format!("{}\t{}\t{}\n", scientific(x), number(f), number(error))
        });
        text
    }
}

/// Counts of each window in each bin.
fn histograms(analysis: &Analysis) -> String {
    let umbrella = analysis.umbrella;
    let counts: Vec<Vec<u64>> =
        { umbrella.windows.iter() }.map(|one| umbrella.bins.counts(&one.window.samples)).collect();
    let mut text = header(analysis, "Umbrella histograms", "count");
    for (bin, x) in umbrella.bins.centers().iter().enumerate() {
        text += &format!("{}\t", scientific(x * umbrella.coordinate_factor()));
        counts.iter().for_each(|of| text += &format!("{}\t", scientific(of[bin] as f64)));
        text.push('\n');
    }
    text
}

fn header(analysis: &Analysis, title: &str, y_label: &str) -> String {
    let unit = match analysis.umbrella.output.coordinate {
        CoordinateUnit::Nm => "nm",
        CoordinateUnit::Angstrom => "A",
        CoordinateUnit::Degree => "deg",
        CoordinateUnit::Radian => "rad",
        CoordinateUnit::None => "",
    };
    let mut text = format!("# Written by simmpi {}\n", env!("CARGO_PKG_VERSION"));
    let x_label = format!("\\xx\\f{{}} ({unit})").replace(" ()", "");
    let _ = writeln!(
        text,
        "@    title \"{title}\"\n@    xaxis  label \"{x_label}\"\n@    yaxis  label \"{y_label}\"\n@TYPE xy"
    );
    text
}

fn energy_label(analysis: &Analysis) -> String {
    let unit = match analysis.umbrella.output.energy {
        EnergyUnit::KjMol => "kJ mol\\S-1\\N",
        EnergyUnit::KcalMol => "kcal mol\\S-1\\N",
        EnergyUnit::Kt => "kT",
        EnergyUnit::Ev => "eV",
    };
    format!("E ({unit})")
}

fn number(value: Option<f64>) -> String {
    value.map_or("nan".to_owned(), scientific)
}

/// As `%e` of C: `4.516500e-01`.
fn scientific(x: f64) -> String {
    let text = format!("{x:.6e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(("+", exponent), |digits| ("-", digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

#[cfg(test)]
mod tests {
    use super::scientific;

    #[test]
    fn numbers_are_those_of_c() {
        for (x, text) in
            [(0.45165, "4.516500e-01"), (0.0, "0.000000e+00"), (-12.5, "-1.250000e+01"), (1e-120, "1.000000e-120")]
        {
            assert_eq!(scientific(x), text);
        }
    }
}
