//! How is a tick labeled?

/// The label of `x` on an axis of length `span`: no more digits than necessary, and no minus sign for zero.
pub fn label(x: f64, span: f64) -> String {
    let magnitude = span.abs().log10().floor();
    let is_plain = (-4.0..7.0).contains(&magnitude);
    if !is_plain {
        // The digits of a rounded zero are noise.
        return if x.abs() < 1e-6 * span.abs() { "0".into() } else { format!("{x:.2e}").replace(".00e", "e") };
    }
    let decimals = (3.0 - magnitude).clamp(0.0, 8.0) as usize;
    let text = format!("{x:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".into() } else { text.to_owned() }
}

/// The label of a bar; empty between bars.
pub fn bar(x: f64) -> String {
    if (x - x.round()).abs() < 1e-6 { format!("{x:.0}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_tell_them_apart() {
        let small = [-0.2, -1e-17, 0.0, 0.15, 0.1 + 0.2].map(|x| label(x, 0.7));
        assert_eq!(small, ["-0.2", "0", "0", "0.15", "0.3"]);
        assert_eq!([0.0, 200.0, 1000.0].map(|x| label(x, 1000.0)), ["0", "200", "1000"]);
        assert_eq!([-150.0, 52.5].map(|x| label(x, 360.0)), ["-150", "52.5"]);
        assert_eq!([2e-7, 1e-24, 1.5e-7].map(|x| label(x, 4e-7)), ["2e-7", "0", "1.50e-7"]);
        assert_eq!(label(2e8, 3e8), "2e8");
        assert_eq!([1.0, 1.5, 2.0].map(bar), ["1", "", "2"]);
    }
}
