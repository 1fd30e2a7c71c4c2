//! How is a list of windows written as a file of windows?
use super::list::WindowList;
use super::section::{ColumnSection, Convention, Quantity, Section, UnitsSection, WindowSection};
use crate::campaigns::part_files::PartFiles;
use crate::campaigns::window_analysis::{Discard, Estimator};
use std::fmt::Write;

impl WindowList {
    /// The file of windows in TOML that this list amounts to, with comments on where its values come from. Paths are written as they were
    /// read: relative to the working directory. Reading it gives the same windows to the last bit.
    pub fn to_toml(&self) -> String {
        let mut text = "# Windows for `simmpi pmf`.\n".to_owned();
        let (section, from) = (&self.section, &self.provenance);
        if !from.coordinate.is_empty() {
            comment(&mut text, "Coordinate", &from.coordinate);
        }
        comment(&mut text, "Centers", &from.centers);
        comment(&mut text, "Force constants", &from.force_constants);
        comment(&mut text, "Temperature", &from.temperature);
        comment(&mut text, "Times", &from.times);
        from.notes.iter().for_each(|note| comment(&mut text, "Note", note));
        write_settings(&mut text, section);
        write_units(&mut text, &section.units);
        section.window.iter().for_each(|window| write_window(&mut text, window));
        text
    }
}

fn comment(text: &mut String, about: &str, what: &str) {
    if !what.is_empty() {
        let _ = writeln!(text, "# {about}: {}", what.replace('\n', " "));
    }
}

fn write_settings(text: &mut String, section: &Section) {
    let estimator = match section.estimator {
        Estimator::Mbar => "mbar",
        Estimator::Wham => "wham",
    };
    let _ = writeln!(
        text,
        "temperature_k = {:?}\nestimator = \"{estimator}\"\nbins = {}",
        section.temperature_k, section.bins
    );
    if let Some([low, high]) = section.range {
        let _ = writeln!(text, "range = [{low:?}, {high:?}]");
    }
    let _ = writeln!(text, "bootstrap = {}", section.bootstrap);
    let _ = match section.discard_ps {
        Discard::Until(first) => writeln!(text, "discard_ps = {first:?}"),
        Discard::Auto(_) => writeln!(text, "discard_ps = \"auto\""),
    };
    if let Some(last) = section.until_ps {
        let _ = writeln!(text, "until_ps = {last:?}");
    }
    let _ = writeln!(text, "seed = {}", section.seed);
}

fn write_units(text: &mut String, units: &UnitsSection) {
    if *units == UnitsSection::default() {
        return;
    }
    text.push_str("\n[units]\n");
    if let Some(unit) = units.force_constant {
        let _ = writeln!(text, "force_constant = \"{unit}\"");
    }
    if units.convention == Convention::Amber {
        text.push_str("convention = \"amber\"  # energies are force_constant (x - center)^2, without 1/2\n");
    }
    let _ = writeln!(text, "energy = \"{}\"", units.energy);
    if let Some(unit) = units.coordinate {
        let _ = writeln!(text, "coordinate = \"{unit}\"");
    }
}

fn write_window(text: &mut String, window: &WindowSection) {
    let WindowSection { file, column, quantity, center, force_constant, unit, period, time_unit_ps } = window;
    let _ = writeln!(text, "\n[[window]]\nfile = {}", quoted_files(file));
    let _ = match column {
        ColumnSection::Index(index) => writeln!(text, "column = {index}"),
        ColumnSection::Name(name) => writeln!(text, "column = {}", quoted(name)),
    };
    if *quantity == Quantity::Force {
        text.push_str("quantity = \"force\"\n");
    }
    let _ = writeln!(text, "center = {center:?}\nforce_constant = {force_constant:?}\nunit = \"{unit}\"");
    if let Some(period) = period {
        let _ = writeln!(text, "period = {period:?}");
    }
    if let Some(unit) = time_unit_ps {
        let _ = writeln!(text, "time_unit_ps = {unit:?}");
    }
}

/// A string, or an array of strings.
fn quoted_files(files: &PartFiles) -> String {
    let names: Vec<String> = files.paths().iter().map(|path| quoted(&path.to_string_lossy())).collect();
    match files {
        PartFiles::One(_) => names.concat(),
        PartFiles::Several(_) => format!("[{}]", names.join(", ")),
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::list;
    use std::path::Path;

    #[test]
    fn a_rendered_file_of_windows_reads_as_the_same_windows() {
        let text = "temperature_k = 310.15\nestimator = \"wham\"\nrange = [-0.1, 1e-7]\ndiscard_ps = \"auto\"\nuntil_ps = 300\n\
            [units]\nforce_constant = \"kcal/mol/A^2\"\nconvention = \"amber\"\nenergy = \"kT\"\ncoordinate = \"nm\"\n\
            [[window]]\nfile = 'a \"b\"\\c'\ncolumn = \"phi\"\ncenter = 0.1\nforce_constant = 3\nunit = \"A\"\nperiod = 1\n\
            [[window]]\nfile = \"w\"\nquantity = \"force\"\ncenter = -0.3333333333333333\nforce_constant = 1e-3\nunit = \"A\"\ntime_unit_ps = 0.001\n";
        let first = list::parse(Path::new("windows.toml"), text).unwrap();
        let rendered = first.to_toml();
        let second =
            list::parse(Path::new("windows.toml"), &rendered).unwrap_or_else(|faults| panic!("{faults}\n{rendered}"));
        assert_eq!(first.section, second.section, "{rendered}");
        assert_eq!(second.to_toml(), rendered);
    }
}
