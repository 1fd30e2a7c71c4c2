//! Which results, options and errors are in NWChem's output?
use super::input::{self, Method, scf_block, word};
use crate::engines::locate;
use crate::engines::qc::{Calculation, Driver, ProgramRun, QcResult};
use crate::engines::text::{self, LineReader};
use crate::science::chemistry::Element;
use crate::task::Cause;
use std::collections::BTreeMap;

pub const OUTPUT: &str = "nwchem.out";
/// The file with the lower triangle of the Hessian.
const HESSIAN: &str = "job.hess";
/// The database entry for SCF convergence, `t` or `f`.
const CONVERGED: &str = "scf:converged";
/// The largest exponent of an all-electron set exceeds this times the square of the atomic number.
const CORE_EXPONENT: f64 = 0.3;

/// NWChem's error message, which it prints between lines of dashes, and the line of the input where it stopped.
pub fn error_message(printed: &str) -> String {
    let Some((before, after)) = printed.split_once("current input line") else { return String::new() };
    let is_frame = |line: &str| line.trim().starts_with("----");
    let lines: Vec<_> = before.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut framed = lines.rsplit(|line| is_frame(line)).filter(|lines| !lines.is_empty());
    let last = framed.next().unwrap_or_default();
    // The input parser adds a frame of its own after the one with the reason.
    let reason = match last.first().is_some_and(|line| line.contains("input error")) {
        true => framed.next().and_then(<[_]>::last),
        false => None,
    };
    let input_line = after.lines().nth(1).unwrap_or_default();
    let message = reason.into_iter().chain(&last[last.len().saturating_sub(2)..]);
    message.copied().chain([input_line]).collect::<Vec<_>>().join("\n")
}

/// Reads the result of a successful run.
pub fn read(run: &ProgramRun, method: Method) -> Result<QcResult, Cause> {
    let theory = method.theory();
    let (energy, gradient) = (format!("{theory}:energy"), format!("{theory}:gradient"));
    let mut effective = reported(run.calculation, method);
    let lines = LineReader::open(&run.path(OUTPUT))?.inspect(|line| record_basis(line, &mut effective));
    let entries = entries(lines, &[&energy, &gradient, CONVERGED]);
    let numbers = |name: &str| -> Option<Vec<f64>> {
        let read = |word: &String| text::number(word).unwrap_or(f64::NAN);
        entries.get(name).map(|words| words.iter().map(read).collect())
    };
    if entries.get(CONVERGED).is_none_or(|words| words.first().is_none_or(|word| word != "t")) {
        return Err(Cause::Convergence("the output does not report a converged SCF".into()));
    }
    let value = numbers(&energy).and_then(|values| values.first().copied());
    let value = value.ok_or_else(|| Cause::Failed(format!("the output has no `{energy}`")))?;
    let hessian = match run.calculation.driver {
        Driver::Hessian => Some(square(LineReader::open(&run.path(HESSIAN))?)?),
        Driver::Energy | Driver::Gradient => None,
    };
    Ok(QcResult { energy: value, gradient: numbers(&gradient), hessian, effective })
}

/// Records the options of the basis set that a line of the output reports.
fn record_basis(line: &str, effective: &mut BTreeMap<String, String>) {
    if let Some(count) = line.trim().strip_prefix("functions ") {
        effective.insert("basis_functions".into(), count.trim_start_matches([' ', '=']).to_owned());
    }
    if line.trim().starts_with("Summary of \"ao basis\"") {
        effective.insert("spherical".into(), (!line.contains("(cartesian)")).to_string());
    }
}

/// An element with neither a core potential nor core functions, and its largest exponent, from the basis set that NWChem prints. Among
/// all-electron sets the minimal ones have the smallest: 0.68 Z^2 in STO-2G.
pub fn element_without_core(calculation: &Calculation, lines: impl Iterator<Item = String>) -> Option<(Element, f64)> {
    let real: BTreeMap<String, Element> = (calculation.molecule.atoms.iter())
        .filter(|atom| !atom.is_ghost && atom.element.number() > 2)
        .filter(|atom| {
            input::core_electrons(calculation.chemistry, atom.element) == Some(0)
                && !input::has_potential(calculation.chemistry, atom.element)
        })
        .map(|atom| (atom.element.to_string(), atom.element))
        .collect();
    let mut largest = BTreeMap::<Element, f64>::new();
    let mut current = None;
    let is_basis = |line: &String| !line.trim_start().starts_with("Summary of \"ao basis\"");
    for line in lines.skip_while(|line| !line.contains("Basis \"ao basis\"")).take_while(is_basis) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            // A shell, as in ` 1 S  6.42024817E+03  0.000251`.
            [number, "S", exponent, ..] if number.parse::<u32>().is_ok() => {
                if let (Some(element), Some(exponent)) = (current, text::number(exponent)) {
                    let largest = largest.entry(element).or_insert(0.0);
                    *largest = largest.max(exponent);
                }
            }
            [number, ..] if number.parse::<u32>().is_ok() => {}
            // The heading of an atom, as in `I (Iodine)`.
            [name, ..] if !name.starts_with('-') && *name != "Exponent" => current = real.get(*name).copied(),
            _ => {}
        }
    }
    largest.into_iter().find(|(element, exponent)| *exponent < CORE_EXPONENT * f64::from(element.number()).powi(2))
}

/// The options that were written into the input.
fn reported(calculation: &Calculation, method: Method) -> BTreeMap<String, String> {
    let block = scf_block(calculation);
    let value = |name: &str| locate::word_after(&block, name);
    let mut reported = BTreeMap::new();
    for name in ["nopen", "thresh", "tol2e"] {
        reported.extend(value(name).map(|word| (name.to_owned(), word)));
    }
    reported.insert("reference".into(), if block.contains("uhf") { "uhf" } else { "rhf" }.into());
    reported.insert("density_fitting".into(), "false".into());
    if method == Method::Mp2 {
        reported.insert("frozen_core".into(), calculation.chemistry.frozen_core.unwrap_or(false).to_string());
        if !input::has_own_freeze(calculation.chemistry) {
            reported.insert("frozen_orbitals".into(), input::frozen_orbitals(calculation).to_string());
        }
    }
    if calculation.driver == Driver::Hessian && method == Method::Mp2 {
        reported.insert("hessian".into(), "finite differences of gradients".into());
    }
    let ecp_electrons = input::core(calculation.molecule, calculation.chemistry).ecp_electrons;
    if ecp_electrons > 0 {
        reported.insert("core_potential_electrons".into(), ecp_electrons.to_string());
    }
    reported.extend(calculation.chemistry.keywords.iter().map(|(name, value)| (name.clone(), word(value))));
    reported
}

/// The values of the `wanted` entries of the printed database. An entry is a line with name, type and count, followed by its values.
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

/// Name and count of an entry, from a line such as ` mp2:gradient   double[9]   Sat Nov 21 08:58:40 2026`.
fn heading(line: &str) -> Option<(&str, usize)> {
    ["double[", "int[", "logical[", "char["].into_iter().find_map(|kind| {
        let (name, rest) = line.split_once(kind)?;
        let (count, _) = rest.split_once(']')?;
        Some((name.trim(), count.parse().ok()?))
    })
}

/// A symmetric matrix from its lower triangle, row by row with one number per line.
fn square(lines: impl Iterator<Item = String>) -> Result<Vec<f64>, Cause> {
    let values: Vec<f64> = lines
        .flat_map(|line| line.split_whitespace().map(text::number).collect::<Vec<_>>())
        .map(|number| number.unwrap_or(f64::NAN))
        .collect();
    let n = (1..).take_while(|n| n * (n + 1) / 2 <= values.len()).last().unwrap_or(0);
    if n * (n + 1) / 2 != values.len() || n == 0 {
        return Err(Cause::Failed(format!("`{HESSIAN}` has {} numbers, which do not form a triangle", values.len())));
    }
    let element = |i: usize, j: usize| values[i.max(j) * (i.max(j) + 1) / 2 + i.min(j)];
    Ok((0..n * n).map(|k| element(k / n, k % n)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::Chemistry;
    use crate::engines::qc::test_molecules::{energy, molecule};

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
    fn an_error_message_is_found_in_its_frame() {
        let printed = " Attempting to read a basis set from a  non-existing file:\n /usr/share/nwchem/libraries/6-99g   \n\n \
            ------------\n bas_tag_lib: failed opening basis file                   0\n ------------\n \
            input error at line   13: at end of line looking for character string\n ------------\n  current input line : \n    13:   bqO library O 6-99g\n ------------\n";
        let message = error_message(printed);
        assert!(
            message.contains("failed opening basis file") && message.ends_with("13:   bqO library O 6-99g"),
            "{message}"
        );
    }

    #[test]
    fn valence_only_functions_are_detected() {
        let found = |is_ghost, keywords: serde_json::Value, exponent: &str| {
            let molecule = molecule(&[if is_ghost { "*Ag" } else { "Ag" }], 1);
            let keywords = keywords.as_object().unwrap().clone();
            let chemistry = Chemistry { basis: Some("dzq".into()), keywords, ..Chemistry::default() };
            let calculation = energy(&molecule, &chemistry);
            let printed = format!(
                "  Basis \"ao basis\" -> \"\" (spherical)\n   -----\n  Ag (Silver)\n  -----\n  Exponent  Coefficients\n 1 S  {exponent} 0.2\n\
                 1 P  9.0E+04 0.1\n\n 2 S 0.2 1.0\n Summary of \"ao basis\" -> \"\" (spherical)\n 1 S 9.0E+04 0.1\n"
            );
            element_without_core(&calculation, printed.lines().map(str::to_owned))
                .map(|(element, exponent)| (element.symbol(), exponent))
        };
        assert_eq!(found(false, serde_json::json!({}), "2.984E+01"), Some(("Ag", 29.84)));
        assert_eq!(found(false, serde_json::json!({}), "8.0E+03"), None);
        assert_eq!(found(true, serde_json::json!({}), "2.984E+01"), None);
        assert_eq!(found(false, serde_json::json!({"ecp__Ag": "library lanl2dz_ecp"}), "2.984E+01"), None);
    }
}
