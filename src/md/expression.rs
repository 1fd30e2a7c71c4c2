//! What is the value of a number that PLUMED reads as an expression?
//!
//! PLUMED copies the bounds of a periodic variable from its input, and reads them as a number, as `pi` with an optional factor (`2pi`), or
//! as an expression of the library Lepton: `+ - * / ^`, parentheses, named constants and functions.
use std::f64::consts;

/// Limit on nested parentheses, signs and powers.
const MAX_DEPTH: usize = 64;

/// The finite value of `text`; none where it cannot be parsed.
pub fn evaluate(text: &str) -> Option<f64> {
    let text = text.trim();
    let value = times_pi(text).or_else(|| {
        let mut parser = Parser { rest: text, depth: 0 };
        let value = parser.sum()?;
        parser.rest.is_empty().then_some(value)
    })?;
    value.is_finite().then_some(value)
}

/// The value of `pi`, `-PI`, `2pi`: Lepton itself needs an explicit `*`.
fn times_pi(text: &str) -> Option<f64> {
    let factor = text.strip_suffix("pi").or_else(|| text.strip_suffix("PI"))?;
    let factor = match factor {
        "" | "+" => 1.0,
        "-" => -1.0,
        // `f64::from_str` would accept `inf` too.
        number if number.ends_with(|c: char| c.is_ascii_digit() || c == '.') => number.parse().ok()?,
        _ => return None,
    };
    Some(factor * consts::PI)
}

/// A recursive descent parser.
struct Parser<'a> {
    /// What is left of the expression.
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    /// Consumes `sign` if it comes next, and whether it did.
    fn accept(&mut self, sign: char) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }

    /// Consumes the longest prefix whose characters all belong to it, given the characters before each.
    fn take_while(&mut self, belongs: impl Fn(&str, char) -> bool) -> &str {
        let mut chars = self.rest.char_indices();
        let end = chars.find(|(at, c)| !belongs(&self.rest[..*at], *c)).map_or(self.rest.len(), |(at, _)| at);
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        loop {
            match () {
                () if self.accept('+') => value += self.product()?,
                () if self.accept('-') => value -= self.product()?,
                () => return Some(value),
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.signed()?;
        loop {
            match () {
                () if self.accept('*') => value *= self.signed()?,
                () if self.accept('/') => value /= self.signed()?,
                () => return Some(value),
            }
        }
    }

    /// A signed factor; a sign binds less tightly than a power: -2^2 is -4.
    fn signed(&mut self) -> Option<f64> {
        self.depth += 1;
        let value = match () {
            () if self.depth > MAX_DEPTH => None,
            () if self.accept('-') => self.signed().map(|value| -value),
            () if self.accept('+') => self.signed(),
            () => self.power(),
        };
        self.depth -= 1;
        value
    }

    /// Powers associate from the right: 2^3^2 is 2^9.
    fn power(&mut self) -> Option<f64> {
        let base = self.atom()?;
        if self.accept('^') { Some(libm::pow(base, self.signed()?)) } else { Some(base) }
    }

    fn atom(&mut self) -> Option<f64> {
        if self.accept('(') {
            let value = self.sum()?;
            return self.accept(')').then_some(value);
        }
        match self.rest.chars().next()? {
            '0'..='9' | '.' => self.take_while(is_number_part).parse().ok(),
            c if c.is_ascii_alphabetic() => {
                let name = self.take_while(|_, c| c.is_ascii_alphanumeric() || c == '_').to_owned();
                if self.accept('(') { self.call(&name) } else { constant(&name) }
            }
            _ => None,
        }
    }

    /// The value of a function whose name and opening parenthesis have been consumed.
    fn call(&mut self, name: &str) -> Option<f64> {
        let mut values = vec![self.sum()?];
        while self.accept(',') {
            values.push(self.sum()?);
        }
        match (self.accept(')'), values.as_slice()) {
            (true, [x]) => function(name, *x),
            (true, [x, y]) => function_of_two(name, *x, *y),
            _ => None,
        }
    }
}

/// Whether `c` continues the number that begins with `before`.
fn is_number_part(before: &str, c: char) -> bool {
    let has_exponent = before.contains(['e', 'E']);
    match c {
        '0'..='9' => true,
        '.' => !before.contains('.') && !has_exponent,
        'e' | 'E' => !has_exponent,
        '+' | '-' => before.ends_with(['e', 'E']),
        _ => false,
    }
}

/// The constants of Lepton, and `PI`.
fn constant(name: &str) -> Option<f64> {
    Some(match name {
        "pi" | "PI" => consts::PI,
        "pi_2" => consts::FRAC_PI_2,
        "pi_4" => consts::FRAC_PI_4,
        "e" => consts::E,
        "log2e" => consts::LOG2_E,
        "log10e" => consts::LOG10_E,
        "ln2" => consts::LN_2,
        "ln10" => consts::LN_10,
        "sqrt2" => consts::SQRT_2,
        "sqrt1_2" => consts::FRAC_1_SQRT_2,
        _ => return None,
    })
}

/// The functions of Lepton with one argument.
fn function(name: &str, x: f64) -> Option<f64> {
    Some(match name {
        "sqrt" => libm::sqrt(x),
        "exp" => libm::exp(x),
        "log" => libm::log(x),
        "sin" => libm::sin(x),
        "cos" => libm::cos(x),
        "tan" => libm::tan(x),
        "sec" => 1.0 / libm::cos(x),
        "csc" => 1.0 / libm::sin(x),
        "cot" => 1.0 / libm::tan(x),
        "asin" => libm::asin(x),
        "acos" => libm::acos(x),
        "atan" => libm::atan(x),
        "asec" => libm::acos(1.0 / x),
        "acsc" => libm::asin(1.0 / x),
        "acot" => libm::atan(1.0 / x),
        "sinh" => libm::sinh(x),
        "cosh" => libm::cosh(x),
        "tanh" => libm::tanh(x),
        "asinh" => libm::asinh(x),
        "acosh" => libm::acosh(x),
        "atanh" => libm::atanh(x),
        "erf" => libm::erf(x),
        "erfc" => libm::erfc(x),
        "step" => f64::from(x >= 0.0),
        "square" => x * x,
        "cube" => x * x * x,
        "recip" => 1.0 / x,
        "abs" => x.abs(),
        "floor" => libm::floor(x),
        "ceil" => libm::ceil(x),
        _ => return None,
    })
}

/// The functions of Lepton with two arguments.
fn function_of_two(name: &str, x: f64, y: f64) -> Option<f64> {
    Some(match name {
        "min" => x.min(y),
        "max" => x.max(y),
        "atan2" => libm::atan2(x, y),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn every_spelling_of_a_bound_that_plumed_reads_has_its_value() {
        for (expected, texts) in [
            (PI, "pi; +pi; PI; +PI; 1e0pi; 4*(atan(1)+(2-1)*0); atan2(0,-1)"),
            (-PI, "-pi; -PI"),
            (2.0 * PI, "2pi; 2*pi; 2*PI; 2*acos(-1); 2 * pi"),
            (-0.5 * PI, "-0.5pi; -pi/2"),
            (0.5 * PI, ".5PI; pi/2; 0.5*pi; pi_2"),
            (1.5 * PI, "(3/2)*pi"),
            (-1.5 * PI, "-(3/2)*pi"),
            (2.0, "max(1, 2)"),
            (0.75 * PI, "pi-pi/4"),
            (-4.0, "1-2-3; -2^2"),
            (1.0, "8/4/2; 1e0; 1."),
            (0.5, "2^-1"),
            (512.0, "2^3^2"),
            (3.0, "sqrt(square(3))"),
            (180.0, "180; +180.0"),
            (-180.0, "-1.8e2"),
        ] {
            for text in texts.split("; ") {
                let value = evaluate(text).unwrap_or(f64::NAN);
                assert!((value - expected).abs() < 1e-15 * expected.abs().max(1.0), "{text}: {value}");
            }
        }
    }

    #[test]
    fn invalid_expressions_have_no_value() {
        for text in [
            "", "-", "2pi/3", "1/2pi", "2 3", "(2", "2)", "2**3", "tau", "x", "pi()", "sin", "sin(1,2)", "1/0",
            "log(-1)", "inf", "nan", "infpi", "0x10", "1.2.3", "1e", "180deg", "1,5", "\u{3c0}",
        ] {
            assert_eq!(evaluate(text), None, "{text}");
        }
        assert_eq!(evaluate(&"(".repeat(100_000)), None);
        assert_eq!(evaluate(&"-".repeat(100_000)), None);
    }
}
