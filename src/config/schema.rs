//! What does a JSON schema allow?
//!
//! Supports the constructs that `schemars` derives from types and those that its attributes can add: `$ref`, `allOf`,
//! `anyOf` and `oneOf` (nullable, tagged by a constant, untagged, flattened), properties, items, ranges and lengths.
//! Unknown keys are refused in every table whose schema does not open it with `additionalProperties`, so that a
//! forgotten `deny_unknown_fields` or a flattened enum lets none through.
use super::suggest;
use super::tree::{Node, TomlTable, TomlValue};
use serde_json::{Map, Value};

/// Maximum number of references followed: a longer chain is circular.
const MAX_DEPTH: usize = 32;

/// A schema with the definitions that its references point to.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a> {
    root: &'a Value,
}

/// The keys that a table can have.
#[derive(Default)]
pub(super) struct Shape<'a> {
    pub properties: Vec<(&'a str, Property<'a>)>,
    pub required: Vec<&'a str>,
    /// The schema of other keys, if they are allowed.
    pub others: Option<&'a Value>,
    /// The keys whose values select a variant.
    pub tags: Vec<Tag<'a>>,
}

/// A known key of a table.
#[derive(Clone, Copy)]
pub(super) enum Property<'a> {
    /// The schema of its value.
    Known(&'a Value),
    /// The value cannot be validated, since the variant is not known.
    Ambiguous(&'a Value),
    /// The key selects a variant: see [`Shape::tags`].
    Tag,
}

/// A key whose value selects a variant of a table.
pub(super) struct Tag<'a> {
    pub key: &'a str,
    pub variants: Vec<(&'a str, &'a Value)>,
    /// The selected variant, if it can be identified.
    pub chosen: Option<&'a str>,
}

impl<'a> Schemas<'a> {
    pub fn new(root: &'a Value) -> Self {
        Self { root }
    }

    pub fn root(self) -> &'a Value {
        self.root
    }

    /// The schema that a reference points to, or the schema itself.
    pub fn resolve(self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_DEPTH {
            let Some(target) = reference(schema).and_then(|pointer| self.root.pointer(pointer)) else { break };
            schema = target;
        }
        schema
    }

    /// The schemas of which a value must satisfy one, without `null`, which TOML does not have.
    pub fn alternatives(self, schema: &'a Value) -> Vec<&'a Value> {
        let mut found = Vec::new();
        self.collect_alternatives(schema, MAX_DEPTH, &mut found);
        found
    }

    fn collect_alternatives(self, schema: &'a Value, depth: usize, found: &mut Vec<&'a Value>) {
        let is_own =
            ["properties", "items", "additionalProperties", "allOf"].iter().any(|key| schema.get(key).is_some());
        if depth == 0 || is_own {
            return found.push(schema);
        }
        if let Some(target) = reference(schema).and_then(|pointer| self.root.pointer(pointer)) {
            return self.collect_alternatives(target, depth - 1, found);
        }
        match branches(schema).next() {
            Some(_) => branches(schema).for_each(|branch| self.collect_alternatives(branch, depth - 1, found)),
            None if types(schema) == ["null"] => {}
            None => found.push(schema),
        }
    }

    /// The first sentence of the description of a key, or of its type.
    pub fn description(self, schema: &'a Value) -> Option<&'a str> {
        let text = |schema: &'a Value| schema.get("description").and_then(Value::as_str);
        let text = text(schema).or_else(|| text(self.resolve(schema)))?;
        let end = text.find(". ").or_else(|| text.find(".\n")).or_else(|| text.find("\n\n"));
        Some(text[..end.unwrap_or(text.len())].trim().trim_end_matches('.'))
    }

    /// The keys of the one of `alternatives` that `table` is most likely meant to be.
    pub fn shape(self, alternatives: &[&'a Value], table: &TomlTable) -> Shape<'a> {
        let mut shape = Shape::default();
        self.choose(alternatives, table, MAX_DEPTH, &mut shape);
        shape
    }

    fn gather(self, schema: &'a Value, table: &TomlTable, depth: usize, shape: &mut Shape<'a>) {
        if depth == 0 {
            return;
        }
        if schema == &Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty) {
            shape.others = Some(schema);
        }
        if let Some(target) = reference(schema).and_then(|pointer| self.root.pointer(pointer)) {
            self.gather(target, table, depth - 1, shape);
        }
        for part in list(schema, "allOf") {
            self.gather(part, table, depth - 1, shape);
        }
        for (key, property) in properties(schema) {
            shape.add(key, Property::Known(property));
        }
        shape.required.extend(list(schema, "required").filter_map(Value::as_str));
        match schema.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(others) => shape.others = Some(others),
        }
        if let Some((_, others)) =
            schema.get("patternProperties").and_then(Value::as_object).and_then(|map| map.iter().next())
        {
            shape.others = Some(others);
        }
        let variants: Vec<_> = branches(schema).filter(|branch| types(branch) != ["null"]).collect();
        self.choose(&variants, table, depth, shape);
    }

    /// Adds the keys of the one of `variants` that `table` is most likely meant to be.
    fn choose(self, variants: &[&'a Value], table: &TomlTable, depth: usize, shape: &mut Shape<'a>) {
        match variants {
            [] => {}
            [only] => self.gather(only, table, depth - 1, shape),
            _ => match self.tag(variants, table) {
                Some(tag) => self.choose_by_tag(tag, table, depth, shape),
                None => {
                    let misfits = |variant: &&&'a Value| {
                        let mut trial = Shape::default();
                        self.gather(variant, table, depth - 1, &mut trial);
                        trial.misfits(table)
                    };
                    let best = variants.iter().min_by_key(misfits).expect("there are at least two variants");
                    self.gather(best, table, depth - 1, shape);
                }
            },
        }
    }

    fn choose_by_tag(self, tag: Tag<'a>, table: &TomlTable, depth: usize, shape: &mut Shape<'a>) {
        match tag.variants.iter().find(|(name, _)| Some(*name) == tag.chosen) {
            Some((_, variant)) => self.gather(variant, table, depth - 1, shape),
            None => {
                for (_, variant) in &tag.variants {
                    let mut one = Shape::default();
                    self.gather(variant, table, depth - 1, &mut one);
                    shape.add_ambiguous(one);
                }
                shape.required.push(tag.key);
            }
        }
        shape.add(tag.key, Property::Tag);
        shape.tags.push(tag);
    }

    /// The key that is a string constant in every variant, if there is one.
    fn tag(self, variants: &[&'a Value], table: &TomlTable) -> Option<Tag<'a>> {
        let constant = |variant: &'a Value, key: &str| self.property(variant, key, MAX_DEPTH)?.get("const")?.as_str();
        let first = variants.first()?;
        let mut keys = properties(first).chain(properties(self.resolve(first))).map(|(key, _)| key);
        let key = keys.find(|key| variants.iter().all(|variant| constant(variant, key).is_some()))?;
        let variants: Vec<_> =
            variants.iter().filter_map(|variant| Some((constant(variant, key)?, *variant))).collect();
        let names: Vec<_> = variants.iter().map(|(name, _)| *name).collect();
        let chosen = table.text(key).and_then(|given| match names.iter().find(|name| **name == given) {
            Some(name) => Some(*name),
            None => suggest::suggest_value(given, &names),
        });
        Some(Tag { key, variants, chosen })
    }

    fn property(self, schema: &'a Value, key: &str, depth: usize) -> Option<&'a Value> {
        let own = schema.get("properties").and_then(|properties| properties.get(key));
        let inner = || self.property(self.root.pointer(reference(schema)?)?, key, depth.checked_sub(1)?);
        own.or_else(inner)
    }

    /// Every key of every table below `schema` and of all its variants: (dotted path of the table, key).
    pub fn index(self, schema: &'a Value) -> Vec<(String, &'a str)> {
        let mut found = Vec::new();
        self.collect_index(schema, String::new(), 0, &mut found);
        found
    }

    fn collect_index(self, schema: &'a Value, path: String, depth: usize, found: &mut Vec<(String, &'a str)>) {
        // Deeper nesting only occurs in recursive schemas.
        if depth > 16 {
            return;
        }
        let parts = reference(schema).and_then(|pointer| self.root.pointer(pointer)).into_iter();
        for part in parts.chain(branches(schema)).chain(list(schema, "allOf")).chain(schema.get("items")) {
            self.collect_index(part, path.clone(), depth + 1, found);
        }
        for (key, property) in properties(schema) {
            if !found.iter().any(|(section, known)| *section == path && *known == key) {
                found.push((path.clone(), key));
            }
            let inner = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            self.collect_index(property, inner, depth + 1, found);
        }
    }

    /// Whether `schema` allows the type of this value.
    pub fn fits(self, schema: &Value, node: &Node) -> bool {
        let types = types(schema);
        let kinds: &[&str] = match &node.value {
            TomlValue::Bool => &["boolean"],
            TomlValue::Integer(_) => &["integer", "number"],
            TomlValue::Float(_) => &["number"],
            TomlValue::Text(_) => &["string"],
            TomlValue::Date => &[],
            TomlValue::Array(_) => &["array"],
            TomlValue::Table(_) => &["object"],
        };
        types.is_empty() || types.iter().any(|kind| kinds.contains(kind))
    }

    /// The strings that `schema` allows, if it is an enumeration.
    pub fn choices(self, schema: &'a Value) -> Option<Vec<&'a str>> {
        let one = schema.get("const").and_then(Value::as_str).map(|only| vec![only]);
        one.or_else(|| Some(schema.get("enum")?.as_array()?.iter().filter_map(Value::as_str).collect()))
    }
}

impl<'a> Shape<'a> {
    pub fn property(&self, key: &str) -> Option<Property<'a>> {
        self.properties.iter().find(|(known, _)| *known == key).map(|(_, property)| *property)
    }

    fn add(&mut self, key: &'a str, property: Property<'a>) {
        match self.properties.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = property,
            None => self.properties.push((key, property)),
        }
    }

    /// Adds the keys of a variant that may or may not be the selected one.
    fn add_ambiguous(&mut self, variant: Shape<'a>) {
        self.others = self.others.or(variant.others);
        for (key, property) in variant.properties {
            let property = match (property, self.property(key)) {
                (Property::Known(new), None) => Property::Known(new),
                (Property::Known(new), Some(Property::Known(known))) if new == known => Property::Known(new),
                (Property::Known(new) | Property::Ambiguous(new), _) => Property::Ambiguous(new),
                (Property::Tag, _) => Property::Tag,
            };
            self.add(key, property);
        }
    }

    /// The number of missing and unknown keys.
    fn misfits(&self, table: &TomlTable) -> usize {
        let missing = self.required.iter().filter(|key| table.get(key).is_none()).count();
        let is_unknown = |key: &str| self.others.is_none() && self.property(key).is_none();
        missing + table.0.iter().filter(|entry| is_unknown(&entry.key)).count()
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix('#')
}

fn list<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    list(schema, "anyOf").chain(list(schema, "oneOf"))
}

pub(super) fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let map = schema.get("properties").and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, property)| (key.as_str(), property))
}

/// The types that a schema names or implies; empty if it allows any.
pub(super) fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() => vec!["object"],
        _ if schema.get("items").is_some() => vec!["array"],
        _ => match schema.get("const").or_else(|| schema.get("enum")?.as_array()?.first()) {
            Some(Value::String(_)) => vec!["string"],
            Some(Value::Bool(_)) => vec!["boolean"],
            Some(Value::Number(_)) => vec!["number"],
            _ => Vec::new(),
        },
    }
}

/// The inclusive bounds of an integer, from its range and its format.
pub(super) fn integer_bounds(schema: &Value) -> (i128, i128) {
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, u8::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint64" | "uint") => (0, u64::MAX.into()),
        Some("int8") => (i8::MIN.into(), i8::MAX.into()),
        Some("int16") => (i16::MIN.into(), i16::MAX.into()),
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    };
    let bound = |key: &str| {
        let value = schema.get(key)?;
        value
            .as_i64()
            .map(i128::from)
            .or_else(|| value.as_u64().map(i128::from))
            .or_else(|| value.as_f64().map(|x| x as i128))
    };
    let above = bound("exclusiveMinimum").map(|x| x + 1);
    let below = bound("exclusiveMaximum").map(|x| x - 1);
    let least = [bound("minimum"), above].into_iter().flatten().fold(least, i128::max);
    let most = [bound("maximum"), below].into_iter().flatten().fold(most, i128::min);
    (least, most)
}
