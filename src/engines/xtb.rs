//! How does xtb compute a job?
//!
//! By its own command line: what it prints here is what it prints to a user. Measured with 6.5.1:
//!
//! - It has no ghost atoms.
//! - `--hess` writes a Hessian without translations and rotations, which is another matrix than the second derivatives
//!   where the molecule is not at rest (checked by finite differences): Hessians are refused.
//! - A charge beyond the valence electrons and an unknown option end with exit code 0: both are looked for.
//!
//! Keywords are options of the command line without their dashes: `acc = 0.1`, `alpb = "water"`, `verbose = true`.
use super::call::Call;
use super::ending::Sign;
use super::text::{self, Lines};
use super::{Answer, Chemistry, Driver, Engine, Found, Job, Missing, Needs, Refusal, Site};
use super::{find, refuse, verify};
use crate::process::Guard;
use crate::science::chemistry::Molecule;
use crate::task::Cause;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

const INPUT: &str = "coord";
const OUTPUT: &str = "xtb.out";
const GRADIENT: &str = "gradient";

/// What xtb's errors say.
pub const SIGNS: &[Sign] = &[
    ("did not converge", Cause::Convergence),
    ("REFUSES TO CONTINUE", Cause::Input),
    ("Parameter file", Cause::Input),
    ("Could not construct new calculator", Cause::Input),
    ("Unknown option", Cause::Input),
];

/// Options that say what is computed, which is the level's and the driver's to say.
const TAKEN: &[&str] = &[
    "gfn",
    "gfnff",
    "gff",
    "oniom",
    "chrg",
    "uhf",
    "grad",
    "hess",
    "ohess",
    "bhess",
    "opt",
    "md",
    "omd",
    "metadyn",
    "metaopt",
    "path",
    "vip",
    "vea",
    "vipea",
    "vfukui",
    "vomega",
    "namespace",
    "define",
    "cma",
    "parallel",
];

/// Where to get it.
const HELP: &str = "install it (`apt-get install xtb`, or `conda install -c conda-forge xtb`) or load its module";

/// The program xtb.
#[derive(Clone, Debug)]
pub struct Xtb {
    program: PathBuf,
}

impl Xtb {
    /// The program `xtb` of PATH.
    pub fn new() -> Self {
        Self::at("xtb")
    }

    /// The program of this name or path.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }
}

impl Default for Xtb {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for Xtb {
    fn name(&self) -> &'static str {
        "xtb"
    }

    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Refusal> {
        let mut refused = refuse::options("xtb", chemistry, |key| match key {
            "scf_convergence" => "put its accuracy `acc` into keywords instead".into(),
            _ => "leave it out: there is no such choice in xtb".into(),
        });
        if parametrisation(&chemistry.method).is_none() {
            let message = format!("xtb has no method `{}`", chemistry.method);
            refused.push(refuse::key("method", message, "take gfn2-xtb, gfn1-xtb, gfn0-xtb or gfn-ff"));
        }
        if chemistry.basis.is_some() {
            refused.push(refuse::key("basis", "xtb has its own basis", "leave `basis` out"));
        }
        for name in chemistry.keywords.keys().filter(|name| TAKEN.contains(&name.as_str())) {
            let message = format!("xtb's option `{name}` is not free");
            refused.push(refuse::key("keywords", message, "method, driver, charges and multiplicities say it"));
        }
        for (name, value) in &chemistry.keywords {
            if value.is_array() || value.is_object() {
                let message = format!("xtb's option `{name}` has no such value");
                refused.push(refuse::key("keywords", message, "give a number, a text, or true"));
            }
        }
        if driver == Driver::Hessian {
            let message = "xtb writes Hessians without translations and rotations, which do not add up";
            refused.push(refuse::key("engine", message, "use `driver = \"gradient\"`, or another engine"));
        }
        refused.extend(needs.ghosts.then(|| refuse::ghosts("xtb")));
        refused.extend(needs.point_charges.then(|| refuse::point_charges("xtb")));
        refused
    }

    fn find(&self, guard: &Guard) -> Result<Option<Found>, Missing> {
        let path = find::locate(&self.program, HELP)?;
        let argv = vec![path.clone().into(), "--version".into()];
        let version = find::version(guard, argv, "", HELP, |text| find::word_after(text, "xtb version"))?;
        Ok(Some(Found { path, version }))
    }

    fn start_s(&self) -> f64 {
        0.05
    }

    fn run(&self, job: &Job, site: &Site) -> Result<Answer, Cause> {
        verify::question(job)?;
        let call = Call { program: "xtb", job, site, signs: SIGNS };
        let arguments = arguments(job).ok_or_else(|| {
            call.named(Cause::Input(format!("no method `{}`, or a Hessian asked for", job.chemistry.method)))
        })?;
        call.write(INPUT, &coordinates(job.molecule))?;
        let argv = [self.program.clone().into()].into_iter().chain(arguments.iter().map(OsString::from)).collect();
        let threads = site.threads.max(1);
        // Its own advice: one level of threads, and more than their usual stack.
        let set = [("OMP_NUM_THREADS", format!("{threads},1")), ("OMP_STACKSIZE", "1G".into())];
        let finished = call.run(argv, &set, Some(OUTPUT))?;
        if !finished.exit.is_success() {
            let printed = text::end(&call.path(OUTPUT));
            return Err(call.failure(&finished, &complaint(&printed), &printed));
        }
        let mut answer = read(&call).map_err(|cause| call.unread(cause))?;
        answer.effective.insert("arguments".into(), arguments.join(" "));
        verify::answer(job, answer).map_err(|cause| call.unread(cause))
    }
}

/// The options for a method, in any case: with or without the ending that xtb's authors write.
fn parametrisation(method: &str) -> Option<&'static [&'static str]> {
    Some(match method.to_ascii_lowercase().as_str() {
        "gfn2-xtb" | "gfn2" => &["--gfn", "2"],
        "gfn1-xtb" | "gfn1" => &["--gfn", "1"],
        "gfn0-xtb" | "gfn0" => &["--gfn", "0"],
        "gfn-ff" | "gfnff" => &["--gfnff"],
        _ => return None,
    })
}

/// The command line after the program's name; none for what is refused.
fn arguments(job: &Job) -> Option<Vec<String>> {
    let mut words = vec![INPUT.to_owned()];
    words.extend(parametrisation(&job.chemistry.method)?.iter().map(|word| (*word).to_owned()));
    words.extend(["--chrg".into(), job.molecule.charge.to_string()]);
    words.extend(["--uhf".into(), job.molecule.multiplicity.saturating_sub(1).to_string()]);
    match job.driver {
        Driver::Energy => {}
        Driver::Gradient => words.push("--grad".into()),
        Driver::Hessian => return None,
    }
    for (name, value) in &job.chemistry.keywords {
        match value {
            Value::Bool(false) | Value::Null => {}
            Value::Bool(true) => words.push(format!("--{name}")),
            Value::String(text) => words.extend([format!("--{name}"), text.clone()]),
            value => words.extend([format!("--{name}"), value.to_string()]),
        }
    }
    Some(words)
}

/// Turbomole's file of coordinates, bohr.
fn coordinates(molecule: &Molecule) -> String {
    let line = |atom: &crate::science::chemistry::Atom| {
        let [x, y, z] = atom.position;
        format!(" {x:.17} {y:.17} {z:.17} {}\n", atom.element.symbol().to_ascii_lowercase())
    };
    format!("$coord\n{}$end\n", molecule.atoms.iter().map(line).collect::<String>())
}

/// xtb's own lines about what went wrong.
fn complaint(printed: &str) -> String {
    let is_word = |line: &&str| {
        let mut characters = line.chars();
        line.starts_with("[ERROR]")
            || characters.next() == Some('-')
                && characters.next().is_some_and(|c| c.is_ascii_digit())
                && characters.next() == Some('-')
    };
    printed.lines().filter(is_word).collect::<Vec<_>>().join("\n")
}

/// The answer in the files of a run that ended well.
fn read(call: &Call) -> Result<Answer, Cause> {
    let mut answer = summary(Lines::open(&call.path(OUTPUT))?)?;
    if call.job.driver == Driver::Gradient {
        answer.gradient = Some(gradient(Lines::open(&call.path(GRADIENT))?, call.job.molecule.atoms.len()));
    }
    Ok(answer)
}

/// Energy and settings in the output.
fn summary(lines: impl Iterator<Item = String>) -> Result<Answer, Cause> {
    let (mut energy, mut effective) = (None, BTreeMap::new());
    for line in lines {
        let words = line.trim_matches(['|', ':', ' ']);
        let value = |mark: &str| words.strip_prefix(mark).and_then(|rest| rest.split_whitespace().next());
        if line.contains("Unknown option") {
            return Err(Cause::Input(line));
        }
        if value("# electrons").is_some_and(|count| count.starts_with('-')) {
            return Err(Cause::Input("the charge takes more than the valence electrons away".into()));
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
    Ok(Answer { energy, gradient: None, hessian: None, effective })
}

/// The gradient in Turbomole's file: two lines of heading, as many of positions as there are atoms, then the gradient.
fn gradient(lines: impl Iterator<Item = String>, atoms: usize) -> Vec<f64> {
    let rows = lines.skip(2 + atoms).take_while(|line| !line.starts_with('$'));
    rows.flat_map(|line| line.split_whitespace().map(|word| text::number(word).unwrap_or(f64::NAN)).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::chemistry::{Atom, Element};
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

    fn lines(text: &str) -> impl Iterator<Item = String> {
        text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn a_command_line_says_all_that_matters() {
        let atom = Atom { element: Element::of_symbol("Cl").unwrap(), position: [0.0, -1.5, 1e-7], is_ghost: false };
        let molecule = Molecule { atoms: vec![atom], charge: 0, multiplicity: 2, point_charges: Vec::new() };
        let keywords = json!({"acc": 0.1, "alpb": "water", "verbose": true, "json": false});
        let chemistry = Chemistry {
            method: "GFN1-xTB".into(),
            keywords: keywords.as_object().unwrap().clone(),
            ..Chemistry::default()
        };
        let job = Job { label: "1", molecule: &molecule, driver: Driver::Gradient, chemistry: &chemistry };
        assert_eq!(
            arguments(&job).unwrap().join(" "),
            "coord --gfn 1 --chrg 0 --uhf 1 --grad --acc 0.1 --alpb water --verbose"
        );
        assert!(coordinates(&molecule).contains(" -1.50000000000000000 0.00000010000000000 cl\n"));
    }

    #[test]
    fn energy_and_settings_are_found() {
        let answer = summary(lines(PRINTED)).unwrap();
        assert_eq!(answer.energy, -5.070382425765);
        assert_eq!(answer.effective["accuracy"], "1.0000000");
        assert_eq!(answer.effective["electronic_temperature_k"], "300.0000000");
    }

    #[test]
    fn what_xtb_lets_pass_is_noticed() {
        assert!(matches!(summary(lines(&PRINTED.replace("  8  ", " -1  "))), Err(Cause::Input(_))));
        let option = "-1- prog_main_parseArguments: Unknown option '--nonsense' provided\n";
        assert!(matches!(summary(lines(&(option.to_owned() + PRINTED))), Err(Cause::Input(_))));
        assert!(matches!(summary(lines("normal termination")), Err(Cause::Failed(_))));
        assert!(summary(lines(&PRINTED.replace("-5.070382425765", "NaN"))).unwrap().energy.is_nan());
    }

    #[test]
    fn a_gradient_is_read_after_the_positions() {
        let file = "$grad\n  cycle =      1    SCF energy =    -5.07038242577   |dE/dxyz| =  0.015847\n   \
            -2.76373224000000     -1.24377706000000     -0.15444566000000      O \n  -1.0427442115712E-02   \
            5.8813983303612E-03  -1.2844487872409D-03\n$end\n";
        assert_eq!(gradient(lines(file), 1), [-1.0427442115712e-2, 5.8813983303612e-3, -1.2844487872409e-3]);
        assert_eq!(gradient(lines(file), 2), [0.0; 0]);
    }

    #[test]
    fn keys_without_meaning_are_refused_by_name() {
        let chemistry = Chemistry {
            method: "gfn3".into(),
            basis: Some("sto-3g".into()),
            frozen_core: Some(true),
            keywords: json!({"opt": true}).as_object().unwrap().clone(),
            ..Chemistry::default()
        };
        let needs = Needs { ghosts: true, point_charges: true, open_shells: true, ..Needs::default() };
        let refused: Vec<_> =
            Xtb::new().refusals(Driver::Hessian, &chemistry, needs).iter().map(|refusal| refusal.key).collect();
        assert_eq!(refused, ["frozen_core", "method", "basis", "keywords", "engine", "engine", "engine"]);
        let plain = Chemistry { method: "gfn2-xtb".into(), ..Chemistry::default() };
        assert!(Xtb::new().refusals(Driver::Gradient, &plain, Needs::default()).is_empty());
    }
}
