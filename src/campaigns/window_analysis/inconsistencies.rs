//! Which windows are inconsistent with the others, and what should the user check?
use super::analysis::{Analysis, UmbrellaWindow};
use crate::science::free_energy::{Cause, Correction, Diagnosis, LIMIT};

/// The most windows whose numbers are given in one message.
const MOST_EXAMPLES: usize = 3;
/// Common periods: of angles in degrees and in radians.
const PERIODS: [f64; 2] = [360.0, 2.0 * std::f64::consts::PI];
/// Ratios of sampled to predicted variances below or above which averages, another force constant or another column are suspected.
const NARROW: f64 = 0.7;
const WIDE: f64 = 1.5;
/// Slope of sample means over centers below which they are uncorrelated.
const UNCORRELATED: f64 = 0.1;
/// With fewer independent samples a window may not be sampled completely.
const FEW_SAMPLES: f64 = 50.0;
const AVERAGING: &str = "averages since the last output (pull-xout-average = yes) also have too small a variance";
const CENTERS: &str = "; with `pull-coord1-start = yes` the center is pull-coord1-init plus the distance in the starting structure: `init` in `gmx dump -s window.tpr`";

impl Analysis<'_> {
    /// Windows that are inconsistent with the prediction of all windows, one line each, or one for all of them if the cause is common.
    pub(super) fn inconsistencies(&self) -> Vec<String> {
        if self.umbrella.is_own {
            return self.unequilibrated().into_iter().collect();
        }
        let diagnosis = self.problem.diagnose(&PERIODS);
        let diagnosed = diagnosis.as_ref().map_or(Vec::new(), |found| found.windows.clone());
        let mut lines = match diagnosis {
            Some(Diagnosis { windows, cause: Cause::Own(corrections) }) => {
                windows.iter().zip(corrections).map(|(k, correction)| self.describe_one(*k, correction)).collect()
            }
            Some(Diagnosis { windows, cause }) => vec![self.describe_many(&windows, &cause)],
            None => Vec::new(),
        };
        let is_far = |k: &usize| self.problem.consistency[*k].has_excessive_bias() && !diagnosed.contains(k);
        let isolated: Vec<usize> = (0..self.umbrella.windows.len()).filter(is_far).collect();
        lines.extend(self.describe_isolated(&isolated));
        if let (true, Some(offset)) = (lines.is_empty(), self.problem.common_offset()) {
            let unit = self.unit();
            lines.push(format!(
                "the samples of all windows lie to one side of their `center`, {offset:.4}{unit} on average and tens of kT up their restraints: \
                 a common offset of all centers tilts the whole profile{}",
                self.center_hint()
            ));
        }
        lines
    }

    /// Windows with the parameters of others, unless all windows are repeated equally often: repeats of one window, or a copied center.
    pub fn notes(&self) -> Vec<String> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let all = &self.umbrella.windows;
        let key = |k: usize| (all[k].window.center.to_bits(), all[k].force_constant.to_bits());
        for k in 0..all.len() {
            match groups.iter_mut().find(|group| key(group[0]) == key(k)) {
                Some(group) => group.push(k),
                None => groups.push(vec![k]),
            }
        }
        if groups.len() > 1 && groups.iter().all(|group| group.len() == groups[0].len()) {
            return Vec::new();
        }
        let repeated: Vec<String> = groups
            .iter()
            .filter(|group| group.len() > 1)
            .map(|group| format!("windows {} (center {}{})", listed(group), all[group[0]].short_center(), self.unit()))
            .collect();
        if repeated.is_empty() {
            return Vec::new();
        }
        let text = "have the same `center` and `force_constant`: they count as repeats of one window; if they are not, a center was copied by mistake";
        vec![format!("{} {text}", repeated.join(", "))]
    }

    /// Windows that are inconsistent although the parameters of their restraints are certain.
    fn unequilibrated(&self) -> Option<String> {
        let windows = self.problem.inconsistent();
        let all: Vec<String> = windows.iter().map(|k| format!("{}{}", self.label(*k), self.numbers(*k))).collect();
        let text = "inconsistent with what all windows together predict: sampling is incomplete; sample longer \
                    (`steps`), or discard more at the beginning (`discard_ps`)";
        (!all.is_empty()).then(|| format!("{}: {text}", all.join(", ")))
    }

    fn describe_one(&self, k: usize, correction: Option<Correction>) -> String {
        let label = self.label(k);
        let why = match correction {
            Some(correction) => format!("it would be consistent with {}", self.describe(correction, Some(k))),
            None => self.unknown(&[k], 1.0),
        };
        format!("{label} is inconsistent with what the other windows predict for it{}: {why}", self.numbers(k))
    }

    fn describe_many(&self, windows: &[usize], cause: &Cause) -> String {
        let why = match cause {
            Cause::Common(Correction::Stiffness(_)) | Cause::Unknown { .. } if self.is_uncorrelated() => {
                "the means of the samples do not follow `center`: check that `column` is the restrained coordinate"
                    .to_owned()
            }
            Cause::Common(correction) => {
                let pair = match self.umbrella.windows.len() {
                    2 => "; with two windows, another `center` of one of them would explain it equally well",
                    _ => "",
                };
                format!("they would be consistent with {}{pair}", self.describe(*correction, None))
            }
            Cause::CentersAtMeans => match self.same_center(windows) {
                Some(same) => same,
                None => format!(
                    "they would be consistent with each `center` at the mean of its samples: check `center`{}",
                    self.center_hint()
                ),
            },
            Cause::Unknown { variance_ratio } => {
                self.same_center(windows).unwrap_or_else(|| self.unknown(windows, *variance_ratio))
            }
            Cause::Own(_) => unreachable!("these windows are described one by one"),
        };
        let mut worst = windows.to_vec();
        worst.sort_by(|a, b| self.problem.consistency[*a].cmp_worst_first(&self.problem.consistency[*b]));
        let examples: Vec<String> =
            worst.iter().take(MOST_EXAMPLES).map(|k| format!("{}{}", self.label(*k), self.numbers(*k))).collect();
        let more = if worst.len() > MOST_EXAMPLES { "the worst: " } else { "" };
        let what = match self.problem.consistency[worst[0]].has_excessive_bias() {
            true => "overlap with no other window and lie far from their centers",
            false => "are inconsistent with what all windows together predict for them",
        };
        format!(
            "{} of {} windows ({}) {what}; {more}{}. {}",
            windows.len(),
            self.umbrella.windows.len(),
            listed(windows),
            examples.join(", "),
            capital(&why)
        )
    }

    /// Whether the means of samples are uncorrelated with the centers: their slope over centers is nearly 0.
    fn is_uncorrelated(&self) -> bool {
        let all = &self.umbrella.windows;
        let n = all.len() as f64;
        let middle = all.iter().map(|one| one.window.center).sum::<f64>() / n;
        let (mut square, mut product) = (0.0, 0.0);
        for (one, consistency) in all.iter().zip(&self.problem.consistency) {
            let Some(comparison) = consistency.comparison else { return false };
            let from_middle = one.window.center - middle;
            square += from_middle * from_middle;
            product += from_middle * (one.window.center + comparison.displacement);
        }
        // Of a periodic coordinate means are not defined.
        square > 0.0 && self.umbrella.bins.axis.period.is_none() && product.abs() < UNCORRELATED * square
    }

    /// Isolated windows far from their centers.
    fn describe_isolated(&self, windows: &[usize]) -> Option<String> {
        let first = *windows.first()?;
        let count = match windows.len() {
            1 => String::new(),
            n => format!(" (and {} others: {})", n - 1, listed(windows)),
        };
        let bias = self.problem.consistency[first].comparison?.mean_bias;
        Some(format!(
            "{}{count} overlaps with no other window, and its mean bias is {bias:.0} kT instead of about 1/2 kT: check that \
             `center`, `force_constant` (kJ/mol/unit^2), `unit` and `column` are those of the simulation{}",
            self.label(first),
            self.center_hint()
        ))
    }

    fn label(&self, k: usize) -> String {
        format!("window {k} (`{}`)", self.umbrella.windows[k].name)
    }

    fn numbers(&self, k: usize) -> String {
        let one = &self.problem.consistency[k];
        let (Some(score), Some(comparison)) = (one.score, one.comparison) else { return String::new() };
        format!(
            " (consistency {score:.1}, limit {LIMIT}; mean bias {:.2} kT, predicted {:.2})",
            comparison.mean_bias, comparison.predicted_bias
        )
    }

    /// A correction that would make windows consistent, and the mistake it corrects.
    fn describe(&self, correction: Correction, window: Option<usize>) -> String {
        match correction {
            Correction::Stiffness(factor) => {
                let corrected = |window: &UmbrellaWindow| short(window.force_constant * factor);
                let value = window.map_or(String::new(), |k| format!(" = {}", corrected(&self.umbrella.windows[k])));
                format!(
                    "`force_constant`{value}, {} times the configured one: {}",
                    short(factor),
                    explain_factor(factor)
                )
            }
            Correction::Scale { center, .. } if center < 0.0 => "the opposite sign of `center`".to_owned(),
            Correction::Scale { center, stiffness, .. } => {
                let constant = if (stiffness - 1.0).abs() < 1e-9 {
                    String::new()
                } else {
                    format!(" and `force_constant` {} times the configured one", short(stiffness))
                };
                let units = if (0.05..20.0).contains(&center) { "nm and A" } else { "degree and radian" };
                format!(
                    "`center` {} times the configured one{constant}: center and samples have different units ({units})",
                    short(center)
                )
            }
            Correction::Period(period) => format!("period = {}: the coordinate is periodic", short(period)),
            Correction::Center(center) => {
                let like = self.window_with_center(center, window);
                let unit = self.unit();
                match window.and_then(|k| self.copied_center(k)) {
                    Some(copied) => format!("`center` = {center:.4}{unit}{like}; the configured one is {copied}"),
                    None => format!(
                        "`center` = {center:.4}{unit}{like}{}{}",
                        self.slow_motion_hint(center, window),
                        self.center_hint()
                    ),
                }
            }
        }
    }

    /// The other window with this center, if there is one.
    fn window_with_center(&self, center: f64, window: Option<usize>) -> String {
        let axis = self.umbrella.bins.axis;
        let is_near = |(k, other): (usize, &UmbrellaWindow)| {
            let width = 1.0 / other.window.stiffness.sqrt();
            (Some(k) != window && axis.displacement(other.window.center, center).abs() < 0.2 * width).then_some(k)
        };
        let near = self.umbrella.windows.iter().enumerate().find_map(is_near);
        near.map_or(String::new(), |k| format!(", that of window {k}"))
    }

    /// Where to find the center in the input of GROMACS; empty for files of PLUMED.
    fn center_hint(&self) -> &'static str {
        let is_colvar = |one: &UmbrellaWindow| one.name.to_ascii_lowercase().contains("colvar");
        if self.umbrella.windows.iter().any(is_colvar) { "" } else { CENTERS }
    }

    /// The other explanation of a small correction of a center.
    fn slow_motion_hint(&self, center: f64, window: Option<usize>) -> &'static str {
        let is_near = |k: usize| {
            let own = &self.umbrella.windows[k].window;
            self.umbrella.bins.axis.displacement(center, own.center).abs() * libm::sqrt(own.stiffness) < 1.0
        };
        let text = ", or with complete sampling (slow motions: sample longer)";
        if window.is_some_and(is_near) { text } else { "" }
    }

    /// The other window with the center of window `k`.
    fn copied_center(&self, k: usize) -> Option<String> {
        let own = self.umbrella.windows[k].window.center;
        let is_same = |l: &usize| *l != k && self.umbrella.windows[*l].window.center == own;
        let other = (0..self.umbrella.windows.len()).find(is_same)?;
        Some(format!("that of window {other} too: was it copied?"))
    }

    /// What to check if no correction makes the windows consistent.
    fn unknown(&self, windows: &[usize], variance_ratio: f64) -> String {
        let independent =
            |k: &usize| self.umbrella.windows[*k].window.samples.len() as f64 / self.problem.inefficiencies[*k].g;
        let parameters =
            "`center`, `force_constant` (kJ/mol/unit^2), `unit`, `period` and `column` are those of the simulation";
        if variance_ratio < NARROW {
            let times = short(1.0 / variance_ratio);
            return format!(
                "their variances are {times} times smaller than predicted: check that `force_constant` is that of the simulation; {AVERAGING}"
            );
        }
        if variance_ratio > WIDE {
            let times = short(variance_ratio);
            return format!(
                "their variances are {times} times larger than predicted: check that `force_constant` and `column` are those of the simulation"
            );
        }
        let slow = windows.iter().any(|k| independent(k) < FEW_SAMPLES);
        let more = if slow { "; some have few independent samples: " } else { "; if they are, " };
        format!(
            "check that {parameters}{}{more}sampling is incomplete: sample longer, or discard more",
            self.center_hint()
        )
    }

    /// Which of these windows share a center although their samples differ.
    fn same_center(&self, windows: &[usize]) -> Option<String> {
        let center = |k: &usize| self.umbrella.windows[*k].window.center;
        let sharing =
            |k: &usize| -> Vec<usize> { windows.iter().copied().filter(|l| center(l) == center(k)).collect() };
        let group = windows.iter().map(sharing).max_by_key(Vec::len).filter(|group| group.len() > 1)?;
        let mean = |k: &usize| Some(center(k) + self.problem.consistency[*k].comparison?.displacement);
        let (low, high) =
            group.iter().filter_map(mean).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let who = if group.len() == windows.len() { "they".to_owned() } else { format!("windows {}", listed(&group)) };
        Some(format!(
            "{who} have the same center, {}{}, but the means of their samples range from {low:.4} to {high:.4}: check `center`{}",
            short(center(&group[0])),
            self.unit(),
            self.center_hint()
        ))
    }

    fn unit(&self) -> String {
        match self.umbrella.unit.name() {
            "none" => String::new(),
            unit => format!(" {unit}"),
        }
    }
}

/// The units or conventions that differ by a factor.
fn explain_factor(factor: f64) -> String {
    const DEGREES: f64 = 3_282.806_350_011_744;
    let is = |other: f64| (factor / other - 1.0).abs() < 1e-6 || (factor * other - 1.0).abs() < 1e-6;
    let halves = "some programs define the restraint as k (x - x0)^2 instead of k/2 (x - x0)^2";
    let units = [
        (4.184, "kcal/mol and kJ/mol"),
        (100.0, "per A^2 and per nm^2"),
        (418.4, "kcal/mol/A^2 and kJ/mol/nm^2"),
        (DEGREES, "per radian^2 and per degree^2"),
        (4.184 * DEGREES, "kcal/mol/radian^2 and kJ/mol/degree^2"),
    ];
    let text_of = |times: f64| units.iter().find(|(unit, _)| is(times * unit)).map(|(_, text)| *text);
    let known = match (text_of(1.0), text_of(2.0)) {
        (Some(text), _) => Some(text.to_owned()),
        (None, Some(text)) => Some(format!("{text}; and {halves}")),
        (None, None) => is(2.0).then(|| halves.to_owned()),
    };
    match known {
        Some(units) if factor < 20.0 && factor > 1.0 => format!("{units}; {AVERAGING}"),
        Some(units) => units,
        None if factor > 1.0 => format!("no common unit explains this factor; {AVERAGING}"),
        None => "no common unit explains this factor: check the run parameters".to_owned(),
    }
}

/// Four significant digits.
fn short(value: f64) -> String {
    let digits = (3.0 - libm::floor(libm::log10(value.abs().max(1e-300)))).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// Indices as `0 to 3, 7`.
fn listed(windows: &[usize]) -> String {
    let runs = windows.chunk_by(|a, b| a + 1 == *b);
    let range = |run: &[usize]| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    };
    runs.map(range).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_are_short() {
        assert_eq!(
            [418.4, 0.5, 3282.806, 1e-3 / 3.0, 12_345.6].map(short),
            ["418.4", "0.5", "3283", "0.0003333", "12346"]
        );
        assert_eq!((listed(&[0, 1, 2, 5]), listed(&[3])), ("0 to 2, 5".into(), "3".into()));
    }

    #[test]
    fn factors_have_the_names_of_units() {
        assert!(explain_factor(418.4).starts_with("kcal/mol/A^2"));
        assert!(explain_factor(1.0 / 3_282.806_350_011_744).contains("per radian^2"));
        assert!(explain_factor(2.0).contains("k/2") && explain_factor(2.0).contains("average"));
        assert!(explain_factor(7.3).contains("average") && !explain_factor(0.73).contains("average"));
    }
}
