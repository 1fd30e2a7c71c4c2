//! Which points does a sweep have?
//!
//! `[[sweep]]` names a key and its values; several of them make a grid. A point is the configuration with one value of each in place of
//! what stands at the key, and it is checked as if it had been written so: a fault of it points to the value in the sweep.
use super::fault::{Fault, Faults};
use super::key::{KeyPath, Step};
use super::source::Source;
use super::tree::{Entry, Node, Table, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

/// A key and the values that it is given one after the other.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepSection {
    /// The key, as in "trajectories.model.momentum".
    #[schemars(length(min = 1))]
    pub key: String,
    /// Its values, a group of results for each.
    #[schemars(length(min = 1))]
    pub values: Vec<serde_json::Value>,
}

/// More points than this are a mistake.
const MANY: usize = 100_000;

/// A value of a sweep that a point has in place of its own.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    key: KeyPath,
    /// Which sweep, and which of its values.
    sweep: usize,
    value: usize,
    /// As it stands in the configuration.
    text: String,
}

/// A swept key as it stands in the file.
struct Axis<'a> {
    key: &'a Entry,
    path: KeyPath,
    values: &'a [Node],
}

/// The choices of every point, the last sweep's values changing fastest; one point without any where nothing is swept. `section` is the
/// one that may be swept, and `fixed` are keys of it that may not.
pub(super) fn choices(
    source: &Source,
    tree: &Table,
    section: &str,
    fixed: &[&str],
) -> Result<Vec<Vec<Choice>>, Faults> {
    let Some(Value::Array(sweeps)) = tree.get("sweep").map(|node| &node.value) else { return Ok(vec![Vec::new()]) };
    let mut faults = Faults::default();
    let mut points: Vec<Vec<Choice>> = vec![Vec::new()];
    let mut known: Vec<String> = Vec::new();
    for (sweep, node) in sweeps.iter().enumerate() {
        let Some(axis) = node.table().and_then(axis) else { continue };
        let path = axis.path.to_string();
        let mut refuse = |span, message: String, help: &str| {
            faults.push(Fault::at(source, span, "sweep", message, help));
        };
        let is_inside = path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        if !is_inside || fixed.contains(&path.as_str()) {
            let message = format!("`{path}` cannot be swept");
            let fixed = fixed.join(", ");
            refuse(&axis.key.node.span, message, &format!("name a key of [{section}], but not one of {fixed}"));
        } else if known.contains(&path) {
            refuse(&axis.key.node.span, format!("`{path}` is swept twice"), "give all its values in one place");
        }
        let texts: Vec<String> = axis.values.iter().map(|value| text_of(source, value)).collect();
        for (k, text) in texts.iter().enumerate().filter(|(k, text)| texts[..*k].contains(text)) {
            refuse(
                &axis.values[k].span,
                format!("`{text}` is given twice"),
                "remove one: the points would be the same",
            );
        }
        known.push(path);
        let choice = |value: usize| Choice { key: axis.path.clone(), sweep, value, text: texts[value].clone() };
        let extend = |point: &Vec<Choice>| -> Vec<Vec<Choice>> {
            (0..texts.len()).map(|value| point.iter().cloned().chain([choice(value)]).collect()).collect()
        };
        if points.len() * texts.len() > MANY {
            refuse(&axis.key.node.span, format!("the sweep has more than {MANY} points"), "sweep fewer values");
            break;
        }
        points = points.iter().flat_map(extend).collect();
    }
    faults.into_result(points)
}

fn axis(table: &Table) -> Option<Axis<'_>> {
    let (key, values) = (table.entry("key")?, table.get("values")?);
    let (Value::Text(path), Value::Array(values)) = (&key.node.value, &values.value) else { return None };
    Some(Axis { key, path: KeyPath::parse(path), values })
}

/// A value on one line, strings without quotes.
fn text_of(source: &Source, node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.clone(),
        _ => source.text[node.span.clone()].split_whitespace().collect::<Vec<_>>().concat(),
    }
}

/// What a point is called, as a part of a path in the result file: each swept key's last word and its value.
pub(super) fn name(point: &[Choice]) -> Option<String> {
    let words = |choice: &Choice| choice.key.0.iter().map(Step::to_string).collect::<Vec<_>>();
    let last = |choice: &Choice| words(choice).pop().unwrap_or_default();
    let is_alone = |choice: &Choice| point.iter().filter(|other| last(other) == last(choice)).count() == 1;
    let part = |choice: &Choice| {
        let key = if is_alone(choice) { last(choice) } else { choice.key.to_string() };
        format!("{key}={}", choice.text).replace('/', "%2F")
    };
    (!point.is_empty()).then(|| point.iter().map(part).collect::<Vec<_>>().join(","))
}

/// The swept keys and their values.
pub(super) fn values(point: &[Choice]) -> Vec<(String, String)> {
    point.iter().map(|choice| (choice.key.to_string(), choice.text.clone())).collect()
}

/// The tree of a point.
pub(super) fn tree_of(tree: &Table, point: &[Choice]) -> Table {
    let mut swept = tree.clone();
    for choice in point {
        let sweep = tree.get("sweep").and_then(|node| match &node.value {
            Value::Array(sweeps) => sweeps.get(choice.sweep)?.table(),
            _ => None,
        });
        let Some(axis) = sweep.and_then(axis) else { continue };
        put(&mut swept, &choice.key.0, &axis.key.node, &axis.values[choice.value]);
    }
    swept
}

fn put(table: &mut Table, path: &[Step], key: &Node, value: &Node) {
    let Some((Step::Key(name), rest)) = path.split_first() else { return };
    let entry = match table.0.iter().position(|entry| entry.key == *name) {
        Some(at) => &mut table.0[at],
        None => {
            let node = Node { value: Value::Table(Table::default()), span: value.span.clone() };
            table.0.push(Entry { key: name.clone(), key_span: key.span.clone(), node });
            table.0.last_mut().expect("it has just been added")
        }
    };
    if rest.is_empty() {
        entry.node = value.clone();
        entry.key_span = key.span.clone();
        return;
    }
    match (&mut entry.node.value, rest) {
        (Value::Table(inner), rest) => put(inner, rest, key, value),
        (Value::Array(items), [Step::Index(index)]) => {
            items.get_mut(*index).into_iter().for_each(|item| *item = value.clone());
        }
        _ => {}
    }
}

/// Puts a point's values into the document that is read.
pub(super) fn apply(document: &mut DeTable, point: &[Choice]) {
    for choice in point {
        let sweeps = match document.get("sweep").map(|sweep| sweep.get_ref()) {
            Some(DeValue::Array(sweeps)) => sweeps,
            _ => return,
        };
        let Some(DeValue::Table(sweep)) = sweeps.get(choice.sweep).map(|sweep| sweep.get_ref()) else { return };
        let Some(DeValue::Array(values)) = sweep.get("values").map(|values| values.get_ref()) else { return };
        let Some(value) = values.get(choice.value).cloned() else { return };
        set(document, &choice.key.0, value);
    }
}

fn set<'i>(table: &mut DeTable<'i>, path: &[Step], value: toml::Spanned<DeValue<'i>>) {
    let Some((Step::Key(name), rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.insert(toml::Spanned::new(value.span(), name.clone().into()), value);
        return;
    }
    if !table.contains_key(name.as_str()) {
        let empty = toml::Spanned::new(value.span(), DeValue::Table(DeTable::new()));
        table.insert(toml::Spanned::new(value.span(), name.clone().into()), empty);
    }
    match (table.get_mut(name.as_str()).map(|inner| inner.get_mut()), rest) {
        (Some(DeValue::Table(inner)), rest) => set(inner, rest, value),
        (Some(DeValue::Array(items)), [Step::Index(index)]) => {
            items.get_mut(*index).into_iter().for_each(|item| *item = value.clone());
        }
        _ => {}
    }
}
