//! Parses TOML and reports all syntax errors of a file.
//!
//! The TOML parser skips the rest of a file after some errors. To report all of them, a faulty file is split into statements (a header, or a
//! key with its value). Each is parsed alone, the faulty ones are replaced by blanks, and the rest is parsed again: every byte keeps its position.
use super::fault::{Fault, Faults};
use super::source::Source;
use super::tree::TomlTable;
use std::ops::Range;
use toml::de::{DeTable, Error};

/// Maximum number of reported syntax errors: with more, the file is not TOML.
const MAX_ERRORS: usize = 50;
/// Maximum number of lines in which the end of an unclosed value is searched.
const MAX_VALUE_LINES: usize = 200;

/// The parsed text and its syntax errors. The tree lacks the faulty statements.
pub(super) fn parse(source: &Source) -> (TomlTable, Faults) {
    let mut faults = Faults::default();
    let (document, errors) = DeTable::parse_recoverable(source.text);
    if errors.is_empty() {
        return (TomlTable::from(document.get_ref()), faults);
    }
    let (statements, readable) = split_statements(source.text);
    let faulty = statements.iter().take(MAX_ERRORS).map(|(statement, error)| syntax_fault(source, statement, error));
    faults.extend(faulty);
    let (document, left) = DeTable::parse_recoverable(&readable);
    faults.extend(left.iter().take(MAX_ERRORS).map(|error| syntax_fault(source, &(0..0), error)));
    if faults.is_empty() {
        faults.extend(errors.first().map(|error| syntax_fault(source, &(0..0), error)));
    }
    (TomlTable::from(document.get_ref()), faults)
}

/// The faulty statements with their first error, and the text with these and everything below a faulty header replaced by blanks.
fn split_statements(text: &str) -> (Vec<(Range<usize>, Error)>, String) {
    let mut faulty = Vec::new();
    let mut readable = text.as_bytes().to_vec();
    let mut starts = statement_starts(text);
    starts.push(text.len());
    let mut is_below_faulty_header = false;
    let mut k = 0;
    while k + 1 < starts.len() && faulty.len() <= MAX_ERRORS {
        let (end, error) = match parse_one(text, &starts[k..]) {
            Ok(statements) => (k + statements, None),
            Err(error) => (k + 1, Some(error)),
        };
        let span = starts[k]..starts[end];
        let is_header = text[span.clone()].trim_start().starts_with('[');
        is_below_faulty_header = if is_header { error.is_some() } else { is_below_faulty_header };
        if error.is_some() || is_below_faulty_header {
            readable[span.clone()].iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|b| *b = b' ');
        }
        faulty.extend(error.map(|error| (span, error)));
        k = end;
    }
    (faulty, String::from_utf8_lossy(&readable).into_owned())
}

/// Parses the statement at the first of `starts`, which can span several lines that look like statements. Returns the number of these, or the
/// first error, with a span relative to the start of the statement.
fn parse_one(text: &str, starts: &[usize]) -> Result<usize, Error> {
    let mut first = None;
    for (k, &end) in starts[1..].iter().enumerate().take(MAX_VALUE_LINES) {
        let (_, errors) = DeTable::parse_recoverable(&text[starts[0]..end]);
        match errors.into_iter().min_by_key(|error| error.span().map(|span| span.start)) {
            None => return Ok(k + 1),
            Some(error) => first.get_or_insert(error),
        };
        // Only an unclosed value continues on the next line.
        if !opens_a_value(&text[starts[0]..starts[1]]) {
            break;
        }
    }
    first.map_or(Ok(1), Err)
}

/// Whether a statement opens a value that can span lines: an array, an inline table or a multi-line string.
fn opens_a_value(statement: &str) -> bool {
    let Some((key, value)) = statement.split_once('=') else { return false };
    let value = value.trim_start();
    !key.trim_start().starts_with('[') && ["[", "{", "\"\"\"", "'''"].iter().any(|open| value.starts_with(open))
}

/// The start of every line that looks like a header or a key with its value; text before the first belongs to it.
fn statement_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if starts.is_empty() || is_statement(line.trim()) {
            starts.push(at);
        }
        at += line.len();
    }
    starts
}

/// Whether a line looks like the start of a statement rather than the row of an array.
fn is_statement(line: &str) -> bool {
    let is_name = |c: char| c.is_alphabetic() || c == '_';
    let after_brackets = line.trim_start_matches('[');
    if after_brackets.len() < line.len() {
        return after_brackets.starts_with(|c| is_name(c) || matches!(c, '"' | '\'')) && !line.contains(',');
    }
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | ' ' | '\t');
    let has_key = line.split_once('=').is_some_and(|(key, _)| !key.is_empty() && key.chars().all(is_key));
    has_key || line.starts_with(is_name) && !line.ends_with([',', ']', '}'])
}

fn syntax_fault(source: &Source, statement: &Range<usize>, error: &Error) -> Fault {
    let within = error.span().unwrap_or(0..0);
    let span = statement.start + within.start..statement.start + within.end;
    let line = source.locate(&span).line_text;
    let (message, help) = explain(error.message(), line.trim(), &source.excerpt(&span));
    Fault::new(source, &span, "", message, help)
}

/// Translates a message of the parser into terms of the line, with a fix.
fn explain(message: &str, line: &str, excerpt: &str) -> (String, String) {
    let key = line.split(['=', ':']).next().unwrap_or_default().trim();
    let is_value_error = ["string values", "invalid boolean", "invalid float"].iter().any(|m| message.starts_with(m));
    let is_key_error = ["key with no value", "invalid unquoted key"].iter().any(|m| message.starts_with(m));
    match excerpt {
        _ if message == "duplicate key" && line.starts_with('[') => {
            (format!("section {line} is defined twice"), "merge the two sections".to_owned())
        }
        _ if message == "duplicate key" => {
            (format!("`{excerpt}` is set twice in its section"), "keep one of the two lines".to_owned())
        }
        "" if is_value_error => {
            (format!("`{key}` has no value"), format!("write a value after `{key} =`, or remove the line"))
        }
        "True" | "False" if is_value_error => {
            (format!("`{excerpt}` is not a TOML value"), format!("write {}", excerpt.to_lowercase()))
        }
        _ if is_value_error && excerpt.starts_with(char::is_alphabetic) => {
            (format!("`{excerpt}` is not a TOML value: strings need quotes"), format!("write \"{excerpt}\""))
        }
        _ if is_key_error && line.contains(':') && !line.contains('=') => {
            (format!("invalid TOML: {message}"), format!("write `{key} = ...`, with = instead of a colon"))
        }
        _ if line.starts_with('{') => (
            format!("invalid TOML: {message}"),
            "write sections as [section] and keys as key = value, not as JSON".to_owned(),
        ),
        _ => (format!("invalid TOML: {message}"), "correct the line; see https://toml.io for the syntax".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn faults(text: &str) -> Vec<(usize, String)> {
        let (_, faults) = parse(&Source::new(Path::new("a"), text));
        faults.iter().map(|fault| (fault.line, fault.message.clone())).collect()
    }

    #[test]
    fn every_faulty_statement_is_reported_once_on_its_line() {
        let text = "[t]\ncount = \nx 10\ny = 5\n[u\nz=1\n[v]\nw=[1,2\nk=3\nq=fssh\nq=1\n";
        let lines: Vec<_> = faults(text).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 5, 8, 10]);
    }

    #[test]
    fn statements_before_and_after_a_faulty_one_are_still_read() {
        let text = "[t]\na = [\n  1,\n  2,\n]\nb = oops\nc = \"\"\"\nd = 1\n\"\"\"\n[u]\ne = 1\n";
        let (tree, faults) = parse(&Source::new(Path::new("a"), text));
        assert_eq!(faults.len(), 1, "{faults}");
        let Some(crate::config::tree::TomlValue::Table(t)) = tree.get("t").map(|node| &node.value) else { panic!() };
        assert_eq!(t.0.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert!(tree.get("u").is_some());
    }

    #[test]
    fn a_key_or_a_section_that_occurs_twice_is_reported() {
        let faults = faults("[s]\nb=1\nb=2\n[s]\nc=1\n");
        assert_eq!(
            faults,
            [(3, "`b` is set twice in its section".to_owned()), (4, "section [s] is defined twice".to_owned())]
        );
    }
}
