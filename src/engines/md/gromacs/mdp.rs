//! What is set in the run parameters of a GROMACS simulation (mdp file)?
use std::fmt::Write;

/// Run parameters, parsed as `grompp` does: `key = value ; comment`; keys are compared without `-`, `_` and case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mdp {
    text: String,
}

/// Why random numbers would not be reproducible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedFault {
    #[error("`{key}` is not set: GROMACS would seed from the clock")]
    Missing { key: &'static str },
    #[error("`{key} = {value}` makes GROMACS seed from the clock")]
    Random { key: &'static str, value: String },
}

/// Keys with intervals in steps, to be scaled with the time step.
#[rustfmt::skip]
const INTERVALS: &[&str] = &[
    "nstxout", "nstvout", "nstfout", "nstlog", "nstenergy", "nstxoutcompressed", "pullnstxout",
    "pullnstfout", "awhnstout", "awhnstsample",
];

impl Mdp {
    /// Run parameters with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The text of the mdp file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of a key; the last one if it is set twice, as in GROMACS.
    pub fn value(&self, key: &str) -> Option<&str> {
        let wanted = normalized(key);
        self.text
            .lines()
            .filter_map(key_and_value)
            .filter(|(key, _)| normalized(key) == wanted)
            .map(|(_, value)| value)
            .next_back()
    }

    /// The line, counted from 1, in which a key is set.
    pub fn line(&self, key: &str) -> Option<usize> {
        let wanted = normalized(key);
        let lines = (1..).zip(self.text.lines());
        lines
            .filter(|(_, line)| key_and_value(line).is_some_and(|(key, _)| normalized(key) == wanted))
            .map(|(line, _)| line)
            .last()
    }

    /// The first key whose name starts with `start`.
    pub fn first_key_with_prefix(&self, start: &str) -> Option<&str> {
        let keys = self.text.lines().filter_map(key_and_value).map(|(key, _)| key);
        keys.into_iter().find(|key| normalized(key).starts_with(&normalized(start)))
    }

    /// The same parameters with the given keys set.
    pub fn with<K: AsRef<str>>(&self, values: &[(K, String)]) -> Self {
        let is_replaced = |line: &&str| {
            key_and_value(line)
                .is_some_and(|(key, _)| values.iter().any(|(other, _)| normalized(key) == normalized(other.as_ref())))
        };
        let mut text = String::with_capacity(self.text.len() + 40 * values.len());
        for line in self.text.lines().filter(|line| !is_replaced(line)) {
            let _ = writeln!(text, "{line}");
        }
        for (key, value) in values {
            let _ = writeln!(text, "{} = {value}", key.as_ref());
        }
        Self { text }
    }

    /// Temperatures of the thermostats, K, as in the file; none without a thermostat.
    pub fn temperatures(&self) -> Option<Vec<&str>> {
        let has_stochastic_integrator = self.is("integrator", &["sd", "sd1", "bd"]);
        let has_no_tcoupl = self.value("tcoupl").is_none_or(|value| matches!(normalized(value).as_str(), "no" | ""));
        (has_stochastic_integrator || !has_no_tcoupl)
            .then(|| self.value("ref-t").unwrap_or("").split_whitespace().collect())
    }

    /// Whether initial velocities are generated.
    pub fn draws_velocities(&self) -> bool {
        self.is("gen-vel", &["yes", "true", "on"])
    }

    /// Whether the simulation expects the velocities of a previous one.
    pub fn is_continuation(&self) -> bool {
        self.is("continuation", &["yes", "true", "on"]) || self.is("unconstrained-start", &["yes", "true", "on"])
    }

    fn is(&self, key: &str, values: &[&str]) -> bool {
        self.value(key).is_some_and(|value| values.iter().any(|other| normalized(value) == normalized(other)))
    }

    /// Checks that the seeds of random velocities and forces are set.
    ///
    /// # Errors
    /// A seed that is used is not set, or is -1.
    pub fn check_seeds(&self) -> Result<(), SeedFault> {
        let is_stochastic = self.is("integrator", &["sd", "sd1", "bd"])
            || self.is("tcoupl", &["v-rescale", "andersen", "andersen-massive"])
            || self.is("pcoupl", &["c-rescale"]);
        let is_adaptive = self.value("awh").is_some_and(|value| value.eq_ignore_ascii_case("yes"));
        let used = [
            ("gen-seed", self.draws_velocities()),
            ("ld-seed", is_stochastic && self.is_dynamics()),
            ("awh-seed", is_adaptive && self.is_dynamics()),
        ];
        for (key, _) in used.into_iter().filter(|(_, is_used)| *is_used) {
            match self.value(key) {
                None | Some("") => return Err(SeedFault::Missing { key }),
                Some(value) if value.parse::<i64>().is_ok_and(|seed| seed < 0) => {
                    return Err(SeedFault::Random { key, value: value.to_owned() });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Whether this is dynamics, not a minimisation.
    pub fn is_dynamics(&self) -> bool {
        !self.is("integrator", &["steep", "cg", "l-bfgs", "nm", "tpi", "tpic"])
    }

    /// Time step, ps; by default that of GROMACS.
    pub fn time_step_ps(&self) -> f64 {
        self.value("dt").and_then(|dt| dt.parse().ok()).unwrap_or(0.001)
    }

    /// The same parameters with `factor` times the time step; duration and number of outputs stay.
    pub fn with_time_step(&self, factor: f64) -> Self {
        let stretched = |value: &str| value.parse::<i64>().ok().map(|steps| (steps as f64 / factor).round() as i64);
        let mut text = String::with_capacity(self.text.len() + 40);
        let mut has_dt = false;
        for line in self.text.lines() {
            let changed = key_and_value(line).and_then(|(key, value)| match normalized(key).as_str() {
                "dt" => {
                    has_dt = true;
                    Some((key, format!("{}", self.time_step_ps() * factor)))
                }
                name if name == "nsteps" || INTERVALS.contains(&name) => {
                    stretched(value).filter(|steps| *steps > 0).map(|steps| (key, steps.to_string()))
                }
                _ => None,
            });
            let _ = match changed {
                Some((key, value)) => writeln!(text, "{key} = {value}"),
                None => writeln!(text, "{line}"),
            };
        }
        if !has_dt {
            let _ = writeln!(text, "dt = {}", self.time_step_ps() * factor);
        }
        Self { text }
    }
}

/// Key and value of a line, without its comment.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split(';').next()?.split_once('=')?;
    Some((key.trim(), value.trim()))
}

/// A word in lower case without `-` and `_`.
fn normalized(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD: &str = "integrator = sd ; stochastic\ndt=0.002\nnsteps = 1000\ngen_vel = Yes\nGen-Seed = 5\nld_seed= 6\n\
        nstxout-compressed = 50\nnstenergy = -1\n; nsteps = 3\n";

    #[test]
    fn keys_are_found_in_any_spelling() {
        let mdp = Mdp::new(MD);
        assert_eq!(mdp.value("gen-seed"), Some("5"));
        assert_eq!(mdp.value("LD_SEED"), Some("6"));
        assert_eq!(mdp.value("nsteps"), Some("1000"));
        assert_eq!(mdp.value("tcoupl"), None);
        assert!(mdp.is_dynamics() && mdp.check_seeds().is_ok());
    }

    #[test]
    fn a_seed_that_is_used_must_be_set() {
        let without = |line: &str| Mdp::new(MD.replace(line, "")).check_seeds();
        assert_eq!(without("Gen-Seed = 5\n"), Err(SeedFault::Missing { key: "gen-seed" }));
        assert_eq!(without("ld_seed= 6\n"), Err(SeedFault::Missing { key: "ld-seed" }));
        let minus = Mdp::new(MD.replace("= 6", "= -1")).check_seeds();
        assert_eq!(minus, Err(SeedFault::Random { key: "ld-seed", value: "-1".into() }));
        let thermostat = Mdp::new("integrator = md\ntcoupl = V-rescale\n").check_seeds();
        assert_eq!(thermostat, Err(SeedFault::Missing { key: "ld-seed" }));
        assert!(Mdp::new("integrator = md\nnsteps = 5\n").check_seeds().is_ok());
        let adaptive = Mdp::new("integrator = md\nAWH = Yes\n").check_seeds();
        assert_eq!(adaptive, Err(SeedFault::Missing { key: "awh-seed" }));
        assert!(Mdp::new("integrator = steep\ntcoupl = v-rescale\n").check_seeds().is_ok());
    }

    #[test]
    fn values_are_replaced_and_located() {
        let mdp = Mdp::new(format!("{MD}ref-t = 300 310\ncontinuation = no\n"));
        assert_eq!((mdp.line("ref_t"), mdp.line("nsteps"), mdp.line("tau-t")), (Some(10), Some(3), None));
        assert_eq!(mdp.temperatures(), Some(vec!["300", "310"]));
        assert!(mdp.draws_velocities() && !mdp.is_continuation());
        let other = mdp.with(&[("nsteps", "7".into()), ("Gen_Seed", "9".into()), ("tau-t", "1".into())]);
        assert_eq!(
            (other.value("nsteps"), other.value("gen-seed"), other.value("tau_t")),
            (Some("7"), Some("9"), Some("1"))
        );
        assert_eq!(other.text().matches("steps").count(), 2, "one of them is in a comment: {}", other.text());
        assert!(other.value("dt") == Some("0.002"));
        assert_eq!(Mdp::new("integrator = md\ntcoupl = no\nref-t = 300").temperatures(), None);
        assert_eq!(Mdp::new("integrator = md\ntcoupl = nose-hoover").temperatures(), Some(vec![]));
        assert!(Mdp::new("continuation = yes").is_continuation());
        let pulls = Mdp::new("; pull = yes\ndt = 1\nPull_Ngroups = 2\n");
        assert_eq!(
            (pulls.first_key_with_prefix("pull"), pulls.first_key_with_prefix("awh")),
            (Some("Pull_Ngroups"), None)
        );
    }

    #[test]
    fn a_smaller_time_step_keeps_duration_and_outputs() {
        let half = Mdp::new(MD).with_time_step(0.5);
        assert_eq!((half.value("dt"), half.value("nsteps")), (Some("0.001"), Some("2000")));
        assert_eq!((half.value("nstxout-compressed"), half.value("nstenergy")), (Some("100"), Some("-1")));
        assert_eq!(half.value("gen-seed"), Some("5"));
        assert_eq!(Mdp::new("nsteps = 10").with_time_step(0.5).value("dt"), Some("0.0005"));
    }
}
