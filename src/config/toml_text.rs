//! How is a value written in TOML, whatever the format of its file?
use super::format::Format;
use super::key::is_bare;
use super::plain::PlainValue;
use super::source::Source;
use super::tree::{Entry, Node, TomlTable, TomlValue};
use super::yaml_scalar::{self, Scalar};

/// A value on one line, with `blank` behind commas and around equals signs. Numbers keep the digits of the file.
pub(super) fn inline(source: &Source, node: &Node, blank: &str) -> String {
    let written = &source.text[node.span.clone()];
    match &node.value {
        TomlValue::Text(text) => quoted(text),
        TomlValue::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| inline(source, item, blank)).collect();
            format!("[{}]", items.join(&format!(",{blank}")))
        }
        TomlValue::Table(table) => {
            let entry =
                |entry: &&Entry| format!("{}{blank}={blank}{}", key(&entry.key), inline(source, &entry.node, blank));
            let entries: Vec<_> = in_order(table).iter().map(entry).collect();
            format!("{{{blank}{}{blank}}}", entries.join(&format!(",{blank}")))
        }
        TomlValue::Bool => written.to_lowercase(),
        _ if Format::for_path(source.path) == Format::Yaml => match yaml_scalar::resolve(written) {
            Scalar::Value(PlainValue::Number(number)) => number,
            _ => written.to_owned(),
        },
        _ => written.to_owned(),
    }
}

/// The entries of a table in the order of the file.
pub(super) fn in_order(table: &TomlTable) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = table.0.iter().collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

/// A key, in quotes where it needs them.
pub(super) fn key(key: &str) -> String {
    if is_bare(key) { key.to_owned() } else { quoted(key) }
}

/// A string in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text, "\\n"))
}

/// A string of several lines as TOML writes those.
pub(super) fn multi_line(text: &str) -> String {
    // A carriage return and three quotes would be read as something else.
    format!("\"\"\"\n{}\"\"\"", escaped(text, "\n"))
}

fn escaped(text: &str, newline: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped += newline,
            '\t' => escaped += "\\t",
            '"' => escaped += "\\\"",
            '\\' => escaped += "\\\\",
            c if c.is_control() => escaped += &format!("\\u{:04x}", u32::from(c)),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_keys_read_back_as_themselves() {
        for text in ["", "a b", "\"\\\n\t\r\u{7f}\u{1}ä", "'''", "\"\"\"", "\n", "a\n\"\"\"b\\\n"] {
            for written in [quoted(text), multi_line(text)] {
                let read: toml::Value = toml::from_str(&format!("x = {written}")).unwrap();
                assert_eq!(read["x"].as_str(), Some(text), "{written}");
            }
            let read: toml::Value = toml::from_str(&format!("{} = 1", key(text))).unwrap();
            assert!(read.get(text).is_some(), "{text:?}");
        }
        assert_eq!([key("a_b-1"), key("plumed.dat"), key("12")], ["a_b-1", "\"plumed.dat\"", "\"12\""]);
    }
}
