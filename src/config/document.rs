//! Which value stands where in a TOML text?
use super::fault::{Fault, Faults, Severity};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A TOML text as a tree in which every key and value knows its place.
#[derive(Clone, Debug)]
pub struct Document {
    path: PathBuf,
    text: Arc<str>,
    pub root: Node,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    pub span: Range<usize>,
    pub kind: NodeKind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    Table(Vec<Member>),
    Array(Vec<Node>),
    String(String),
    Number(Number),
    Boolean(bool),
    /// Nothing in a configuration is a date.
    Date,
}

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub struct Member {
    pub key: String,
    pub span: Range<usize>,
    pub node: Node,
}

impl Node {
    /// What the value is, in the words of TOML.
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Table(_) => "a table",
            NodeKind::Array(_) => "a list",
            NodeKind::String(_) => "a string",
            NodeKind::Number(number) if number.is_f64() => "a number",
            NodeKind::Number(_) => "an integer",
            NodeKind::Boolean(_) => "true or false",
            NodeKind::Date => "a date",
        }
    }

    /// The members of a table.
    pub fn members(&self) -> &[Member] {
        if let NodeKind::Table(members) = &self.kind { members } else { &[] }
    }

    /// The value of `key` in a table.
    pub fn get(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            NodeKind::Table(members) => {
                Value::Object(members.iter().map(|m| (m.key.clone(), m.node.to_json())).collect())
            }
            NodeKind::Array(items) => items.iter().map(Node::to_json).collect(),
            NodeKind::String(text) => text.clone().into(),
            NodeKind::Number(number) => Value::Number(number.clone()),
            NodeKind::Boolean(value) => (*value).into(),
            NodeKind::Date => Value::Null,
        }
    }
}

impl Document {
    /// Parses the text of the file `path`.
    ///
    /// # Errors
    /// Every fault of syntax, and numbers that are too large or not finite.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Faults> {
        let source: Arc<str> = text.into();
        let mut document =
            Self { path: path.to_owned(), text: source, root: Node { span: 0..0, kind: NodeKind::Table(vec![]) } };
        let mut faults = Faults::default();
        // A byte order mark is no fault, but the parser counts places after it.
        let (skipped, body) = text.strip_prefix('\u{feff}').map_or((0, text), |body| (3, body));
        let (table, errors) = DeTable::parse_recoverable(body);
        for error in errors {
            let span = error.span().map_or(0..0, |span| span.start + skipped..span.end + skipped);
            faults.push(document.fault_at(span, String::new(), error.message().to_owned(), String::new()));
        }
        faults.into_result()?;
        let mut reading = Reading { skipped, document: &document, faults: Faults::default() };
        let members = reading.members(table.get_ref());
        reading.faults.into_result()?;
        document.root.kind = NodeKind::Table(members);
        Ok(document)
    }

    /// The section `name` in its own type; an absent one is read as empty.
    ///
    /// # Errors
    /// The type refuses it.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, Faults> {
        let value = self.root.get(name).map_or(Value::Object(Map::new()), |member| member.node.to_json());
        serde_json::from_value(value).map_err(|error| {
            self.fault(name, format!("cannot read [{name}]: {error}"), String::new(), Severity::Error).into()
        })
    }

    /// A fault at a dotted key, or at the nearest section above it.
    pub fn fault(&self, key: &str, message: String, help: String, severity: Severity) -> Fault {
        let mut span = 0..0;
        let mut node = &self.root;
        for part in key.split('.') {
            let step = match &node.kind {
                NodeKind::Array(items) => {
                    part.parse().ok().and_then(|k: usize| items.get(k)).map(|n| (n.span.clone(), n))
                }
                _ => node.get(part).map(|member| (member.span.clone(), &member.node)),
            };
            let Some((found, next)) = step else { break };
            // A value is shown rather than its key, but a table only by its name.
            span = if matches!(next.kind, NodeKind::Table(_)) { found } else { next.span.clone() };
            node = next;
        }
        Fault { severity, ..self.fault_at(span, key.to_owned(), message, help) }
    }

    /// A fault at a place of the text.
    pub fn fault_at(&self, span: Range<usize>, key: String, message: String, help: String) -> Fault {
        let end = self.text.len();
        let span = span.start.min(end)..span.end.min(end).max(span.start.min(end));
        let before = self.text.get(..span.start).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let text = Arc::clone(&self.text);
        Fault { file: self.path.clone(), key, line, column, message, help, severity: Severity::Error, span, text }
    }
}

/// The way from the parser's tree to ours.
struct Reading<'a> {
    skipped: usize,
    document: &'a Document,
    faults: Faults,
}

impl Reading<'_> {
    fn place(&self, span: Range<usize>) -> Range<usize> {
        span.start + self.skipped..span.end + self.skipped
    }

    fn members(&mut self, table: &DeTable) -> Vec<Member> {
        let members = table.iter().map(|(key, value)| Member {
            key: key.get_ref().to_string(),
            span: self.place(key.span()),
            node: self.node(value),
        });
        let mut members: Vec<Member> = members.collect();
        members.sort_by_key(|member| member.span.start);
        members
    }

    fn node(&mut self, value: &Spanned<DeValue>) -> Node {
        let span = self.place(value.span());
        let kind = match value.get_ref() {
            DeValue::Table(table) => NodeKind::Table(self.members(table)),
            DeValue::Array(items) => NodeKind::Array(items.iter().map(|item| self.node(item)).collect()),
            DeValue::String(text) => NodeKind::String(text.to_string()),
            DeValue::Boolean(value) => NodeKind::Boolean(*value),
            DeValue::Datetime(_) => NodeKind::Date,
            DeValue::Integer(integer) => {
                let (digits, radix) = (integer.as_str(), integer.radix());
                let number = i64::from_str_radix(digits, radix).map(Number::from);
                match number.or_else(|_| u64::from_str_radix(digits, radix).map(Number::from)) {
                    Ok(number) => NodeKind::Number(number),
                    Err(_) => self.refuse(span.clone(), "this integer needs more than 64 bits"),
                }
            }
            DeValue::Float(float) => match float.as_str().parse().ok().and_then(Number::from_f64) {
                Some(number) => NodeKind::Number(number),
                None => self.refuse(span.clone(), "this number is not finite"),
            },
        };
        Node { span, kind }
    }

    fn refuse(&mut self, span: Range<usize>, message: &str) -> NodeKind {
        self.faults.push(self.document.fault_at(span, String::new(), message.into(), String::new()));
        NodeKind::Date
    }
}
