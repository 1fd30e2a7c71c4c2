//! Which sections do all configurations have?
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;

/// What is run, and where its results go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignSection {
    /// The kind of campaign; its own section is called the same
    pub kind: String,
    /// Every random stream derives from it
    #[serde(default)]
    pub seed: u64,
    /// The result file (HDF5), relative to this file's folder
    #[serde(default = "default_output")]
    pub output: PathBuf,
}

fn default_output() -> PathBuf {
    "results.h5".into()
}

/// How tasks are divided over the ranks. May change between runs of one campaign.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Tasks of a batch; by default the largest up to 256 that divides the tasks over the ranks
    #[schemars(range(min = 1))]
    pub batch_size: Option<u64>,
    /// What to do with a count that does not divide: refuse it, or leave slots idle
    pub uneven: Option<Uneven>,
    /// Whether every rank has its batches from the start, or asks for the next when it is free
    pub schedule: Option<Schedule>,
}

/// What to do with a count that does not divide over ranks x batch size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Uneven {
    Refuse,
    Idle,
}

/// When it is decided which rank runs which batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    Static,
    Dynamic,
}

/// Limits on time, failures and memory. May change between runs of one campaign.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Time limit of a task, s
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9))]
    pub task_timeout_s: Option<f64>,
    /// How often a failed task is tried again
    #[serde(default = "default_retries")]
    #[schemars(range(max = 100))]
    pub max_retries: u32,
    /// The campaign stops at so many failed tasks; 0: no limit
    #[serde(default)]
    pub max_failures: u64,
    /// Length of the time slot, s; by default what SLURM says is left
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9))]
    pub walltime_s: Option<f64>,
    /// Memory of a rank, MB; by default from the node and the ranks on it
    #[schemars(range(min = 1))]
    pub memory_mb: Option<u64>,
}

fn default_retries() -> u32 {
    2
}

/// A kind of campaign as the configuration knows it: the name of its section, and the section's schema.
pub struct KindSchema {
    pub name: &'static str,
    pub schema: Schema,
}

/// The JSON schema of a whole configuration.
pub fn full_schema(kinds: &[KindSchema]) -> Value {
    let mut generator = SchemaGenerator::default();
    let mut sections = serde_json::Map::new();
    let mut add = |name: &str, schema: Schema| drop(sections.insert(name.to_owned(), inline_definitions(schema)));
    add("campaign", generator.root_schema_for::<CampaignSection>());
    add("partition", generator.root_schema_for::<Partition>());
    add("limits", generator.root_schema_for::<Limits>());
    kinds.iter().for_each(|kind| add(kind.name, kind.schema.clone()));
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    sections["campaign"]["properties"]["kind"]["enum"] = json!(names);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simmpi configuration",
        "type": "object",
        "properties": sections,
        "required": ["campaign"],
        "additionalProperties": false,
    })
}

/// Puts definitions in the place of references to them, so that a schema stands for itself anywhere.
fn inline_definitions(schema: Schema) -> Value {
    fn resolve(value: &mut Value, definitions: &Value) {
        if let Value::Object(members) = value
            && let Some(Value::String(name)) = members.get("$ref")
            && let Some(target) = definitions.get(name.trim_start_matches("#/$defs/")).and_then(Value::as_object)
        {
            let target = target.clone();
            members.remove("$ref");
            target.into_iter().for_each(|(key, found)| _ = members.entry(key).or_insert(found));
        }
        match value {
            Value::Object(members) => members.values_mut().for_each(|member| resolve(member, definitions)),
            Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, definitions)),
            _ => {}
        }
    }
    let mut value = schema.to_value();
    let definitions = value.as_object_mut().and_then(|v| v.remove("$defs")).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("$schema");
    }
    resolve(&mut value, &definitions);
    value
}
