//! How is a file split into lines, and which of them were cut off?
//!
//! A killed program leaves its last line incomplete, at the end of its write buffer; when it continues, it appends a header to that line:
//! ` 1255.100000 #! FIELDS time phi`. A file system may leave zero bytes after a crash.

/// A line, or a part of a damaged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: usize,
    /// Without surrounding blanks.
    pub text: &'a [u8],
    pub end: LineEnd,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// Its line feed.
    LineFeed,
    /// The end of the file, without a line feed.
    File,
    /// A header within the line: the text before it was cut off.
    Header,
    /// Zero bytes within the line.
    Zeros,
}

/// All lines of `bytes`; a line with a header after other text, or with zero bytes, in parts.
pub fn split(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let has_zeros = memchr::memchr(0, bytes).is_some();
    let mut begin = 0;
    let raw = (1..).zip(memchr::memchr_iter(b'\n', bytes).chain([bytes.len()])).map(move |(number, end)| {
        let text = bytes[begin..end].trim_ascii();
        begin = end + 1;
        Line { number, text, end: if end == bytes.len() { LineEnd::File } else { LineEnd::LineFeed } }
    });
    raw.flat_map(move |line| {
        let (damaged, rest) = if has_zeros { split_zeros(line) } else { (None, line) };
        let (torn, rest) = split_header(rest);
        // In a line with zero bytes only a header after them is certainly complete.
        let is_lost = damaged.is_some() && !rest.text.starts_with(b"#!");
        let rest = if is_lost { Line { text: b"", ..rest } } else { rest };
        damaged.into_iter().chain(torn.filter(|_| damaged.is_none())).chain([rest])
    })
}

/// The parts before the first zero byte and after the last one.
fn split_zeros(line: Line) -> (Option<Line>, Line) {
    match (memchr::memchr(0, line.text), memchr::memrchr(0, line.text)) {
        (Some(first), Some(last)) => (
            Some(Line { text: line.text[..first].trim_ascii(), end: LineEnd::Zeros, ..line }),
            Line { text: line.text[last + 1..].trim_ascii(), ..line },
        ),
        _ => (None, line),
    }
}

/// The part before a header within the line, and the header. In a comment only `#! FIELDS` counts as a header.
fn split_header(line: Line) -> (Option<Line>, Line) {
    let is_comment = line.text.first().is_some_and(|first| matches!(first, b'#' | b'@' | b'&'));
    let mark: &[u8] = if is_comment { b"#! FIELDS" } else { b"#!" };
    let mut marks = memchr::memchr_iter(b'#', line.text).filter(|at| *at > 0);
    match marks.rfind(|at| line.text[*at..].starts_with(mark)) {
        Some(at) => (
            Some(Line { text: line.text[..at].trim_ascii(), end: LineEnd::Header, ..line }),
            Line { text: &line.text[at..], ..line },
        ),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(usize, String, LineEnd)> {
        let part = |line: Line| (line.number, String::from_utf8_lossy(line.text).into_owned(), line.end);
        split(text.as_bytes()).map(part).filter(|(_, text, end)| !text.is_empty() || *end == LineEnd::Zeros).collect()
    }

    #[test]
    fn only_the_last_line_may_lack_a_line_feed() {
        assert_eq!(parts(" 1 2 \r\n\n3"), [(1, "1 2".into(), LineEnd::LineFeed), (3, "3".into(), LineEnd::File)]);
    }

    #[test]
    fn a_header_within_a_line_is_a_line_of_its_own() {
        let torn = |text: &str| (1, text.to_owned(), LineEnd::Header);
        let header = (1, "#! FIELDS time".to_owned(), LineEnd::LineFeed);
        assert_eq!(parts(" 1255.1 #! FIELDS time\n"), [torn("1255.1"), header.clone()]);
        assert_eq!(parts(" 1255.1 0.3#! FIELDS time\n"), [torn("1255.1 0.3"), header.clone()]);
        assert_eq!(parts("#! SET max_phi p#! FIELDS time\n"), [torn("#! SET max_phi p"), header.clone()]);
        assert_eq!(parts("##! FIELDS time\n"), [torn("#"), header]);
        assert_eq!(parts("# gmx says #! so\n"), [(1, "# gmx says #! so".into(), LineEnd::LineFeed)]);
    }

    #[test]
    fn of_a_line_with_zero_bytes_only_a_header_after_them_is_kept() {
        let zeros = |text: &str| (2, text.to_owned(), LineEnd::Zeros);
        assert_eq!(parts("1 2\n3\0\0\0 4 5\n"), [(1, "1 2".into(), LineEnd::LineFeed), zeros("3")]);
        assert_eq!(
            parts("1 2\n\0\0#! FIELDS t x\n"),
            [(1, "1 2".into(), LineEnd::LineFeed), zeros(""), (2, "#! FIELDS t x".into(), LineEnd::LineFeed)]
        );
        assert_eq!(parts("1 2\n\0\0"), [(1, "1 2".into(), LineEnd::LineFeed), zeros("")]);
    }
}
