//! How is a job written as QCSchema, and how is a result in it read?
//!
//! An `AtomicInput` of schema version 1, which psi4 since 1.3, QCEngine up to 0.5x and most programs take; an
//! `AtomicResult` or a `FailedOperation` of version 1 or 2 (<https://molssi.github.io/QCElemental>).
use super::ending::{self, Sign};
use super::{Answer, Job, text};
use crate::science::chemistry::Molecule;
use crate::task::Cause;
use serde_json::{Value, json};

/// Bytes of the longest result that is read.
pub const LIMIT: u64 = 1 << 30;
/// How far an atom of the result may be from where it was, bohr: QCElemental rounds to 1e-8.
const NOISE: f64 = 1e-6;
/// Lines of an error that go into a message.
const LINES: usize = 6;

/// The `AtomicInput` of a job, with the level's keywords as they are.
pub fn input(job: &Job) -> Value {
    let mut model = json!({ "method": job.chemistry.method });
    if let Some(basis) = &job.chemistry.basis {
        model["basis"] = json!(basis);
    }
    json!({
        "schema_name": "qcschema_input",
        "schema_version": 1,
        "id": job.label,
        "molecule": molecule(job.molecule),
        "driver": job.driver,
        "model": model,
        "keywords": job.chemistry.keywords,
        "protocols": {},
        "extras": {},
    })
}

/// A molecule in its own frame and order, ghosts as atoms that are not real.
fn molecule(molecule: &Molecule) -> Value {
    let atoms = &molecule.atoms;
    json!({
        "schema_name": "qcschema_molecule",
        "schema_version": 2,
        "symbols": atoms.iter().map(|atom| atom.element.symbol()).collect::<Vec<_>>(),
        "geometry": atoms.iter().flat_map(|atom| atom.position).collect::<Vec<_>>(),
        "real": atoms.iter().map(|atom| !atom.is_ghost).collect::<Vec<_>>(),
        "molecular_charge": f64::from(molecule.charge),
        "molecular_multiplicity": molecule.multiplicity,
        "fix_com": true,
        "fix_orientation": true,
        "fix_symmetry": "c1",
    })
}

/// What a program wrote: an `AtomicResult` or a `FailedOperation`.
#[derive(Clone, Debug)]
pub struct Written(Value);

impl Written {
    /// Reads a result. Python's NaN and Infinity, which are no JSON, are taken as numbers that are none.
    ///
    /// # Errors
    /// It is no JSON object.
    pub fn parse(bytes: &[u8]) -> Result<Self, Cause> {
        let value = serde_json::from_slice::<Value>(bytes)
            .or_else(|error| serde_json::from_slice(&without_nan(bytes)).map_err(|_| error))
            .map_err(|error| Cause::Failed(format!("the result is no JSON: {error}")))?;
        match value.is_object() {
            true => Ok(Self(value)),
            false => Err(Cause::Failed("the result is no JSON object".into())),
        }
    }

    /// Whether the program says that it has a result.
    pub fn is_success(&self) -> bool {
        self.0["success"] == true
    }

    /// Why it has none: its own kind of error where it names one, else by the `signs` in its text; none where it does
    /// not speak of an error.
    pub fn error(&self, signs: &[Sign]) -> Option<Cause> {
        let error = self.0.get("error").filter(|error| error.is_object())?;
        let kind = error["error_type"].as_str().unwrap_or_default();
        let text = error["error_message"].as_str().or_else(|| error["message"].as_str()).unwrap_or_default();
        let gist = gist(text);
        let message = if gist.contains(kind) { gist } else { format!("{kind}: {gist}") };
        Some(match kind {
            "input_error" => Cause::Input(message),
            "resource_error" => Cause::Resource(message),
            "convergence_error" => Cause::Convergence(message),
            "random_error" => Cause::Failed(message),
            _ => ending::classify(signs, &format!("{kind} {text}"), message),
        })
    }

    /// The printed output that came along, where it did.
    pub fn output(&self) -> Option<&str> {
        ["raw_output", "stdout"].into_iter().find_map(|name| self.0[name].as_str())
    }

    /// The numbers, in the order of the job's atoms.
    ///
    /// # Errors
    /// It says that it failed, has other atoms, or no energy.
    pub fn answer(&self, job: &Job, signs: &[Sign]) -> Result<Answer, Cause> {
        if let Some(cause) = self.error(signs) {
            return Err(cause);
        }
        if !self.is_success() {
            return Err(Cause::Failed("the result does not say `\"success\": true`".into()));
        }
        self.is_of(job.molecule)?;
        let result = &self.0["return_result"];
        let properties = |name: &str| self.0["properties"].get(name);
        let mut answer = Answer::default();
        match job.driver {
            super::Driver::Energy => {}
            super::Driver::Gradient => answer.gradient = Some(numbers(result)),
            super::Driver::Hessian => {
                answer.hessian = Some(numbers(result));
                answer.gradient = properties("return_gradient").filter(|found| !found.is_null()).map(numbers);
            }
        }
        answer.energy = match job.driver {
            super::Driver::Energy => number(result),
            _ => number(
                properties("return_energy")
                    .or_else(|| properties(&total_energy(&job.chemistry.method)))
                    .ok_or_else(|| Cause::Failed("the result has no `return_energy` among its properties".into()))?,
            ),
        };
        for name in ["creator", "version"] {
            if let Some(text) = self.0["provenance"][name].as_str() {
                answer.effective.insert(name.into(), text.into());
            }
        }
        Ok(answer)
    }

    /// Whether the result is of the molecule asked for, as far as it says.
    fn is_of(&self, asked: &Molecule) -> Result<(), Cause> {
        let found = self.0.get("molecule").unwrap_or(&self.0["input_data"]["molecule"]);
        if let Some(symbols) = found["symbols"].as_array() {
            let asked: Vec<_> = asked.atoms.iter().map(|atom| atom.element.symbol()).collect();
            let found: Vec<_> = symbols.iter().filter_map(Value::as_str).collect();
            if found.len() != asked.len() || !found.iter().zip(&asked).all(|(a, b)| a.eq_ignore_ascii_case(b)) {
                return Err(Cause::Failed(format!(
                    "the result is of the atoms {} instead of {}",
                    found.join(" "),
                    asked.join(" ")
                )));
            }
        }
        let positions = numbers(&found["geometry"]);
        let asked = asked.atoms.iter().flat_map(|atom| atom.position);
        match positions.len() > 1 && positions.iter().zip(asked).any(|(a, b)| (a - b).abs() > NOISE) {
            true => Err(Cause::Failed("the result's atoms were moved or put into another order".into())),
            false => Ok(()),
        }
    }
}

/// What an error's text comes to: what follows the last call of a Python traceback, without the calls of C++ that psi4
/// adds to it; else its last lines.
fn gist(text: &str) -> String {
    if !text.contains("Traceback (most recent call last)") {
        return text::last_lines(text, LINES);
    }
    let is_call = |line: &&str| line.starts_with("    ") || line.starts_with("  File \"");
    let mut lines: Vec<_> = text.trim_end().lines().rev().take_while(|line| !is_call(line)).collect();
    lines.reverse();
    let said = lines.into_iter().take_while(|line| !line.starts_with("Error occurred in file")).take(LINES);
    text::last_lines(&said.collect::<Vec<_>>().join("\n"), LINES)
}

/// The property with the energy of a method, for programs that do not fill in `return_energy`.
fn total_energy(method: &str) -> String {
    match method.to_ascii_lowercase().as_str() {
        "hf" | "scf" | "rhf" | "uhf" => "scf_total_energy".into(),
        method => format!("{}_total_energy", method.replace(['(', ')'], "_").trim_end_matches('_')),
    }
}

/// The numbers of an array, nested or not; what is no number is NaN.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![number(value)],
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// JSON as Python writes it, with null for NaN and Infinity outside of strings.
fn without_nan(bytes: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(bytes.len());
    let (mut is_string, mut at) = (false, 0);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let token: Option<&[u8]> = match is_string {
            true => None,
            false => [&b"NaN"[..], b"-Infinity", b"Infinity"].into_iter().find(|token| rest.starts_with(token)),
        };
        match (token, byte) {
            (Some(token), _) => {
                clean.extend(b"null");
                at += token.len();
                continue;
            }
            (None, b'\\') if is_string => {
                clean.push(byte);
                at += 1;
                clean.extend(bytes.get(at));
            }
            (None, _) => {
                is_string ^= byte == b'"';
                clean.push(byte);
            }
        }
        at += 1;
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::{Chemistry, Driver};
    use crate::science::chemistry::{Atom, Element};

    fn helium_dimer() -> Molecule {
        let atom = |x, is_ghost| Atom { element: Element::of_symbol("He").unwrap(), position: [x, 0.0, 0.1], is_ghost };
        Molecule {
            atoms: vec![atom(0.0, false), atom(5.5, true)],
            charge: 0,
            multiplicity: 1,
            point_charges: Vec::new(),
        }
    }

    fn with<T>(driver: Driver, f: impl Fn(&Job) -> T) -> T {
        let chemistry = Chemistry { method: "mp2".into(), basis: Some("6-31g".into()), ..Chemistry::default() };
        f(&Job { label: "2@1,2", molecule: &helium_dimer(), driver, chemistry: &chemistry })
    }

    fn answer(driver: Driver, text: &str) -> Result<Answer, Cause> {
        with(driver, |job| Written::parse(text.as_bytes())?.answer(job, &[("fell over", Cause::Convergence)]))
    }

    #[test]
    fn an_input_holds_the_molecule_in_its_frame() {
        let input = with(Driver::Gradient, input);
        assert_eq!(input["driver"], "gradient");
        assert_eq!(input["model"], json!({"method": "mp2", "basis": "6-31g"}));
        let molecule = &input["molecule"];
        assert_eq!(molecule["geometry"], json!([0.0, 0.0, 0.1, 5.5, 0.0, 0.1]));
        assert_eq!(molecule["real"], json!([true, false]));
        assert_eq!(molecule["fix_com"], true);
    }

    #[test]
    fn arrays_may_be_nested_or_flat_and_versions_1_or_2() {
        let flat = answer(
            Driver::Gradient,
            r#"{"success": true, "return_result": [1, 2, 3, 4, 5, 6], "properties": {"return_energy": -2.5},
                "molecule": {"symbols": ["He", "He"], "geometry": [0, 0, 0.1, 5.5, 0, 0.1]}}"#,
        );
        let nested = answer(
            Driver::Gradient,
            r#"{"success": true, "return_result": [[1, 2, 3], [4, 5, 6]], "properties": {"mp2_total_energy": -2.5},
                "input_data": {"molecule": {"symbols": ["He", "He"], "geometry": [[0, 0, 0.1], [5.5, 0, 0.1]]}}}"#,
        );
        let expected = Answer { energy: -2.5, gradient: Some(vec![1., 2., 3., 4., 5., 6.]), ..Answer::default() };
        assert_eq!(flat, Ok(expected.clone()));
        assert_eq!(nested, Ok(expected));
    }

    #[test]
    fn other_atoms_are_noticed() {
        let of = |molecule: &str| {
            let result =
                answer(Driver::Energy, &format!(r#"{{"success":true,"return_result":-1,"molecule":{molecule}}}"#));
            result.unwrap_err().to_string()
        };
        assert!(of(r#"{"symbols": ["He"]}"#).contains("of the atoms He instead of He He"));
        assert!(of(r#"{"symbols": ["He", "He"], "geometry": [5.5, 0, 0.1, 0, 0, 0.1]}"#).contains("another order"));
    }

    #[test]
    fn errors_keep_their_kind() {
        let cause = |kind: &str, text: &str| {
            let text =
                format!(r#"{{"success": false, "error": {{"error_type": "{kind}", "error_message": "{text}"}}}}"#);
            answer(Driver::Energy, &text).unwrap_err()
        };
        assert_eq!(cause("input_error", r"long\nbad basis"), Cause::Input("input_error: long | bad basis".into()));
        assert!(matches!(cause("resource_error", ""), Cause::Resource(_)));
        assert!(matches!(cause("convergence_error", ""), Cause::Convergence(_)));
        assert!(matches!(cause("random_error", "fell over"), Cause::Failed(_)));
        assert!(matches!(cause("unknown_error", "it fell over"), Cause::Convergence(_)));
        assert!(matches!(cause("unknown_error", "what?"), Cause::Failed(_)));
    }

    #[test]
    fn a_traceback_is_cut_to_what_it_is_about() {
        let traceback = "Traceback (most recent call last):\n  File \"x.py\", line 3, in f\n    raise e\n    ^^^^^\n\
            RuntimeError: \nFatal Error: RHF: RHF reference is only for singlets.\nError occurred in file: rhf.cc\n";
        assert_eq!(gist(traceback), "RuntimeError: | Fatal Error: RHF: RHF reference is only for singlets.");
        assert_eq!(gist("one\n\n    two\n"), "one | two");
    }

    #[test]
    fn what_is_no_number_is_not_taken_for_one() {
        let energy = answer(Driver::Energy, r#"{"success": true, "return_result": NaN, "stdout": "an \"NaN\""}"#);
        assert!(energy.unwrap().energy.is_nan());
        assert!(answer(Driver::Energy, r#"{"success": true}"#).unwrap().energy.is_nan());
        assert!(answer(Driver::Energy, r#"{"return_result": -1.0}"#).is_err());
        assert!(answer(Driver::Energy, "garbage").unwrap_err().to_string().contains("no JSON"));
        assert!(answer(Driver::Energy, "[]").is_err());
        let without = answer(
            Driver::Gradient,
            r#"{"success": true, "return_result": [0], "properties": {"scf_total_energy": -1}}"#,
        );
        assert!(without.unwrap_err().to_string().contains("return_energy"));
    }
}
