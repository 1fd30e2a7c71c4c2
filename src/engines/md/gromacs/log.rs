//! How far did a simulation get, according to the log of `mdrun`?
//!
//! The log is appended to at restarts, so later entries count. Only the last step tells whether a simulation is finished: exit code and
//! "Finished mdrun" are the same after `-maxh` (measured with 2022.5).
use crate::engines::text;
use crate::task::Cause;
use std::path::Path;

/// Width of a column of the energy tables, characters.
const COLUMN_WIDTH: usize = 15;

/// The contents of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    pub integrator: Option<String>,
    /// Number of steps, from the first (`nsteps`).
    pub steps: Option<i64>,
    pub first_step: i64,
    /// Time step, ps.
    pub time_step: Option<f64>,
    /// The last step in the log.
    pub last_step: Option<i64>,
    /// The last reported speed.
    pub ns_per_day: Option<f64>,
    /// The last potential energy, kJ/mol.
    pub potential: Option<f64>,
    /// Whether `mdrun` shut down cleanly, with all steps done or not.
    pub is_closed: bool,
    /// Whether it was stopped by `-maxh`.
    pub is_out_of_time: bool,
}

impl Log {
    /// Reads the log at `path`.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    pub fn read(path: &Path) -> Result<Self, Cause> {
        Ok(Self::parse(text::LineReader::open(path)?))
    }

    /// Parses the lines of a log.
    fn parse(lines: impl Iterator<Item = String>) -> Self {
        let mut log = Self::default();
        let mut is_average = false;
        let mut lines = lines.peekable();
        while let Some(line) = lines.next() {
            let trimmed = line.trim();
            if is_header(trimmed) {
                (log.is_closed, is_average) = (false, false);
                let step = lines.peek().and_then(|row| row.split_whitespace().next()?.parse().ok());
                log.last_step = step.or(log.last_step);
            } else if trimmed.starts_with("<======") || trimmed.contains("A V E R A G E S") {
                is_average = true;
            } else if trimmed == "Energies (kJ/mol)" && !is_average {
                log.read_energies(&mut lines);
            } else if let Some(rest) = trimmed.strip_prefix("Performance:") {
                log.ns_per_day = rest.split_whitespace().next().and_then(|word| word.parse().ok());
            } else if trimmed.starts_with("Finished mdrun") {
                log.is_closed = true;
            } else if trimmed.starts_with("Run time exceeded") {
                log.is_out_of_time = true;
            } else if trimmed.starts_with("Log file opened") || trimmed.starts_with("Restarting from checkpoint") {
                (log.is_closed, log.is_out_of_time) = (false, false);
            } else if let Some((key, value)) = trimmed.split_once('=') {
                log.read_parameter(key.trim(), value.trim());
            }
        }
        log
    }

    fn read_parameter(&mut self, key: &str, value: &str) {
        match key {
            "integrator" => self.integrator = Some(value.to_owned()),
            "nsteps" => self.steps = value.parse().ok().or(self.steps),
            "dt" => self.time_step = value.parse().ok().filter(|step: &f64| *step > 0.0).or(self.time_step),
            "init-step" => self.first_step = value.parse().unwrap_or(self.first_step),
            _ => {}
        }
    }

    /// Reads a table with alternating rows of names and values, in columns of fixed width: names contain blanks.
    fn read_energies(&mut self, lines: &mut std::iter::Peekable<impl Iterator<Item = String>>) {
        while lines.peek().is_some_and(|names| !names.trim().is_empty()) {
            let (Some(names), Some(values)) = (lines.next(), lines.next()) else { return };
            let column = (0..names.len().div_ceil(COLUMN_WIDTH)).find(|k| {
                names.get(k * COLUMN_WIDTH..).map(|rest| rest.get(..COLUMN_WIDTH).unwrap_or(rest).trim())
                    == Some("Potential")
            });
            let value = column.and_then(|k| values.get(k * COLUMN_WIDTH..));
            let value = value.and_then(|rest| rest.get(..COLUMN_WIDTH).unwrap_or(rest).trim().parse().ok());
            self.potential = value.or(self.potential);
        }
    }

    /// Whether all steps are done; a minimisation is done when it has converged.
    pub fn has_reached_end(&self) -> bool {
        let is_minimised = self.integrator.as_deref().is_some_and(|name| matches!(name, "steep" | "cg" | "l-bfgs"));
        let last = self.steps.map(|steps| self.first_step + steps);
        self.is_closed && (is_minimised || last.is_some_and(|last| self.last_step.is_some_and(|step| step >= last)))
    }

    /// The progress as "step 100 of 500", with `?` for an unknown number.
    pub fn progress(&self) -> String {
        let known = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        format!("step {} of {}", known(self.last_step), known(self.steps.map(|steps| self.first_step + steps)))
    }
}

/// Whether a line is the header of a step: the next line holds step and time.
pub fn is_header(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("Step") && words.next() == Some("Time") && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &str) -> Log {
        Log::parse(text.lines().map(str::to_owned))
    }

    const BEGIN: &str = "Log file opened on Mon\n   integrator                     = sd\n   nsteps                         = 500\n   \
        init-step                      = 0\n";
    const STEP: &str = "           Step           Time\n            STEP        0.00000\n\n   Energies (kJ/mol)\n           \
        Bond          Angle    Proper Dih.  Improper Dih.          LJ-14\n    1.00000e+00    2.00000e+00    3.00000e+00    4.00000e+00    \
        5.00000e+00\n     Coulomb-14      Potential    Kinetic En.\n    6.00000e+00   -4.51408e+01    7.00000e+00\n\n";
    const LOG_END: &str = "\t<======  ###############  ==>\n\t<====  A V E R A G E S  ====>\n   Energies (kJ/mol)\n      Potential\n    \
        9.99000e+02\n\nPerformance:     1370.863        0.018\nFinished mdrun on rank 0 Mon\n";

    #[test]
    fn a_complete_log_is_parsed() {
        let found = log(&format!("{BEGIN}{}{}{LOG_END}", STEP.replace("STEP", "0"), STEP.replace("STEP", "500")));
        assert_eq!((found.last_step, found.steps, found.ns_per_day), (Some(500), Some(500), Some(1370.863)));
        assert_eq!(found.potential, Some(-45.1408), "averages do not count");
        assert!(found.has_reached_end());
    }

    #[test]
    fn a_run_that_ended_before_its_last_step_is_not_finished_and_one_that_went_on_is() {
        let partial = format!("{BEGIN}{}{LOG_END}", STEP.replace("STEP", "200"));
        assert!(log(&partial).is_closed && !log(&partial).has_reached_end());
        assert_eq!(log(&partial).progress(), "step 200 of 500");
        let partial = format!("Run time exceeded 0.001 hours, will terminate the run within 200 steps\n{partial}");
        assert!(!log(&partial).is_out_of_time, "that was an earlier run");
        let partial = partial.replace("\nPerformance", "\nRun time exceeded 0.001 hours, will terminate\nPerformance");
        assert!(log(&partial).is_out_of_time);
        let again = format!("{partial}Restarting from checkpoint, appending\n{BEGIN}{}", STEP.replace("STEP", "500"));
        assert!(!log(&again).has_reached_end() && !log(&again).is_out_of_time, "the log is still open");
        let whole = log(&format!("{again}{}", LOG_END.replace("1370.863", "1200.5")));
        assert!(whole.has_reached_end());
        assert_eq!(whole.ns_per_day, Some(1200.5), "the last one counts");
    }

    #[test]
    fn a_minimisation_is_finished_at_convergence_and_a_malformed_log_has_no_steps() {
        assert!(
            log(&format!("{}{}{LOG_END}", BEGIN.replace("= sd", "= steep"), STEP.replace("STEP", "17")))
                .has_reached_end()
        );
        assert_eq!(log("\u{fffd}\nStep Time\n Energies (kJ/mol)\nEnergies (kJ/mol)").progress(), "step ? of ?");
    }
}
