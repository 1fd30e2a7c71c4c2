//! Along which distance or angle do windows stand?
//!
//! ```text
//! masses -> coordinate
//! ```
//!
//! A group of atoms stands at its centre of mass, with the masses that GROMACS has; one task asks for them, then every chunk of frames is
//! passed over once. GROMACS' pull code holds the windows.
mod load;
mod masses;
mod pass;
mod restraint;
mod write;

pub use load::load;
pub use restraint::manner;

use super::coordinate::{Coordinate, Known};
use super::frames::Frames;
use super::restraint::Restraint;
use super::windows::Recipe;
use crate::campaigns::stage::{Error, Shared, StageResult, share};
use crate::figure::Chart;
use crate::results::Writer;
use crate::science::geometry::{Geometry, Group, Kind};
use masses::Masses;
use pass::Pass;
use std::sync::Arc;

/// A distance or angle of groups of atoms.
pub struct Pulled {
    frames: Arc<Frames>,
    recipe: Arc<Recipe>,
    kind: Kind,
    /// Atoms of each group, ascending.
    groups: Vec<Vec<usize>>,
    /// Whether atoms have images: not with `pbc = no`.
    is_periodic: bool,
    restraint: Arc<restraint::Restraint>,
}

impl Pulled {
    /// What is measured, with `masses` of the groups' atoms, one group after another.
    fn geometry(&self, masses: &[f64]) -> Geometry {
        let mut rest = masses;
        let of_group = |atoms: &Vec<usize>| {
            let (own, others) = rest.split_at(atoms.len());
            rest = others;
            Group { atoms: atoms.clone(), masses: own.to_vec() }
        };
        Geometry { kind: self.kind, groups: self.groups.iter().map(of_group).collect() }
    }

    fn asking(&self) -> Masses {
        let (frames, recipe) = (Arc::clone(&self.frames), Arc::clone(&self.recipe));
        Masses { frames, recipe, restraint: Arc::clone(&self.restraint), atoms: self.groups.concat() }
    }

    fn pass(&self, masses: &[f64]) -> Pass {
        Pass { frames: Arc::clone(&self.frames), geometry: self.geometry(masses), is_periodic: self.is_periodic }
    }

    /// Masses of the groups' atoms that a stage has given.
    fn masses(&self, result: &StageResult) -> Result<Vec<f64>, Error> {
        let masses = masses::given(result)?;
        let massless = self.geometry(&masses).groups.iter().position(|group| group.masses.iter().sum::<f64>() <= 0.0);
        match massless {
            Some(place) => {
                let text = format!(
                    "umbrella.coordinate.groups: the atoms of group {place} have no mass, so that it has no centre: select others"
                );
                Err(Error::Unusable(text))
            }
            None => Ok(masses),
        }
    }
}

impl Coordinate for Pulled {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(match done {
            [] => Some(share(self.asking())),
            [masses] => Some(share(self.pass(&self.masses(masses)?))),
            _ => None,
        })
    }

    fn known<'d>(&self, done: &'d [StageResult]) -> Result<(Known, &'d [StageResult]), Error> {
        let [_, coordinate, rest @ ..] = done else { return Err(Error::Outcome("the coordinate".into())) };
        let restraint: Arc<dyn Restraint> = Arc::<restraint::Restraint>::clone(&self.restraint);
        Ok((Known { along: pass::along(coordinate)?, restraint }, rest))
    }

    fn foreseen_restraint(&self) -> Option<Arc<dyn Restraint>> {
        Some(Arc::<restraint::Restraint>::clone(&self.restraint))
    }

    fn foreseen(&self) -> Vec<Shared> {
        let atoms: usize = self.groups.iter().map(Vec::len).sum();
        // How long it takes does not depend on the masses.
        vec![share(self.asking()), share(self.pass(&vec![1.0; atoms]))]
    }

    fn foretold(&self) -> Vec<String> {
        Vec::new()
    }

    fn understood(&self) -> Vec<(String, String)> {
        let mut lines = vec![("frames".to_owned(), self.frames.understood())];
        lines.push(("chunks of frames".to_owned(), self.frames.chunks().to_string()));
        lines.push(("coordinate".to_owned(), format!("{} of {} groups", self.kind.name(), self.groups.len())));
        let groups = self.groups.iter().enumerate();
        lines.extend(groups.map(|(k, atoms)| (format!("group {k}"), self.frames.named(atoms))));
        lines
    }

    fn write(&self, done: &[StageResult], out: &mut Writer) -> Result<(), Error> {
        let [masses, coordinate, ..] = done else { return Err(Error::Outcome("the coordinate".into())) };
        write::write(self, &self.masses(masses)?, &pass::along(coordinate)?, out)
    }

    fn charts(&self, done: &[StageResult]) -> Result<Vec<(&'static str, Chart)>, Error> {
        Ok(vec![("coordinate", write::chart(self, &self.known(done)?.0.along))])
    }

    fn output_bytes(&self) -> u64 {
        let atoms: usize = self.groups.iter().map(Vec::len).sum();
        16 * self.frames.count() as u64 + 24 * atoms as u64
    }
}
