//! What are the masses of the atoms of a system?
//!
//! A topology can define them in many ways (atom types, atoms, conditions, repartitioned hydrogens), so `grompp` evaluates it: masses are
//! read from the `gmx dump` of its run input file, which lists the atoms of each molecule type once.
use super::program::Gromacs;
use super::trial::{GromppError, TRIAL_TPR, Trial};
use crate::process::{Command, Output, Supervisor};
use std::fs;
use std::time::Duration;

/// Printing a large system is slow.
const TIMEOUT: Duration = Duration::from_secs(300);
/// The output of `gmx dump`.
const DUMP: &str = "dump.txt";

impl Gromacs {
    /// The masses of all atoms, u, with the six digits that `gmx dump` prints.
    ///
    /// # Errors
    /// `grompp` rejects the input, or the output of this version cannot be parsed.
    pub fn masses(&self, supervisor: &Supervisor, trial: &Trial) -> Result<Vec<f64>, GromppError> {
        let failed =
            |error: &dyn std::fmt::Display| GromppError::Message(format!("cannot read masses from gmx dump: {error}"));
        let folder = self.make_trial_tpr(supervisor, trial)?;
        let mut command = Command::new(self.argv(&["dump", "-s", TRIAL_TPR]), &folder.0);
        command.time_limit = Some(TIMEOUT);
        command.set = self.environment();
        command.stdout = Output::File(DUMP.into());
        let finished = supervisor.run(&command).map_err(|error| failed(&error))?;
        if !finished.exit.is_success() {
            return Err(failed(&format!("it {}: {}", finished.exit, finished.stderr.last_lines(8))));
        }
        let text = fs::read_to_string(folder.0.join(DUMP)).map_err(|error| failed(&error))?;
        masses(&text).ok_or_else(|| failed(&"unexpected output of this version"))
    }
}

/// Masses in the output of `gmx dump -s`; none unless there is one for each atom.
fn masses(text: &str) -> Option<Vec<f64>> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "topology:");
    let after = |line: &str, mark: &str| Some(line.strip_prefix(mark)?.trim_start_matches([' ', '=']).to_owned());
    let number = |text: String| text.split_whitespace().next()?.parse::<usize>().ok();
    // Blocks are (molecule type, number of molecules); types hold the masses of their atoms.
    let (mut atoms, mut blocks, mut types) = (0, Vec::new(), Vec::<Vec<f64>>::new());
    let mut block_type = None;
    for line in &mut lines {
        if let Some(count) = after(line, "#atoms") {
            atoms = number(count)?;
        } else if let Some(index) = after(line, "moltype  ").and_then(number) {
            block_type = Some(index);
        } else if let Some(count) = after(line, "#molecules") {
            blocks.push((block_type.take()?, number(count)?));
        } else if line.starts_with("moltype (") {
            types.push(Vec::new());
        } else if let (true, Some((_, mass))) = (line.starts_with("atom["), line.split_once(" m=")) {
            types.last_mut()?.push(mass.split(',').next()?.trim().parse().ok()?);
        }
    }
    let mut masses = Vec::with_capacity(atoms);
    for (block_type, count) in blocks {
        (0..count).try_for_each(|_| types.get(block_type).map(|of_type| masses.extend(of_type)))?;
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
    fn inconsistent_output_gives_no_masses() {
        assert_eq!(masses(&PRINTED.replace("#atoms                         = 7", "#atoms = 8")), None);
        assert_eq!(masses(&PRINTED.replace("#molecules                     = 2", "#molecules = x")), None);
        assert_eq!(masses("topology:\n"), None);
    }
}
