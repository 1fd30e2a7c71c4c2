//! A distance or angle as the coordinate of windows.
use super::definition::Definition;
use super::masses::{self, Masses};
use super::pass::{self, Pass};
use super::restraint::Restraint as Pull;
use super::write;
use crate::campaigns::stage::{Error, Stage, StageResult};
use crate::campaigns::umbrella::coordinate::{Coordinate, Known};
use crate::campaigns::umbrella::restraint::Restraint;
use crate::campaigns::umbrella::windows::WindowSetup;
use crate::figure::Chart;
use crate::results::Writer;
use std::sync::Arc;

/// A distance or angle of groups of atoms.
pub struct PullCoordinate {
    pub definition: Definition,
    pub window_setup: Arc<WindowSetup>,
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
    fn masses_stage(&self) -> Stage {
        let (frames, window_setup) = (Arc::clone(&self.definition.frames), Arc::clone(&self.window_setup));
        let (restraint, atoms) = (Arc::clone(&self.restraint), self.definition.groups.concat());
        Masses { frames, window_setup, restraint, atoms }.into_stage()
    }

    fn pass_stage(&self, masses: &[f64]) -> Stage {
        let (frames, geometry) = (Arc::clone(&self.definition.frames), self.definition.geometry(masses));
        Pass { frames, geometry, is_periodic: self.is_periodic }.into_stage()
    }

    /// Masses of the groups' atoms, from the result of their stage.
    fn accept_masses(&self, result: &StageResult) -> Result<Vec<f64>, Error> {
        let masses = masses::from_result(result)?;
        let groups = self.definition.geometry(&masses).groups;
        let massless = groups.iter().position(|group| group.masses.iter().sum::<f64>() <= 0.0);
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
        // How long it takes does not depend on the masses.
        vec![self.masses_stage(), self.pass_stage(&vec![1.0; self.definition.atoms()])]
    }

    fn plan_notes(&self) -> Vec<String> {
        Vec::new()
    }

    fn summary(&self) -> Vec<(String, String)> {
        let Definition { frames, kind, groups, .. } = &self.definition;
        let mut lines = vec![("frames".to_owned(), frames.summary())];
        lines.push(("chunks of frames".to_owned(), frames.chunks().to_string()));
        lines.push(("coordinate".to_owned(), format!("{} of {} groups", kind.name(), groups.len())));
        lines.extend(groups.iter().enumerate().map(|(k, atoms)| (format!("group {k}"), frames.describe_atoms(atoms))));
        lines
    }

    fn write(&self, out: &mut Writer) -> Result<(), Error> {
        let Some(masses) = &self.measured.masses else { return Err(Error::Outcome("the masses".into())) };
        write::write(&self.definition, masses, self.along()?, out)
    }

    fn charts(&self) -> Result<Vec<(&'static str, Chart)>, Error> {
        Ok(vec![("coordinate", write::chart(&self.definition, self.along()?))])
    }

    fn output_bytes(&self) -> u64 {
        16 * self.definition.frames.count() as u64 + 24 * self.definition.atoms() as u64
    }
}
