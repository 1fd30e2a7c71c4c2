//! Parses JSON (RFC 8259) with the position of every value.
use super::fault::{Fault, Faults};
use super::plain::{MAX_DEPTH, PlainNode, PlainValue};
use super::source::Source;
use std::ops::Range;
use toml::Spanned;

/// The value of the file, without those parts that are at fault, and its faults.
pub(super) fn parse(source: &Source) -> (Option<PlainNode>, Faults) {
    let mut reader = Reader { source, at: 0, depth: 0, faults: Faults::default() };
    let root = reader.document();
    let faulty = root.is_err();
    let root = root.map_err(|fault| reader.faults.push(*fault)).ok().flatten();
    (root.filter(|_| !faulty), reader.faults)
}

type Parsed<T> = Result<T, Box<Fault>>;

struct Reader<'a> {
    source: &'a Source<'a>,
    /// The next byte.
    at: usize,
    depth: usize,
    /// Those after which parsing goes on.
    faults: Faults,
}

impl Reader<'_> {
    /// The value of the file; none if it is empty.
    fn document(&mut self) -> Parsed<Option<PlainNode>> {
        self.skip_blanks();
        if self.rest().is_empty() {
            return Ok(None);
        }
        let root = self.value()?;
        self.skip_blanks();
        match self.rest() {
            "" => Ok(root),
            _ => Err(self.unexpected("the end of the file")),
        }
    }

    fn rest(&self) -> &str {
        &self.source.text[self.at..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// Whether the next character is this one, which is then skipped, with blanks before it.
    fn skips(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        let is_next = self.next() == Some(wanted);
        self.at += usize::from(is_next);
        is_next
    }

    /// A value; none for null, which is reported.
    fn value(&mut self) -> Parsed<Option<PlainNode>> {
        self.skip_blanks();
        let start = self.at;
        let value = match self.next() {
            Some('{') => self.nested(Self::object)?,
            Some('[') => self.nested(Self::array)?,
            Some('"') => PlainValue::Text(self.string()?),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => PlainValue::Number(self.number()?),
            Some(c) if c.is_alphabetic() => match self.word() {
                "true" => PlainValue::Boolean(true),
                "false" => PlainValue::Boolean(false),
                "null" => {
                    self.at += "null".len();
                    let (message, help) = ("null is not a value here", "remove the key: its default is used then");
                    self.faults.push(Fault::new(self.source, &(start..self.at), "", message, help));
                    return Ok(None);
                }
                word => return Err(self.unknown_word(word)),
            },
            _ => return Err(self.unexpected("a value")),
        };
        if let PlainValue::Boolean(value) = value {
            self.at += if value { 4 } else { 5 };
        }
        Ok(Some(Spanned::new(start..self.at, value)))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<PlainValue>) -> Parsed<PlainValue> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault(self.at..self.at + 1, "values are nested too deeply", "name a configuration file"));
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Parsed<PlainValue> {
        let mut entries: Vec<(Spanned<String>, PlainNode)> = Vec::new();
        if self.skips('}') {
            return Ok(PlainValue::Table(entries));
        }
        loop {
            self.skip_blanks();
            let start = self.at;
            if self.next() != Some('"') {
                return Err(self.no_key());
            }
            let key = Spanned::new(start..self.at, self.string()?);
            let key = Spanned::new(start..self.at, key.into_inner());
            if !self.skips(':') {
                return Err(self.unexpected("a colon"));
            }
            let value = self.value()?;
            if entries.iter().any(|(known, _)| known.get_ref() == key.get_ref()) {
                let message = format!("`{}` is set twice in its section", key.get_ref());
                self.faults.push(Fault::new(self.source, &key.span(), "", message, "keep one of the two"));
            } else {
                entries.extend(value.map(|value| (key, value)));
            }
            if self.is_closed_by('}')? {
                return Ok(PlainValue::Table(entries));
            }
        }
    }

    fn array(&mut self) -> Parsed<PlainValue> {
        let mut items = Vec::new();
        if self.skips(']') {
            return Ok(PlainValue::Array(items));
        }
        loop {
            items.extend(self.value()?);
            if self.is_closed_by(']')? {
                return Ok(PlainValue::Array(items));
            }
        }
    }

    /// Whether the bracket `close` follows rather than a comma and another element.
    fn is_closed_by(&mut self, close: char) -> Parsed<bool> {
        if self.skips(close) {
            return Ok(true);
        }
        let comma = self.at;
        if !self.skips(',') {
            return Err(self.unexpected(&format!("a comma or `{close}`")));
        }
        if self.skips(close) {
            return Err(self.fault(comma..comma + 1, "a comma stands before the closing bracket", "remove the comma"));
        }
        Ok(false)
    }

    fn string(&mut self) -> Parsed<String> {
        let (start, bytes) = (self.at, self.source.text.as_bytes());
        let mut end = start + 1;
        while end < bytes.len() && bytes[end] != b'"' && bytes[end] != b'\n' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        if bytes.get(end) != Some(&b'"') {
            return Err(self.fault(
                start..end.min(bytes.len()),
                "the string is not closed",
                "close it with \" on its line",
            ));
        }
        self.at = end + 1;
        let text = &self.source.text[start..self.at];
        serde_json::from_str(text).map_err(|_| {
            let help = "escape a backslash as \\\\, and write control characters as \\n, \\t or \\u0000";
            self.fault(start..end + 1, "the string contains an invalid escape or a control character", help)
        })
    }

    fn number(&mut self) -> Parsed<String> {
        let start = self.at;
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '+' | '.' | '_');
        let text = &self.rest()[..self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len())];
        let (text, end) = (text.to_owned(), start + text.len());
        if !is_number(&text) {
            let help = "write it as in 0.5, -12 or 1e-3, or with quotes if it is a string";
            return Err(self.fault(start..end, format!("`{text}` is not a number of JSON"), help));
        }
        self.at = end;
        Ok(text)
    }

    /// The word that comes next.
    fn word(&self) -> &str {
        let rest = self.rest();
        &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
    }

    fn unknown_word(&self, word: &str) -> Box<Fault> {
        let help = match word {
            "True" | "False" => format!("write {}", word.to_lowercase()),
            "None" | "undefined" | "Null" | "NULL" => "remove the key: its default is used then".to_owned(),
            "NaN" | "Infinity" => "JSON has finite numbers alone".to_owned(),
            _ => format!("write \"{word}\", if it is a string"),
        };
        self.fault(self.at..self.at + word.len(), format!("`{word}` is not a value of JSON"), help)
    }

    fn no_key(&self) -> Box<Fault> {
        match self.next() {
            Some('\'') => self.fault(self.at..self.at + 1, "JSON has no single quotes", "write the key as in \"kind\""),
            Some(c) if c.is_alphanumeric() || c == '_' => {
                let word = self.word();
                self.fault(self.at..self.at + word.len(), "keys need quotes", format!("write \"{word}\""))
            }
            _ => self.unexpected("a key in quotes"),
        }
    }

    /// A fault of what comes next, where something else should.
    fn unexpected(&self, expected: &str) -> Box<Fault> {
        let span = self.at..self.at + self.next().map_or(0, char::len_utf8);
        match self.next() {
            Some('/' | '#') => self.fault(span, "JSON has no comments", "remove it, or write the file as YAML or TOML"),
            Some('\'') => self.fault(span, "JSON has no single quotes", "write strings as in \"hf\""),
            Some(found) => {
                let message = format!("invalid JSON: expected {expected}, found `{}`", found.escape_debug());
                self.fault(span, message, "correct the line")
            }
            None => {
                let message = format!("invalid JSON: expected {expected}, but the file ends");
                self.fault(span, message, "close all brackets, and check that the file is complete")
            }
        }
    }

    fn fault(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Box<Fault> {
        Box::new(Fault::new(self.source, &span, "", message, help))
    }
}

/// Whether a text is a number of JSON: `-? int (. digits)? ([eE] [+-]? digits)?`, an integer without leading zeros.
fn is_number(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (integer, fraction) = match mantissa.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (mantissa, None),
    };
    let integer = integer.strip_prefix('-').unwrap_or(integer);
    is_digits(integer)
        && (integer == "0" || !integer.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn faults(text: &str) -> Vec<(usize, usize, String)> {
        let (_, faults) = parse(&Source::new(Path::new("a.json"), text));
        faults.iter().map(|fault| (fault.line, fault.column, format!("{}; {}", fault.message, fault.help))).collect()
    }

    #[test]
    fn values_are_read_with_their_positions() {
        let text = "{\"a\": {\"b\\u00e4\": [1, -2.5e-3, true, \"x\\ny\"]},\n \"c\": {}}";
        let source = Source::new(Path::new("a.json"), text);
        let (root, faults) = parse(&source);
        assert!(faults.is_empty(), "{faults}");
        let root = root.unwrap();
        let PlainValue::Table(entries) = root.get_ref() else { panic!() };
        let PlainValue::Table(inner) = entries[0].1.get_ref() else { panic!() };
        let PlainValue::Array(items) = inner[0].1.get_ref() else { panic!() };
        assert_eq!((inner[0].0.get_ref().as_str(), &text[items[1].span()]), ("bä", "-2.5e-3"));
        assert_eq!(&text[entries[1].1.span()], "{}");
        assert!(matches!(items[3].get_ref(), PlainValue::Text(text) if text == "x\ny"));
    }

    #[test]
    fn every_kind_of_error_is_named_at_its_place() {
        for (text, line, column, part) in [
            ("{\"a\": 1,\n}", 1, 8, "remove the comma"),
            ("{\"a\": [1, 2,]}", 1, 12, "remove the comma"),
            ("{\n// x\n\"a\": 1}", 2, 1, "JSON has no comments"),
            ("{\"a\": 1 # x\n}", 1, 9, "JSON has no comments"),
            ("{a: 1}", 1, 2, "write \"a\""),
            ("{'a': 1}", 1, 2, "single quotes"),
            ("{\"a\": 'x'}", 1, 7, "single quotes"),
            ("{\"a\": True}", 1, 7, "write true"),
            ("{\"a\": None}", 1, 7, "remove the key"),
            ("{\"a\": NaN}", 1, 7, "finite"),
            ("{\"a\": -Infinity}", 1, 7, "not a number"),
            ("{\"a\": fssh}", 1, 7, "write \"fssh\""),
            ("{\"a\": .5}", 1, 7, "0.5"),
            ("{\"a\": 01}", 1, 7, "not a number"),
            ("{\"a\": 1_000}", 1, 7, "not a number"),
            ("{\"a\": 1", 1, 8, "the file ends"),
            ("{\"a\" 1}", 1, 6, "a colon"),
            ("{\"a\": 1 \"b\": 2}", 1, 9, "a comma or `}`"),
            ("{\"a\": 1} x", 1, 10, "the end of the file"),
            ("{\"a\": \"x\n\"}", 1, 7, "not closed"),
            ("{\"a\": \"\\q\"}", 1, 7, "invalid escape"),
            ("{\"a\": \"\\ud800\"}", 1, 7, "invalid escape"),
        ] {
            let found = faults(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].0 == line && found[0].1 == column && found[0].2.contains(part), "{text}: {found:?}");
        }
        assert!(faults(&"[".repeat(100_000))[0].2.contains("nested too deeply"));
    }

    #[test]
    fn repeated_keys_and_null_are_reported_together() {
        let found = faults("{\"a\": null,\n\"b\": 1,\n\"b\": 2,\n\"c\": [null]}");
        assert_eq!(found.iter().map(|(line, ..)| *line).collect::<Vec<_>>(), [1, 3, 4]);
        assert!(found[1].2.contains("`b` is set twice"), "{found:?}");
    }
}
