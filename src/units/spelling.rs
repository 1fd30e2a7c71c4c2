//! What do the spellings of one unit have in common?

/// `text` in small letters, without blanks and signs of multiplication and powers, and with digits for superscripts: `kJ mol^-1` and
/// `kJ·mol⁻¹` are `kjmol-1`.
pub fn normalized(text: &str) -> String {
    // Superscripts of xmgrace.
    let text = text.replace("\\S", "").replace("\\N", "").to_lowercase();
    let digits = text.chars().filter_map(|c| match c {
        '\u{2070}' => Some('0'),
        '\u{b9}' => Some('1'),
        '\u{b2}' => Some('2'),
        '\u{207b}' | '\u{2212}' => Some('-'),
        '^' | '_' | '*' | '.' | '\u{b7}' | '\u{22c5}' => None,
        c if c.is_whitespace() => None,
        c => Some(c),
    });
    digits.collect::<String>().replace("mole", "mol")
}
