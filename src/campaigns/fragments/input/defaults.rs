//! Which defaults of simmpi give other numbers than those of the program that a ManyBodyInput names?
//!
//! QCManyBody leaves to the program what the file does not specify. Defaults here and there: psi4 `scf_type` (pk, df), `mp2_type`
//! (conv, df), frozen core (none, none), functions (by the basis set's file, alike); NWChem `basis__spherical` and `basis__cartesian`
//! (by the set's definition, Cartesian), open shells (unrestricted, restricted open-shell), frozen core (none, none). Convergence is
//! tighter here than with both, by less than 1e-8 Eh.
use super::LevelLocations;
use crate::campaigns::fragments::section::{EngineName, LevelSection};
use crate::config::{Config, Fault};
use crate::engines::qc::is_cartesian;
use crate::problem::Problem;
use crate::science::expansion::Fragment;

/// Density fitting or the kind of functions of a level, where the program's default is another one.
pub fn difference(level: &LevelSection) -> Option<Problem> {
    match level.engine {
        EngineName::Psi4 => density_fitting(level),
        EngineName::Nwchem => spherical_functions(level),
        _ => None,
    }
}

/// A message about a level, for the notes of a result.
pub fn describe(level: &LevelSection, message: &str) -> String {
    format!("level {}: {message}", level.name.as_deref().unwrap_or_default())
}

/// How tightly a level is converged, where keywords leave that to the program.
pub fn convergence(level: &LevelSection) -> Option<String> {
    let (program, keywords) = match level.engine {
        EngineName::Psi4 => ("psi4", &["e_convergence", "d_convergence"][..]),
        EngineName::Nwchem => ("NWChem", &["scf__thresh", "scf__tol2e"][..]),
        _ => return None,
    };
    let is_set = level.keywords.keys().any(|key| keywords.iter().any(|name| key.eq_ignore_ascii_case(name)));
    (!is_set).then(|| format!("the SCF energy is converged to 1e-10 Eh here, and less tightly by {program}'s default"))
}

/// By default psi4 uses density fitting for Hartree-Fock, density functionals and MP2.
fn density_fitting(level: &LevelSection) -> Option<Problem> {
    let method = level.method.as_deref().unwrap_or_default().to_ascii_lowercase();
    let has = |name: &str| level.keywords.keys().any(|key| key.eq_ignore_ascii_case(name));
    let is_double_hybrid =
        ["b2plyp", "b2gpplyp", "dsd-", "pwpb95", "pbe0-2", "pbe0-dh", "ptpss"].iter().any(|part| method.contains(part));
    let is_mp2 = ["mp2", "scs-mp2", "sos-mp2", "mp2d"].iter().any(|name| method.starts_with(name))
        && !method.starts_with("mp2.5");
    let mut missing = Vec::new();
    if !has("scf_type") {
        missing.push(("scf_type", "pk"));
    }
    if (is_mp2 || is_double_hybrid) && !has("mp2_type") {
        missing.push(("mp2_type", "conv"));
    }
    if missing.is_empty() {
        return None;
    }
    let names: Vec<String> = missing.iter().map(|(name, _)| format!("`{name}`")).collect();
    let keywords = |is_fitted: bool| {
        let pair = |(name, exact): &(&str, &str)| format!("\"{name}\": \"{}\"", if is_fitted { "df" } else { exact });
        format!("{{{}}}", missing.iter().map(pair).collect::<Vec<_>>().join(", "))
    };
    let are = if missing.len() == 1 { "is" } else { "are" };
    Some(Problem::new(
        format!(
            "density fitting is off here and on in QCManyBody, where it is psi4's default: {} {are} not set",
            names.join(" and ")
        ),
        format!("for density fitting add {} to \"keywords\", for exact integrals {}", keywords(true), keywords(false)),
    ))
}

/// By default NWChem uses Cartesian functions for every basis set.
fn spherical_functions(level: &LevelSection) -> Option<Problem> {
    let basis = level.basis.as_deref()?.trim().to_ascii_lowercase();
    let is_set = ["basis__spherical", "basis__cartesian"].iter().any(|key| level.keywords.contains_key(*key));
    // Without d functions there is no difference.
    let is_small = basis.starts_with("sto-") || ["6-311g", "6-311+g", "6-311++g"].contains(&basis.as_str());
    if is_set || is_small || is_cartesian(&basis) {
        return None;
    }
    Some(Problem::new(
        format!("functions of {basis} are spherical here and Cartesian in QCManyBody, where that is NWChem's default"),
        "add \"basis__cartesian\": true to \"keywords\" for Cartesian functions, \"basis__spherical\": true for spherical ones",
    ))
}

/// Warnings where open shells are unrestricted here and restricted by NWChem's default, each with a note for the result.
pub fn open_shells(
    config: &Config,
    levels: &[LevelSection],
    locations: &LevelLocations,
    fragments: &[Fragment],
) -> Vec<(Fault, String)> {
    if fragments.iter().all(|fragment| fragment.multiplicity == 1) {
        return Vec::new();
    }
    let is_restricted = |level: &LevelSection| {
        level.engine == EngineName::Nwchem
            && level.method.as_deref().is_some_and(|method| !method.eq_ignore_ascii_case("mp2"))
            && !level.keywords.keys().any(|key| key.eq_ignore_ascii_case("scf__uhf"))
    };
    let warning = |(index, level): (usize, &LevelSection)| {
        let location = locations.program(index)?;
        let message =
            "open shells are unrestricted here and restricted (ROHF) in QCManyBody, where that is NWChem's default";
        let help = "add \"scf__uhf\": true to \"keywords\" to confirm unrestricted orbitals";
        Some((location.fault(config, message, help).warning(), describe(level, message)))
    };
    levels.iter().enumerate().filter(|(_, level)| is_restricted(level)).filter_map(warning).collect()
}
