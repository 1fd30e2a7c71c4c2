//! Which `key=value` items are in the comment line of an xyz file?
//!
//! As extended xyz and other programs write them: `key=value`, `key: value`, values in quotes or brackets, keys in quotes.

const BRACKETS: [(char, char); 3] = [('[', ']'), ('{', '}'), ('(', ')')];

/// Keys and values of all items of a comment, in order, as written but without quotes.
pub fn items(comment: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = comment;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '"' || c == '\'') {
        rest = &rest[start..];
        let (key, after) = split_key(rest);
        match after.trim_start().strip_prefix(['=', ':']) {
            Some(after) if !key.is_empty() => {
                let (value, after) = split_value(after.trim_start());
                found.push((key, value));
                rest = after;
            }
            _ => rest = after,
        }
    }
    found
}

/// The value of the first `key=`, wherever it is in the comment; the case of the key does not matter. A value without quotes or brackets
/// ends at a blank; without the closing quote or bracket it is the rest of the comment.
pub fn value<'a>(comment: &'a str, key: &str) -> Option<&'a str> {
    let value = |start: usize| -> Option<&'a str> {
        let text = comment[start + key.len()..].trim_start().strip_prefix('=')?.trim_start();
        let inner = split_quoted(text).or_else(|| split_nested(text)).map(|(inner, _)| inner);
        let is_open = text.starts_with(['"', '\'', '[', '{', '(']);
        inner.or(if is_open { text.get(1..) } else { Some(text.split_whitespace().next().unwrap_or_default()) })
    };
    word_starts(&comment.to_ascii_lowercase(), key).find_map(value)
}

/// Where `word` begins in `text` and is not the end of a longer word.
pub fn word_starts<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_inside = move |start: usize| text[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(word).map(|(start, _)| start).filter(move |&start| !is_inside(start))
}

/// A word or a quoted text, and what follows it. At least one character is consumed.
fn split_key(text: &str) -> (&str, &str) {
    if let Some((inner, after)) = split_quoted(text) {
        return (inner.trim(), after);
    }
    if text.starts_with(['"', '\'']) {
        return ("", &text[1..]);
    }
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '+' | '.');
    text.split_at(text.find(|c| !is_key(c)).unwrap_or(text.len()))
}

fn split_value(text: &str) -> (&str, &str) {
    let split_bracketed = |open, close| text.strip_prefix(open)?.split_once(close);
    let inner =
        split_quoted(text).or_else(|| BRACKETS.into_iter().find_map(|(open, close)| split_bracketed(open, close)));
    if let Some((inner, after)) = inner {
        return (inner.trim(), after);
    }
    let mut end = text.find(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '}' | ')')).unwrap_or(text.len());
    // A comma ends the value unless a number follows: `charge=1,mult=2`, but `selection=1-4,7`.
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
    if let Some((comma, _)) = text[..end].match_indices(',').find(|(comma, _)| !is_number(&text[comma + 1..])) {
        end = comma;
    }
    text.split_at(end)
}

fn split_quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

/// A text in brackets that may contain others.
fn split_nested(text: &str) -> Option<(&str, &str)> {
    let (open, close) = BRACKETS.into_iter().find(|(open, _)| text.starts_with(*open))?;
    let mut depth = 0_i32;
    let end = text.find(|c: char| {
        depth += i32::from(c == open) - i32::from(c == close);
        depth == 0
    })?;
    Some((&text[1..end], &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(comment: &str) -> String {
        items(comment).iter().map(|(key, value)| format!("{key}={value};")).collect()
    }

    #[test]
    fn items_are_read_as_programs_write_them() {
        for (comment, expected) in [
            ("charge=-1 selection_a=1-4,7 selection_b=5-7", "charge=-1;selection_a=1-4,7;selection_b=5-7;"),
            ("charge=1,mult=2, energy=-76.0;a=b", "charge=1;mult=2;energy=-76.0;a=b;"),
            ("Charge: -1 Multiplicity : 2 title", "Charge=-1;Multiplicity=2;"),
            ("charge = 2", "charge=2;"),
            ("Lattice=\"1 0 0 0 1 0 0 0 1\" pbc='T T T' x=[1, 2]", "Lattice=1 0 0 0 1 0 0 0 1;pbc=T T T;x=1, 2;"),
            ("{\"charge\": -1, \"name\": \"a b\"}", "charge=-1;name=a b;"),
            ("water dimer -152.1 (charge=1)", "charge=1;"),
            ("i =      10, time =    5.000, E =   -76.1", "i=10;time=5.000;E=-76.1;"),
            ("formate's \"lost", ""),
            ("charge=", "charge=;"),
            ("\u{2212}1 \u{e4}=3", ""),
        ] {
            assert_eq!(reported(comment), expected, "{comment}");
        }
    }
}
