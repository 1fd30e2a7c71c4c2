//! Does a configuration conform to its schema?
//!
//! The schema derived from the Rust types is the only source of truth. Validation continues after a fault, so that all faults are reported
//! together. Whether values make sense together is not checked here.
use super::describe::{describe_expected, describe_value, format_bound, suggest_rewrite};
use super::fault::{Fault, Faults};
use super::format::Format;
use super::key::{KeyPath, PathSegment};
use super::schema::{Property, Schemas, Shape, Tag, integer_bounds};
use super::source::Source;
use super::suggest;
use super::tree::{Entry, Node, TomlTable, TomlValue};
use serde_json::Value;
use std::cell::OnceCell;
use std::ops::Range;

/// Validates a whole configuration file.
pub(super) struct Validator<'a> {
    pub source: &'a Source<'a>,
    pub schemas: Schemas<'a>,
    /// Sections of other kinds of campaign: neither validated nor suggested.
    pub foreign: &'a [&'a str],
    /// Whether parts of the file could not be parsed: then no key is reported as missing.
    pub is_partial: bool,
}

impl<'a> Validator<'a> {
    /// All faults of `tree`, the whole file.
    pub fn run(&self, tree: &TomlTable) -> Faults {
        let (path, faults) = (KeyPath::default(), Faults::default());
        let mut walk = Walk { validator: self, path, faults, elsewhere: OnceCell::new() };
        walk.validate_table(tree, &(0..0), &[self.schemas.root()]);
        walk.faults
    }
}

struct Walk<'a> {
    validator: &'a Validator<'a>,
    path: KeyPath,
    faults: Faults,
    /// The keys of all sections that belong to the file: (dotted path of the section, key).
    elsewhere: OnceCell<Vec<(String, &'a str)>>,
}

/// What an unknown key was probably meant to be.
enum Guess<'a> {
    /// A key of the same table.
    Here(&'a str),
    /// A key of other variants of the same table.
    Variant {
        tag: &'a str,
        owners: Vec<&'a str>,
        key: &'a str,
    },
    /// A key of another table: the dotted path of the table, and the key.
    Elsewhere(String, &'a str),
    None,
}

impl<'a> Walk<'a> {
    fn fault(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Fault::new(self.validator.source, span, &self.path, message, help));
    }

    fn value(&mut self, node: &Node, schema: &'a Value) {
        let schemas = self.validator.schemas;
        let alternatives = schemas.alternatives(schema);
        let fitting: Vec<_> = alternatives.iter().copied().filter(|schema| schemas.fits(schema, node)).collect();
        match (&node.value, fitting.as_slice()) {
            (_, []) => {
                let message = format!(
                    "{} must be {}, found {}",
                    self.path.leaf(),
                    describe_expected(schemas, &alternatives),
                    self.describe_value(node)
                );
                let help = suggest_rewrite(&alternatives, node, self.validator.source);
                self.fault(&node.span, message, help.unwrap_or_else(|| self.describe_key(schema, &alternatives)));
            }
            (TomlValue::Table(table), _) => self.validate_table(table, &node.span, &fitting),
            (TomlValue::Text(text), _) => self.text(text, node, &fitting, schema),
            (_, [only]) => self.scalar_or_array(node, only, schema),
            (_, several) => self.best_of(node, several, schema),
        }
    }

    /// Reports the faults for the one of several schemas with the fewest faults.
    fn best_of(&mut self, node: &Node, several: &[&'a Value], schema: &'a Value) {
        let mut trial = |alternative: &&'a Value| {
            let before = std::mem::take(&mut self.faults);
            self.scalar_or_array(node, alternative, schema);
            std::mem::replace(&mut self.faults, before)
        };
        let best = several.iter().map(&mut trial).min_by_key(Faults::len).unwrap_or_default();
        self.faults.extend(best);
    }

    fn scalar_or_array(&mut self, node: &Node, schema: &'a Value, described: &'a Value) {
        match &node.value {
            TomlValue::Integer(number) if super::schema::types(schema).contains(&"integer") => {
                let (least, most) = integer_bounds(schema);
                let limit = match number {
                    n if *n < least => Some(format!("at least {least}")),
                    n if *n > most => Some(format!("at most {most}")),
                    _ => None,
                };
                self.limit(node, limit, described);
            }
            TomlValue::Integer(number) => self.number(*number as f64, node, schema, described),
            TomlValue::Float(number) => self.number(*number, node, schema, described),
            TomlValue::Array(items) => self.array(items, node, schema),
            _ => {}
        }
    }

    fn number(&mut self, number: f64, node: &Node, schema: &'a Value, described: &'a Value) {
        let beyond = |key: &str, is_beyond: fn(f64, f64) -> bool| {
            schema
                .get(key)
                .filter(|bound| bound.as_f64().is_some_and(|bound| is_beyond(number, bound)))
                .map(format_bound)
        };
        let limits = [
            (!number.is_finite()).then(|| "a finite number".to_owned()),
            beyond("minimum", |x, bound| x < bound).map(|bound| format!("at least {bound}")),
            beyond("exclusiveMinimum", |x, bound| x <= bound).map(|bound| format!("above {bound}")),
            beyond("maximum", |x, bound| x > bound).map(|bound| format!("at most {bound}")),
            beyond("exclusiveMaximum", |x, bound| x >= bound).map(|bound| format!("below {bound}")),
        ];
        self.limit(node, limits.into_iter().flatten().next(), described);
    }

    fn limit(&mut self, node: &Node, limit: Option<String>, described: &'a Value) {
        let Some(limit) = limit else { return };
        let message = format!("{} must be {limit}, found {}", self.path.leaf(), self.describe_value(node));
        self.fault(&node.span, message, self.describe_key(described, &[]));
    }

    fn text(&mut self, text: &str, node: &Node, fitting: &[&'a Value], schema: &'a Value) {
        let choices: Vec<_> = fitting.iter().map(|schema| self.validator.schemas.choices(schema)).collect();
        if choices.iter().all(Option::is_some) {
            let choices: Vec<_> = choices.into_iter().flatten().flatten().collect();
            return self.choice(text, node, &choices);
        }
        let shortest = fitting.iter().map(|schema| schema.get("minLength").and_then(Value::as_u64).unwrap_or(0)).min();
        if (text.chars().count() as u64) < shortest.unwrap_or(0) {
            let message = format!("{} must not be empty", self.path.leaf());
            self.fault(&node.span, message, self.describe_key(schema, &[]));
        }
    }

    fn choice(&mut self, text: &str, node: &Node, choices: &[&str]) {
        if choices.contains(&text) {
            return;
        }
        let (message, help) = unknown_choice(&self.path.leaf(), text, choices);
        self.fault(&node.span, message, help);
    }

    fn array(&mut self, items: &[Node], node: &Node, schema: &'a Value) {
        let length = |key: &str| schema.get(key).and_then(Value::as_u64);
        let (least, most) = (length("minItems"), length("maxItems"));
        let expected = match (least, most) {
            (Some(least), Some(most)) if least == most && items.len() as u64 != least => Some(format!("{least}")),
            (Some(least), _) if (items.len() as u64) < least => Some(format!("at least {least}")),
            (_, Some(most)) if items.len() as u64 > most => Some(format!("at most {most}")),
            _ => None,
        };
        if let Some(expected) = expected {
            let elements = if expected.ends_with(" 1") || expected == "1" { "element" } else { "elements" };
            let message = format!("{} must have {expected} {elements}, found {}", self.path.leaf(), items.len());
            self.fault(&node.span, message, self.describe_key(schema, &[schema]));
        }
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (index, item) in items.iter().enumerate() {
            let Some(schema) = first.get(index).or_else(|| schema.get("items")) else { continue };
            self.path.0.push(PathSegment::Index(index));
            self.value(item, schema);
            self.path.0.pop();
        }
    }

    fn validate_table(&mut self, table: &TomlTable, span: &Range<usize>, alternatives: &[&'a Value]) {
        let shape = self.validator.schemas.shape(alternatives, table);
        let mut intended = Vec::new();
        for entry in &table.0 {
            if self.path.0.is_empty() && self.validator.foreign.contains(&entry.key.as_str()) {
                continue;
            }
            self.path.0.push(PathSegment::Key(entry.key.clone()));
            match (shape.property(&entry.key), shape.others) {
                (Some(Property::Known(schema)), _) | (None, Some(schema)) => self.value(&entry.node, schema),
                (Some(Property::Ambiguous(_)), _) => {}
                (Some(Property::Tag), _) => self.tag(entry, &shape),
                (None, None) => intended.extend(self.unknown(entry, table, &shape)),
            }
            self.path.0.pop();
        }
        if !self.validator.is_partial {
            self.missing(table, span, &shape, &intended);
        }
    }

    fn tag(&mut self, entry: &Entry, shape: &Shape<'a>) {
        let Some(tag) = shape.tags.iter().find(|tag| tag.key == entry.key) else { return };
        let names: Vec<_> = tag.variants.iter().map(|(name, _)| *name).collect();
        match &entry.node.value {
            TomlValue::Text(text) => self.choice(text, &entry.node, &names),
            _ => {
                let message = format!("`{}` must be a string, found {}", tag.key, self.describe_value(&entry.node));
                self.fault(&entry.node.span, message, known("values", &names));
            }
        }
    }

    /// Reports an unknown key. Returns the key of this table that was probably meant, by whose schema the value is then validated.
    fn unknown(&mut self, entry: &Entry, table: &TomlTable, shape: &Shape<'a>) -> Option<&'a str> {
        let span = if entry.is_header() { &entry.node.span } else { &entry.key_span };
        let above = KeyPath(self.path.0[..self.path.0.len() - 1].to_vec());
        let message = match (&entry.node.value, above.0.is_empty()) {
            (TomlValue::Table(_), true) => format!("unknown section [{}]", entry.key),
            (_, true) => format!("unknown key `{}` outside of any section", entry.key),
            _ => format!("unknown key `{}` in {}", entry.key, above.header()),
        };
        let here: Vec<_> = shape.properties.iter().map(|(key, _)| *key).collect();
        if let Some(why) = suggest::unsupported(&entry.key, &here) {
            self.fault(span, message, why.to_owned());
            return None;
        }
        let (help, intended) = match self.guess(entry, table, shape) {
            Guess::Here(key) if table.get(key).is_some() => (format!("`{key}` is already set: remove this key"), None),
            Guess::Here(key) => (format!("did you mean `{key}`?"), Some(key)),
            Guess::Variant { tag, owners, key } => {
                let owners: Vec<_> = owners.iter().map(|owner| self.assignment(tag, &format!("\"{owner}\""))).collect();
                let key = if key == entry.key { String::new() } else { format!("did you mean `{key}`? ") };
                (format!("{key}it belongs to {}: remove it, or select that", owners.join(", ")), None)
            }
            Guess::Elsewhere(section, key) if entry.is_header() => (format!("did you mean [{section}.{key}]?"), None),
            Guess::Elsewhere(section, key) if key == entry.key => {
                (format!("it belongs to [{section}]: move it there"), None)
            }
            Guess::Elsewhere(section, key) => (format!("did you mean `{key}` in [{section}]?"), None),
            Guess::None => (known("keys", &here), None),
        };
        self.fault(span, message, help);
        if let Some(Property::Known(schema)) = intended.and_then(|key| shape.property(key)) {
            self.value(&entry.node, schema);
        }
        intended
    }

    fn guess(&self, entry: &Entry, table: &TomlTable, shape: &Shape<'a>) -> Guess<'a> {
        let word = entry.key.as_str();
        let here: Vec<&'a str> = shape.properties.iter().map(|(key, _)| *key).collect();
        let free = || here.iter().copied().filter(|key| table.get(key).is_none());
        let elsewhere = self.elsewhere();
        let in_variant = |wanted: &str| shape.tags.iter().find_map(|tag| self.owners(tag, wanted, table));
        let in_section = |wanted: &str| {
            let section = elsewhere.iter().find(|(section, key)| *key == wanted && !section.is_empty());
            section.map(|(section, key)| Guess::Elsewhere(section.clone(), key))
        };
        let synonyms = suggest::key_synonyms(word);
        let same = here.iter().copied().find(|key| suggest::is_same(key, word));
        let by_synonym = || synonyms.iter().find_map(|wanted| here.iter().copied().find(|key| key == wanted));
        same.or_else(by_synonym)
            .map(Guess::Here)
            .or_else(|| in_variant(word))
            .or_else(|| in_section(word))
            .or_else(|| suggest::nearest(word, free()).map(Guess::Here))
            .or_else(|| synonyms.iter().find_map(|wanted| in_variant(wanted)))
            .or_else(|| synonyms.iter().find_map(|wanted| in_section(wanted)))
            .or_else(|| suggest::nearest(word, here.iter().copied()).map(Guess::Here))
            .or_else(|| in_section(suggest::nearest(word, elsewhere.iter().map(|(_, key)| *key))?))
            .unwrap_or(Guess::None)
    }

    /// The variants that have the key `wanted`, if the selected one does not.
    fn owners(&self, tag: &Tag<'a>, wanted: &str, table: &TomlTable) -> Option<Guess<'a>> {
        let known_key = |schema: &'a Value| {
            self.validator.schemas.shape(&[schema], table).properties.into_iter().find(|(key, _)| *key == wanted)
        };
        let owners: Vec<_> =
            tag.variants.iter().filter_map(|(name, schema)| Some((*name, known_key(schema)?.0))).collect();
        let key = owners.first()?.1;
        Some(Guess::Variant { tag: tag.key, owners: owners.into_iter().map(|(name, _)| name).collect(), key })
    }

    fn elsewhere(&self) -> &[(String, &'a str)] {
        self.elsewhere.get_or_init(|| {
            let mut index = self.validator.schemas.index(self.validator.schemas.root());
            index.retain(|(path, _)| !self.validator.foreign.contains(&path.split('.').next().unwrap_or_default()));
            index
        })
    }

    fn missing(&mut self, table: &TomlTable, span: &Range<usize>, shape: &Shape<'a>, intended: &[&str]) {
        for key in shape.required.iter().filter(|key| table.get(key).is_none() && !intended.contains(key)) {
            let above = (self.path.header(), self.path.0.is_empty());
            self.path.0.push(PathSegment::Key((*key).to_owned()));
            let (message, help) = self.explain_missing(key, shape, above);
            self.fault(span, message, help);
            self.path.0.pop();
        }
    }

    fn explain_missing(&self, key: &str, shape: &Shape<'a>, (above, is_root): (String, bool)) -> (String, String) {
        let schemas = self.validator.schemas;
        if let Some(tag) = shape.tags.iter().find(|tag| tag.key == key) {
            let names: Vec<_> = tag.variants.iter().map(|(name, _)| *name).collect();
            return (
                format!("missing key `{key}` in {above}"),
                format!("add `{}`; {}", self.assignment(key, "..."), known("values", &names)),
            );
        }
        let Some(Property::Known(schema) | Property::Ambiguous(schema)) = shape.property(key) else {
            return (format!("missing key `{key}` in {above}"), format!("add `{}`", self.assignment(key, "...")));
        };
        let alternatives = schemas.alternatives(schema);
        let about = self.describe_key(schema, &alternatives);
        if alternatives.iter().all(|schema| super::schema::types(schema) == ["object"]) {
            return (format!("missing section {}", self.path.header()), format!("add the section; {about}"));
        }
        let table = if is_root { "the file".to_owned() } else { above };
        (format!("missing key `{key}` in {table}"), format!("add `{}`; {about}", self.assignment(key, "...")))
    }

    /// A key with a value as the file writes it.
    fn assignment(&self, key: &str, value: &str) -> String {
        Format::for_path(self.validator.source.path).assignment(key, value)
    }

    /// The description of a key, or the values it allows.
    fn describe_key(&self, schema: &'a Value, alternatives: &[&'a Value]) -> String {
        match (self.validator.schemas.description(schema), alternatives) {
            (Some(about), _) => format!("{}: {about}", self.path.leaf()),
            (None, []) => "correct the value".to_owned(),
            (None, _) => format!("{} is {}", self.path.leaf(), describe_expected(self.validator.schemas, alternatives)),
        }
    }

    fn describe_value(&self, node: &Node) -> String {
        describe_value(self.validator.source, node)
    }
}

fn unknown_choice(leaf: &str, given: &str, choices: &[&str]) -> (String, String) {
    let message = format!("{leaf} cannot be \"{given}\"");
    let all = known("values", choices);
    match suggest::suggest_value(given, choices) {
        Some(suggestion) => (message, format!("did you mean \"{suggestion}\"? {all}")),
        None => (message, all),
    }
}

/// A list of names as in "known keys: a, b".
fn known(what: &str, names: &[&str]) -> String {
    match names {
        [] => format!("no {what} are allowed here: remove it"),
        _ => format!("known {what}: {}", names.join(", ")),
    }
}
