//! How were the pull coordinates of a run input file restrained?
//!
//! `gmx dump -s` prints the parameters of a run, with six digits.
use crate::engines::locate;
use crate::engines::temporary_folder::TemporaryFolder;
use crate::problem::Problem;
use crate::process::{Command, Output, Supervisor};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Printing a large system is slow.
const TIMEOUT: Duration = Duration::from_secs(300);
const DUMP: &str = "dump.txt";
const HELP: &str = "install GROMACS (`apt-get install gromacs`), load its module, or set its path with --gmx";
/// The programs that are searched for.
const NAMES: [&str; 4] = ["gmx", "gmx_mpi", "gmx_d", "gmx_mpi_d"];

/// The parameters of a run that concern its pull coordinates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunInput {
    /// The reference temperature of the thermostat, K; none without one, or where groups have different ones.
    pub temperature_k: Option<f64>,
    pub coordinates: Vec<PullCoordinate>,
    /// Whether the pullx file also has references, centers of mass or components.
    pub prints_reference: bool,
    pub prints_centers_of_mass: bool,
    pub prints_components: bool,
    /// Whether the run is a free-energy perturbation.
    pub is_perturbed: bool,
}

/// A pull coordinate, in the units of the mdp file: nm or degree, kJ/mol/nm^2 or kJ/mol/rad^2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PullCoordinate {
    /// `umbrella`, `constraint`, ...
    pub kind: String,
    /// `distance`, `direction`, `dihedral`, ...
    pub geometry: String,
    /// Whether x, y and z are used.
    pub dimensions: [bool; 3],
    /// Number of groups.
    pub groups: usize,
    /// The reference at the start.
    pub reference: f64,
    /// Its change per ps.
    pub rate: f64,
    pub force_constant: f64,
    /// The force constant of the perturbed state.
    pub perturbed_force_constant: f64,
}

impl PullCoordinate {
    /// `Y Y N`, as in mdp files.
    pub fn dimensions_text(&self) -> String {
        self.dimensions.map(|is_used| if is_used { "Y" } else { "N" }).join(" ")
    }

    /// Whether it is measured in degrees.
    pub fn is_angle(&self) -> bool {
        matches!(self.geometry.as_str(), "angle" | "dihedral" | "angle-axis")
    }
}

/// Finds GROMACS: `program`, or the usual names in PATH.
///
/// # Errors
/// It is not installed.
pub fn find_gmx(program: Option<&Path>) -> Result<PathBuf, Problem> {
    match program {
        // It runs in another folder.
        Some(program) => locate::locate(program, HELP).map(|path| std::path::absolute(&path).unwrap_or(path)),
        None => { NAMES.iter() }
            .find_map(|name| locate::locate(Path::new(name), "").ok())
            .ok_or_else(|| Problem::new("`gmx` was not found in PATH", HELP)),
    }
}

/// The pull coordinates of the run input file at `path`, printed by the program `gmx`.
///
/// # Errors
/// The program fails, or prints no pull coordinates.
pub fn read_run_input(supervisor: &Supervisor, gmx: &Path, path: &Path) -> Result<RunInput, Problem> {
    let failed = |why: String| {
        let message = format!("`gmx dump -s {}` failed: {why}", path.display());
        Problem::new(message, "check that the file is a run input file (tpr) that this version of GROMACS can read")
    };
    let folder = TemporaryFolder::create().map_err(|error| failed(error.to_string()))?;
    let absolute = std::path::absolute(path).map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new([gmx.as_os_str(), "dump".as_ref(), "-s".as_ref(), absolute.as_os_str()], &folder.0);
    command.time_limit = Some(TIMEOUT);
    command.set = vec![("OMP_NUM_THREADS".into(), "1".into()), ("GMX_MAXBACKUP".into(), "-1".into())];
    command.stdout = Output::File(DUMP.into());
    let finished = supervisor.run(&command).map_err(|error| failed(error.to_string()))?;
    if !finished.exit.is_success() {
        return Err(failed(format!("it {}: {}", finished.exit, fatal_error(&finished.stderr.text()))));
    }
    let file = File::open(folder.0.join(DUMP)).map_err(|error| failed(error.to_string()))?;
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    parse(lines).ok_or_else(|| {
        let message = format!("`{}` has no pull coordinates", path.display());
        Problem::new(message, "list the tpr files of the umbrella windows, those of mdrun with pull = yes")
    })
}

/// The lines of an error message of GROMACS, joined.
fn fatal_error(text: &str) -> String {
    let lines = text.lines().map(str::trim).skip_while(|line| !line.contains("rror"));
    lines.take_while(|line| !line.is_empty() && !line.starts_with("For more")).take(4).collect::<Vec<_>>().join(" ")
}

/// The parameters in the output of `gmx dump -s`; none without a pull coordinate.
fn parse(lines: impl Iterator<Item = String>) -> Option<RunInput> {
    let mut input = RunInput::default();
    let (mut is_inside, mut has_thermostat, mut temperatures) = (false, false, Vec::new());
    for line in lines {
        let line = line.trim();
        if line == "topology:" {
            break;
        }
        if line.starts_with("pull-coord ") && line.ends_with(':') {
            input.coordinates.push(PullCoordinate::default());
            is_inside = true;
            continue;
        }
        if let Some(values) = line.strip_prefix("ref-t:").or_else(|| line.strip_prefix("ref_t:")) {
            temperatures = values.split_whitespace().filter_map(|value| value.parse::<f64>().ok()).collect();
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim());
        let is_true = || matches!(value, "true" | "yes" | "TRUE");
        match key.to_ascii_lowercase().as_str() {
            "awh" | "rotation" | "interactivemd" | "disre" => is_inside = false,
            "integrator" => has_thermostat |= matches!(value, "sd" | "sd1" | "bd"),
            "tcoupl" => has_thermostat |= !value.eq_ignore_ascii_case("no"),
            "free-energy" | "efep" => input.is_perturbed = !value.eq_ignore_ascii_case("no"),
            "pull-print-ref-value" => input.prints_reference = is_true(),
            "pull-print-com" => input.prints_centers_of_mass = is_true(),
            "pull-print-components" => input.prints_components = is_true(),
            _ => {}
        }
        if let (true, Some(coordinate)) = (is_inside, input.coordinates.last_mut()) {
            coordinate.set(key, value)?;
        }
    }
    let first = temperatures.first().copied().filter(|first| has_thermostat && *first > 0.0);
    input.temperature_k = first.filter(|first| temperatures.iter().all(|other| other == first));
    (!input.coordinates.is_empty()).then_some(input)
}

impl PullCoordinate {
    /// Sets a parameter; none if its value cannot be parsed.
    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        let number = || value.parse::<f64>().ok();
        match key {
            "type" => self.kind = value.to_ascii_lowercase(),
            "geometry" => self.geometry = value.to_ascii_lowercase(),
            "init" => self.reference = number()?,
            "rate" => self.rate = number()?,
            "k" => self.force_constant = number()?,
            "kB" => self.perturbed_force_constant = number()?,
            _ => {
                let (name, index) = key.split_once('[').unwrap_or((key, ""));
                let index = index.trim_end_matches(']').trim().parse::<usize>();
                match (name, index) {
                    ("group", Ok(index)) => self.groups = self.groups.max(index + 1),
                    ("dim", Ok(index @ 0..3)) => self.dimensions[index] = value != "0",
                    _ => {}
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<RunInput> {
        parse(text.lines().map(str::to_owned))
    }

    #[test]
    fn pull_coordinates_of_a_run_are_read() {
        let text = "inputrec:\n   integrator                     = md\n   tcoupl                         = V-rescale\n   pull                           = true\n   \
            pull-print-COM                 = false\n   pull-print-ref-value           = true\n   pull-ncoords                   = 2\n   \
            pull-coord 0:\n   type                           = umbrella\n   geometry                       = distance\n   group[0]                       = 1\n   \
            group[1]                       = 2\n   dim (3):\n      dim[0]=0\n      dim[1]=0\n      dim[2]=1\n   start                          = true\n   \
            init                           = 0.532145\n   rate                           = 0\n   k                              = 1500\n   kB                             = 1500\n   \
            pull-coord 1:\n   type                           = constraint\n   geometry                       = dihedral\n   init                           = -120\n   \
            k                              = 2e+02\n   awh                            = false\n   k                              = 7\ngrpopts:\n   nrdf:          51\n   \
            ref-t:         310         310\n   tau-t:           1\ntopology:\n   k = 9\n";
        let input = parsed(text).unwrap();
        assert_eq!(
            (input.temperature_k, input.prints_reference, input.prints_centers_of_mass),
            (Some(310.0), true, false)
        );
        let [first, second] = &input.coordinates[..] else { panic!("{input:?}") };
        assert_eq!((first.kind.as_str(), first.geometry.as_str(), first.groups), ("umbrella", "distance", 2));
        assert_eq!(
            (first.dimensions_text(), first.reference, first.force_constant),
            ("N N Y".into(), 0.532145, 1500.0)
        );
        assert!(second.is_angle() && !first.is_angle());
        assert_eq!((second.reference, second.force_constant), (-120.0, 200.0));
        // Groups at different temperatures, and no thermostat.
        assert_eq!(parsed(&text.replace("310         310", "300   310")).unwrap().temperature_k, None);
        assert_eq!(parsed(&text.replace("V-rescale", "No")).unwrap().temperature_k, None);
        assert_eq!(parsed("pull                           = false\n"), None);
        assert_eq!(parsed(&text.replace("= 1500\n   kB", "= k\n   kB")), None);
    }
}
