//! Does a name match a shell pattern?

/// Whether `name` matches `pattern`: `*` is any text, `?` any character, `[AB]` one of several and `[!AB]` any other.
pub(super) fn matches(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', rest @ ..] => (0..=name.len()).any(|skipped| matches(rest, &name[skipped..])),
        ['[', rest @ ..] if rest.contains(&']') => {
            let Some((first, others)) = name.split_first() else { return false };
            let end = rest.iter().position(|c| *c == ']').unwrap_or(rest.len());
            let (is_negated, class) = match &rest[..end] {
                ['!', class @ ..] => (true, class),
                class => (false, class),
            };
            is_one_of(class, *first) != is_negated && matches(&rest[end + 1..], others)
        }
        [wanted, rest @ ..] => match name.split_first() {
            Some((found, others)) => (wanted == found || *wanted == '?') && matches(rest, others),
            None => false,
        },
    }
}

/// Whether a character is in a class such as `AB1-3`.
fn is_one_of(class: &[char], c: char) -> bool {
    match class {
        [from, '-', to, rest @ ..] => (*from..=*to).contains(&c) || is_one_of(rest, c),
        [first, rest @ ..] => *first == c || is_one_of(rest, c),
        [] => false,
    }
}
