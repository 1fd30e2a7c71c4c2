//! How does xtb compute a molecule?
//!
//! It is run by its command line. Measured with 6.5.1:
//!
//! - It has no ghost atoms.
//! - `--hess` writes a Hessian without translations and rotations. Away from a stationary point it differs from the second derivatives
//!   (checked by finite differences), so Hessians are refused.
//! - A charge beyond the valence electrons and an unknown option end with exit code 0: both are detected in the output.
//!
//! Keywords are command-line options without their dashes: `acc = 0.1`, `alpb = "water"`, `verbose = true`.
use super::{Calculation, Chemistry, Driver, Engine, Needs, ProgramRun, QcResult, Resources, refusal, verify};
use crate::engines::failure::ErrorPattern;
use crate::engines::locate::{self, InstalledProgram};
use crate::engines::text::{self, LineReader};
use crate::problem::Problem;
use crate::process::Supervisor;
use crate::science::chemistry::Molecule;
use crate::task::Cause;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

const INPUT: &str = "coord";
const OUTPUT: &str = "xtb.out";
const GRADIENT: &str = "gradient";
/// xtb's error messages.
pub const ERROR_PATTERNS: &[ErrorPattern] = &[
    ("did not converge", Cause::Convergence),
    ("REFUSES TO CONTINUE", Cause::Input),
    ("Parameter file", Cause::Input),
    ("Could not construct new calculator", Cause::Input),
    ("Unknown option", Cause::Input),
];

/// Options that simmpi sets itself from the level, the driver and the molecule, or that change what is computed.
#[rustfmt::skip]
const RESERVED_OPTIONS: &[&str] = &[
    "gfn", "gfnff", "gff", "oniom", "chrg", "uhf", "grad", "hess", "ohess", "bhess", "opt", "md", "omd",
    "metadyn", "metaopt", "path", "vip", "vea", "vipea", "vfukui", "vomega", "namespace", "define", "cma",
    "parallel",
];

/// How to install it.
const HELP: &str = "install it (`apt-get install xtb`, or `conda install -c conda-forge xtb`) or load its module";

/// The program xtb.
#[derive(Clone, Debug)]
pub struct Xtb {
    program: PathBuf,
}

impl Xtb {
    /// The program with this name in PATH, or at this path.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }
}

impl Engine for Xtb {
    fn name(&self) -> &'static str {
        "xtb"
    }

    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Problem> {
        let mut refused = refusal::options("xtb", chemistry, |key| match key {
            "scf_convergence" => "set xtb's accuracy `acc` in keywords instead".into(),
            _ => "remove it: xtb has no such option".into(),
        });
        if parametrisation(&chemistry.method).is_none() {
            let message = format!("xtb has no method `{}`", chemistry.method);
            refused.push(Problem::at_key("method", message, "use gfn2-xtb, gfn1-xtb, gfn0-xtb or gfn-ff"));
        }
        if chemistry.basis.is_some() {
            refused.push(Problem::at_key("basis", "xtb has its own basis set", "remove `basis`"));
        }
        for name in chemistry.keywords.keys().filter(|name| RESERVED_OPTIONS.contains(&name.as_str())) {
            let message = format!("xtb's option `{name}` is set by simmpi");
            let help = "remove it: it follows from method, driver, charges and multiplicities";
            refused.push(Problem::at_key("keywords", message, help));
        }
        for (name, value) in &chemistry.keywords {
            if value.is_array() || value.is_object() {
                let message = format!("xtb's option `{name}` cannot be an array or a table");
                refused.push(Problem::at_key("keywords", message, "set it to a number, a string, or true"));
            }
        }
        if driver == Driver::Hessian {
            let message = "xtb's Hessians exclude translations and rotations, so they are not additive over fragments";
            refused.push(Problem::at_key("engine", message, "use `driver = \"gradient\"`, or another engine"));
        }
        refused.extend(needs.ghosts.then(|| refusal::ghosts("xtb")));
        refused.extend(needs.point_charges.then(|| refusal::point_charges("xtb")));
        refused
    }

    fn find(&self, supervisor: &Supervisor) -> Result<Option<InstalledProgram>, Problem> {
        let path = locate::locate(&self.program, HELP)?;
        let argv = vec![path.clone().into(), "--version".into()];
        let version =
            locate::query_version(supervisor, argv, "", HELP, |text| locate::word_after(text, "xtb version"))?;
        Ok(Some(InstalledProgram { path, version }))
    }

    fn start_s(&self) -> f64 {
        0.05
    }

    fn run(&self, calculation: &Calculation, resources: &Resources) -> Result<QcResult, Cause> {
        verify::input(calculation)?;
        let run = ProgramRun { program: "xtb", calculation, resources, patterns: ERROR_PATTERNS };
        let method = &calculation.chemistry.method;
        let unsupported = || Cause::Input(format!("the method `{method}` or the Hessian is not supported"));
        let arguments = arguments(calculation).ok_or_else(|| run.labelled(unsupported()))?;
        run.write(INPUT, &coordinates(calculation.molecule))?;
        let argv = [self.program.clone().into()].into_iter().chain(arguments.iter().map(OsString::from)).collect();
        let threads = resources.threads.max(1);
        // As xtb's manual recommends: one level of threads, and a larger stack for each.
        let environment = [("OMP_NUM_THREADS", format!("{threads},1")), ("OMP_STACKSIZE", "1G".into())];
        let finished = run.execute(argv, &environment, Some(OUTPUT))?;
        if !finished.exit.is_success() {
            let printed = text::tail(&run.path(OUTPUT));
            return Err(run.failure(&finished, &error_message(&printed), &printed));
        }
        let mut result = read(&run).map_err(|cause| run.unreadable(cause))?;
        result.effective.insert("arguments".into(), arguments.join(" "));
        verify::result(calculation, result).map_err(|cause| run.unreadable(cause))
    }
}

/// The options for a method in any case, with or without the suffix `-xtb`.
fn parametrisation(method: &str) -> Option<&'static [&'static str]> {
    Some(match method.to_ascii_lowercase().as_str() {
        "gfn2-xtb" | "gfn2" => &["--gfn", "2"],
        "gfn1-xtb" | "gfn1" => &["--gfn", "1"],
        "gfn0-xtb" | "gfn0" => &["--gfn", "0"],
        "gfn-ff" | "gfnff" => &["--gfnff"],
        _ => return None,
    })
}

/// The command line after the program's name; none for an unsupported method or driver.
fn arguments(calculation: &Calculation) -> Option<Vec<String>> {
    let mut words = vec![INPUT.to_owned()];
    words.extend(parametrisation(&calculation.chemistry.method)?.iter().map(|word| (*word).to_owned()));
    words.extend(["--chrg".into(), calculation.molecule.charge.to_string()]);
    words.extend(["--uhf".into(), calculation.molecule.multiplicity.saturating_sub(1).to_string()]);
    match calculation.driver {
        Driver::Energy => {}
        Driver::Gradient => words.push("--grad".into()),
        Driver::Hessian => return None,
    }
    for (name, value) in &calculation.chemistry.keywords {
        match value {
            Value::Bool(false) | Value::Null => {}
            Value::Bool(true) => words.push(format!("--{name}")),
            Value::String(text) => words.extend([format!("--{name}"), text.clone()]),
            value => words.extend([format!("--{name}"), value.to_string()]),
        }
    }
    Some(words)
}

/// Coordinates in Turbomole format, bohr.
fn coordinates(molecule: &Molecule) -> String {
    let line = |atom: &crate::science::chemistry::Atom| {
        let [x, y, z] = atom.position;
        format!(" {x:.17} {y:.17} {z:.17} {}\n", atom.element.symbol().to_ascii_lowercase())
    };
    format!("$coord\n{}$end\n", molecule.atoms.iter().map(line).collect::<String>())
}

/// xtb's error messages in its output.
fn error_message(printed: &str) -> String {
    let is_message = |line: &&str| {
        let mut characters = line.chars();
        line.starts_with("[ERROR]")
            || characters.next() == Some('-')
                && characters.next().is_some_and(|c| c.is_ascii_digit())
                && characters.next() == Some('-')
    };
    printed.lines().filter(is_message).collect::<Vec<_>>().join("\n")
}

/// Reads the result of a successful run.
fn read(run: &ProgramRun) -> Result<QcResult, Cause> {
    let mut result = summary(LineReader::open(&run.path(OUTPUT))?)?;
    if run.calculation.driver == Driver::Gradient {
        result.gradient = Some(gradient(LineReader::open(&run.path(GRADIENT))?, run.calculation.molecule.atoms.len()));
    }
    Ok(result)
}

/// Reads energy and settings from the output.
fn summary(lines: impl Iterator<Item = String>) -> Result<QcResult, Cause> {
    let (mut energy, mut effective) = (None, BTreeMap::new());
    for line in lines {
        let words = line.trim_matches(['|', ':', ' ']);
        let value = |mark: &str| words.strip_prefix(mark).and_then(|rest| rest.split_whitespace().next());
        if line.contains("Unknown option") {
            return Err(Cause::Input(line));
        }
        if value("# electrons").is_some_and(|count| count.starts_with('-')) {
            return Err(Cause::Input("the charge exceeds the number of valence electrons".into()));
        }
        if let Some(word) = value("TOTAL ENERGY") {
            energy = Some(text::number(word).unwrap_or(f64::NAN));
        }
        if line.trim_start().starts_with(':') {
            for (mark, name) in [("accuracy", "accuracy"), ("electronic temp.", "electronic_temperature_k")] {
                effective.extend(value(mark).map(|word| (name.to_owned(), word.to_owned())));
            }
        }
    }
    let energy = energy.ok_or_else(|| Cause::Failed("the output has no `TOTAL ENERGY`".into()))?;
    Ok(QcResult { energy, gradient: None, hessian: None, effective })
}

/// The gradient in Turbomole format: two header lines, the positions of the atoms, then the gradient.
fn gradient(lines: impl Iterator<Item = String>, atoms: usize) -> Vec<f64> {
    let rows = lines.skip(2 + atoms).take_while(|line| !line.starts_with('$'));
    rows.flat_map(|line| line.split_whitespace().map(|word| text::number(word).unwrap_or(f64::NAN)).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::test_molecules::{energy, molecule};
    use serde_json::json;

    const PRINTED: &str = "
         :  # electrons                         8          :
          :  electronic temp.          300.0000000     K    :
          :  accuracy                    1.0000000          :
         :: total energy              -5.070382425765 Eh    ::
           -------------------------------------------------
          | TOTAL ENERGY               -5.070382425765 Eh   |
          | GRADIENT NORM               0.015846679604 Eh/α |
           -------------------------------------------------
";

    fn lines_of(text: &str) -> impl Iterator<Item = String> {
        text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn the_command_line_is_complete() {
        let mut molecule = Molecule { multiplicity: 2, ..molecule(&["Cl"], 0) };
        molecule.atoms[0].position = [0.0, -1.5, 1e-7];
        let keywords = json!({"acc": 0.1, "alpb": "water", "verbose": true, "json": false});
        let chemistry = Chemistry {
            method: "GFN1-xTB".into(),
            keywords: keywords.as_object().unwrap().clone(),
            ..Chemistry::default()
        };
        let calculation = Calculation { driver: Driver::Gradient, ..energy(&molecule, &chemistry) };
        assert_eq!(
            arguments(&calculation).unwrap().join(" "),
            "coord --gfn 1 --chrg 0 --uhf 1 --grad --acc 0.1 --alpb water --verbose"
        );
        assert!(coordinates(&molecule).contains(" -1.50000000000000000 0.00000010000000000 cl\n"));
    }

    #[test]
    fn energy_and_settings_are_found() {
        let result = summary(lines_of(PRINTED)).unwrap();
        assert_eq!(result.energy, -5.070382425765);
        assert_eq!(result.effective["accuracy"], "1.0000000");
        assert_eq!(result.effective["electronic_temperature_k"], "300.0000000");
    }

    #[test]
    fn errors_with_exit_code_0_are_detected() {
        assert!(matches!(summary(lines_of(&PRINTED.replace("  8  ", " -1  "))), Err(Cause::Input(_))));
        let option = "-1- prog_main_parseArguments: Unknown option '--nonsense' provided\n";
        assert!(matches!(summary(lines_of(&(option.to_owned() + PRINTED))), Err(Cause::Input(_))));
        assert!(matches!(summary(lines_of("normal termination")), Err(Cause::Failed(_))));
        assert!(summary(lines_of(&PRINTED.replace("-5.070382425765", "NaN"))).unwrap().energy.is_nan());
    }

    #[test]
    fn a_gradient_is_read_after_the_positions() {
        let file = "$grad\n  cycle =      1    SCF energy =    -5.07038242577   |dE/dxyz| =  0.015847\n   \
            -2.76373224000000     -1.24377706000000     -0.15444566000000      O \n  -1.0427442115712E-02   \
            5.8813983303612E-03  -1.2844487872409D-03\n$end\n";
        assert_eq!(gradient(lines_of(file), 1), [-1.0427442115712e-2, 5.8813983303612e-3, -1.2844487872409e-3]);
        assert_eq!(gradient(lines_of(file), 2), [0.0; 0]);
    }

    #[test]
    fn unsupported_keys_are_refused_by_name() {
        let chemistry = Chemistry {
            method: "gfn3".into(),
            basis: Some("sto-3g".into()),
            frozen_core: Some(true),
            keywords: json!({"opt": true}).as_object().unwrap().clone(),
            ..Chemistry::default()
        };
        let needs = Needs { ghosts: true, point_charges: true, open_shells: true, ..Needs::default() };
        let refused = Xtb::new("xtb").refusals(Driver::Hessian, &chemistry, needs);
        let refused: Vec<_> = refused.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(refused, ["frozen_core", "method", "basis", "keywords", "engine", "engine", "engine"]);
        let plain = Chemistry { method: "gfn2-xtb".into(), ..Chemistry::default() };
        assert!(Xtb::new("xtb").refusals(Driver::Gradient, &plain, Needs::default()).is_empty());
    }
}
