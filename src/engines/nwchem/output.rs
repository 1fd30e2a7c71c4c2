//! What does NWChem's output say?
use super::input::{self, scf_block, word};
use super::{Method, OUTPUT};
use crate::engines::call::Call;
use crate::engines::text::{self, Lines};
use crate::engines::{Answer, Driver, Job, find};
use crate::science::chemistry::Element;
use crate::task::Cause;
use std::collections::BTreeMap;

/// Hessians, of which it writes the lower triangle.
const HESSIAN: &str = "job.hess";
/// The database's word on whether the SCF converged, `t` or `f`.
const CONVERGED: &str = "scf:converged";
/// A set for all electrons of an element has exponents larger than this times the square of its number.
const LEAST_CORE: f64 = 0.3;

/// What NWChem complains about: it puts it between lines of dashes, and then the line of input that it had reached.
pub fn complaint(printed: &str) -> String {
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
pub fn read(call: &Call, method: Method) -> Result<Answer, Cause> {
    let theory = method.theory();
    let (energy, gradient) = (format!("{theory}:energy"), format!("{theory}:gradient"));
    let mut effective = reported(call.job, method);
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

/// An element with neither core potential nor functions for its core, and its largest exponent, by the basis set that NWChem prints. Of sets
/// for all electrons those of minimal ones are the smallest: 0.68 Z^2 in STO-2G.
pub fn without_core(job: &Job, lines: impl Iterator<Item = String>) -> Option<(Element, f64)> {
    let real: BTreeMap<String, Element> = (job.molecule.atoms.iter())
        .filter(|atom| !atom.is_ghost && atom.element.number() > 2)
        .filter(|atom| {
            input::replaced(job.chemistry, atom.element) == Some(0)
                && !input::has_potential(job.chemistry, atom.element)
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
    largest.into_iter().find(|(element, exponent)| *exponent < LEAST_CORE * f64::from(element.number()).powi(2))
}

/// The choices that were written into the input.
fn reported(job: &Job, method: Method) -> BTreeMap<String, String> {
    let block = scf_block(job);
    let value = |name: &str| find::word_after(&block, name);
    let mut reported = BTreeMap::new();
    for name in ["nopen", "thresh", "tol2e"] {
        reported.extend(value(name).map(|word| (name.to_owned(), word)));
    }
    reported.insert("reference".into(), if block.contains("uhf") { "uhf" } else { "rhf" }.into());
    reported.insert("density_fitting".into(), "false".into());
    if method == Method::Mp2 {
        reported.insert("frozen_core".into(), job.chemistry.frozen_core.unwrap_or(false).to_string());
        if !input::has_own_freeze(job.chemistry) {
            reported.insert("frozen_orbitals".into(), input::frozen(job).to_string());
        }
    }
    if job.driver == Driver::Hessian && method == Method::Mp2 {
        reported.insert("hessian".into(), "finite differences of gradients".into());
    }
    let replaced = input::core(job.molecule, job.chemistry).replaced;
    if replaced > 0 {
        reported.insert("core_potential_electrons".into(), replaced.to_string());
    }
    reported.extend(job.chemistry.keywords.iter().map(|(name, value)| (name.clone(), word(value))));
    reported
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
    use crate::engines::Chemistry;
    use crate::science::chemistry::{Atom, Molecule};

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
    fn a_complaint_is_found_in_its_frame() {
        let printed = " Attempting to read a basis set from a  non-existing file:\n /usr/share/nwchem/libraries/6-99g   \n\n \
            ------------\n bas_tag_lib: failed opening basis file                   0\n ------------\n \
            input error at line   13: at end of line looking for character string\n ------------\n  current input line : \n    13:   bqO library O 6-99g\n ------------\n";
        let said = complaint(printed);
        assert!(said.contains("failed opening basis file") && said.ends_with("13:   bqO library O 6-99g"), "{said}");
    }

    #[test]
    fn functions_for_valence_electrons_alone_are_noticed() {
        let atom = |symbol: &str, is_ghost| Atom {
            element: Element::of_symbol(symbol).unwrap(),
            position: [0.0; 3],
            is_ghost,
        };
        let found = |is_ghost, keywords: serde_json::Value, exponent: &str| {
            let molecule =
                Molecule { atoms: vec![atom("Ag", is_ghost)], charge: 1, multiplicity: 1, point_charges: Vec::new() };
            let keywords = keywords.as_object().unwrap().clone();
            let chemistry = Chemistry { basis: Some("dzq".into()), keywords, ..Chemistry::default() };
            let job = Job { label: "1", molecule: &molecule, driver: Driver::Energy, chemistry: &chemistry };
            let printed = format!(
                "  Basis \"ao basis\" -> \"\" (spherical)\n   -----\n  Ag (Silver)\n  -----\n  Exponent  Coefficients\n 1 S  {exponent} 0.2\n\
                 1 P  9.0E+04 0.1\n\n 2 S 0.2 1.0\n Summary of \"ao basis\" -> \"\" (spherical)\n 1 S 9.0E+04 0.1\n"
            );
            without_core(&job, printed.lines().map(str::to_owned))
                .map(|(element, exponent)| (element.symbol(), exponent))
        };
        assert_eq!(found(false, serde_json::json!({}), "2.984E+01"), Some(("Ag", 29.84)));
        assert_eq!(found(false, serde_json::json!({}), "8.0E+03"), None);
        assert_eq!(found(true, serde_json::json!({}), "2.984E+01"), None);
        assert_eq!(found(false, serde_json::json!({"ecp__Ag": "library lanl2dz_ecp"}), "2.984E+01"), None);
    }
}
