//! How does an input file for `mdrun -ei` restrain a principal component?
//!
//! Of GROMACS' essential dynamics, flooding with a harmonic potential of inverted sign is an umbrella restraint, V = k/2 (p - p0)^2 (Lange,
//! Schaefer and Grubmueller, J. Comput. Chem. 27, 1693, 2006, doi:10.1002/jcc.20473). The file is that of `gmx make_edi -flood -harmonic
//! -restrain -tau 0 -deltaF0 0 -Eflnull 1`, with the force constant and centre of the restraint. `mdrun` superposes every frame on the
//! reference with equal weights, subtracts the average and projects onto the vector: p in nm. It moves the centre of the reference to the
//! origin, but not that of the average, so both are written relative to the centre of the reference. It reads at most twelve characters of
//! a number (observed with 2022.5: the rest becomes the next number).
use std::fmt::Write;

/// A harmonic restraint of the projection onto one component.
#[derive(Clone, Copy, Debug)]
pub struct EdiRestraint<'a> {
    /// Number of atoms of the whole system.
    pub system: usize,
    /// Indices in the system of the atoms that are superposed and projected, counted from 0.
    pub atoms: &'a [usize],
    /// Reference positions for the superposition, `[atoms, 3]`, nm.
    pub reference: &'a [[f64; 3]],
    /// Average positions after superposition, `[atoms, 3]`, nm.
    pub average: &'a [[f64; 3]],
    /// Number of the component, counted from 1.
    pub component: usize,
    /// The component, a unit vector, `[atoms, 3]`.
    pub vector: &'a [[f64; 3]],
    /// Centre of the restraint, nm.
    pub center: f64,
    /// Force constant, kJ/mol/nm^2.
    pub force_constant: f64,
    /// Steps between rows of output.
    pub output_every: u64,
}

/// Names and values of settings, in the order in which `mdrun` reads them.
const SETTINGS: &[(&str, &str)] = &[
    ("MAXLEN", "0"),
    ("SLOPECRIT", "0.000000"),
    ("PRESTEPS", "0"),
    ("DELTA_F0", "0.000000"),
    ("INIT_DELTA_F", "0.000000"),
    ("TAU", "0.000000"),
    // Negative: the potential attracts to its centre instead of repelling from it.
    ("EFL_NULL", "-1.000000"),
    ("ALPHA2", "-1.000000"),
    // Not used by a harmonic potential.
    ("KT", "2.500000"),
    ("HARMONIC", "1"),
    ("CONST_FORCE_FLOODING", "0"),
];

/// Columns of the output of `mdrun -eo`: column 0 is the time, column 1 the distance from the reference.
pub mod column {
    /// Projection p, nm.
    pub const PROJECTION: usize = 2;
    /// Energy k/2 (p - p0)^2, kJ/mol.
    pub const ENERGY: usize = 3;
    /// Force -k (p - p0), kJ/mol/nm.
    pub const FORCE: usize = 4;
}

impl EdiRestraint<'_> {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = format!("#MAGIC\n 670\n#NINI\n {}\n#FITMAS\n 0\n#ANALYSIS_MAS\n 0\n", self.system);
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        line(format!("#OUTFRQ\n {}", self.output_every));
        SETTINGS.iter().for_each(|(name, value)| line(format!("#{name}\n {value}")));
        let n = self.reference.len() as f64;
        let centre = [0, 1, 2].map(|axis| self.reference.iter().map(|x| x[axis]).sum::<f64>() / n);
        for (name, positions) in [("#NREF, XREF", self.reference), ("#NAV, XAV", self.average)] {
            line(format!("{name}\n {}", positions.len()));
            for (atom, position) in self.atoms.iter().zip(positions) {
                let [x, y, z] = [0, 1, 2].map(|axis| number(position[axis] - centre[axis]));
                // Atoms are counted from 1 in the file.
                line(format!("{} {x} {y} {z}", atom + 1));
            }
        }
        for group in 1..=7 {
            let count = usize::from(group == 7);
            line(format!("# NUMBER OF EIGENVECTORS + COMPONENTS GROUP {group}\n {count}"));
        }
        line(format!("{} {} {} 0", self.component, number(self.force_constant), number(self.center)));
        self.vector.iter().for_each(|vector| line(vector.map(number).join(" ")));
        let _ = write!(text, "#NTARGET, XTARGET\n 0\n#NORIGIN, XORIGIN\n 0\n");
        text
    }
}

/// Characters of a number that `mdrun` reads.
const MAX_WIDTH: usize = 12;

/// A number with as many decimals as fit into [`MAX_WIDTH`], nine at most.
fn number(x: f64) -> String {
    let texts = (0..=9).rev().map(|decimals| format!("{x:.decimals$}"));
    texts.into_iter().find(|text| text.len() <= MAX_WIDTH).unwrap_or_else(|| format!("{x:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_longer_than_mdrun_reads() {
        let numbers = [232.391_004_512_3, -0.102_307_724_1, -12.345_678_901_2, 123_456.789_012, -1.5e6, 0.0];
        let texts = ["232.39100451", "-0.102307724", "-12.34567890", "123456.78901", "-1500000.000", "0.000000000"];
        assert_eq!(numbers.map(number), texts);
    }

    #[test]
    fn settings_are_in_the_order_in_which_mdrun_reads_them() {
        let restraint = EdiRestraint {
            system: 112,
            atoms: &[8, 18, 28],
            reference: &[[1.0, 2.0, 3.0], [2.0, 2.0, 3.0], [1.0, 5.0, 3.0]],
            average: &[[1.5, 2.0, 3.0], [2.0, 2.0, 3.0], [1.0, 5.0, 3.0]],
            component: 2,
            vector: &[[0.6, 0.0, 0.0], [0.0, -0.8, 0.0], [0.0; 3]],
            center: -0.3,
            force_constant: 1500.0,
            output_every: 50,
        };
        let text = restraint.text();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let after = |name: &str| lines[lines.iter().position(|line| line.contains(name)).unwrap() + 1];
        for (name, value) in [
            ("MAGIC", "670"),
            ("NINI", "112"),
            ("OUTFRQ", "50"),
            ("EFL_NULL", "-1.000000"),
            ("GROUP 6", "0"),
            ("GROUP 7", "1"),
        ] {
            assert_eq!(after(name), value, "{name}");
        }
        let line_of = |name: &str| lines.iter().position(|line| line.contains(name)).unwrap();
        // Relative to the centre of the reference, atoms counted from 1.
        assert_eq!(lines[line_of("XREF") + 2], "9 -0.333333333 -1.000000000 0.000000000");
        assert_eq!(lines[line_of("XAV") + 2], "9 0.166666667 -1.000000000 0.000000000");
        let vector = line_of("GROUP 7") + 2;
        assert_eq!(lines[vector], "2 1500.0000000 -0.300000000 0");
        assert_eq!(lines[vector + 1], "0.600000000 0.000000000 0.000000000");
        assert_eq!(&lines[vector + 4..], ["#NTARGET, XTARGET", "0", "#NORIGIN, XORIGIN", "0"]);
        let order =
            "MAGIC NINI FITMAS ANALYSIS_MAS OUTFRQ MAXLEN SLOPECRIT PRESTEPS #DELTA_F0 INIT_DELTA_F TAU".split(' ');
        let found: Vec<usize> = order.map(line_of).collect();
        assert!(found.is_sorted(), "{found:?}");
    }
}
