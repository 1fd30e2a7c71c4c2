//! Which of simmpi's defaults give other numbers than those of the program of which an input is taken?
//!
//! QCManyBody leaves to a program what the file does not say. By name, ours and the program's: psi4 without `scf_type` (pk, df) and `mp2_type`
//! (conv, df), frozen core (none, none), functions (by the basis set's file, alike); NWChem without `basis__spherical` and `basis__cartesian`
//! (by the set's definition, Cartesian), open shells (unrestricted, restricted open-shell), frozen core (none, none). Convergence is tighter
//! here with both, by less than 1e-8 Eh.
use super::json::Node;
use super::level_places::LevelPlaces;
use crate::campaigns::fragments::section::{EngineName, LevelSection};
use crate::config::{Config, Fault};
use crate::engines::is_cartesian;
use crate::science::expansion::Fragment;

/// What density fitting changes in the model chemistry at `node`, and what functions do.
pub fn differences(node: &Node, level: &LevelSection) -> Vec<Fault> {
    let reported = match level.engine {
        EngineName::Psi4 => fitting(level),
        EngineName::Nwchem => functions(level),
        _ => None,
    };
    let place = node.get("keywords").unwrap_or_else(|| node.clone());
    reported.map(|(message, help)| place.fault(message, help).warning()).into_iter().collect()
}

/// psi4 fits densities of Hartree-Fock, density functionals and MP2 unless asked not to.
fn fitting(level: &LevelSection) -> Option<(String, String)> {
    let method = level.method.as_deref().unwrap_or_default().to_ascii_lowercase();
    let has = |name: &str| level.keywords.keys().any(|key| key.eq_ignore_ascii_case(name));
    let is_hybrid =
        ["b2plyp", "b2gpplyp", "dsd-", "pwpb95", "pbe0-2", "pbe0-dh", "ptpss"].iter().any(|part| method.contains(part));
    let is_mp2 = ["mp2", "scs-mp2", "sos-mp2", "mp2d"].iter().any(|name| method.starts_with(name))
        && !method.starts_with("mp2.5");
    let mut missing = Vec::new();
    if !has("scf_type") {
        missing.push(("scf_type", "pk"));
    }
    if (is_mp2 || is_hybrid) && !has("mp2_type") {
        missing.push(("mp2_type", "conv"));
    }
    if missing.is_empty() {
        return None;
    }
    let names: Vec<String> = missing.iter().map(|(name, _)| format!("`{name}`")).collect();
    let given = |is_fitted: bool| {
        let pair = |(name, exact): &(&str, &str)| format!("\"{name}\": \"{}\"", if is_fitted { "df" } else { exact });
        format!("{{{}}}", missing.iter().map(pair).collect::<Vec<_>>().join(", "))
    };
    let are = if missing.len() == 1 { "is" } else { "are" };
    Some((
        format!(
            "density fitting is off where QCManyBody has it on, which is psi4's default: {} {are} not given",
            names.join(" and ")
        ),
        format!("for density fitting add {} to \"keywords\", for exact integrals {}", given(true), given(false)),
    ))
}

/// NWChem takes Cartesian functions for every basis set unless asked not to.
fn functions(level: &LevelSection) -> Option<(String, String)> {
    let basis = level.basis.as_deref()?.trim().to_ascii_lowercase();
    let is_given = ["basis__spherical", "basis__cartesian"].iter().any(|key| level.keywords.contains_key(*key));
    // Without d functions there is no difference.
    let is_small = basis.starts_with("sto-") || ["6-311g", "6-311+g", "6-311++g"].contains(&basis.as_str());
    if is_given || is_small || is_cartesian(&basis) {
        return None;
    }
    Some((
        format!("functions of {basis} are spherical here and Cartesian where QCManyBody leaves them to NWChem's default"),
        "add \"basis__cartesian\": true to \"keywords\" for Cartesian functions, \"basis__spherical\": true for spherical ones".into(),
    ))
}

/// NWChem's open shells are restricted unless asked otherwise, and here they are not.
pub fn open_shells(
    config: &Config,
    levels: &[LevelSection],
    places: &LevelPlaces,
    fragments: &[Fragment],
) -> Vec<Fault> {
    if fragments.iter().all(|fragment| fragment.multiplicity == 1) {
        return Vec::new();
    }
    let is_hf =
        |level: &LevelSection| level.method.as_deref().is_some_and(|method| !method.eq_ignore_ascii_case("mp2"));
    let is_restricted = |level: &LevelSection| {
        level.engine == EngineName::Nwchem
            && is_hf(level)
            && !level.keywords.keys().any(|key| key.eq_ignore_ascii_case("scf__uhf"))
    };
    let warn = |(level, _): (usize, &LevelSection)| {
        let place = places.program(level)?;
        let message =
            "open shells are unrestricted here and restricted (ROHF) where QCManyBody leaves them to NWChem's default";
        let help = "add \"scf__uhf\": true to \"keywords\" to say that unrestricted orbitals are meant";
        Some(config.fault(super::INPUT, format!("{place}: {message}"), help).warning())
    };
    levels.iter().enumerate().filter(|(_, level)| is_restricted(level)).filter_map(warn).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Input;
    use super::super::tests::with_file;
    use super::*;
    use serde_json::{Value, json};

    /// Two atoms of helium by a program, their multiplicity that given.
    fn read(program: &str, (method, basis): (&str, &str), keywords: &Value, multiplicity: u32) -> Input {
        let text = json!({
            "schema_name": "qcschema_manybodyinput",
            "molecule": {"symbols": ["He", "He"], "geometry": [0, 0, 0, 0, 0, 6], "fragments": [[0], [1]],
                "fragment_charges": [0, 0], "fragment_multiplicities": [multiplicity, 1], "molecular_charge": 0,
                "molecular_multiplicity": multiplicity},
            "specification": {"driver": "energy", "keywords": {}, "specification": {
                "program": program, "driver": "energy", "model": {"method": method, "basis": basis}, "keywords": keywords}},
        });
        with_file("m.json", &text.to_string(), "input = \"m.json\"").unwrap()
    }

    fn warnings(program: &str, model: (&str, &str), keywords: Value, multiplicity: u32) -> Vec<String> {
        let reported = |fault: &Fault| format!("{}; {}", fault.message, fault.help);
        read(program, model, &keywords, multiplicity).warnings.iter().map(reported).collect()
    }

    #[test]
    fn density_fitting_is_told_where_psi4_has_it_and_the_file_is_silent() {
        let mp2 = |keywords| warnings("psi4", ("MP2", "cc-pvdz"), keywords, 1);
        let reported = mp2(json!({}));
        assert_eq!(reported.len(), 1, "{reported:?}");
        for text in [
            "m.json:1:",
            "specification.specification.keywords",
            "density fitting is off",
            "\"scf_type\": \"df\", \"mp2_type\": \"df\"",
        ] {
            assert!(reported[0].contains(text), "{text} in {reported:?}");
        }
        assert!(mp2(json!({"SCF_TYPE": "pk"}))[0].contains("add {\"mp2_type\": \"df\"}"));
        assert!(mp2(json!({"scf_type": "df", "mp2_type": "conv"})).is_empty());
        // Other correlation is not fitted by default.
        let reported = warnings("psi4", ("ccsd", "cc-pvdz"), json!({}), 1);
        assert!(reported.len() == 1 && !reported[0].contains("mp2_type"), "{reported:?}");
        assert!(warnings("psi4", ("hf", "cc-pvdz"), json!({"scf_type": "pk"}), 1).is_empty());
    }

    #[test]
    fn functions_and_open_shells_are_told_where_nwchem_has_others() {
        let hf = |basis, keywords, multiplicity| warnings("nwchem", ("hf", basis), keywords, multiplicity);
        let reported = hf("cc-pVDZ", json!({}), 1);
        assert!(reported.len() == 1 && reported[0].contains("spherical here and Cartesian"), "{reported:?}");
        assert!(["6-31g*", "sto-3g"].iter().all(|basis| hf(basis, json!({}), 1).is_empty()));
        assert!(hf("cc-pvdz", json!({"basis__spherical": true}), 1).is_empty());
        let reported = hf("6-31g*", json!({}), 3);
        assert!(
            reported.len() == 1
                && reported[0].contains("ROHF")
                && reported[0].contains("specification.specification.program"),
            "{reported:?}"
        );
        assert!(hf("6-31g*", json!({"scf__uhf": true}), 3).is_empty());
    }

    #[test]
    fn what_nwchems_engine_does_not_translate_goes_to_qcengine() {
        let level = |method, keywords: Value| {
            let input = read("NWChem", (method, "6-31g*"), &keywords, 1);
            (input.section.level[0].engine, input.places.reason(0).map(str::to_owned))
        };
        for method in ["ccsd", "ccsd(t)", "b3lyp", "dft"] {
            let (engine, reason) = level(method, json!({}));
            assert_eq!(engine, EngineName::Qcengine);
            assert!(reason.unwrap().contains(&format!("does not translate `{method}`")));
        }
        assert_eq!(level("mp2", json!({})), (EngineName::Nwchem, None));
        assert_eq!(level("mp2", json!({"qc_module": "tce"})).0, EngineName::Qcengine);
    }
}
