//! How is a line split into words, and a word parsed as a number?

/// The words of a line, separated by commas or by blanks. Between two commas there is always a word, if an empty one.
pub fn words(line: &[u8], has_commas: bool) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let text = text.trim_ascii_start();
        if !has_commas && text.is_empty() {
            rest = None;
            return None;
        }
        let is_end = |b: &u8| if has_commas { *b == b',' } else { b.is_ascii_whitespace() };
        let end = text.iter().position(is_end);
        rest = end.map(|end| &text[end + 1..]);
        let word = &text[..end.unwrap_or(text.len())];
        Some(if has_commas { word.trim_ascii_end() } else { word })
    })
}

/// Powers of ten that a double represents exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The finite number of a word, correctly rounded; none where it is no such number.
///
/// A mantissa below 2^53 and a power of ten up to 10^22 are exact, so their product or quotient is rounded once and correctly (Clinger,
/// PLDI 1990, doi:10.1145/93542.93557); other words are left to the standard library.
pub fn parse(word: &[u8]) -> Option<f64> {
    let slow = || std::str::from_utf8(word).ok()?.parse::<f64>().ok().filter(|x| x.is_finite());
    let Some((mantissa, exponent, is_negative)) = decimal_parts(word) else { return slow() };
    let size = match exponent {
        -22..=-1 => mantissa as f64 / TENS[exponent.unsigned_abs() as usize],
        0..=22 => mantissa as f64 * TENS[exponent as usize],
        _ => return slow(),
    };
    Some(if is_negative { -size } else { size })
}

/// As [`parse`], and infinities and NaN in every spelling of C and Fortran libraries: `-inf`, `Infinity`, `-nan`, `nan(ind)`, `1.#INF`.
/// Sign and payload of a NaN are dropped.
pub fn parse_any(word: &[u8]) -> Option<f64> {
    parse(word).or_else(|| {
        let text = std::str::from_utf8(word).ok()?.to_ascii_lowercase();
        let (sign, size) = match text.strip_prefix('-') {
            Some(rest) => (-1.0, rest),
            None => (1.0, text.strip_prefix('+').unwrap_or(&text)),
        };
        let is_nan = |word: &str| word == "nan" || word.strip_prefix("nan(").is_some_and(|rest| rest.ends_with(')'));
        let is_old_nan = |word: &str| ["1.#ind", "1.#qnan", "1.#snan"].iter().any(|old| word.starts_with(old));
        match size {
            "inf" | "infinity" => Some(sign * f64::INFINITY),
            old if old.starts_with("1.#inf") => Some(sign * f64::INFINITY),
            nan if is_nan(nan) || is_old_nan(nan) => Some(f64::NAN),
            // A number too large for a double.
            _ => text.parse::<f64>().ok().filter(|x| x.is_infinite()),
        }
    })
}

/// Mantissa, power of ten and sign of a decimal number whose mantissa is below 2^53.
fn decimal_parts(word: &[u8]) -> Option<(u64, i32, bool)> {
    let (is_negative, mut at) = match word.first()? {
        b'-' => (true, 1),
        b'+' => (false, 1),
        _ => (false, 0),
    };
    let (mut mantissa, mut exponent, mut digits, mut is_behind_point) = (0u64, 0i32, 0u32, false);
    while let Some(&byte) = word.get(at) {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                digits += 1;
                exponent -= i32::from(is_behind_point);
            }
            b'.' if !is_behind_point => is_behind_point = true,
            b'e' | b'E' if digits > 0 => {
                exponent += exponent_value(&word[at + 1..])?;
                break;
            }
            _ => return None,
        }
        at += 1;
    }
    // Nineteen digits fit 64 bits.
    ((1..=19).contains(&digits) && mantissa < 1 << 53).then_some((mantissa, exponent, is_negative))
}

fn exponent_value(word: &[u8]) -> Option<i32> {
    let (is_negative, digits) = match word {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, word),
    };
    let is_short = (1..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    let size = is_short.then(|| digits.iter().fold(0, |size, byte| 10 * size + i32::from(byte - b'0')))?;
    Some(if is_negative { -size } else { size })
}
