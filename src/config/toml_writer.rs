//! How is a configuration of any format written as TOML, with the meaning of every key?
use super::Config;
use super::schema::{Property, Schemas, Shape};
use super::source::Source;
use super::toml_text::{in_order, inline, key, multi_line};
use super::tree::{Node, TomlTable, TomlValue};
use serde_json::Value;
use std::collections::BTreeSet;

/// Characters of a line of comments.
const WIDTH: usize = 118;

impl Config {
    /// The configuration as TOML: the same values, digit by digit, below the descriptions of their keys.
    pub fn to_toml(&self) -> String {
        let schemas = Schemas::new(&self.schema);
        let mut writer = Writer { source: self.source(), schemas, text: String::new(), described: BTreeSet::new() };
        writer.write_table("", &self.tree, &[schemas.root()]);
        writer.text.trim_start().to_owned()
    }
}

struct Writer<'a> {
    source: Source<'a>,
    schemas: Schemas<'a>,
    text: String,
    /// Paths of keys whose meaning stands above already.
    described: BTreeSet<String>,
}

impl<'a> Writer<'a> {
    /// The keys of the table at `path`: values first, then sections below it.
    fn write_table(&mut self, path: &str, table: &TomlTable, alternatives: &[&'a Value]) {
        let shape = self.schemas.shape(alternatives, table);
        let (sections, values): (Vec<_>, Vec<_>) =
            in_order(table).into_iter().partition(|entry| is_section(&entry.node));
        for entry in values {
            self.describe(path, &shape, &entry.key);
            let value = match &entry.node.value {
                TomlValue::Text(text) if text.contains('\n') => multi_line(text),
                _ => inline(&self.source, &entry.node, " "),
            };
            self.text += &format!("{} = {value}\n", key(&entry.key));
        }
        for entry in sections {
            let inner = if path.is_empty() { key(&entry.key) } else { format!("{path}.{}", key(&entry.key)) };
            let schema = schema_of(&shape, &entry.key);
            let alternatives = schema.map(|schema| self.schemas.alternatives(schema)).unwrap_or_default();
            self.text.push('\n');
            self.describe(path, &shape, &entry.key);
            match &entry.node.value {
                TomlValue::Table(table) => {
                    self.text += &format!("[{inner}]\n");
                    self.write_table(&inner, table, &alternatives);
                }
                TomlValue::Array(items) => self.write_array(&inner, items, &alternatives),
                _ => {}
            }
        }
    }

    /// An array of tables.
    fn write_array(&mut self, path: &str, items: &[Node], alternatives: &[&'a Value]) {
        let of_items = alternatives.iter().filter_map(|schema| schema.get("items"));
        let alternatives: Vec<_> = of_items.flat_map(|schema| self.schemas.alternatives(schema)).collect();
        for (index, item) in items.iter().enumerate() {
            let blank = if index == 0 { "" } else { "\n" };
            self.text += &format!("{blank}[[{path}]]\n");
            item.as_table().into_iter().for_each(|table| self.write_table(path, table, &alternatives));
        }
    }

    /// What a key of the table at `path` means, as a comment; once for all elements of an array.
    fn describe(&mut self, path: &str, shape: &Shape<'a>, key: &str) {
        if !self.described.insert(format!("{path}.{key}")) {
            return;
        }
        let description = match shape.property(key) {
            Some(Property::Tag) => {
                let tag = shape.tags.iter().find(|tag| tag.key == key);
                tag.map(|tag| tag.variants.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" | "))
            }
            _ => schema_of(shape, key).and_then(|schema| self.schemas.description(schema)).map(str::to_owned),
        };
        self.text += &description.map_or(String::new(), |text| comment(&text.replace('\n', " ")));
    }
}

/// Whether a value is written below a header of its own.
fn is_section(node: &Node) -> bool {
    match &node.value {
        TomlValue::Table(_) => true,
        TomlValue::Array(items) => !items.is_empty() && items.iter().all(|item| item.as_table().is_some()),
        _ => false,
    }
}

fn schema_of<'a>(shape: &Shape<'a>, key: &str) -> Option<&'a Value> {
    match shape.property(key) {
        Some(Property::Known(schema) | Property::Ambiguous(schema)) => Some(schema),
        Some(Property::Tag) => None,
        None => shape.others,
    }
}

/// A text as lines of comments.
pub fn comment(text: &str) -> String {
    let mut lines = String::new();
    for paragraph in text.lines() {
        let mut line = "#".to_owned();
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH && line != "#" {
                lines += &format!("{line}\n");
                line = "#".to_owned();
            }
            line += &format!(" {word}");
        }
        lines += &format!("{line}\n");
    }
    lines
}
