//! How heavy are the atoms of a system?
//!
//! Topologies tell it in many ways (types, atoms, conditions, repartitioned hydrogens), so `grompp` is asked: what it made is printed by
//! `gmx dump`, with the atoms of each type of molecule once.
use super::Gromacs;
use super::trial::{MADE, Refused, Trial};
use crate::process::{Command, Guard, Output};
use std::fs;
use std::time::Duration;

/// Large systems are slow to print.
const PATIENCE: Duration = Duration::from_secs(300);
/// The file that they are printed to.
const PRINTED: &str = "dump.txt";

impl Gromacs {
    /// The masses of all atoms, u, to the six digits that are printed.
    ///
    /// # Errors
    /// `grompp` does not take the input, or this version prints something else.
    pub fn masses(&self, guard: &Guard, trial: &Trial) -> Result<Vec<f64>, Refused> {
        let said = |error: &dyn std::fmt::Display| Refused::Said(format!("gmx dump does not tell masses: {error}"));
        let folder = self.made(guard, trial)?;
        let mut command = Command::new(self.argv(&["dump", "-s", MADE]), &folder.0);
        command.time_limit = Some(PATIENCE);
        command.set = self.environment();
        command.stdout = Output::File(PRINTED.into());
        let ended = guard.run(&command).map_err(|error| said(&error))?;
        if !ended.exit.is_success() {
            return Err(said(&format!("it {}: {}", ended.exit, ended.stderr.last_lines(8))));
        }
        let text = fs::read_to_string(folder.0.join(PRINTED)).map_err(|error| said(&error))?;
        masses(&text).ok_or_else(|| said(&"this version prints something else"))
    }
}

/// Masses in what `gmx dump -s` prints; none where they are not one for each atom.
fn masses(text: &str) -> Option<Vec<f64>> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "topology:");
    let after = |line: &str, mark: &str| Some(line.strip_prefix(mark)?.trim_start_matches([' ', '=']).to_owned());
    let number = |text: String| text.split_whitespace().next()?.parse::<usize>().ok();
    let (mut atoms, mut blocks, mut kinds) = (0, Vec::new(), Vec::<Vec<f64>>::new());
    let mut kind = None;
    for line in &mut lines {
        if let Some(count) = after(line, "#atoms") {
            atoms = number(count)?;
        } else if let Some(of) = after(line, "moltype  ").and_then(number) {
            kind = Some(of);
        } else if let Some(count) = after(line, "#molecules") {
            blocks.push((kind.take()?, number(count)?));
        } else if line.starts_with("moltype (") {
            kinds.push(Vec::new());
        } else if let (true, Some((_, mass))) = (line.starts_with("atom["), line.split_once(" m=")) {
            kinds.last_mut()?.push(mass.split(',').next()?.trim().parse().ok()?);
        }
    }
    let mut masses = Vec::with_capacity(atoms);
    for (kind, count) in blocks {
        (0..count).try_for_each(|_| kinds.get(kind).map(|of| masses.extend(of)))?;
    }
    (masses.len() == atoms && atoms > 0).then_some(masses)
}

#[cfg(test)]
mod tests {
    use super::masses;

    /// Lines of GROMACS 2022.5.
    const PRINTED: &str = "inputrec:\n   natoms = 7\ntopology:\n   name=\"two\"\n   #atoms                         = 7\n   \
        #molblock                      = 2\n   molblock (0):\n      moltype              = 1 \"A\"\n      #molecules                     = 1\n   \
        molblock (1):\n      moltype              = 0 \"SOL\"\n      #molecules                     = 2\n   \
        moltype (0):\n      name=\"SOL\"\n      atoms:\n         atom (3):\n            \
        atom[     0]={type=  0, typeB=  0, ptype=    Atom, m= 1.60000e+01, q=-8.34000e-01, mB= 1.60000e+01, qB=-8.34000e-01, resind=    0, atomnumber=  8}\n            \
        atom[     1]={type=  1, typeB=  1, ptype=    Atom, m= 1.00800e+00, q= 4.17000e-01, mB= 1.00800e+00}\n            \
        atom[     2]={type=  1, typeB=  1, ptype=    Atom, m= 1.00800e+00, q= 4.17000e-01, mB= 1.00800e+00}\n         atom (3):\n            \
        atom[0]={name=\"OW\"}\n            atom[1]={name=\"HW1\"}\n            atom[2]={name=\"HW2\"}\n   \
        moltype (1):\n      atoms:\n            atom[     0]={type=  2, m= 1.20100e+01, q=0}\n";

    #[test]
    fn every_molecule_has_the_masses_of_its_type() {
        let water = [16.0, 1.008, 1.008];
        assert_eq!(masses(PRINTED).unwrap(), [&[12.01][..], &water, &water].concat());
    }

    #[test]
    fn what_does_not_fit_together_is_no_answer() {
        assert_eq!(masses(&PRINTED.replace("#atoms                         = 7", "#atoms = 8")), None);
        assert_eq!(masses(&PRINTED.replace("#molecules                     = 2", "#molecules = x")), None);
        assert_eq!(masses("topology:\n"), None);
    }
}
