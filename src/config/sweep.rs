//! Which points does a sweep have?
//!
//! `[[sweep]]` names a key and its values; several of them form a grid. A point is the configuration with one value of each sweep at its key, and
//! is validated like any configuration: a fault of it points to the value in the sweep.
use super::fault::{Fault, Faults};
use super::format::Format;
use super::key::{KeyPath, PathSegment};
use super::source::Source;
use super::toml_text::inline;
use super::tree::{Entry, Node, TomlTable, TomlValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

/// A key and its values, one for each point of the sweep.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepSection {
    /// Dotted path of the key, as in "trajectories.model.momentum".
    #[schemars(length(min = 1))]
    pub key: String,
    /// Values of the key; each has its own group of results.
    #[schemars(length(min = 1))]
    pub values: Vec<serde_json::Value>,
}

/// Maximum number of points.
const MAX_POINTS: usize = 100_000;

/// The value of one swept key in a point.
#[derive(Clone, Debug)]
pub(super) struct SweptValue {
    key: KeyPath,
    /// The index of the sweep, and of the value in it.
    sweep: usize,
    value: usize,
    /// The value as written in the configuration.
    text: String,
}

/// One `[[sweep]]` of the file.
struct Axis<'a> {
    key: &'a Entry,
    path: KeyPath,
    values: &'a [Node],
}

/// The swept values of every point, those of the last sweep changing fastest; one point without values if nothing is swept. Keys of `section`
/// can be swept, except `fixed`.
pub(super) fn points(
    source: &Source,
    tree: &TomlTable,
    section: &str,
    fixed: &[&str],
) -> Result<Vec<Vec<SweptValue>>, Faults> {
    let Some(TomlValue::Array(sweeps)) = tree.get("sweep").map(|node| &node.value) else { return Ok(vec![Vec::new()]) };
    let mut faults = Faults::default();
    let mut points: Vec<Vec<SweptValue>> = vec![Vec::new()];
    let mut known: Vec<String> = Vec::new();
    for (sweep, node) in sweeps.iter().enumerate() {
        let Some(axis) = node.as_table().and_then(axis) else { continue };
        let path = axis.path.to_string();
        let mut refuse = |span, message: String, help: &str| {
            faults.push(Fault::new(source, span, "sweep", message, help));
        };
        let is_inside = path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        if !is_inside || fixed.contains(&path.as_str()) {
            let message = format!("`{path}` cannot be swept");
            let fixed = fixed.join(", ");
            refuse(&axis.key.node.span, message, &format!("sweep a key of [{section}] other than {fixed}"));
        } else if known.contains(&path) {
            refuse(&axis.key.node.span, format!("`{path}` is swept twice"), "list all its values in one [[sweep]]");
        }
        let texts: Vec<String> = axis.values.iter().map(|value| text_of(source, value)).collect();
        for (k, text) in texts.iter().enumerate().filter(|(k, text)| texts[..*k].contains(text)) {
            refuse(
                &axis.values[k].span,
                format!("`{text}` is listed twice"),
                "remove one: the two points would be identical",
            );
        }
        known.push(path);
        let choice = |value: usize| SweptValue { key: axis.path.clone(), sweep, value, text: texts[value].clone() };
        let extend = |point: &Vec<SweptValue>| -> Vec<Vec<SweptValue>> {
            (0..texts.len()).map(|value| point.iter().cloned().chain([choice(value)]).collect()).collect()
        };
        if points.len() * texts.len() > MAX_POINTS {
            refuse(&axis.key.node.span, format!("the sweep has more than {MAX_POINTS} points"), "sweep fewer values");
            break;
        }
        points = points.iter().flat_map(extend).collect();
    }
    faults.into_result(points)
}

fn axis(table: &TomlTable) -> Option<Axis<'_>> {
    let (key, values) = (table.entry("key")?, table.get("values")?);
    let (TomlValue::Text(path), TomlValue::Array(values)) = (&key.node.value, &values.value) else { return None };
    Some(Axis { key, path: KeyPath::parse(path), values })
}

/// A value on one line, strings without quotes: the same in every format of the file.
fn text_of(source: &Source, node: &Node) -> String {
    match &node.value {
        TomlValue::Text(text) => text.clone(),
        _ if Format::for_path(source.path) == Format::Toml => {
            source.text[node.span.clone()].split_whitespace().collect::<Vec<_>>().concat()
        }
        _ => inline(source, node, ""),
    }
}

/// The name of a point in the paths of the result file: the last part of each swept key with its value.
pub(super) fn name(point: &[SweptValue]) -> Option<String> {
    let words = |choice: &SweptValue| choice.key.0.iter().map(PathSegment::to_string).collect::<Vec<_>>();
    let last = |choice: &SweptValue| words(choice).pop().unwrap_or_default();
    let is_alone = |choice: &SweptValue| point.iter().filter(|other| last(other) == last(choice)).count() == 1;
    let part = |choice: &SweptValue| {
        let key = if is_alone(choice) { last(choice) } else { choice.key.to_string() };
        format!("{key}={}", choice.text).replace('/', "%2F")
    };
    (!point.is_empty()).then(|| point.iter().map(part).collect::<Vec<_>>().join(","))
}

/// The swept keys and their values.
pub(super) fn values(point: &[SweptValue]) -> Vec<(String, String)> {
    point.iter().map(|choice| (choice.key.to_string(), choice.text.clone())).collect()
}

/// The configuration tree of a point.
pub(super) fn tree_of(tree: &TomlTable, point: &[SweptValue]) -> TomlTable {
    let mut swept = tree.clone();
    for choice in point {
        let sweep = tree.get("sweep").and_then(|node| match &node.value {
            TomlValue::Array(sweeps) => sweeps.get(choice.sweep)?.as_table(),
            _ => None,
        });
        let Some(axis) = sweep.and_then(axis) else { continue };
        set_in_tree(&mut swept, &choice.key.0, &axis.key.node, &axis.values[choice.value]);
    }
    swept
}

fn set_in_tree(table: &mut TomlTable, path: &[PathSegment], key: &Node, value: &Node) {
    let Some((PathSegment::Key(name), rest)) = path.split_first() else { return };
    let entry = match table.0.iter().position(|entry| entry.key == *name) {
        Some(at) => &mut table.0[at],
        None => {
            let node = Node { value: TomlValue::Table(TomlTable::default()), span: value.span.clone() };
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
        (TomlValue::Table(inner), rest) => set_in_tree(inner, rest, key, value),
        (TomlValue::Array(items), [PathSegment::Index(index)]) => {
            items.get_mut(*index).into_iter().for_each(|item| *item = value.clone());
        }
        _ => {}
    }
}

/// Sets a point's values in the TOML document.
pub(super) fn apply(document: &mut DeTable, point: &[SweptValue]) {
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

fn set<'i>(table: &mut DeTable<'i>, path: &[PathSegment], value: toml::Spanned<DeValue<'i>>) {
    let Some((PathSegment::Key(name), rest)) = path.split_first() else { return };
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
        (Some(DeValue::Array(items)), [PathSegment::Index(index)]) => {
            items.get_mut(*index).into_iter().for_each(|item| *item = value.clone());
        }
        _ => {}
    }
}
