//! The JSON schema of a whole configuration file.
use super::kind_schema::KindSchema;
use super::sections::{CampaignSection, Limits, Partition};
use super::sweep::SweepSection;
use schemars::{Schema, schema_for};
use serde_json::{Map, Value, json};

/// The name of a section and the function that derives its schema.
type Section = (&'static str, fn() -> Schema);

/// The sections that every kind of campaign can have.
pub(super) const COMMON: [Section; 4] = [
    ("campaign", || schema_for!(CampaignSection)),
    ("partition", || schema_for!(Partition)),
    ("limits", || schema_for!(Limits)),
    ("sweep", || schema_for!(Vec<SweepSection>)),
];

/// The JSON schema of a configuration of any of the `kinds`: what `simmpi schema` prints for editors.
pub fn full_schema(kinds: &[KindSchema]) -> Value {
    schema_without(kinds, &[])
}

/// The same, in which the sections `foreign` accept anything.
pub(super) fn schema_without(kinds: &[KindSchema], foreign: &[&str]) -> Value {
    let mut definitions = Map::new();
    let mut properties = Map::new();
    let common = COMMON.iter().map(|(name, schema)| (*name, schema as &dyn Fn() -> Schema));
    for (name, schema) in common.chain(kinds.iter().map(|kind| (kind.name, kind.schema.as_ref()))) {
        let schema = if foreign.contains(&name) { Schema::default() } else { schema() };
        properties.insert(name.to_owned(), adopt(name, schema.to_value(), &mut definitions));
    }
    let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
    let kind = properties.get_mut("campaign").and_then(|campaign| campaign.pointer_mut("/properties/kind"));
    if let Some(kind) = kind.and_then(Value::as_object_mut) {
        kind.insert("enum".to_owned(), json!(names));
    }
    let is_of_kind = |name| json!({"properties": {"campaign": {"properties": {"kind": {"const": name}}}}});
    let sections: Vec<_> =
        names.iter().map(|name| json!({"if": is_of_kind(name), "then": {"required": [name]}})).collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simmpi configuration",
        "description": "A campaign of simulations: its kind, how its tasks are divided over ranks, and its limits.",
        "type": "object",
        "properties": properties,
        "required": ["campaign"],
        "additionalProperties": false,
        "$defs": definitions,
    });
    if !sections.is_empty() {
        schema["allOf"] = Value::Array(sections);
    }
    schema
}

/// Prepares the schema of a section for that of the file: its definitions move to `definitions` with the section as a prefix.
fn adopt(section: &str, mut schema: Value, definitions: &mut Map<String, Value>) -> Value {
    rename(section, &mut schema);
    let Some(map) = schema.as_object_mut() else { return schema };
    map.remove("$schema");
    if let Some(Value::Object(own)) = map.remove("$defs") {
        definitions.extend(own.into_iter().map(|(name, definition)| (format!("{section}.{name}"), definition)));
    }
    schema
}

fn rename(section: &str, schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(target) if key == "$ref" => {
                        if let Some(name) = target.strip_prefix("#/$defs/") {
                            *target = format!("#/$defs/{section}.{name}");
                        }
                    }
                    _ => rename(section, inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| rename(section, inner)),
        _ => {}
    }
}
