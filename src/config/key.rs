//! The dotted path of a key of the configuration, as messages and fingerprints write it.
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// One part of a path: a key of a table or an index of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathSegment {
    Key(String),
    /// Counted from 0.
    Index(usize),
}

/// The path of a value in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyPath(pub Vec<PathSegment>);

impl KeyPath {
    /// Parses a dotted path; parts that contain dots are quoted, as in `ensemble.files."plumed.dat"`.
    pub fn parse(text: &str) -> Self {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (part, quoted, after) = match rest.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
                Some((part, after)) => (part, true, after.strip_prefix('.').unwrap_or(after)),
                None => rest.split_once('.').map_or((rest, false, ""), |(part, after)| (part, false, after)),
            };
            segments.push(match part.parse() {
                Ok(index) if !quoted => PathSegment::Index(index),
                _ => PathSegment::Key(part.to_owned()),
            });
            rest = after;
        }
        Self(segments)
    }

    /// The last part as messages name it: `` `kind` ``, or ``element 2 of `amplitudes` ``.
    pub fn leaf(&self) -> String {
        let last_key = self.0.iter().rposition(|segment| matches!(segment, PathSegment::Key(_)));
        let Some(PathSegment::Key(key)) = last_key.map(|index| &self.0[index]) else { return "the file".to_owned() };
        let indices = self.0[last_key.map_or(0, |index| index + 1)..].iter().map(PathSegment::to_string);
        match indices.collect::<Vec<_>>().join(".") {
            none if none.is_empty() => format!("`{key}`"),
            indices => format!("element {indices} of `{key}`"),
        }
    }

    /// The path as a section header, without indices: `[fragments.level]`.
    pub fn header(&self) -> String {
        let keys: Vec<_> = self
            .0
            .iter()
            .filter(|segment| matches!(segment, PathSegment::Key(_)))
            .map(PathSegment::to_string)
            .collect();
        format!("[{}]", keys.join("."))
    }
}

impl fmt::Display for PathSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathSegment::Index(index) => write!(f, "{index}"),
            PathSegment::Key(key) if is_bare(key) => f.write_str(key),
            PathSegment::Key(key) => write!(f, "{key:?}"),
        }
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(k, segment)| write!(f, "{}{segment}", if k == 0 { "" } else { "." }))
    }
}

/// Whether a key needs no quotes in TOML and cannot be mistaken for an index.
pub(super) fn is_bare(key: &str) -> bool {
    !key.is_empty()
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && !key.chars().all(|c| c.is_ascii_digit())
}

/// Every key below `value` by its dotted path, as used in fingerprints and messages. Arrays of plain values are kept whole, arrays of tables
/// are flattened by index, and an empty table is kept as a value.
pub fn flatten(value: &Value) -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    collect(value, &mut KeyPath::default(), &mut keys);
    keys
}

fn collect(value: &Value, path: &mut KeyPath, keys: &mut BTreeMap<String, Value>) {
    let segments: Vec<(PathSegment, &Value)> = match value {
        Value::Object(table) => table.iter().map(|(key, inner)| (PathSegment::Key(key.clone()), inner)).collect(),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().map(|(k, inner)| (PathSegment::Index(k), inner)).collect()
        }
        _ => Vec::new(),
    };
    if segments.is_empty() {
        keys.insert(path.to_string(), value.clone());
    }
    for (segment, inner) in segments {
        path.0.push(segment);
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
