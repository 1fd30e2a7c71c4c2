//! Does what stands in the configuration have the form that its schema asks for?
//!
//! The schema that is derived from the types is the only source of truth; the walk goes on after a fault, so that all are
//! told at once. What values mean together is not judged here.
use super::fault::{Fault, Faults};
use super::key::{KeyPath, Step};
use super::name;
use super::schema::{Property, Schemas, Shape, Tag, integer_bounds};
use super::source::Source;
use super::tree::{Entry, Node, Table, Value as Given};
use super::words::{expected, found, plain, rewritten};
use serde_json::Value;
use std::cell::OnceCell;
use std::ops::Range;

/// The faults of a whole configuration.
pub(super) struct Check<'a> {
    pub source: &'a Source<'a>,
    pub schemas: Schemas<'a>,
    /// Sections that do not belong into the file: neither walked nor suggested.
    pub foreign: &'a [&'a str],
    /// Parts of the file could not be read: nothing can be called missing.
    pub is_partial: bool,
}

impl<'a> Check<'a> {
    /// Every fault of `tree`, the whole file.
    pub fn run(&self, tree: &Table) -> Faults {
        let (path, faults) = (KeyPath::default(), Faults::default());
        let mut walk = Walk { check: self, path, faults, elsewhere: OnceCell::new() };
        walk.table(tree, &(0..0), &[self.schemas.root()]);
        walk.faults
    }
}

struct Walk<'a> {
    check: &'a Check<'a>,
    path: KeyPath,
    faults: Faults,
    /// The keys of all sections that belong into the file: (dotted path of the section, key).
    elsewhere: OnceCell<Vec<(String, &'a str)>>,
}

/// Where an unknown key leads.
enum Guess<'a> {
    Here(&'a str),
    /// The key belongs to other variants of the same table.
    Variant {
        tag: &'a str,
        owners: Vec<&'a str>,
        key: &'a str,
    },
    /// The dotted path of a table and the key in it.
    Elsewhere(String, &'a str),
    None,
}

impl<'a> Walk<'a> {
    fn fault(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Fault::at(self.check.source, span, &self.path, message, help));
    }

    fn value(&mut self, node: &Node, schema: &'a Value) {
        let schemas = self.check.schemas;
        let alternatives = schemas.alternatives(schema);
        let fitting: Vec<_> = alternatives.iter().copied().filter(|schema| schemas.fits(schema, node)).collect();
        match (&node.value, fitting.as_slice()) {
            (_, []) => {
                let message = format!(
                    "{} must be {}, found {}",
                    self.path.leaf(),
                    expected(schemas, &alternatives),
                    self.found(node)
                );
                let help = rewritten(&alternatives, node, self.check.source);
                self.fault(&node.span, message, help.unwrap_or_else(|| self.what_it_is(schema, &alternatives)));
            }
            (Given::Table(table), _) => self.table(table, &node.span, &fitting),
            (Given::Text(text), _) => self.text(text, node, &fitting, schema),
            (_, [only]) => self.scalar_or_array(node, only, schema),
            (_, several) => self.best_of(node, several, schema),
        }
    }

    /// Of several schemas that may be meant, tells the faults of the one with the fewest.
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
            Given::Integer(number) if super::schema::types(schema).contains(&"integer") => {
                let (least, most) = integer_bounds(schema);
                let limit = match number {
                    n if *n < least => Some(format!("at least {least}")),
                    n if *n > most => Some(format!("at most {most}")),
                    _ => None,
                };
                self.limit(node, limit, described);
            }
            Given::Integer(number) => self.number(*number as f64, node, schema, described),
            Given::Float(number) => self.number(*number, node, schema, described),
            Given::Array(items) => self.array(items, node, schema),
            _ => {}
        }
    }

    fn number(&mut self, number: f64, node: &Node, schema: &'a Value, described: &'a Value) {
        let beyond = |key: &str, is_beyond: fn(f64, f64) -> bool| {
            schema.get(key).filter(|bound| bound.as_f64().is_some_and(|bound| is_beyond(number, bound))).map(plain)
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
        let message = format!("{} must be {limit}, found {}", self.path.leaf(), self.found(node));
        self.fault(&node.span, message, self.what_it_is(described, &[]));
    }

    fn text(&mut self, text: &str, node: &Node, fitting: &[&'a Value], schema: &'a Value) {
        let choices: Vec<_> = fitting.iter().map(|schema| self.check.schemas.choices(schema)).collect();
        if choices.iter().all(Option::is_some) {
            let choices: Vec<_> = choices.into_iter().flatten().flatten().collect();
            return self.choice(text, node, &choices);
        }
        let shortest = fitting.iter().map(|schema| schema.get("minLength").and_then(Value::as_u64).unwrap_or(0)).min();
        if (text.chars().count() as u64) < shortest.unwrap_or(0) {
            let message = format!("{} must not be empty", self.path.leaf());
            self.fault(&node.span, message, self.what_it_is(schema, &[]));
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
        let wanted = match (least, most) {
            (Some(least), Some(most)) if least == most && items.len() as u64 != least => Some(format!("{least}")),
            (Some(least), _) if (items.len() as u64) < least => Some(format!("at least {least}")),
            (_, Some(most)) if items.len() as u64 > most => Some(format!("at most {most}")),
            _ => None,
        };
        if let Some(wanted) = wanted {
            let elements = if wanted.ends_with(" 1") || wanted == "1" { "element" } else { "elements" };
            let message = format!("{} must have {wanted} {elements}, found {}", self.path.leaf(), items.len());
            self.fault(&node.span, message, self.what_it_is(schema, &[schema]));
        }
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (index, item) in items.iter().enumerate() {
            let Some(schema) = first.get(index).or_else(|| schema.get("items")) else { continue };
            self.path.0.push(Step::Index(index));
            self.value(item, schema);
            self.path.0.pop();
        }
    }

    fn table(&mut self, table: &Table, span: &Range<usize>, alternatives: &[&'a Value]) {
        let shape = self.check.schemas.shape(alternatives, table);
        let mut meant = Vec::new();
        for entry in &table.0 {
            if self.path.0.is_empty() && self.check.foreign.contains(&entry.key.as_str()) {
                continue;
            }
            self.path.0.push(Step::Key(entry.key.clone()));
            match (shape.property(&entry.key), shape.others) {
                (Some(Property::Of(schema)), _) | (None, Some(schema)) => self.value(&entry.node, schema),
                (Some(Property::Unclear(_)), _) => {}
                (Some(Property::Tag), _) => self.tag(entry, &shape),
                (None, None) => meant.extend(self.unknown(entry, table, &shape)),
            }
            self.path.0.pop();
        }
        if !self.check.is_partial {
            self.missing(table, span, &shape, &meant);
        }
    }

    fn tag(&mut self, entry: &Entry, shape: &Shape<'a>) {
        let Some(tag) = shape.tags.iter().find(|tag| tag.key == entry.key) else { return };
        let names: Vec<_> = tag.variants.iter().map(|(name, _)| *name).collect();
        match &entry.node.value {
            Given::Text(text) => self.choice(text, &entry.node, &names),
            _ => {
                let message = format!("`{}` must be a string, found {}", tag.key, self.found(&entry.node));
                self.fault(&entry.node.span, message, known("values", &names));
            }
        }
    }

    /// Tells that a key is unknown, and which of this table was meant, if one was. Its value is judged as the meant key's.
    fn unknown(&mut self, entry: &Entry, table: &Table, shape: &Shape<'a>) -> Option<&'a str> {
        let place = if entry.is_header() { &entry.node.span } else { &entry.key_span };
        let above = KeyPath(self.path.0[..self.path.0.len() - 1].to_vec());
        let message = match (&entry.node.value, above.0.is_empty()) {
            (Given::Table(_), true) => format!("unknown section [{}]", entry.key),
            (_, true) => format!("unknown key `{}` outside of any section", entry.key),
            _ => format!("unknown key `{}` in {}", entry.key, above.header()),
        };
        let here: Vec<_> = shape.properties.iter().map(|(key, _)| *key).collect();
        if let Some(why) = name::unsupported(&entry.key, &here) {
            self.fault(place, message, why.to_owned());
            return None;
        }
        let (help, meant) = match self.guess(entry, table, shape) {
            Guess::Here(key) if table.get(key).is_some() => (format!("`{key}` is given already: remove this"), None),
            Guess::Here(key) => (format!("did you mean `{key}`?"), Some(key)),
            Guess::Variant { tag, owners, key } => {
                let owners: Vec<_> = owners.iter().map(|owner| format!("{tag} = \"{owner}\"")).collect();
                let key = if key == entry.key { String::new() } else { format!("did you mean `{key}`? ") };
                (format!("{key}it belongs to {}: remove it, or choose that", owners.join(", ")), None)
            }
            Guess::Elsewhere(section, key) if entry.is_header() => (format!("did you mean [{section}.{key}]?"), None),
            Guess::Elsewhere(section, key) if key == entry.key => {
                (format!("it belongs to [{section}]: move it there"), None)
            }
            Guess::Elsewhere(section, key) => (format!("did you mean `{key}` in [{section}]?"), None),
            Guess::None => (known("keys", &here), None),
        };
        self.fault(place, message, help);
        if let Some(Property::Of(schema)) = meant.and_then(|key| shape.property(key)) {
            self.value(&entry.node, schema);
        }
        meant
    }

    fn guess(&self, entry: &Entry, table: &Table, shape: &Shape<'a>) -> Guess<'a> {
        let word = entry.key.as_str();
        let here: Vec<&'a str> = shape.properties.iter().map(|(key, _)| *key).collect();
        let free = || here.iter().copied().filter(|key| table.get(key).is_none());
        let elsewhere = self.elsewhere();
        let of_variant = |wanted: &str| shape.tags.iter().find_map(|tag| self.owners(tag, wanted, table));
        let in_section = |wanted: &str| {
            let found = elsewhere.iter().find(|(section, key)| *key == wanted && !section.is_empty());
            found.map(|(section, key)| Guess::Elsewhere(section.clone(), key))
        };
        let peers = name::of_peers(word);
        let same = here.iter().copied().find(|key| name::is_same(key, word));
        let by_peers = || peers.iter().find_map(|wanted| here.iter().copied().find(|key| key == wanted));
        same.or_else(by_peers)
            .map(Guess::Here)
            .or_else(|| of_variant(word))
            .or_else(|| in_section(word))
            .or_else(|| name::nearest(word, free()).map(Guess::Here))
            .or_else(|| peers.iter().find_map(|wanted| of_variant(wanted)))
            .or_else(|| peers.iter().find_map(|wanted| in_section(wanted)))
            .or_else(|| name::nearest(word, here.iter().copied()).map(Guess::Here))
            .or_else(|| in_section(name::nearest(word, elsewhere.iter().map(|(_, key)| *key))?))
            .unwrap_or(Guess::None)
    }

    /// The variants that know `wanted`, where the chosen one does not.
    fn owners(&self, tag: &Tag<'a>, wanted: &str, table: &Table) -> Option<Guess<'a>> {
        let knows = |schema: &'a Value| {
            self.check.schemas.shape(&[schema], table).properties.into_iter().find(|(key, _)| *key == wanted)
        };
        let owners: Vec<_> = tag.variants.iter().filter_map(|(name, schema)| Some((*name, knows(schema)?.0))).collect();
        let key = owners.first()?.1;
        Some(Guess::Variant { tag: tag.key, owners: owners.into_iter().map(|(name, _)| name).collect(), key })
    }

    fn elsewhere(&self) -> &[(String, &'a str)] {
        self.elsewhere.get_or_init(|| {
            let mut index = self.check.schemas.index(self.check.schemas.root());
            index.retain(|(path, _)| !self.check.foreign.contains(&path.split('.').next().unwrap_or_default()));
            index
        })
    }

    fn missing(&mut self, table: &Table, span: &Range<usize>, shape: &Shape<'a>, meant: &[&str]) {
        for key in shape.required.iter().filter(|key| table.get(key).is_none() && !meant.contains(key)) {
            let above = (self.path.header(), self.path.0.is_empty());
            self.path.0.push(Step::Key((*key).to_owned()));
            let (message, help) = self.explain_missing(key, shape, above);
            self.fault(span, message, help);
            self.path.0.pop();
        }
    }

    fn explain_missing(&self, key: &str, shape: &Shape<'a>, (above, is_root): (String, bool)) -> (String, String) {
        let schemas = self.check.schemas;
        if let Some(tag) = shape.tags.iter().find(|tag| tag.key == key) {
            let names: Vec<_> = tag.variants.iter().map(|(name, _)| *name).collect();
            return (
                format!("missing key `{key}` in {above}"),
                format!("add `{key} = ...`; {}", known("values", &names)),
            );
        }
        let Some(Property::Of(schema) | Property::Unclear(schema)) = shape.property(key) else {
            return (format!("missing key `{key}` in {above}"), format!("add `{key} = ...`"));
        };
        let alternatives = schemas.alternatives(schema);
        let about = self.what_it_is(schema, &alternatives);
        if alternatives.iter().all(|schema| super::schema::types(schema) == ["object"]) {
            return (format!("missing section {}", self.path.header()), format!("add the section; {about}"));
        }
        let place = if is_root { "the file".to_owned() } else { above };
        (format!("missing key `{key}` in {place}"), format!("add `{key} = ...`; {about}"))
    }

    /// What a key is for, or else what its value may be.
    fn what_it_is(&self, schema: &'a Value, alternatives: &[&'a Value]) -> String {
        match (self.check.schemas.description(schema), alternatives) {
            (Some(about), _) => format!("{}: {about}", self.path.leaf()),
            (None, []) => "correct the value".to_owned(),
            (None, _) => format!("{} is {}", self.path.leaf(), expected(self.check.schemas, alternatives)),
        }
    }

    fn found(&self, node: &Node) -> String {
        found(self.check.source, node)
    }
}

fn unknown_choice(leaf: &str, given: &str, choices: &[&str]) -> (String, String) {
    let message = format!("{leaf} cannot be \"{given}\"");
    let all = known("values", choices);
    match name::meant(given, choices) {
        Some(meant) => (message, format!("did you mean \"{meant}\"? {all}")),
        None => (message, all),
    }
}

/// "known keys: `a`, `b`".
fn known(what: &str, names: &[&str]) -> String {
    match names {
        [] => format!("there are no known {what}: remove it"),
        _ => format!("known {what}: {}", names.join(", ")),
    }
}
