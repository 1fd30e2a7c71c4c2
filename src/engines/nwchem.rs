//! How does NWChem compute a job?
//!
//! It reads its own input and prints its database at the end (`task rtdbprint`): energies and gradients with all their
//! digits, where the output proper has six of a gradient. One process, started without a launcher. Measured with 7.0.2:
//!
//! - Basis sets of its library are Cartesian or spherical as their files say, which is not always as with other
//!   programs; here each set is what [`basis`] says, unless the keywords say otherwise.
//! - MP2 crashes where there is no virtual orbital, its gradients where there is one electron; they are the SCF's then.
//! - The numerical Hessian of MP2 leaves the energy of a displaced molecule in the database: it is printed before.
//!
//! Keywords are named as QCEngine's are: `scf__maxiter = 50` is the line `maxiter 50` of the block `scf`, a name without
//! two underscores a line of its own. Blocks of the keywords come after simmpi's own.
use super::call::Call;
use super::ending::Sign;
use super::text::{self, Lines};
use super::{Answer, Chemistry, Driver, Engine, Found, Job, Missing, Needs, Reference, Refusal, Site};
use super::{basis, find, refuse, verify};
use crate::process::{Finished, Guard};
use crate::science::chemistry::Atom;
use crate::task::Cause;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

const INPUT: &str = "nwchem.nw";
const OUTPUT: &str = "nwchem.out";
/// What NWChem calls the job, and names its files after.
const NAME: &str = "job";
/// Hessians, of which it writes the lower triangle.
const HESSIAN: &str = "job.hess";
/// The database's word on whether the SCF converged, `t` or `f`.
const CONVERGED: &str = "scf:converged";
/// What is not given converges to this, Eh.
const CONVERGENCE: f64 = 1e-10;

/// What NWChem's errors say.
pub const SIGNS: &[Sign] = &[
    ("nsufficient memory", Cause::Resource),
    ("memory allocation", Cause::Resource),
    ("ga_create", Cause::Resource),
    ("ma_push failed", Cause::Resource),
    ("memory limit unreasonable", Cause::Resource),
    ("MA_push_get", Cause::Resource),
    ("not reaching convergence criteria", Cause::Convergence),
    ("failed to converge", Cause::Convergence),
    ("There is an error in the input file", Cause::Input),
    ("There is an error in the specified basis set", Cause::Input),
    ("geom_verify_coords failed", Cause::Input),
    ("no. of closed-shell electrons", Cause::Input),
    ("input error", Cause::Input),
];

/// Where to get it.
const HELP: &str = "install it (`apt-get install nwchem`, or `conda install -c conda-forge nwchem`) or load its module";

/// The program NWChem.
#[derive(Clone, Debug)]
pub struct NwChem {
    program: PathBuf,
}

impl NwChem {
    /// The program `nwchem` of PATH.
    pub fn new() -> Self {
        Self::at("nwchem")
    }

    /// The program of this name or path.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }
}

impl Default for NwChem {
    fn default() -> Self {
        Self::new()
    }
}

/// The methods that are translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    HartreeFock,
    Mp2,
}

impl Method {
    fn of(chemistry: &Chemistry) -> Option<Self> {
        match chemistry.method.to_ascii_lowercase().as_str() {
            "hf" | "scf" => Some(Self::HartreeFock),
            "mp2" => Some(Self::Mp2),
            _ => None,
        }
    }

    /// The theory of NWChem's task.
    fn theory(self) -> &'static str {
        match self {
            Self::HartreeFock => "scf",
            Self::Mp2 => "mp2",
        }
    }
}

impl Engine for NwChem {
    fn name(&self) -> &'static str {
        "nwchem"
    }

    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Refusal> {
        let mut refused = refuse::ab_initio(chemistry, needs);
        if Method::of(chemistry).is_none() && !chemistry.method.is_empty() {
            let message = format!("the engine nwchem does not translate the method `{}`", chemistry.method);
            refused.push(refuse::key("method", message, "hf and mp2 are; others through the engine qcengine"));
        }
        if chemistry.density_fitting == Some(true) {
            let message = "the engine nwchem does not fit densities";
            refused.push(refuse::key("density_fitting", message, "leave it out, or use the engine psi4"));
        }
        if needs.point_charges && driver == Driver::Hessian {
            let message = "nwchem's Hessians are not given embedding charges";
            refused.push(refuse::key("engine", message, "use `driver = \"gradient\"`, or take the charges out"));
        }
        refused
    }

    fn find(&self, guard: &Guard) -> Result<Option<Found>, Missing> {
        let path = find::locate(&self.program, HELP)?;
        // It has no option for this, but says it before it does anything.
        let argv = vec![path.clone().into(), "input".into()];
        let version =
            find::version(guard, argv, "start version\n", HELP, |text| find::word_after(text, "Package (NWChem)"))?;
        Ok(Some(Found { path, version }))
    }

    fn start_s(&self) -> f64 {
        0.4
    }

    fn run(&self, job: &Job, site: &Site) -> Result<Answer, Cause> {
        verify::question(job)?;
        let call = Call { program: "nwchem", job, site, signs: SIGNS };
        let method = Method::of(job.chemistry)
            .ok_or_else(|| call.named(Cause::Input(format!("no method `{}`", job.chemistry.method))))?;
        let mut computed = if job.molecule.electrons() == 1 { Method::HartreeFock } else { method };
        let mut finished = self.compute(&call, computed)?;
        let mut printed = text::end(&call.path(OUTPUT));
        if !finished.exit.is_success() && has_no_virtual_orbitals(&printed) {
            computed = Method::HartreeFock;
            finished = self.compute(&call, computed)?;
            printed = text::end(&call.path(OUTPUT));
        }
        if !finished.exit.is_success() {
            return Err(call.failure(&finished, &complaint(&printed), &printed));
        }
        let mut answer = read(&call, computed).map_err(|cause| call.named(cause))?;
        if computed != method {
            answer.effective.insert("correlation".into(), verify::UNCORRELATED.into());
        }
        verify::answer(job, answer).map_err(|cause| call.named(cause))
    }
}

impl NwChem {
    /// Has NWChem compute the job with a method.
    fn compute(&self, call: &Call, method: Method) -> Result<Finished, Cause> {
        call.write(INPUT, &input(call.job, call.site, method))?;
        call.run(vec![self.program.clone().into(), INPUT.into()], &[], Some(OUTPUT))
    }
}

/// Whether MP2 had begun and found nothing to excite into.
fn has_no_virtual_orbitals(printed: &str) -> bool {
    let counts = |line: &str| line.trim().strip_prefix("Active ")?.rsplit_once('=').map(|(_, n)| n.trim() == "0");
    let of_virtuals = printed.lines().filter(|line| line.contains("virtual"));
    let mut are_none = of_virtuals.filter_map(counts).peekable();
    are_none.peek().is_some() && are_none.all(|is_none| is_none)
}

/// The input of a job.
fn input(job: &Job, site: &Site, method: Method) -> String {
    let chemistry = job.chemistry;
    let geometry: String = job.molecule.atoms.iter().map(|atom| line(&tag(atom), atom.position)).collect();
    let charges: String = job.molecule.point_charges.iter().map(|c| charge_line(c.position, c.charge)).collect();
    let mut text = format!(
        "start {NAME}\npermanent_dir .\nscratch_dir .\nmemory {} mb\ncharge {}\n\
         geometry units bohr noautosym nocenter noautoz noprint\n{geometry}end\n",
        site.memory_mb, job.molecule.charge
    );
    let mut add = |lines: String| text.push_str(&lines);
    if !charges.is_empty() {
        add(format!("bq units au\n{charges}end\n"));
    }
    add(basis_block(job));
    add(scf_block(job));
    if method == Method::Mp2 {
        let core = if chemistry.frozen_core == Some(true) { "atomic" } else { "core 0" };
        add(format!("mp2\n tight\n freeze {core}\nend\n"));
    }
    add(keyword_lines(&chemistry.keywords));
    let theory = method.theory();
    match job.driver {
        Driver::Energy => add(format!("task {theory} energy\ntask rtdbprint\n")),
        Driver::Gradient => add(format!("task {theory} gradient\ntask rtdbprint\n")),
        Driver::Hessian => add(format!("task {theory} gradient\ntask rtdbprint\ntask {theory} hessian\n")),
    }
    text
}

/// An atom's name: ghosts begin with bq, which keeps their element.
fn tag(atom: &Atom) -> String {
    format!("{}{}", if atom.is_ghost { "bq" } else { "" }, atom.element)
}

fn line(name: &str, [x, y, z]: [f64; 3]) -> String {
    format!(" {name} {x:.17} {y:.17} {z:.17}\n")
}

fn charge_line([x, y, z]: [f64; 3], charge: f64) -> String {
    format!(" {x:.17} {y:.17} {z:.17} {charge:.17}\n")
}

fn basis_block(job: &Job) -> String {
    let name = job.chemistry.basis.as_deref().unwrap_or_default();
    let says = |key: &str| job.chemistry.keywords.get(key) == Some(&Value::Bool(true));
    let is_cartesian = says("basis__cartesian") || !says("basis__spherical") && basis::is_cartesian(name);
    let tags: BTreeSet<_> = job.molecule.atoms.iter().map(|atom| (tag(atom), atom.element.symbol())).collect();
    let mut block = format!("basis {}\n", if is_cartesian { "cartesian" } else { "spherical" });
    for (tag, element) in tags {
        let _ = writeln!(block, " {tag} library {element} {name}");
    }
    block + "end\n"
}

fn scf_block(job: &Job) -> String {
    let unpaired = job.molecule.multiplicity.saturating_sub(1);
    let is_unrestricted = match job.chemistry.reference {
        Reference::Auto => unpaired != 0,
        Reference::Rhf => false,
        Reference::Uhf => true,
    };
    let energy = job.chemistry.scf_convergence.unwrap_or(CONVERGENCE);
    // `thresh` bounds the norm of the orbital gradient, of which the SCF energy's error is of second order, those of MP2
    // and of derivatives of first.
    let gradient = (100.0 * energy).clamp(1e-9, 1e-5);
    let integrals = (energy / 100.0).clamp(1e-14, 1e-9);
    let orbitals = if is_unrestricted { "uhf" } else { "rhf" };
    format!("scf\n {orbitals}\n nopen {unpaired}\n thresh {gradient:e}\n tol2e {integrals:e}\nend\n")
}

/// The keywords as blocks and lines; those of the basis block are in it already.
fn keyword_lines(keywords: &Map<String, Value>) -> String {
    let mut blocks = BTreeMap::<&str, Vec<String>>::new();
    let mut lines = String::new();
    for (name, value) in keywords {
        match name.split_once("__") {
            Some(("basis", "cartesian" | "spherical")) => {}
            Some((block, rest)) => blocks.entry(block).or_default().extend(directive(&rest.replace("__", " "), value)),
            None => directive(name, value).into_iter().for_each(|line| lines += &format!("{line}\n")),
        }
    }
    for (block, inside) in blocks {
        match block {
            // These have no end.
            "set" | "unset" => inside.iter().for_each(|line| lines += &format!("{block} {line}\n")),
            _ => lines += &format!("{block}\n {}\nend\n", inside.join("\n ")),
        }
    }
    lines
}

/// A directive: its name alone for true, nothing for false.
fn directive(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Bool(false) | Value::Null => None,
        Value::Bool(true) => Some(name.to_owned()),
        value => Some(format!("{name} {}", word(value))),
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(word).collect::<Vec<_>>().join(" "),
        value => value.to_string(),
    }
}

/// What NWChem complains about: it puts it between lines of dashes, and then the line of input that it had reached.
fn complaint(printed: &str) -> String {
    let Some((before, after)) = printed.split_once("current input line") else { return String::new() };
    let is_frame = |line: &str| line.trim().starts_with("----");
    let lines: Vec<_> = before.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut framed = lines.rsplit(|line| is_frame(line)).filter(|lines| !lines.is_empty());
    let last = framed.next().unwrap_or_default();
    // The reader of input complains in a frame of its own, after the one that knows why.
    let reason = match last.first().is_some_and(|line| line.contains("input error")) {
        true => framed.next().and_then(<[_]>::last),
        false => None,
    };
    let place = after.lines().nth(1).unwrap_or_default();
    let said = reason.into_iter().chain(&last[last.len().saturating_sub(2)..]);
    said.copied().chain([place]).collect::<Vec<_>>().join("\n")
}

/// The answer in the files of a run that ended well.
fn read(call: &Call, method: Method) -> Result<Answer, Cause> {
    let theory = method.theory();
    let (energy, gradient) = (format!("{theory}:energy"), format!("{theory}:gradient"));
    let mut effective = told(call.job, method);
    let lines = Lines::open(&call.path(OUTPUT))?.inspect(|line| note(line, &mut effective));
    let entries = entries(lines, &[&energy, &gradient, CONVERGED]);
    let numbers = |name: &str| -> Option<Vec<f64>> {
        let read = |word: &String| text::number(word).unwrap_or(f64::NAN);
        entries.get(name).map(|words| words.iter().map(read).collect())
    };
    if entries.get(CONVERGED).is_none_or(|words| words.first().is_none_or(|word| word != "t")) {
        return Err(Cause::Convergence("the output does not tell of a converged SCF".into()));
    }
    let found = numbers(&energy).and_then(|values| values.first().copied());
    let found = found.ok_or_else(|| Cause::Failed(format!("the output has no `{energy}`")))?;
    let hessian = match call.job.driver {
        Driver::Hessian => Some(square(Lines::open(&call.path(HESSIAN))?)?),
        Driver::Energy | Driver::Gradient => None,
    };
    Ok(Answer { energy: found, gradient: numbers(&gradient), hessian, effective })
}

/// Notes what the output tells of the basis.
fn note(line: &str, effective: &mut BTreeMap<String, String>) {
    if let Some(count) = line.trim().strip_prefix("functions ") {
        effective.insert("basis_functions".into(), count.trim_start_matches([' ', '=']).to_owned());
    }
    if line.trim().starts_with("Summary of \"ao basis\"") {
        effective.insert("spherical".into(), (!line.contains("(cartesian)")).to_string());
    }
}

/// The choices that were written into the input.
fn told(job: &Job, method: Method) -> BTreeMap<String, String> {
    let block = scf_block(job);
    let value = |name: &str| find::word_after(&block, name);
    let mut told = BTreeMap::new();
    for name in ["nopen", "thresh", "tol2e"] {
        told.extend(value(name).map(|word| (name.to_owned(), word)));
    }
    told.insert("reference".into(), if block.contains("uhf") { "uhf" } else { "rhf" }.into());
    told.insert("density_fitting".into(), "false".into());
    if method == Method::Mp2 {
        told.insert("frozen_core".into(), job.chemistry.frozen_core.unwrap_or(false).to_string());
    }
    if job.driver == Driver::Hessian && method == Method::Mp2 {
        told.insert("hessian".into(), "finite differences of gradients".into());
    }
    told.extend(job.chemistry.keywords.iter().map(|(name, value)| (name.clone(), word(value))));
    told
}

/// The values of some entries of the printed database. An entry is a line with name, type and count, followed by its
/// values.
fn entries(lines: impl Iterator<Item = String>, wanted: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::<String, Vec<String>>::new();
    let mut current: Option<(String, usize)> = None;
    for line in lines {
        if let Some((name, count)) = heading(&line) {
            current = wanted.contains(&name).then(|| (name.to_owned(), count));
        } else if let Some((name, left)) = &mut current {
            let words: Vec<_> = line.split_whitespace().take(*left).map(str::to_owned).collect();
            *left -= words.len();
            found.entry(name.clone()).or_default().extend(words);
        }
    }
    found
}

/// Name and count of an entry, from a line as ` mp2:gradient   double[9]   Sat Nov 21 08:58:40 2026`.
fn heading(line: &str) -> Option<(&str, usize)> {
    ["double[", "int[", "logical[", "char["].into_iter().find_map(|kind| {
        let (name, rest) = line.split_once(kind)?;
        let (count, _) = rest.split_once(']')?;
        Some((name.trim(), count.parse().ok()?))
    })
}

/// A symmetric matrix of which the lower triangle is given row by row, one number a line.
fn square(lines: impl Iterator<Item = String>) -> Result<Vec<f64>, Cause> {
    let values: Vec<f64> = lines
        .flat_map(|line| line.split_whitespace().map(text::number).collect::<Vec<_>>())
        .map(|number| number.unwrap_or(f64::NAN))
        .collect();
    let n = (1..).take_while(|n| n * (n + 1) / 2 <= values.len()).last().unwrap_or(0);
    if n * (n + 1) / 2 != values.len() || n == 0 {
        return Err(Cause::Failed(format!("`{HESSIAN}` holds {} numbers, which are no triangle", values.len())));
    }
    let at = |i: usize, j: usize| values[i.max(j) * (i.max(j) + 1) / 2 + i.min(j)];
    Ok((0..n * n).map(|k| at(k / n, k % n)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::chemistry::{Element, Molecule};
    use serde_json::json;

    fn with<T>(chemistry: &Chemistry, multiplicity: u32, f: impl Fn(&Job) -> T) -> T {
        let atom = |symbol, z, is_ghost| Atom {
            element: Element::of_symbol(symbol).unwrap(),
            position: [0.0, 0.0, z],
            is_ghost,
        };
        let atoms = vec![atom("O", 0.1, false), atom("H", 1.9, false), atom("H", -4.0, true)];
        let molecule = Molecule { atoms, charge: -1, multiplicity, point_charges: Vec::new() };
        f(&Job { label: "1", molecule: &molecule, driver: Driver::Gradient, chemistry })
    }

    fn chemistry(basis: &str) -> Chemistry {
        Chemistry { method: "MP2".into(), basis: Some(basis.into()), ..Chemistry::default() }
    }

    #[test]
    fn ghosts_keep_the_basis_of_their_element() {
        let block = with(&chemistry("6-31g*"), 1, basis_block);
        assert_eq!(block, "basis cartesian\n H library H 6-31g*\n O library O 6-31g*\n bqH library H 6-31g*\nend\n");
        assert!(with(&chemistry("cc-pvdz"), 1, basis_block).starts_with("basis spherical\n"));
        let mut spherical = chemistry("6-31g*");
        spherical.keywords.insert("basis__spherical".into(), json!(true));
        assert!(with(&spherical, 1, basis_block).starts_with("basis spherical\n"));
    }

    #[test]
    fn unpaired_electrons_have_orbitals_of_their_own() {
        assert_eq!(with(&chemistry("sto-3g"), 2, scf_block), "scf\n uhf\n nopen 1\n thresh 1e-8\n tol2e 1e-12\nend\n");
        assert!(with(&chemistry("sto-3g"), 1, scf_block).starts_with("scf\n rhf\n nopen 0\n"));
    }

    #[test]
    fn keywords_become_blocks_and_lines() {
        let keywords = json!({
            "scf__maxiter": 2, "scf__level": ["pcg", 20.0], "scf__direct": true, "scf__semidirect": false,
            "set__cphf:maxiter": 40, "title": "\"x\"", "basis__spherical": true,
        });
        let lines = keyword_lines(keywords.as_object().unwrap());
        assert_eq!(lines, "title \"x\"\nscf\n maxiter 2\n level pcg 20.0\n direct\nend\nset cphf:maxiter 40\n");
    }

    #[test]
    fn the_database_gives_all_digits() {
        let printed = " mp2:energy                            double[1]      Sat Nov 21 08:58:41 2026 \n\
            -7.55228567306456e+01 \n basis:contraction info            int[90000]  Sat Nov 21 08:58:40 2026 \n0 0 0\n\
            scf:converged                        logical[1]      Sat Nov 21 08:58:40 2026 \nt \n\
            mp2:gradient                          double[6]      Sat Nov 21 08:58:41 2026 \n\
            -2.70423743108722e-16 1.75041938899688e-16 2.72116614085731e-02 2.70770703179753e-16 \n\
            -1.76619555199462e-16 -2.74329438449790e-02 \n";
        let found = entries(printed.lines().map(str::to_owned), &["mp2:energy", "mp2:gradient", "scf:converged"]);
        assert_eq!(found["mp2:energy"], ["-7.55228567306456e+01"]);
        assert_eq!((found["mp2:gradient"].len(), found["mp2:gradient"][5].as_str()), (6, "-2.74329438449790e-02"));
        assert_eq!(found["scf:converged"], ["t"]);
    }

    #[test]
    fn a_triangle_becomes_a_square() {
        let lines = |text: &'static str| text.lines().map(str::to_owned);
        assert_eq!(square(lines(" 1.0D+00\n -2.0D-01\n 3.0D+00\n")), Ok(vec![1.0, -0.2, -0.2, 3.0]));
        assert!(square(lines("1.0\n2.0\n")).is_err());
        assert!(square(lines("")).is_err());
    }

    #[test]
    fn nothing_to_excite_into_is_noticed() {
        let printed = |alpha, beta| {
            format!(
                "  Active alpha occupied =      1\n  Active alpha virtual  =      {alpha}\n  Active beta virtual   =      {beta}\n"
            )
        };
        assert!(has_no_virtual_orbitals(&printed(0, 0)));
        assert!(!has_no_virtual_orbitals(&printed(0, 1)) && !has_no_virtual_orbitals("no virtual orbital"));
    }

    #[test]
    fn a_complaint_is_found_in_its_frame() {
        let printed = " Attempting to read a basis set from a  non-existing file:\n /usr/share/nwchem/libraries/6-99g   \n\n \
            ------------\n bas_tag_lib: failed opening basis file                   0\n ------------\n \
            input error at line   13: at end of line looking for character string\n ------------\n  current input line : \n    13:   bqO library O 6-99g\n ------------\n";
        let said = complaint(printed);
        assert!(said.contains("failed opening basis file") && said.ends_with("13:   bqO library O 6-99g"), "{said}");
    }
}
