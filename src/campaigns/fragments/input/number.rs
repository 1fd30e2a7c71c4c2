//! Which number does a word of a molecule's file mean?

/// A finite number as programs write it: `1.5e-3`, Fortran's `1.5D-3` and `1.5-103`, Mathematica's `1.5*^-3`, a minus sign of
/// typesetting.
pub fn parse(word: &str) -> Option<f64> {
    let finite = |text: &str| text.parse::<f64>().ok().filter(|x| x.is_finite());
    // Nearly all are plain.
    if word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+')) {
        return finite(word).or_else(|| finite(&with_exponent(word)?));
    }
    let text = word.replace('\u{2212}', "-").replace("*10^", "e").replace("*^", "e").replace(['d', 'D'], "e");
    finite(&text)
}

/// Fortran leaves the letter out where the exponent has three digits.
fn with_exponent(word: &str) -> Option<String> {
    let at = word.rfind(['+', '-']).filter(|&at| at > 0)?;
    word[..at].contains('.').then(|| format!("{}e{}", &word[..at], &word[at..]))
}

/// Whether it is written as a whole number: without point and exponent.
pub fn is_whole(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Digits behind the point; none with an exponent.
pub fn decimals(word: &str) -> Option<usize> {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    match digits.split_once('.') {
        None => is_whole(word).then_some(0),
        Some((_, behind)) => behind.bytes().all(|b| b.is_ascii_digit()).then_some(behind.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_program_are_read() {
        for (word, number) in [
            ("1", 1.0),
            ("-.5", -0.5),
            ("2.1*^-6", 2.1e-6),
            ("-2.1*^-6", -2.1e-6),
            ("3*10^2", 300.0),
            ("1.5D-3", 1.5e-3),
            ("1.5d+03", 1500.0),
            ("1.5E-3", 1.5e-3),
            ("1.5-103", 1.5e-103),
            ("\u{2212}0.25", -0.25),
        ] {
            assert_eq!(parse(word), Some(number), "{word}");
        }
        for word in ["", "inf", "NaN", "1e999", "1,5", "zero", "d", "1-4", "2.1*^", "--", "-"] {
            assert_eq!(parse(word), None, "{word}");
        }
    }

    #[test]
    fn whole_numbers_have_no_point() {
        assert!(["0", "-1", "+12"].into_iter().all(is_whole));
        assert!(!["0.", "-", "1e3", "", "a"].into_iter().any(is_whole));
        assert_eq!(["1", "1.", "-0.250", "1.5e3"].map(decimals), [Some(0), Some(0), Some(3), None]);
    }
}
