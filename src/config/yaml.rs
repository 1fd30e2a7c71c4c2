//! Parses YAML 1.2 with the position of every value.
//!
//! Plain scalars are what the core schema of YAML 1.2 says: `yes`, `no`, `on` and `off` are strings. What YAML 1.1 reads as something else, and
//! would be a wrong value without a word (`010`, `<<`), is refused. Anchors and aliases are honoured, tags are refused.
use super::fault::{Fault, Faults};
use super::plain::{MAX_DEPTH, PlainNode, PlainValue, empty};
use super::source::Source;
use super::yaml_scalar::{self, Scalar};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use std::collections::HashMap;
use std::ops::Range;
use toml::Spanned;

/// Values that aliases may repeat altogether: more are an attack, or no configuration.
const MAX_REPEATED: usize = 1_000_000;

/// The value of the file, without those parts that are at fault, and its faults.
pub(super) fn parse(source: &Source) -> (Option<PlainNode>, Faults) {
    let parser = Parser::new_from_str(source.text);
    let mut reader =
        Reader { source, parser, anchors: HashMap::new(), repeated: 0, depth: 0, faults: Faults::default() };
    let root = reader.document();
    match root {
        Ok(root) => (root, reader.faults),
        Err(fault) => {
            reader.faults.push(*fault);
            (None, reader.faults)
        }
    }
}

type Parsed<T> = Result<T, Box<Fault>>;

struct Reader<'a> {
    source: &'a Source<'a>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, PlainNode>,
    /// How many values aliases have repeated.
    repeated: usize,
    depth: usize,
    /// Those after which parsing goes on.
    faults: Faults,
}

impl<'a> Reader<'a> {
    /// The value of the only document; none if there is none.
    fn document(&mut self) -> Parsed<Option<PlainNode>> {
        self.check_version()?;
        let mut root = None;
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        let help = "keep one of them: each is a configuration";
                        return Err(self.fault(self.bytes(&span), "the file has several YAML documents", help));
                    }
                    let (event, span) = self.next()?;
                    let is_null = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, 0, None) if text.is_empty());
                    root = if is_null { Some(empty()) } else { self.node(event, &span, None)? };
                }
                _ => {}
            }
        }
    }

    /// Refuses a file that says to be written in another version of YAML.
    fn check_version(&self) -> Parsed<()> {
        let mut start = 0;
        for line in self.source.text.split_inclusive('\n') {
            match line.strip_prefix("%YAML") {
                Some(version) if version.trim() != "1.2" => {
                    let span = start..start + line.trim_end().len();
                    let help = "remove the line, and check that words such as yes and on are meant as strings";
                    return Err(self.fault(span, "the file is read as YAML 1.2", help));
                }
                _ if !line.starts_with(['%', '#', '\n']) => break,
                _ => start += line.len(),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Parsed<(Event<'a>, Span)> {
        match self.parser.next_event() {
            Some(event) => event.map_err(|error| self.syntax_fault(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The value that begins with an event; none for null, which is reported. `key_span` is that of the key whose value it is.
    fn node(&mut self, event: Event<'a>, span: &Span, key_span: Option<&Range<usize>>) -> Parsed<Option<PlainNode>> {
        let bytes = self.bytes(span);
        let (anchor, node) = match event {
            Event::Alias(anchor) => return self.alias(anchor, bytes).map(Some),
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &bytes)?;
                let bytes = bytes.start..self.end_of_scalar(&text, bytes);
                (anchor, self.scalar(&text, style, bytes, key_span))
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &bytes)?;
                let (items, end) = self.nested(&bytes, Self::sequence)?;
                (anchor, Some(Spanned::new(self.collection(bytes, end, key_span), PlainValue::Array(items))))
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &bytes)?;
                let (entries, end) = self.nested(&bytes, Self::mapping)?;
                (anchor, Some(Spanned::new(self.collection(bytes, end, key_span), PlainValue::Table(entries))))
            }
            _ => return Err(self.fault(bytes, "invalid YAML: expected a value", "correct the line")),
        };
        if anchor > 0 {
            self.anchors.extend(node.clone().map(|node| (anchor, node)));
        }
        Ok(node)
    }

    /// Where a scalar on one line ends: the parser counts a comment behind quotes to it.
    fn end_of_scalar(&self, text: &str, bytes: Range<usize>) -> usize {
        let written = &self.source.text[bytes.clone()];
        let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
        let is_escaped = |at: usize| written[..at].bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
        let length = match quote {
            None => written.starts_with(text).then_some(text.len()),
            Some('"') => {
                (1..written.len()).find(|&at| written.as_bytes()[at] == b'"' && !is_escaped(at)).map(|at| at + 1)
            }
            // Two quotes are one within the text.
            _ => Some(2 + text.len() + text.matches('\'').count())
                .filter(|&end| written.get(..end).is_some_and(|t| t.ends_with('\''))),
        };
        length.map_or(bytes.end, |length| bytes.start + length)
    }

    /// The bytes of a collection: all of it in brackets; else the key above it, as for a section of TOML.
    fn collection(&self, start: Range<usize>, end: usize, key_span: Option<&Range<usize>>) -> Range<usize> {
        let is_flow = self.source.text[start.start..].starts_with(['[', '{']);
        match key_span {
            Some(key_span) if !is_flow => key_span.clone(),
            _ => start.start..end.max(start.end),
        }
    }

    fn nested<T>(&mut self, start: &Range<usize>, read: fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault(start.clone(), "values are nested too deeply", "name a configuration file"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// The elements of a sequence, and the byte at which it ends.
    fn sequence(&mut self) -> Parsed<(Vec<PlainNode>, usize)> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok((items, self.bytes(&span).end));
            }
            items.extend(self.node(event, &span, None)?);
        }
    }

    /// The entries of a mapping, and the byte at which it ends.
    #[expect(clippy::type_complexity)]
    fn mapping(&mut self) -> Parsed<(Vec<(Spanned<String>, PlainNode)>, usize)> {
        let mut entries: Vec<(Spanned<String>, PlainNode)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok((entries, self.bytes(&span).end));
            }
            let key = self.key(event, &span)?;
            let (event, span) = self.next()?;
            let value = self.node(event, &span, Some(&key.span()))?;
            if entries.iter().any(|(known, _)| known.get_ref() == key.get_ref()) {
                let message = format!("`{}` is set twice in its section", key.get_ref());
                self.faults.push(Fault::new(self.source, &key.span(), "", message, "keep one of the two"));
            } else {
                entries.extend(value.map(|value| (key, value)));
            }
        }
    }

    /// A key, which is its text whatever that looks like: `y` and `1` are names of keys.
    fn key(&mut self, event: Event<'a>, span: &Span) -> Parsed<Spanned<String>> {
        let bytes = self.bytes(span);
        let Event::Scalar(text, style, _, tag) = event else {
            return Err(self.fault(bytes, "a key must be a name", "write `key: value`"));
        };
        self.refuse_tag(tag.as_deref(), &bytes)?;
        if style == ScalarStyle::Plain && text == "<<" {
            let help = "write the keys out, or give the whole value an anchor";
            return Err(self.fault(bytes, "merge keys (<<) are not part of YAML 1.2", help));
        }
        if style == ScalarStyle::Plain && text.is_empty() {
            return Err(self.fault(bytes, "a key is missing before the colon", "write `key: value`"));
        }
        Ok(Spanned::new(bytes, text.into_owned()))
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        bytes: Range<usize>,
        key_span: Option<&Range<usize>>,
    ) -> Option<PlainNode> {
        let (message, help) = match (style, yaml_scalar::resolve(text)) {
            (ScalarStyle::Plain, Scalar::Value(value)) => return Some(Spanned::new(bytes, value)),
            (ScalarStyle::Plain, Scalar::Null) => {
                let key = key_span.map_or("it", |span| &self.source.text[span.clone()]);
                (
                    format!("`{key}` has no value"),
                    "write a value, or remove the key: its default is used then".to_owned(),
                )
            }
            (ScalarStyle::Plain, Scalar::LeadingZero) => {
                let without = yaml_scalar::without_leading_zeros(text);
                let help = format!("write {without}, or \"{text}\" if it is a string");
                (format!("`{text}` has a leading zero, which some programs read as octal"), help)
            }
            _ => return Some(Spanned::new(bytes, PlainValue::Text(text.to_owned()))),
        };
        let span = if bytes.is_empty() { key_span.cloned().unwrap_or(bytes) } else { bytes };
        self.faults.push(Fault::new(self.source, &span, "", message, help));
        None
    }

    /// The value that an alias repeats, whose faults are those of the place where it is written.
    fn alias(&mut self, anchor: usize, bytes: Range<usize>) -> Parsed<PlainNode> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            let help = "write the value out: it is at fault, or contains this alias";
            return Err(self.fault(bytes, "the alias has no value to repeat", help));
        };
        self.repeated += size(&node);
        if self.repeated > MAX_REPEATED {
            return Err(self.fault(bytes, "aliases repeat too many values", "write the values out"));
        }
        Ok(node)
    }

    fn refuse_tag(&self, tag: Option<&Tag>, bytes: &Range<usize>) -> Parsed<()> {
        match tag {
            Some(tag) => {
                let message = format!("tags such as `!{}` are not supported", tag.suffix);
                Err(self.fault(bytes.clone(), message, "remove it; write strings in quotes"))
            }
            None => Ok(()),
        }
    }

    fn syntax_fault(&self, error: &ScanError) -> Box<Fault> {
        let at = self.byte(error.marker());
        let line = self.source.locate(&(at..at)).line_text;
        let help = match line.trim_start() {
            rest if rest.starts_with('\t') || line.starts_with('\t') => "indent by blanks: YAML has no tabs",
            rest if rest.contains('=') && !rest.contains(':') => "write `key: value`, with a colon instead of =",
            _ => "check the indentation, colons and brackets here and in the lines above",
        };
        self.fault(at..at, format!("invalid YAML: {}", error.info()), help)
    }

    fn fault(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Box<Fault> {
        Box::new(Fault::new(self.source, &span, "", message, help))
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        self.byte(&span.start)..self.byte(&span.end)
    }

    /// The parser counts lines from 1, and characters within a line from 0.
    fn byte(&self, marker: &Marker) -> usize {
        self.source.byte(marker.line().saturating_sub(1), marker.col())
    }
}

/// Number of values in a value.
fn size(node: &PlainNode) -> usize {
    match node.get_ref() {
        PlainValue::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        PlainValue::Table(entries) => 1 + entries.iter().map(|(_, node)| size(node)).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn faults(text: &str) -> Vec<(usize, usize, String)> {
        let (_, faults) = parse(&Source::new(Path::new("a.yaml"), text));
        faults.iter().map(|fault| (fault.line, fault.column, format!("{}; {}", fault.message, fault.help))).collect()
    }

    fn entries(text: &str) -> Vec<(String, PlainValue, String)> {
        let (root, faults) = parse(&Source::new(Path::new("a.yaml"), text));
        assert!(faults.is_empty(), "{faults}");
        let Some(PlainValue::Table(entries)) = root.map(Spanned::into_inner) else { panic!("{text}") };
        let part = |node: &PlainNode| text[node.span()].to_owned();
        entries.into_iter().map(|(key, node)| (key.into_inner(), node.get_ref().clone(), part(&node))).collect()
    }

    #[test]
    fn values_are_read_with_their_positions() {
        let text = "# ö\nä: 'ö''s' # x\nb:\n  c: [1, {d: -2.5e-3}]\n  e:\n  - |\n    x\n    y\nf: true # y\r\ng: on\nh: \"\\\"#\" # z\n";
        let found = entries(text);
        let [(key, value, part), (_, b, b_part), (_, f, f_part), (_, g, _), (_, _, h_part)] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!((key.as_str(), part.as_str(), b_part.as_str(), f_part.as_str()), ("ä", "'ö''s'", "b", "true"));
        assert!(matches!(value, PlainValue::Text(text) if text == "ö's") && matches!(f, PlainValue::Boolean(true)));
        assert!(matches!(g, PlainValue::Text(text) if text == "on"));
        assert_eq!(h_part, "\"\\\"#\"");
        let PlainValue::Table(b) = b else { panic!() };
        let PlainValue::Array(c) = b[0].1.get_ref() else { panic!() };
        assert_eq!((&text[b[0].1.span()], &text[c[1].span()]), ("[1, {d: -2.5e-3}]", "{d: -2.5e-3}"));
        let PlainValue::Array(e) = b[1].1.get_ref() else { panic!() };
        assert!(matches!(e[0].get_ref(), PlainValue::Text(text) if text == "x\ny\n"));
    }

    #[test]
    fn an_alias_repeats_the_value_of_its_anchor() {
        let found = entries("a: &x {n: 1}\nb: *x\nc: &y 3\nd: [*y, *y]\n");
        assert!(matches!(&found[1].1, PlainValue::Table(entries) if entries.len() == 1));
        assert!(matches!(&found[3].1, PlainValue::Array(items) if items.len() == 2));
        let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for k in 1..12 {
            let above = format!("*a{}, ", k - 1);
            bomb += &format!("a{k}: &a{k} [{}]\n", above.repeat(10).trim_end_matches(", "));
        }
        assert!(!faults(&bomb).is_empty());
        assert!(!faults("a: &x [*x]\n").is_empty() && !faults("a: *unknown\n").is_empty());
    }

    #[test]
    fn every_kind_of_error_is_named_at_its_place() {
        for (text, line, part) in [
            ("a: 1\na: 2\n", 2, "`a` is set twice"),
            ("a: 1\nb:\n", 2, "`b` has no value"),
            ("a: ~\n", 1, "remove the key"),
            ("a: [1, null]\n", 1, "has no value"),
            ("a: 010\n", 1, "write 10"),
            ("a: !!str 1\n", 1, "tags such as `!str`"),
            ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "merge keys"),
            ("a: 1\n---\nb: 2\n", 2, "several YAML documents"),
            ("%YAML 1.1\n---\na: 1\n", 1, "YAML 1.2"),
            ("a: 1\nb: [1, 2\nc: 3\n", 3, "invalid YAML"),
            ("a:\n\t- 1\n", 2, "tabs"),
            ("? [a]\n: 1\n", 1, "a key must be a name"),
            ("a: 'x\n", 1, "invalid YAML"),
        ] {
            let found = faults(text);
            assert!(found.len() == 1 && found[0].2.contains(part), "{text}: {found:?}");
            assert!(found[0].0 == line || part == "invalid YAML", "{text}: {found:?}");
        }
        assert!(!faults(&"[".repeat(100_000)).is_empty());
        assert!(faults("").is_empty() && faults("# nothing\n").is_empty() && faults("---\n").is_empty());
    }
}
