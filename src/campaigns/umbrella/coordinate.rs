//! Along which coordinate are windows placed, and what is its value in every frame?
use super::restraint::Restraint;
use crate::campaigns::stage::{Error, Stage, StageResult};
use crate::figure::Chart;
use crate::results::Writer;
use std::sync::Arc;

/// A coordinate, and the passes over the frames that determine it.
pub trait Coordinate: Send {
    /// Accepts the result of the pass that was run last (none at the start) and returns the next one; none when the coordinate of every
    /// frame is known.
    ///
    /// # Errors
    /// A frame cannot be used, or the frames do not suffice.
    fn advance(&mut self, result: Option<StageResult>) -> Result<Option<Stage>, Error>;

    /// The result of all passes.
    ///
    /// # Errors
    /// Passes are missing.
    fn known(&self) -> Result<Known, Error>;

    /// The restraint as far as it is known before any pass, for a trial of `grompp`; none where it does not affect `grompp`.
    fn trial_restraint(&self) -> Option<Arc<dyn Restraint>>;

    /// The passes that will certainly run.
    fn planned_stages(&self) -> Vec<Stage>;

    /// Notes about passes, for `plan`.
    fn plan_notes(&self) -> Vec<String>;

    /// The configured coordinate, for `check`: (name, value with units).
    fn summary(&self) -> Vec<(String, String)>;

    /// Writes its values in all frames.
    ///
    /// # Errors
    /// As [`known`](Self::known), or the file cannot be written.
    fn write(&self, out: &mut Writer) -> Result<(), Error>;

    /// Charts of its values in all frames, each with its name.
    ///
    /// # Errors
    /// As [`known`](Self::known).
    fn charts(&self) -> Result<Vec<(&'static str, Chart)>, Error>;

    /// Its estimated size in the result file, bytes.
    fn output_bytes(&self) -> u64;
}

/// A coordinate that is known.
pub struct Known {
    /// Its value in every frame, in the unit of its [`Scale`](super::scale::Scale), `[frames]`.
    pub along: Vec<f64>,
    pub restraint: Arc<dyn Restraint>,
}
