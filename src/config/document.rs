//! A TOML, JSON or YAML file: a configuration, or another one with a schema of its own.
use super::fault::{Fault, Faults};
use super::key::KeyPath;
use super::schema::Schemas;
use super::source::Source;
use super::syntax;
use super::tree::TomlTable;
use super::validate::Validator;
use crate::problem::Problem;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// A file, parsed and validated.
#[derive(Clone, Debug)]
pub struct Document {
    pub path: PathBuf,
    pub text: String,
    pub(super) tree: TomlTable,
}

impl Document {
    /// Parses `text` as a `T` with the JSON schema `schema`. Paths in the file are relative to the folder of `path`.
    ///
    /// # Errors
    /// All faults of syntax, keys and types.
    pub fn parse<T: DeserializeOwned>(
        path: &Path,
        text: &str,
        schema: &schemars::Schema,
    ) -> Result<(Document, T), Faults> {
        let source = Source::new(path, text);
        let (tree, mut faults) = syntax::parse(&source);
        let is_partial = !faults.is_empty();
        let schema = schema.as_value();
        faults
            .extend(Validator { source: &source, schemas: Schemas::new(schema), foreign: &[], is_partial }.run(&tree));
        faults.into_result(())?;
        let read = |table: DeTable| T::deserialize(ValueDeserializer::from(Spanned::new(0..0, DeValue::Table(table))));
        let value = syntax::with_table(&source, read).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Faults::from(Fault::new(&source, &span, "", error.message(), "correct the value"))
        })?;
        Ok((Document { path: path.to_owned(), text: text.to_owned(), tree }, value))
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source::new(&self.path, &self.text)
    }

    /// A fault of the value at `key`, as in `window.2.file` or `fragments.level.1.method`; if the value is missing, the fault points to the
    /// table that should hold it.
    pub fn fault(&self, key: &str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        let span = self.tree.locate(&KeyPath::parse(key));
        Fault::new(&self.source(), &span, key, message, help)
    }

    /// A fault of the bytes `span` of the text, which specify `key`.
    pub fn fault_in(
        &self,
        span: &std::ops::Range<usize>,
        key: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Fault {
        Fault::new(&self.source(), span, key, message, help)
    }

    /// The fault of a problem in the table at `table`, as in `window.2`; of the table's own value where the problem names no key.
    pub fn fault_of(&self, table: &str, problem: Problem) -> Fault {
        self.fault(&problem.key_in(table), problem.message, problem.help)
    }

    /// A path of this file, relative to the file itself.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// The absolute path of a path of this file.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        let path = self.resolve(path);
        std::path::absolute(&path).unwrap_or(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Forest {
        /// How many there are.
        #[schemars(range(min = 1))]
        trees: u32,
        #[serde(default)]
        tree: Vec<Tree>,
    }

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Tree {
        height: f64,
    }

    fn parse(text: &str) -> Result<(Document, Forest), Faults> {
        Document::parse(Path::new("a/forest.toml"), text, &schemars::schema_for!(Forest))
    }

    #[test]
    fn what_is_right_is_read_and_faults_point_to_their_lines() {
        let (document, forest) = parse("trees = 2\n[[tree]]\nheight = 1\n[[tree]]\nheight = 2.5\n").unwrap();
        assert_eq!((forest.trees, forest.tree[0].height, forest.tree[1].height), (2, 1.0, 2.5));
        let fault = document.fault("tree.1.height", "it is too high", "cut it");
        assert_eq!((fault.line, fault.to_string().as_str()), (5, "a/forest.toml:5:10: it is too high; cut it"));
        assert_eq!(document.resolve(Path::new("b")), Path::new("a/b"));
    }

    #[test]
    fn all_faults_of_form_are_reported_together() {
        let faults = parse("tres = 2\ntrees = 0\n[[tree]]\nheigth = 1\n[[tree]]\nheight = \"x\"\n").unwrap_err();
        let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        assert!(lines.starts_with(&[1, 2, 4]) && lines.ends_with(&[6]), "{faults}");
        assert!(faults.to_string().contains("did you mean `height`?"), "{faults}");
        assert_eq!(parse("").unwrap_err().iter().next().unwrap().key, "trees");
    }
}
