//! What is a plain scalar of YAML, by the core schema of YAML 1.2 (section 10.3.2)?
use super::plain::PlainValue;

/// What a plain scalar is.
#[derive(Debug)]
pub(super) enum Scalar {
    Value(PlainValue),
    Null,
    /// A number that YAML 1.1 and other formats read as octal, or refuse.
    LeadingZero,
}

/// What a plain scalar is.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Value(PlainValue::Boolean(true)),
        "false" | "False" | "FALSE" => return Scalar::Value(PlainValue::Boolean(false)),
        _ => {}
    }
    match number(text) {
        Some(_) if has_leading_zero(text) => Scalar::LeadingZero,
        Some(number) => Scalar::Value(PlainValue::Number(number)),
        None => Scalar::Value(PlainValue::Text(text.to_owned())),
    }
}

/// A number as TOML writes it.
fn number(text: &str) -> Option<String> {
    let has_digits = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    let is_octal = text.strip_prefix("0o").is_some_and(|digits| has_digits(digits, 8));
    if is_octal || text.strip_prefix("0x").is_some_and(|digits| has_digits(digits, 16)) {
        return Some(text.to_owned());
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    match rest {
        ".inf" | ".Inf" | ".INF" => return Some(format!("{sign}inf")),
        ".nan" | ".NaN" | ".NAN" if rest == text => return Some("nan".to_owned()),
        _ => {}
    }
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_digits = exponent.get(1..).map(|digits| digits.strip_prefix(['+', '-']).unwrap_or(digits));
    let is_exponent = exponent_digits.is_none_or(|digits| !digits.is_empty() && is_digits(digits));
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = is_digits(integer) && is_digits(fraction) && !(integer.is_empty() && fraction.is_empty());
    let or_zero = |digits: &str| if digits.is_empty() { "0".to_owned() } else { digits.to_owned() };
    let dot = if mantissa.contains('.') { format!(".{}", or_zero(fraction)) } else { String::new() };
    (is_exponent && is_number).then(|| format!("{sign}{}{dot}{exponent}", or_zero(integer)))
}

/// Whether a decimal number has zeros in front of other digits.
fn has_leading_zero(text: &str) -> bool {
    without_leading_zeros(text) != text
}

/// A decimal number without zeros in front of other digits.
pub(super) fn without_leading_zeros(text: &str) -> String {
    let digits = text.trim_start_matches(['+', '-']);
    let is_decimal = !digits.starts_with("0x") && !digits.starts_with("0o");
    let integer = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if !is_decimal || integer < 2 {
        return text.to_owned();
    }
    let zeros = digits[..integer - 1].bytes().take_while(|&byte| byte == b'0').count();
    format!("{}{}", &text[..text.len() - digits.len()], &digits[zeros..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_core_schema() {
        for (text, expected) in [
            ("12", "12"),
            ("-0", "-0"),
            ("+3", "3"),
            ("0o17", "0o17"),
            ("0xfF", "0xfF"),
            ("1e3", "1e3"),
            (".5", "0.5"),
            ("-5.", "-5.0"),
            ("1.5E-3", "1.5E-3"),
            (".inf", "inf"),
            ("-.INF", "-inf"),
            (".nan", "nan"),
        ] {
            let Scalar::Value(PlainValue::Number(found)) = resolve(text) else { panic!("{text}") };
            assert_eq!(found, expected);
            assert!(toml::de::DeValue::parse(&found).is_ok(), "{found}");
        }
    }

    #[test]
    fn words_of_older_versions_are_strings() {
        for text in [
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "1_000",
            "12:30:45",
            "1e",
            ".",
            "0b1",
            "2001-01-01",
            "0x",
            "-.nan",
            "e5",
            "ä",
        ] {
            assert!(matches!(resolve(text), Scalar::Value(PlainValue::Text(found)) if found == text), "{text}");
        }
    }

    #[test]
    fn leading_zeros_are_recognized_and_zero_itself_is_not_one() {
        for text in ["010", "-007", "00.5", "00"] {
            assert!(matches!(resolve(text), Scalar::LeadingZero), "{text}");
        }
        assert!(["0", "0.5", "-0.0", "10", "0x01"].iter().all(|text| matches!(resolve(text), Scalar::Value(_))));
        assert_eq!(["010", "-007", "00.5", "00"].map(without_leading_zeros), ["10", "-7", "0.5", "0"]);
    }
}
