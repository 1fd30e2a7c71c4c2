//! How is a key of the configuration written as one dotted path, and which keys does a value hold?
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// One step from a table or an array to what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    /// Counted from 0.
    Index(usize),
}

/// The way from the whole file to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyPath(pub Vec<Step>);

impl KeyPath {
    /// Reads a dotted path; parts with dots in them stand in quotes, as in `ensemble.files."plumed.dat"`.
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (part, quoted, after) = match rest.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
                Some((part, after)) => (part, true, after.strip_prefix('.').unwrap_or(after)),
                None => rest.split_once('.').map_or((rest, false, ""), |(part, after)| (part, false, after)),
            };
            steps.push(match part.parse() {
                Ok(index) if !quoted => Step::Index(index),
                _ => Step::Key(part.to_owned()),
            });
            rest = after;
        }
        Self(steps)
    }

    /// The last step as a message names it: `` `kind` ``, or ``element 2 of `amplitudes` ``.
    pub fn leaf(&self) -> String {
        let named = self.0.iter().rposition(|step| matches!(step, Step::Key(_)));
        let Some(Step::Key(key)) = named.map(|at| &self.0[at]) else { return "the file".to_owned() };
        let indices = self.0[named.map_or(0, |at| at + 1)..].iter().map(|step| format!("{step}"));
        match indices.collect::<Vec<_>>().join(".") {
            none if none.is_empty() => format!("`{key}`"),
            indices => format!("element {indices} of `{key}`"),
        }
    }

    /// The path as the header of a section, indices left out: `[fragments.level]`.
    pub fn header(&self) -> String {
        let keys: Vec<_> = self.0.iter().filter(|step| matches!(step, Step::Key(_))).map(Step::to_string).collect();
        format!("[{}]", keys.join("."))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Index(index) => write!(f, "{index}"),
            Step::Key(key) if is_bare(key) => f.write_str(key),
            Step::Key(key) => write!(f, "{key:?}"),
        }
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(k, step)| write!(f, "{}{step}", if k == 0 { "" } else { "." }))
    }
}

/// Whether TOML lets a key stand without quotes, and no index could be meant.
fn is_bare(key: &str) -> bool {
    !key.is_empty()
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && !key.chars().all(|c| c.is_ascii_digit())
}

/// Every key below `value` by its dotted path, as fingerprints take it and messages name it. Arrays of plain values stay
/// whole, arrays that hold tables are taken apart by index; an empty table is kept, since it says something.
pub fn flatten(value: &Value) -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    collect(value, &mut KeyPath::default(), &mut keys);
    keys
}

fn collect(value: &Value, path: &mut KeyPath, keys: &mut BTreeMap<String, Value>) {
    let steps: Vec<(Step, &Value)> = match value {
        Value::Object(table) => table.iter().map(|(key, inner)| (Step::Key(key.clone()), inner)).collect(),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().map(|(k, inner)| (Step::Index(k), inner)).collect()
        }
        _ => Vec::new(),
    };
    if steps.is_empty() {
        keys.insert(path.to_string(), value.clone());
    }
    for (step, inner) in steps {
        path.0.push(step);
        collect(inner, path, keys);
        path.0.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_written_out_reads_back_as_itself() {
        for text in ["a.b", "fragments.level.1.method", "ensemble.files.\"plumed.dat\"", "x.\"12\".0", "\"\".a"] {
            assert_eq!(KeyPath::parse(text).to_string(), text);
        }
    }

    #[test]
    fn every_key_is_flattened_to_a_path_of_its_own() {
        let value = json!({"a": {"b": 1, "c.d": [1, 2]}, "l": [{"m": 1}, {"m": 2}], "e": {}});
        let keys: Vec<_> = flatten(&value).into_iter().collect();
        let expected = [
            ("a.\"c.d\"", json!([1, 2])),
            ("a.b", json!(1)),
            ("e", json!({})),
            ("l.0.m", json!(1)),
            ("l.1.m", json!(2)),
        ];
        assert_eq!(keys, expected.map(|(key, value)| (key.to_owned(), value)));
    }

    #[test]
    fn a_leaf_is_named_with_its_indices_and_a_header_without() {
        let path = KeyPath::parse("trajectories.initial.amplitudes.0.1");
        assert_eq!(path.leaf(), "element 0.1 of `amplitudes`");
        assert_eq!(KeyPath::parse("fragments.level.1").header(), "[fragments.level]");
    }
}
