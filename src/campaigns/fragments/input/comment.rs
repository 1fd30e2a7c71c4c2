//! Which `key=value` items stand in the comment of an xyz file?
//!
//! As extended xyz and other programs write them: `key=value`, `key: value`, values in quotes or brackets, keys in quotes.

/// A key and its value, as they are written, without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    pub key: &'a str,
    pub value: &'a str,
}

/// Every item of a comment, in its order.
pub fn items(comment: &str) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    let mut rest = comment;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '"' || c == '\'') {
        rest = &rest[start..];
        let (key, behind) = key_of(rest);
        match behind.trim_start().strip_prefix(['=', ':']) {
            Some(behind) if !key.is_empty() => {
                let (value, behind) = value_of(behind.trim_start());
                found.push(Item { key, value });
                rest = behind;
            }
            _ => rest = behind,
        }
    }
    found
}

fn is_of_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '+' | '.')
}

/// A word or a quoted text, and what follows it. At least one character is taken.
fn key_of(text: &str) -> (&str, &str) {
    if let Some((inner, behind)) = quoted(text) {
        return (inner.trim(), behind);
    }
    if text.starts_with(['"', '\'']) {
        return ("", &text[1..]);
    }
    text.split_at(text.find(|c| !is_of_key(c)).unwrap_or(text.len()))
}

fn value_of(text: &str) -> (&str, &str) {
    if let Some((inner, behind)) = quoted(text) {
        return (inner.trim(), behind);
    }
    for (open, close) in [('[', ']'), ('{', '}'), ('(', ')')] {
        if let Some((inner, behind)) = text.strip_prefix(open).and_then(|text| text.split_once(close)) {
            return (inner.trim(), behind);
        }
    }
    let mut end = text.find(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '}' | ')')).unwrap_or(text.len());
    // A comma ends the value where another key follows it: `charge=1,mult=2`, but `selection=1-4,7`.
    let mut commas = text[..end].match_indices(',').map(|(at, _)| at);
    if let Some(at) =
        commas.find(|&at| !text[at + 1..].starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+'))
    {
        end = at;
    }
    text.split_at(end)
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(comment: &str) -> String {
        items(comment).iter().map(|item| format!("{}={};", item.key, item.value)).collect()
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
