//! How is a campaign described as a ManyBodyInput of QCManyBody, which a ManyBodyResult contains?
use super::{Frame, Setup, Solver, config_name};
use crate::science::expansion::Supersystem;
use serde_json::{Map, Value, json};

/// The ManyBodyInput of a frame: the `given` one without what QCManyBody's models do not have, or else one of QCSchema 1. None where the
/// atoms of a fragment are not next to one another, which a ManyBodyInput cannot express.
pub fn describe(setup: &Setup, frame: &Frame, given: Option<&Value>) -> Option<Value> {
    if let Some(Value::Object(given)) = given {
        return Some(normalized(given.clone()).into());
    }
    let atoms: Vec<usize> = frame.system.fragments.iter().flat_map(|fragment| fragment.atoms.clone()).collect();
    atoms.is_sorted().then(|| {
        json!({
            "schema_name": "qcschema_manybodyinput",
            "schema_version": 1,
            "molecule": molecule(&frame.system),
            "specification": {
                "driver": config_name(&setup.driver),
                "keywords": keywords(setup, frame),
                "specification": model_chemistries(setup),
            },
        })
    })
}

/// The version of QCSchema of a ManyBodyInput: 1 where nothing says otherwise.
pub fn schema_version(input: &Value) -> u64 {
    match input.get("schema_version").and_then(Value::as_f64) {
        Some(version) => version as u64,
        None if input.get("schema_name").is_some_and(|name| name == "qcschema_many_body_input") => 2,
        None => 1,
    }
}

/// A given ManyBodyInput with the name and version of its schema, and without keys that the models of that version do not have.
fn normalized(mut input: Map<String, Value>) -> Map<String, Value> {
    let version = schema_version(&input.clone().into());
    let (name, others) = match version {
        2 => ("qcschema_many_body_input", &["execution", "extras"][..]),
        _ => ("qcschema_manybodyinput", &["execution", "provenance", "id"][..]),
    };
    others.iter().for_each(|key| drop(input.remove(*key)));
    input.insert("schema_name".to_owned(), name.into());
    input.insert("schema_version".to_owned(), version.into());
    input
}

/// The molecule in bohr; charge and multiplicity of the whole follow from those of fragments.
fn molecule(system: &Supersystem) -> Value {
    let fragments = &system.fragments;
    json!({
        "schema_name": "qcschema_molecule",
        "schema_version": 2,
        "symbols": system.elements.iter().map(|element| element.symbol()).collect::<Vec<_>>(),
        "geometry": system.positions.as_flattened(),
        "fragments": fragments.iter().map(|fragment| &fragment.atoms).collect::<Vec<_>>(),
        "fragment_charges": fragments.iter().map(|fragment| f64::from(fragment.charge)).collect::<Vec<_>>(),
        "fragment_multiplicities": fragments.iter().map(|fragment| fragment.multiplicity).collect::<Vec<_>>(),
        "fix_com": true,
        "fix_orientation": true,
    })
}

fn keywords(setup: &Setup, Frame { expansion, .. }: &Frame) -> Value {
    let name = |level: usize| Value::from(setup.levels[level].name.as_str());
    let mut levels = Map::new();
    for (index, &level) in expansion.level_of.iter().enumerate() {
        // A level covers the orders below it.
        if expansion.level_of.get(index + 1) != Some(&level) {
            levels.insert((index + 1).to_string(), name(level));
        }
    }
    levels.extend(expansion.supersystem.map(|level| ("supersystem".to_owned(), name(level))));
    let embedding = setup.embedding.as_ref().map(|charges| {
        let entry = |(index, charges): (usize, &Vec<f64>)| ((index + 1).to_string(), json!(charges));
        charges.iter().enumerate().map(entry).collect::<Map<_, _>>()
    });
    json!({
        "bsse_type": expansion.bsse.iter().map(|bsse| bsse.name()).collect::<Vec<_>>(),
        "levels": levels,
        "return_total_data": expansion.total,
        "supersystem_ie_only": expansion.is_interaction_only,
        "embedding_charges": embedding,
    })
}

/// The model chemistries by name; a level of recorded tasks is its own method.
fn model_chemistries(setup: &Setup) -> Map<String, Value> {
    let mut chemistries = Map::new();
    for level in &setup.levels {
        let chemistry = &level.chemistry;
        let method = if chemistry.method.is_empty() { &level.name } else { &chemistry.method };
        let program = match &level.solver {
            Solver::Embedded(_) => "simmpi",
            Solver::Program(_) | Solver::Recorded(_) => level.engine_name(),
        };
        let specification = json!({
            "program": program,
            "driver": config_name(&setup.driver),
            "model": { "method": method, "basis": chemistry.basis },
            "keywords": chemistry.keywords,
        });
        chemistries.insert(level.name.clone(), specification);
    }
    chemistries
}

/// The energy of the nuclei in each other's fields, Eh.
pub fn nuclear_repulsion(system: &Supersystem) -> f64 {
    let charge = |atom: usize| f64::from(system.elements[atom].number());
    let atoms = system.elements.len();
    let pairs = (0..atoms).flat_map(|a| (0..a).map(move |b| (a, b)));
    pairs.map(|(a, b)| charge(a) * charge(b) / distance(system.positions[a], system.positions[b])).sum()
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    let square: f64 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
    libm::sqrt(square)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_input_keeps_what_its_schema_has() {
        let input = |text: &str| normalized(serde_json::from_str(text).unwrap());
        let first = input(r#"{"molecule": 1, "execution": {}, "id": "x", "extras": {"a": 1}}"#);
        let wanted =
            json!({"molecule": 1, "extras": {"a": 1}, "schema_name": "qcschema_manybodyinput", "schema_version": 1});
        assert_eq!(Value::from(first), wanted);
        let second =
            input(r#"{"schema_name": "qcschema_many_body_input", "id": "x", "extras": {}, "execution": null}"#);
        let wanted = json!({"id": "x", "schema_name": "qcschema_many_body_input", "schema_version": 2});
        assert_eq!(Value::from(second), wanted);
        assert_eq!(schema_version(&json!({"schema_version": 2.0})), 2);
    }
}
