//! What does a file of another program amount to as a configuration?
use super::sections::CampaignSection;
use super::tree::{Entry, Node, TomlTable, TomlValue};
use std::ops::Range;
use std::path::PathBuf;

/// A file of another program as a configuration, which has the defaults wherever the file specifies nothing.
#[derive(Clone, Debug)]
pub struct Translation {
    pub campaign: CampaignSection,
    /// The section of the campaign's kind, with the keys of a configuration.
    pub section: serde_json::Value,
    /// Keys of the configuration, as in `fragments.input`, and the bytes of the file that specify them.
    pub spans: Vec<(&'static str, Range<usize>)>,
    /// JSON file of the result, relative to the file.
    pub exported: PathBuf,
}

/// The keys of a translation at the places of the file that specify them.
pub(super) fn tree(spans: &[(&'static str, Range<usize>)]) -> TomlTable {
    let entry = |key: &str, value: TomlValue, span: Range<usize>| Entry {
        key: key.to_owned(),
        key_span: span.clone(),
        node: Node { value, span },
    };
    let mut sections = TomlTable::default();
    for (path, span) in spans {
        let (name, key) = path.split_once('.').unwrap_or((path, ""));
        if sections.get(name).is_none() {
            sections.0.push(entry(name, TomlValue::Table(TomlTable::default()), 0..1));
        }
        let section = sections.0.iter_mut().find(|entry| entry.key == name);
        if let Some(TomlValue::Table(table)) = section.map(|entry| &mut entry.node.value) {
            table.0.push(entry(key, TomlValue::Bool, span.clone()));
        }
    }
    sections
}
