//! What does a ManyBodyInput of QCManyBody amount to as a configuration?
use super::{json, many_body};
use crate::config::{CampaignSection, Translation};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Keys of a configuration, and where a ManyBodyInput specifies them: the first path that is there.
const KEYS: [(&str, &[&str]); 13] = [
    ("fragments.input", &["molecule"]),
    ("fragments.fragments", &["molecule", "fragments"]),
    ("fragments.charges", &["molecule", "fragment_charges"]),
    ("fragments.multiplicities", &["molecule", "fragment_multiplicities"]),
    ("fragments.driver", &["specification", "driver"]),
    ("fragments.bsse", &["specification", "keywords", "bsse_type"]),
    ("fragments.max_order", &["specification", "keywords", "max_nbody"]),
    ("fragments.max_order", &["specification", "keywords", "levels"]),
    ("fragments.max_order", &["specification", "keywords"]),
    ("fragments.total", &["specification", "keywords", "return_total_data"]),
    ("fragments.supersystem_interaction_only", &["specification", "keywords", "supersystem_ie_only"]),
    ("fragments.embedding_charges", &["specification", "keywords", "embedding_charges"]),
    ("fragments.level", &["specification", "specification"]),
];

/// The campaign that the ManyBodyInput at `path`, with this `text`, amounts to: its output has the name of the file. None where the text is
/// no ManyBodyInput; one with faults is still one.
pub fn translate(path: &Path, text: &str) -> Option<Translation> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let is_input = match serde_json::from_str::<Value>(text) {
        Ok(value) => is_many_body_input(&value),
        Err(_) => ["\"molecule\"", "\"specification\""].iter().all(|key| text.contains(key)),
    };
    let stem = path.file_stem().filter(|_| is_input)?;
    let name = |extension: &str| {
        let mut name = stem.to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    let spans = KEYS.iter().filter_map(|(key, path)| Some((*key, json::span_of(text, path)?)));
    Some(Translation {
        campaign: CampaignSection { kind: "fragments".to_owned(), seed: 0, output: name(".h5") },
        section: json!({ "input": path.file_name().map(Path::new) }),
        spans: spans.collect(),
        exported: name(".result.json"),
    })
}

/// Whether it is a ManyBodyInput, or another object of QCSchema, which is refused as such.
fn is_many_body_input(value: &Value) -> bool {
    let name = value.get("schema_name").and_then(Value::as_str).unwrap_or_default();
    let is_qcschema =
        many_body::NAMES.contains(&name) || name.starts_with("qcschema_") || name.starts_with("qc_schema_");
    is_qcschema || value.get("molecule").is_some() && value.get("specification").is_some()
}
