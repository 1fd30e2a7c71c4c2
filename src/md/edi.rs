//! How is GROMACS told to restrain a principal component?
//!
//! By a file for `mdrun -ei`: input of essential dynamics, of which flooding with a harmonic potential of inverted sign is an umbrella,
//! V = k/2 (p - p0)^2 (Lange, Schaefer and Grubmueller, J. Comput. Chem. 27, 1693, 2006, doi:10.1002/jcc.20473; what `gmx make_edi -flood
//! -harmonic -restrain -tau 0 -deltaF0 0 -Eflnull 1` writes, with the restraint's own constant and place). `mdrun` lays every frame over the
//! reference, all atoms alike, takes the average away and projects onto the vector: p in nm. It moves the reference's centre to the origin, but
//! not the average's, so both are written from that centre here. It reads no more than twelve characters of a number (measured with 2022.5: the
//! rest is taken for the next one).
use std::fmt::Write;

/// A restraint of one projection.
#[derive(Clone, Copy, Debug)]
pub struct Restraint<'a> {
    /// Atoms of the whole system.
    pub system: usize,
    /// Places in the system of the atoms that are projected, and superposed.
    pub atoms: &'a [usize],
    /// Where they are superposed, nm.
    pub reference: &'a [[f64; 3]],
    /// Their average, in the same frame, nm.
    pub average: &'a [[f64; 3]],
    /// The component, counted from 1, and its vector.
    pub component: usize,
    pub vector: &'a [[f64; 3]],
    /// Where the restraint is without force, nm.
    pub center: f64,
    /// kJ/mol/nm^2.
    pub force_constant: f64,
    /// Steps between rows of output.
    pub output_every: u64,
}

/// Words that stand before each number, in the order in which `mdrun` reads them.
const SETTINGS: &[(&str, &str)] = &[
    ("MAXLEN", "0"),
    ("SLOPECRIT", "0.000000"),
    ("PRESTEPS", "0"),
    ("DELTA_F0", "0.000000"),
    ("INIT_DELTA_F", "0.000000"),
    ("TAU", "0.000000"),
    // Negative: the potential holds the system instead of driving it away.
    ("EFL_NULL", "-1.000000"),
    ("ALPHA2", "-1.000000"),
    // Not used by a harmonic potential.
    ("KT", "2.500000"),
    ("HARMONIC", "1"),
    ("CONST_FORCE_FLOODING", "0"),
];

/// Columns of what `mdrun -eo` writes with such a file: the time is column 0, the distance from the reference column 1.
pub mod column {
    /// p, nm.
    pub const PROJECTION: usize = 2;
    /// k/2 (p - p0)^2, kJ/mol.
    pub const ENERGY: usize = 3;
    /// -k (p - p0), kJ/mol/nm.
    pub const FORCE: usize = 4;
}

impl Restraint<'_> {
    /// The file.
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
                // Atoms are counted from 1 there.
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

/// Characters of a number that are read.
const WIDTH: usize = 12;

/// A number with as many decimals as are read, nine at most.
fn number(x: f64) -> String {
    let texts = (0..=9).rev().map(|decimals| format!("{x:.decimals$}"));
    texts.into_iter().find(|text| text.len() <= WIDTH).unwrap_or_else(|| format!("{x:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_longer_than_what_is_read() {
        let numbers = [232.391_004_512_3, -0.102_307_724_1, -12.345_678_901_2, 123_456.789_012, -1.5e6, 0.0];
        let texts = ["232.39100451", "-0.102307724", "-12.34567890", "123456.78901", "-1500000.000", "0.000000000"];
        assert_eq!(numbers.map(number), texts);
    }

    #[test]
    fn the_file_has_what_mdrun_reads_in_its_order() {
        let restraint = Restraint {
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
        let place = |name: &str| lines.iter().position(|line| line.contains(name)).unwrap();
        // From the reference's centre, atoms counted from 1.
        assert_eq!(lines[place("XREF") + 2], "9 -0.333333333 -1.000000000 0.000000000");
        assert_eq!(lines[place("XAV") + 2], "9 0.166666667 -1.000000000 0.000000000");
        let vector = place("GROUP 7") + 2;
        assert_eq!(lines[vector], "2 1500.0000000 -0.300000000 0");
        assert_eq!(lines[vector + 1], "0.600000000 0.000000000 0.000000000");
        assert_eq!(&lines[vector + 4..], ["#NTARGET, XTARGET", "0", "#NORIGIN, XORIGIN", "0"]);
        let order = [
            "MAGIC",
            "NINI",
            "FITMAS",
            "ANALYSIS_MAS",
            "OUTFRQ",
            "MAXLEN",
            "SLOPECRIT",
            "PRESTEPS",
            "#DELTA_F0",
            "INIT_DELTA_F",
            "TAU",
        ];
        let places: Vec<usize> = order.iter().map(|name| place(name)).collect();
        assert!(places.is_sorted(), "{places:?}");
    }
}
