//! How is a free energy written as a text file of PLUMED, like `fes.dat` of sum_hills?
use super::analysis::{Analysis, Surface};
use std::fmt::Write;

impl Analysis<'_> {
    /// The free energy with the headers of a grid of PLUMED; the first variable runs fastest, bins without samples are `inf`. A column of
    /// standard errors follows where there are any.
    pub fn text_table(&self) -> String {
        let (names, surface) = (self.input.variables(), self.surface());
        let mut text = format!("#! FIELDS {} file.free", names.join(" "));
        text += if surface.errors.is_some() { " file.free_stderr\n" } else { "\n" };
        for (k, name) in names.iter().enumerate() {
            let points = &surface.coordinates[k];
            let (first, last) = (points[0], points[points.len() - 1]);
            let end = surface.whole_periods[k].map_or(last, |period| first + period);
            let is_periodic = surface.whole_periods[k].is_some();
            let _ = writeln!(text, "#! SET min_{name} {first}\n#! SET max_{name} {end}");
            let _ = writeln!(text, "#! SET nbins_{name} {}\n#! SET periodic_{name} {is_periodic}", points.len());
        }
        match surface.coordinates.as_slice() {
            [only] => (0..only.len()).for_each(|index| row(&mut text, &surface, index)),
            [first, second] => {
                for slow in 0..second.len() {
                    (0..first.len()).for_each(|fast| row(&mut text, &surface, fast * second.len() + slow));
                    text.push('\n');
                }
            }
            _ => {}
        }
        text
    }
}

fn row(text: &mut String, surface: &Surface, index: usize) {
    surface.point(index).iter().for_each(|x| {
        let _ = write!(text, "{x:14.9} ");
    });
    let _ = write!(text, "{}", number(surface.energies[index], f64::INFINITY));
    if let Some(errors) = &surface.errors {
        let _ = write!(text, " {}", number(errors[index], f64::NAN));
    }
    text.push('\n');
}

/// A number as PLUMED prints it.
fn number(value: Option<f64>, otherwise: f64) -> String {
    match value.unwrap_or(otherwise) {
        infinite if infinite.is_infinite() => format!("{:>14}", "inf"),
        undefined if undefined.is_nan() => format!("{:>14}", "nan"),
        finite => format!("{finite:14.9}"),
    }
}
