//! How does an engine say what it cannot do?
use super::{Chemistry, Needs, Reference, Refusal};

/// A refusal of the key `key`.
pub fn key(key: &'static str, message: impl Into<String>, help: impl Into<String>) -> Refusal {
    Refusal { key, message: message.into(), help: help.into() }
}

/// Refusals of every key beyond method and basis that is set, by an engine that hands none of them on; `help` says what
/// to do instead with a key.
pub fn options(engine: &str, chemistry: &Chemistry, help: impl Fn(&str) -> String) -> Vec<Refusal> {
    let set = [
        ("reference", chemistry.reference != Reference::Auto),
        ("frozen_core", chemistry.frozen_core.is_some()),
        ("density_fitting", chemistry.density_fitting.is_some()),
        ("scf_convergence", chemistry.scf_convergence.is_some()),
    ];
    let refused = set.into_iter().filter(|(_, is_set)| *is_set);
    refused.map(|(name, _)| key(name, format!("the engine {engine} does not translate `{name}`"), help(name))).collect()
}

/// Refusals of a level that lacks what a Gaussian-basis program needs, or wants singlets' orbitals for other spins.
pub fn ab_initio(chemistry: &Chemistry, needs: Needs) -> Vec<Refusal> {
    let mut refused = Vec::new();
    if chemistry.method.trim().is_empty() {
        refused.push(key("method", "there is no method", "name one, as in `method = \"mp2\"`"));
    }
    if chemistry.basis.as_deref().is_none_or(|basis| basis.trim().is_empty()) {
        refused.push(key("basis", "there is no basis set", "name one, as in `basis = \"6-31g*\"`"));
    }
    if needs.open_shells && chemistry.reference == Reference::Rhf {
        let message = "restricted orbitals are for singlets, and there are fragments with unpaired electrons";
        refused.push(key("reference", message, "leave `reference` out, or set it to \"uhf\""));
    }
    let convergence = chemistry.scf_convergence.filter(|value| !(*value > 0.0 && value.is_finite()));
    if let Some(value) = convergence {
        let message = format!("an SCF energy does not converge to {value} Eh");
        refused.push(key("scf_convergence", message, "give a small positive number, as in 1e-10"));
    }
    refused
}

/// A refusal of ghost atoms.
pub fn ghosts(engine: &str) -> Refusal {
    key(
        "engine",
        format!("{engine} has no ghost atoms, which counterpoise corrections (cp, vmfc) need"),
        "use `bsse = [\"nocp\"]`, or another engine",
    )
}

/// A refusal of embedding charges.
pub fn point_charges(engine: &str) -> Refusal {
    key(
        "engine",
        format!("{engine} is given no embedding charges"),
        "take the charges out, or use the engine embedded, psi4 or nwchem",
    )
}
