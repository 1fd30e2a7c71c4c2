//! What do several engines not support? The key of a problem is that of the level, or `engine` for the engine itself.
use super::{Chemistry, Needs, Reference};
use crate::problem::Problem;

/// The engine has no ghost atoms.
pub fn ghosts(engine: &str) -> Problem {
    let message = format!("{engine} does not support ghost atoms, which counterpoise corrections (cp, vmfc) need");
    Problem::at_key("engine", message, "use `bsse = [\"nocp\"]` or another engine")
}

/// The engine has no embedding charges.
pub fn point_charges(engine: &str) -> Problem {
    let message = format!("{engine} does not support embedding charges");
    Problem::at_key("engine", message, "remove the charges, or use the engine embedded, psi4 or nwchem")
}

/// The level has no method.
pub fn no_method() -> Problem {
    Problem::at_key("method", "`method` is empty", "set it, as in `method = \"mp2\"`")
}

/// Refusals of all options besides method and basis that are set, for an engine that passes none of them on. `help` says what to do instead
/// of setting a key.
pub fn options(engine: &str, chemistry: &Chemistry, help: impl Fn(&str) -> String) -> Vec<Problem> {
    let keys = [
        ("reference", chemistry.reference != Reference::Auto),
        ("frozen_core", chemistry.frozen_core.is_some()),
        ("density_fitting", chemistry.density_fitting.is_some()),
        ("scf_convergence", chemistry.scf_convergence.is_some()),
    ];
    let refused = keys.into_iter().filter(|(_, is_set)| *is_set);
    let refusal =
        |key: &str| Problem::at_key(key, format!("the engine {engine} does not support the option `{key}`"), help(key));
    refused.map(|(key, _)| refusal(key)).collect()
}

/// Refusals of a level without what a Gaussian-basis program needs, or with a restricted reference for open shells.
pub fn ab_initio(chemistry: &Chemistry, needs: Needs) -> Vec<Problem> {
    let mut refused = Vec::new();
    if chemistry.method.trim().is_empty() {
        refused.push(no_method());
    }
    if chemistry.basis.as_deref().is_none_or(|basis| basis.trim().is_empty()) {
        refused.push(Problem::at_key("basis", "`basis` is not set", "set it, as in `basis = \"6-31g*\"`"));
    }
    if needs.open_shells && chemistry.reference == Reference::Rhf {
        let message = "restricted orbitals are for singlets only, and there are fragments with unpaired electrons";
        refused.push(Problem::at_key("reference", message, "remove `reference`, or set it to \"uhf\""));
    }
    let convergence = chemistry.scf_convergence.filter(|value| !(*value > 0.0 && value.is_finite()));
    if let Some(value) = convergence {
        let message = format!("an SCF energy cannot converge to {value} Eh");
        refused.push(Problem::at_key("scf_convergence", message, "set a small positive number, such as 1e-10"));
    }
    refused
}
