//! Is the text TOML, and what does it hold?
//!
//! TOML's parser gives up the rest of a file after some mistakes. So that all of them are told at once, a faulty file is cut
//! into statements (a header, or a key with its value), each is parsed alone, the faulty ones are blanked, and the rest is
//! parsed again: every byte keeps its place.
use super::fault::{Fault, Faults};
use super::source::Source;
use super::tree::Table;
use std::ops::Range;
use toml::de::{DeTable, Error};

/// More mistakes than this are one: the file is no TOML.
const MANY: usize = 50;
/// A value that spans more lines than this is not searched for its end once a mistake was found.
const LONGEST: usize = 200;

/// What stands in the text, and its faults of syntax. With faults the tree lacks the faulty statements.
pub(super) fn parse(source: &Source) -> (Table, Faults) {
    let mut faults = Faults::default();
    let (document, errors) = DeTable::parse_recoverable(source.text);
    if errors.is_empty() {
        return (Table::from(document.get_ref()), faults);
    }
    let (statements, readable) = cut(source.text);
    let faulty = statements.iter().take(MANY).map(|(statement, error)| fault(source, statement, error));
    faults.extend(faulty);
    let (document, left) = DeTable::parse_recoverable(&readable);
    faults.extend(left.iter().take(MANY).map(|error| fault(source, &(0..0), error)));
    if faults.is_empty() {
        faults.extend(errors.first().map(|error| fault(source, &(0..0), error)));
    }
    (Table::from(document.get_ref()), faults)
}

/// The faulty statements with their first error, and the text with these blanked, as also everything below a faulty header.
fn cut(text: &str) -> (Vec<(Range<usize>, Error)>, String) {
    let mut faulty = Vec::new();
    let mut readable = text.as_bytes().to_vec();
    let mut starts = statement_starts(text);
    starts.push(text.len());
    let mut is_below_faulty_header = false;
    let mut k = 0;
    while k + 1 < starts.len() && faulty.len() <= MANY {
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

/// Parses the statement at the first of `starts`, which may span several lines that look like statements: how many, or its
/// first error (its span within the whole text is that in the statement and the statement's start).
fn parse_one(text: &str, starts: &[usize]) -> Result<usize, Error> {
    let mut first = None;
    for (k, &end) in starts[1..].iter().enumerate().take(LONGEST) {
        let (_, errors) = DeTable::parse_recoverable(&text[starts[0]..end]);
        match errors.into_iter().min_by_key(|error| error.span().map(|span| span.start)) {
            None => return Ok(k + 1),
            Some(error) => first.get_or_insert(error),
        };
        // Only a value that is not closed goes on in the next line.
        if !opens_a_value(&text[starts[0]..starts[1]]) {
            break;
        }
    }
    first.map_or(Ok(1), Err)
}

/// Whether a statement's first lines may belong to a longer value: an array, an inline table or a long string.
fn opens_a_value(statement: &str) -> bool {
    let Some((key, value)) = statement.split_once('=') else { return false };
    let value = value.trim_start();
    !key.trim_start().starts_with('[') && ["[", "{", "\"\"\"", "'''"].iter().any(|open| value.starts_with(open))
}

/// Where lines begin that look like a header or like a key with its value; what precedes the first belongs to it.
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

fn fault(source: &Source, statement: &Range<usize>, error: &Error) -> Fault {
    let within = error.span().unwrap_or(0..0);
    let span = statement.start + within.start..statement.start + within.end;
    let line = source.place(&span).line_text;
    let (message, help) = explain(error.message(), line.trim(), &source.excerpt(&span));
    Fault::at(source, &span, "", message, help)
}

/// The parser's message in the words of who wrote the line, and what to do about it.
fn explain(message: &str, line: &str, found: &str) -> (String, String) {
    let key = line.split(['=', ':']).next().unwrap_or_default().trim();
    let is_of_value = ["string values", "invalid boolean", "invalid float"].iter().any(|m| message.starts_with(m));
    let is_of_key = ["key with no value", "invalid unquoted key"].iter().any(|m| message.starts_with(m));
    match found {
        _ if message == "duplicate key" && line.starts_with('[') => {
            (format!("section {line} is given twice"), "join the two sections into one".to_owned())
        }
        _ if message == "duplicate key" => {
            (format!("`{found}` is given twice in its section"), "keep one of the two lines".to_owned())
        }
        "" if is_of_value => {
            (format!("`{key}` has no value"), format!("write a value behind `{key} =`, or remove the line"))
        }
        "True" | "False" if is_of_value => {
            (format!("`{found}` is no value"), format!("write {}", found.to_lowercase()))
        }
        _ if is_of_value && found.starts_with(char::is_alphabetic) => {
            (format!("`{found}` is no value: strings stand in quotes"), format!("write \"{found}\""))
        }
        _ if is_of_key && line.contains(':') && !line.contains('=') => {
            (format!("not TOML: {message}"), format!("write `{key} = ...`, with = instead of a colon"))
        }
        _ if line.starts_with('{') => (
            format!("not TOML: {message}"),
            "write sections as [section] and keys as key = value, not as JSON".to_owned(),
        ),
        _ => (
            format!("not TOML: {message}"),
            "correct the line; https://toml.io shows how values are written".to_owned(),
        ),
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
    fn every_faulty_statement_is_named_once_on_its_line() {
        let text = "[t]\ncount = \nx 10\ny = 5\n[u\nz=1\n[v]\nw=[1,2\nk=3\nq=fssh\nq=1\n";
        let lines: Vec<_> = faults(text).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 5, 8, 10]);
    }

    #[test]
    fn statements_before_and_after_a_faulty_one_are_still_read() {
        let text = "[t]\na = [\n  1,\n  2,\n]\nb = oops\nc = \"\"\"\nd = 1\n\"\"\"\n[u]\ne = 1\n";
        let (tree, faults) = parse(&Source::new(Path::new("a"), text));
        assert_eq!(faults.len(), 1, "{faults}");
        let Some(crate::config::tree::Value::Table(t)) = tree.get("t").map(|node| &node.value) else { panic!() };
        assert_eq!(t.0.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert!(tree.get("u").is_some());
    }

    #[test]
    fn a_key_or_a_section_given_twice_is_named() {
        let found = faults("[s]\nb=1\nb=2\n[s]\nc=1\n");
        assert_eq!(
            found,
            [(3, "`b` is given twice in its section".to_owned()), (4, "section [s] is given twice".to_owned())]
        );
    }
}
