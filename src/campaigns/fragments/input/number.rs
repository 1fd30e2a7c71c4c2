//! How are the numbers of molecule files written?

/// A number as it is written, and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number<'a> {
    pub text: &'a str,
    pub value: f64,
}

impl<'a> Number<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        parse(text).map(|value| Self { text, value })
    }

    pub fn is_integer(&self) -> bool {
        is_integer(self.text)
    }

    /// Digits after the decimal point; none with an exponent.
    pub fn decimals(&self) -> Option<usize> {
        let digits = self.text.strip_prefix(['-', '+']).unwrap_or(self.text);
        match digits.split_once('.') {
            None => self.is_integer().then_some(0),
            Some((_, fraction)) => fraction.bytes().all(|b| b.is_ascii_digit()).then_some(fraction.len()),
        }
    }

    /// Whether it is written as -1, 0 or 1.
    pub fn is_flag(&self) -> bool {
        self.is_integer() && self.value.abs() <= 1.0
    }
}

/// A finite number: `1.5e-3`, Fortran's `1.5D-3` and `1.5-103`, Mathematica's `1.5*^-3`; the Unicode minus sign counts as a minus.
pub fn parse(word: &str) -> Option<f64> {
    let finite = |text: &str| text.parse::<f64>().ok().filter(|x| x.is_finite());
    // The common case first.
    if word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+')) {
        return finite(word).or_else(|| finite(&with_exponent_letter(word)?));
    }
    let text = word.replace('\u{2212}', "-").replace("*10^", "e").replace("*^", "e").replace(['d', 'D'], "e");
    finite(&text)
}

/// Fortran omits the letter where the exponent has three digits.
fn with_exponent_letter(word: &str) -> Option<String> {
    let sign = word.rfind(['+', '-']).filter(|&sign| sign > 0)?;
    word[..sign].contains('.').then(|| format!("{}e{}", &word[..sign], &word[sign..]))
}

/// Whether it is written as an integer, without decimal point and exponent.
pub fn is_integer(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_program_are_read() {
        let read = "1=1 -.5=-0.5 2.1*^-6=2.1e-6 -2.1*^-6=-2.1e-6 3*10^2=300 1.5D-3=1.5e-3 1.5d+03=1500 1.5E-3=1.5e-3 \
                    1.5-103=1.5e-103 \u{2212}0.25=-0.25";
        for (word, number) in read.split(' ').map(|pair| pair.split_once('=').unwrap()) {
            assert_eq!(parse(word), number.parse().ok(), "{word}");
        }
        for word in ["", "inf", "NaN", "1e999", "1,5", "zero", "d", "1-4", "2.1*^", "--", "-"] {
            assert_eq!(parse(word), None, "{word}");
        }
    }

    #[test]
    fn integers_have_no_decimal_point() {
        assert!(["0", "-1", "+12"].into_iter().all(is_integer));
        assert!(!["0.", "-", "1e3", "", "a"].into_iter().any(is_integer));
        let decimals = ["1", "1.", "-0.250", "1.5e3"].map(|word| Number::parse(word).unwrap().decimals());
        assert_eq!(decimals, [Some(0), Some(0), Some(3), None]);
    }
}
