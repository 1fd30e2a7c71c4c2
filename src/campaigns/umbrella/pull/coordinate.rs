//! A distance or angle as the coordinate of windows.
use super::masses::{self, Masses};
use super::pass::{self, Pass};
use super::restraint::Restraint as Pull;
use super::write;
use crate::campaigns::stage::{Error, Stage, StageResult};
use crate::campaigns::umbrella::coordinate::{Coordinate, Known};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::restraint::Restraint;
use crate::campaigns::umbrella::windows::Recipe;
use crate::figure::Chart;
use crate::results::Writer;
use crate::science::geometry::{Geometry, Group, Kind};
use std::sync::Arc;

/// A distance or angle of groups of atoms.
pub struct PullCoordinate {
    pub frames: Arc<Frames>,
    pub recipe: Arc<Recipe>,
    pub kind: Kind,
    /// Atoms of each group, ascending.
    pub groups: Vec<Vec<usize>>,
    /// Whether atoms have periodic images: not with `pbc = no`.
    pub is_periodic: bool,
    pub restraint: Arc<Pull>,
    /// What stages have given so far.
    pub measured: Measured,
}

/// What is known of a coordinate.
#[derive(Default)]
pub struct Measured {
    /// Masses of the groups' atoms, one group after another, u.
    pub masses: Option<Vec<f64>>,
    /// The coordinate of every frame.
    pub along: Option<Vec<f64>>,
}

impl PullCoordinate {
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

    fn masses_stage(&self) -> Stage {
        let (frames, recipe) = (Arc::clone(&self.frames), Arc::clone(&self.recipe));
        Masses { frames, recipe, restraint: Arc::clone(&self.restraint), atoms: self.groups.concat() }.into_stage()
    }

    fn pass_stage(&self, masses: &[f64]) -> Stage {
        let (frames, geometry) = (Arc::clone(&self.frames), self.geometry(masses));
        Pass { frames, geometry, is_periodic: self.is_periodic }.into_stage()
    }

    /// Masses of the groups' atoms, from the result of their stage.
    fn accept_masses(&self, result: &StageResult) -> Result<Vec<f64>, Error> {
        let masses = masses::from_result(result)?;
        let massless = self.geometry(&masses).groups.iter().position(|group| group.masses.iter().sum::<f64>() <= 0.0);
        match massless {
            Some(group) => {
                let text = format!(
                    "umbrella.coordinate.groups: the atoms of group {group} have no mass, so the group has no centre of mass: select others"
                );
                Err(Error::Unusable(text))
            }
            None => Ok(masses),
        }
    }

    fn along(&self) -> Result<&[f64], Error> {
        self.measured.along.as_deref().ok_or_else(|| Error::Outcome("the coordinate".into()))
    }
}

impl Coordinate for PullCoordinate {
    fn advance(&mut self, result: Option<StageResult>) -> Result<Option<Stage>, Error> {
        match (result, &self.measured.masses) {
            (None, _) => {}
            (Some(result), None) => self.measured.masses = Some(self.accept_masses(&result)?),
            (Some(result), Some(_)) => self.measured.along = Some(pass::along(&result)?),
        }
        Ok(match &self.measured {
            Measured { masses: None, .. } => Some(self.masses_stage()),
            Measured { masses: Some(masses), along: None } => Some(self.pass_stage(masses)),
            Measured { .. } => None,
        })
    }

    fn known(&self) -> Result<Known, Error> {
        let restraint: Arc<dyn Restraint> = Arc::<Pull>::clone(&self.restraint);
        Ok(Known { along: self.along()?.to_vec(), restraint })
    }

    fn trial_restraint(&self) -> Option<Arc<dyn Restraint>> {
        Some(Arc::<Pull>::clone(&self.restraint))
    }

    fn planned_stages(&self) -> Vec<Stage> {
        let atoms: usize = self.groups.iter().map(Vec::len).sum();
        // How long it takes does not depend on the masses.
        vec![self.masses_stage(), self.pass_stage(&vec![1.0; atoms])]
    }

    fn plan_notes(&self) -> Vec<String> {
        Vec::new()
    }

    fn summary(&self) -> Vec<(String, String)> {
        let mut lines = vec![("frames".to_owned(), self.frames.understood())];
        lines.push(("chunks of frames".to_owned(), self.frames.chunks().to_string()));
        lines.push(("coordinate".to_owned(), format!("{} of {} groups", self.kind.name(), self.groups.len())));
        let groups = self.groups.iter().enumerate();
        lines.extend(groups.map(|(k, atoms)| (format!("group {k}"), self.frames.named(atoms))));
        lines
    }

    fn write(&self, out: &mut Writer) -> Result<(), Error> {
        let Some(masses) = &self.measured.masses else { return Err(Error::Outcome("the masses".into())) };
        write::write(self, masses, self.along()?, out)
    }

    fn charts(&self) -> Result<Vec<(&'static str, Chart)>, Error> {
        Ok(vec![("coordinate", write::chart(self, self.along()?))])
    }

    fn output_bytes(&self) -> u64 {
        let atoms: usize = self.groups.iter().map(Vec::len).sum();
        16 * self.frames.count() as u64 + 24 * atoms as u64
    }
}
