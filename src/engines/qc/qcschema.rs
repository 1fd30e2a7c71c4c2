//! How is a calculation written in QCSchema, and how is a result read from it?
//!
//! Written is an `AtomicInput` of schema version 1, which psi4 since 1.3, QCEngine up to 0.5x and most programs accept. Read is an
//! `AtomicResult` or a `FailedOperation` of version 1 or 2 (<https://molssi.github.io/QCElemental>).
use super::{Calculation, Driver, QcResult};
use crate::engines::failure::{self, ErrorPattern};
use crate::engines::text;
use crate::science::chemistry::Molecule;
use crate::task::Cause;
use serde_json::{Value, json};

/// Size limit of a result, bytes.
pub const LIMIT: u64 = 1 << 30;
/// Tolerance for the positions of the result, bohr: QCElemental rounds them to 1e-8.
const POSITION_TOLERANCE: f64 = 1e-6;
/// Lines of an error message that are quoted.
const QUOTED_LINES: usize = 6;

/// The `AtomicInput` of a calculation, with the keywords of the level unchanged.
pub fn atomic_input(calculation: &Calculation) -> Value {
    let mut model = json!({ "method": calculation.chemistry.method });
    if let Some(basis) = &calculation.chemistry.basis {
        model["basis"] = json!(basis);
    }
    json!({
        "schema_name": "qcschema_input",
        "schema_version": 1,
        "id": calculation.label,
        "molecule": molecule(calculation.molecule),
        "driver": calculation.driver,
        "model": model,
        "keywords": calculation.chemistry.keywords,
        "protocols": {},
        "extras": {},
    })
}

/// A molecule in its own orientation and order; ghosts are atoms that are not real.
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

/// An `AtomicResult` or a `FailedOperation` written by a program.
#[derive(Clone, Debug)]
pub struct QcSchemaResult(Value);

impl QcSchemaResult {
    /// Parses a result. Python's NaN and Infinity, which are not valid JSON, are read as null.
    ///
    /// # Errors
    /// The text is not a JSON object.
    pub fn parse(bytes: &[u8]) -> Result<Self, Cause> {
        let value = serde_json::from_slice::<Value>(bytes)
            .or_else(|error| serde_json::from_slice(&without_nan(bytes)).map_err(|_| error))
            .map_err(|error| Cause::Failed(format!("the result is not valid JSON: {error}")))?;
        match value.is_object() {
            true => Ok(Self(value)),
            false => Err(Cause::Failed("the result is not a JSON object".into())),
        }
    }

    /// Whether the program reports success.
    pub fn is_success(&self) -> bool {
        self.0["success"] == true
    }

    /// The error that the program reports: of its own error type if that is known, else by the `patterns` in its text; none without an error.
    pub fn error(&self, patterns: &[ErrorPattern]) -> Option<Cause> {
        let error = self.0.get("error").filter(|error| error.is_object())?;
        let kind = error["error_type"].as_str().unwrap_or_default();
        let text = error["error_message"].as_str().or_else(|| error["message"].as_str()).unwrap_or_default();
        let summary = error_summary(text);
        let message = if summary.contains(kind) { summary } else { format!("{kind}: {summary}") };
        Some(match kind {
            "input_error" => Cause::Input(message),
            "resource_error" => Cause::Resource(message),
            "convergence_error" => Cause::Convergence(message),
            "random_error" => Cause::Failed(message),
            _ => failure::classify(patterns, &format!("{kind} {text}"), message),
        })
    }

    /// The printed output, if it is included.
    pub fn output(&self) -> Option<&str> {
        ["raw_output", "stdout"].into_iter().find_map(|name| self.0[name].as_str())
    }

    /// The numbers, in the order of the molecule's atoms. What is not a number becomes NaN, which [`verify`](super::verify) reports.
    ///
    /// # Errors
    /// The program reports an error, or the result is of other atoms or has no energy.
    pub fn result(&self, calculation: &Calculation, patterns: &[ErrorPattern]) -> Result<QcResult, Cause> {
        if let Some(cause) = self.error(patterns) {
            return Err(cause);
        }
        if !self.is_success() {
            return Err(Cause::Failed("the result does not contain `\"success\": true`".into()));
        }
        self.check_molecule(calculation.molecule)?;
        let returned = &self.0["return_result"];
        let properties = |name: &str| self.0["properties"].get(name);
        let mut result = QcResult::default();
        match calculation.driver {
            Driver::Energy => {}
            Driver::Gradient => result.gradient = Some(numbers(returned)),
            Driver::Hessian => {
                result.hessian = Some(numbers(returned));
                result.gradient = properties("return_gradient").filter(|found| !found.is_null()).map(numbers);
            }
        }
        result.energy = match calculation.driver {
            Driver::Energy => number(returned),
            _ => number(
                properties("return_energy")
                    .or_else(|| properties(&total_energy(&calculation.chemistry.method)))
                    .ok_or_else(|| Cause::Failed("the result has no `return_energy` among its properties".into()))?,
            ),
        };
        for name in ["creator", "version"] {
            if let Some(text) = self.0["provenance"][name].as_str() {
                result.effective.insert(name.into(), text.into());
            }
        }
        Ok(result)
    }

    /// Checks that the result is of the requested molecule, as far as it contains one.
    fn check_molecule(&self, requested: &Molecule) -> Result<(), Cause> {
        let found = self.0.get("molecule").unwrap_or(&self.0["input_data"]["molecule"]);
        if let Some(symbols) = found["symbols"].as_array() {
            let requested: Vec<_> = requested.atoms.iter().map(|atom| atom.element.symbol()).collect();
            let found: Vec<_> = symbols.iter().filter_map(Value::as_str).collect();
            if found.len() != requested.len() || !found.iter().zip(&requested).all(|(a, b)| a.eq_ignore_ascii_case(b)) {
                let (found, requested) = (found.join(" "), requested.join(" "));
                return Err(Cause::Failed(format!("the result is of the atoms {found} instead of {requested}")));
            }
        }
        let positions = numbers(&found["geometry"]);
        let requested = requested.atoms.iter().flat_map(|atom| atom.position);
        match positions.len() > 1 && positions.iter().zip(requested).any(|(a, b)| (a - b).abs() > POSITION_TOLERANCE) {
            true => Err(Cause::Failed("the atoms of the result were moved or reordered".into())),
            false => Ok(()),
        }
    }
}

/// The essential lines of an error's text: those after the last call of a Python traceback, without the C++ stack that psi4 adds; else the
/// last lines.
fn error_summary(text: &str) -> String {
    if !text.contains("Traceback (most recent call last)") {
        return text::last_lines(text, QUOTED_LINES);
    }
    let is_call = |line: &&str| line.starts_with("    ") || line.starts_with("  File \"");
    let mut lines: Vec<_> = text.trim_end().lines().rev().take_while(|line| !is_call(line)).collect();
    lines.reverse();
    let message = lines.into_iter().take_while(|line| !line.starts_with("Error occurred in file")).take(QUOTED_LINES);
    text::last_lines(&message.collect::<Vec<_>>().join("\n"), QUOTED_LINES)
}

/// The property with the energy of a method, for programs that do not set `return_energy`.
fn total_energy(method: &str) -> String {
    match method.to_ascii_lowercase().as_str() {
        "hf" | "scf" | "rhf" | "uhf" => "scf_total_energy".into(),
        method => format!("{}_total_energy", method.replace(['(', ')'], "_").trim_end_matches('_')),
    }
}

/// The numbers of an array, nested or flat; NaN for what is not a number.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![number(value)],
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// JSON with null in place of Python's NaN and Infinity, outside of strings.
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
    use crate::engines::qc::{Chemistry, test_molecules};

    fn helium_dimer() -> Molecule {
        let mut molecule = test_molecules::molecule(&["He", "*He"], 0);
        (molecule.atoms[0].position, molecule.atoms[1].position) = ([0.0, 0.0, 0.1], [5.5, 0.0, 0.1]);
        molecule
    }

    fn with<T>(driver: Driver, f: impl Fn(&Calculation) -> T) -> T {
        let chemistry = Chemistry { method: "mp2".into(), basis: Some("6-31g".into()), ..Chemistry::default() };
        f(&Calculation { label: "2@1,2", molecule: &helium_dimer(), driver, chemistry: &chemistry })
    }

    fn parsed(driver: Driver, text: &str) -> Result<QcResult, Cause> {
        with(driver, |calculation| {
            QcSchemaResult::parse(text.as_bytes())?.result(calculation, &[("fell over", Cause::Convergence)])
        })
    }

    #[test]
    fn an_input_has_the_molecule_in_its_own_orientation() {
        let input = with(Driver::Gradient, atomic_input);
        assert_eq!(input["driver"], "gradient");
        assert_eq!(input["model"], json!({"method": "mp2", "basis": "6-31g"}));
        let molecule = &input["molecule"];
        assert_eq!(molecule["geometry"], json!([0.0, 0.0, 0.1, 5.5, 0.0, 0.1]));
        assert_eq!(molecule["real"], json!([true, false]));
        assert_eq!(molecule["fix_com"], true);
    }

    #[test]
    fn arrays_may_be_nested_or_flat_and_versions_1_or_2() {
        let flat = parsed(
            Driver::Gradient,
            r#"{"success": true, "return_result": [1, 2, 3, 4, 5, 6], "properties": {"return_energy": -2.5},
                "molecule": {"symbols": ["He", "He"], "geometry": [0, 0, 0.1, 5.5, 0, 0.1]}}"#,
        );
        let nested = parsed(
            Driver::Gradient,
            r#"{"success": true, "return_result": [[1, 2, 3], [4, 5, 6]], "properties": {"mp2_total_energy": -2.5},
                "input_data": {"molecule": {"symbols": ["He", "He"], "geometry": [[0, 0, 0.1], [5.5, 0, 0.1]]}}}"#,
        );
        let expected = QcResult { energy: -2.5, gradient: Some(vec![1., 2., 3., 4., 5., 6.]), ..QcResult::default() };
        assert_eq!(flat, Ok(expected.clone()));
        assert_eq!(nested, Ok(expected));
    }

    #[test]
    fn other_atoms_are_detected() {
        let error = |molecule: &str| {
            let result =
                parsed(Driver::Energy, &format!(r#"{{"success":true,"return_result":-1,"molecule":{molecule}}}"#));
            result.unwrap_err().to_string()
        };
        assert!(error(r#"{"symbols": ["He"]}"#).contains("of the atoms He instead of He He"));
        assert!(error(r#"{"symbols": ["He", "He"], "geometry": [5.5, 0, 0.1, 0, 0, 0.1]}"#).contains("reordered"));
    }

    #[test]
    fn error_types_become_causes() {
        let cause = |kind: &str, text: &str| {
            let text =
                format!(r#"{{"success": false, "error": {{"error_type": "{kind}", "error_message": "{text}"}}}}"#);
            parsed(Driver::Energy, &text).unwrap_err()
        };
        assert_eq!(cause("input_error", r"long\nbad basis"), Cause::Input("input_error: long | bad basis".into()));
        assert!(matches!(cause("resource_error", ""), Cause::Resource(_)));
        assert!(matches!(cause("convergence_error", ""), Cause::Convergence(_)));
        assert!(matches!(cause("random_error", "fell over"), Cause::Failed(_)));
        assert!(matches!(cause("unknown_error", "it fell over"), Cause::Convergence(_)));
        assert!(matches!(cause("unknown_error", "what?"), Cause::Failed(_)));
    }

    #[test]
    fn a_traceback_is_reduced_to_its_message() {
        let traceback = "Traceback (most recent call last):\n  File \"x.py\", line 3, in f\n    raise e\n    ^^^^^\n\
            RuntimeError: \nFatal Error: RHF: RHF reference is only for singlets.\nError occurred in file: rhf.cc\n";
        assert_eq!(error_summary(traceback), "RuntimeError: | Fatal Error: RHF: RHF reference is only for singlets.");
        assert_eq!(error_summary("one\n\n    two\n"), "one | two");
    }

    #[test]
    fn values_that_are_not_numbers_become_nan() {
        let energy = parsed(Driver::Energy, r#"{"success": true, "return_result": NaN, "stdout": "an \"NaN\""}"#);
        assert!(energy.unwrap().energy.is_nan());
        assert!(parsed(Driver::Energy, r#"{"success": true}"#).unwrap().energy.is_nan());
        assert!(parsed(Driver::Energy, r#"{"return_result": -1.0}"#).is_err());
        assert!(parsed(Driver::Energy, "garbage").unwrap_err().to_string().contains("not valid JSON"));
        assert!(parsed(Driver::Energy, "[]").is_err());
        let without = parsed(
            Driver::Gradient,
            r#"{"success": true, "return_result": [0], "properties": {"scf_total_energy": -1}}"#,
        );
        assert!(without.unwrap_err().to_string().contains("return_energy"));
    }
}
