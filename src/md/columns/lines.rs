//! Which lines does a file have, and which of them were cut off?
//!
//! A program that is killed leaves its last line cut, at a border of its buffer; when it goes on, it appends a header to what is there:
//! ` 1255.100000 #! FIELDS time phi`. A file system may leave bytes of zero after a crash.

/// A line, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: usize,
    /// Without blanks around it.
    pub text: &'a [u8],
    pub end: End,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With its line feed.
    Whole,
    /// With the file, without a line feed.
    File,
    /// Within: a header begins behind it.
    Torn,
    /// Within: bytes of zero stand in it.
    Zeros,
}

/// All lines of `bytes`; one that holds a header behind something else, or bytes of zero, in parts.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let has_zeros = memchr::memchr(0, bytes).is_some();
    let mut begin = 0;
    let raw = (1..).zip(memchr::memchr_iter(b'\n', bytes).chain([bytes.len()])).map(move |(number, end)| {
        let text = bytes[begin..end].trim_ascii();
        begin = end + 1;
        Line { number, text, end: if end == bytes.len() { End::File } else { End::Whole } }
    });
    raw.flat_map(move |line| {
        let (damaged, rest) = if has_zeros { split_zeros(line) } else { (None, line) };
        let (torn, rest) = split_header(rest);
        // Of a line with bytes of zero only a header behind them is surely whole.
        let is_lost = damaged.is_some() && !rest.text.starts_with(b"#!");
        let rest = if is_lost { Line { text: b"", ..rest } } else { rest };
        damaged.into_iter().chain(torn.filter(|_| damaged.is_none())).chain([rest])
    })
}

/// What is before the first byte of zero, and what is behind the last one.
fn split_zeros(line: Line) -> (Option<Line>, Line) {
    match (memchr::memchr(0, line.text), memchr::memrchr(0, line.text)) {
        (Some(first), Some(last)) => (
            Some(Line { text: line.text[..first].trim_ascii(), end: End::Zeros, ..line }),
            Line { text: line.text[last + 1..].trim_ascii(), ..line },
        ),
        _ => (None, line),
    }
}

/// What is before a header within the line, and the header. A comment may speak of anything but `#! FIELDS`.
fn split_header(line: Line) -> (Option<Line>, Line) {
    let is_comment = line.text.first().is_some_and(|first| matches!(first, b'#' | b'@' | b'&'));
    let mark: &[u8] = if is_comment { b"#! FIELDS" } else { b"#!" };
    let mut places = memchr::memchr_iter(b'#', line.text).filter(|at| *at > 0);
    match places.rfind(|at| line.text[*at..].starts_with(mark)) {
        Some(at) => (
            Some(Line { text: line.text[..at].trim_ascii(), end: End::Torn, ..line }),
            Line { text: &line.text[at..], ..line },
        ),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(usize, String, End)> {
        let told = |line: Line| (line.number, String::from_utf8_lossy(line.text).into_owned(), line.end);
        lines(text.as_bytes()).map(told).filter(|(_, text, end)| !text.is_empty() || *end == End::Zeros).collect()
    }

    #[test]
    fn lines_are_whole_but_for_the_last_one() {
        assert_eq!(of(" 1 2 \r\n\n3"), [(1, "1 2".into(), End::Whole), (3, "3".into(), End::File)]);
    }

    #[test]
    fn a_header_within_a_line_is_a_line_of_its_own() {
        let torn = |text: &str| (1, text.to_owned(), End::Torn);
        let header = (1, "#! FIELDS time".to_owned(), End::Whole);
        assert_eq!(of(" 1255.1 #! FIELDS time\n"), [torn("1255.1"), header.clone()]);
        assert_eq!(of(" 1255.1 0.3#! FIELDS time\n"), [torn("1255.1 0.3"), header.clone()]);
        assert_eq!(of("#! SET max_phi p#! FIELDS time\n"), [torn("#! SET max_phi p"), header.clone()]);
        assert_eq!(of("##! FIELDS time\n"), [torn("#"), header]);
        assert_eq!(of("# gmx says #! so\n"), [(1, "# gmx says #! so".into(), End::Whole)]);
    }

    #[test]
    fn bytes_of_zero_leave_only_a_header_behind_them() {
        let zeros = |text: &str| (2, text.to_owned(), End::Zeros);
        assert_eq!(of("1 2\n3\0\0\0 4 5\n"), [(1, "1 2".into(), End::Whole), zeros("3")]);
        assert_eq!(
            of("1 2\n\0\0#! FIELDS t x\n"),
            [(1, "1 2".into(), End::Whole), zeros(""), (2, "#! FIELDS t x".into(), End::Whole)]
        );
        assert_eq!(of("1 2\n\0\0"), [(1, "1 2".into(), End::Whole), zeros("")]);
    }
}
