//! Which windows cannot be what they are said to be, and what should the user look at?
use super::{Analysis, UmbrellaWindow};
use crate::science::free_energy::{Cause, Change, Diagnosis, LIMIT};

/// Windows whose numbers are told in one message.
const TOLD: usize = 3;
/// Periods that coordinates have: of degrees and of radians.
const PERIODS: [f64; 2] = [360.0, 2.0 * std::f64::consts::PI];
/// Variances below this part of the predicted ones are those of means, or of another force constant.
const NARROW: f64 = 0.7;
const WIDE: f64 = 1.5;
/// Slope of the means of samples over centers, below which they have nothing to do with one another.
const ELSEWHERE: f64 = 0.1;
/// So few independent samples may not have seen all that a window has.
const SLOW: f64 = 50.0;
const AVERAGING: &str = "samples that are means since the last output (pull-xout-average = yes) are too narrow as well";
const CENTERS: &str = "; with `pull-coord1-start = yes` the center is pull-coord1-init plus the distance in the starting structure: `init` in `gmx dump -s window.tpr`";

impl Analysis<'_> {
    /// Windows that do not agree with what all windows predict for them, a line each, or one for all of them where the cause is common.
    pub(super) fn doubts(&self) -> Vec<String> {
        if self.umbrella.is_own {
            return self.unequilibrated().into_iter().collect();
        }
        let diagnosis = self.problem.diagnose(&PERIODS);
        let told = diagnosis.as_ref().map_or(Vec::new(), |found| found.windows.clone());
        let mut lines = match diagnosis {
            Some(Diagnosis { windows, cause: Cause::Own(changes) }) => {
                windows.iter().zip(changes).map(|(k, change)| self.doubt_of_one(*k, change)).collect()
            }
            Some(Diagnosis { windows, cause }) => vec![self.doubt_of_many(&windows, &cause)],
            None => Vec::new(),
        };
        let is_far = |k: &usize| self.problem.consistency[*k].is_far_up() && !told.contains(k);
        let apart: Vec<usize> = (0..self.umbrella.windows.len()).filter(is_far).collect();
        lines.extend(self.far_up(&apart));
        if let (true, Some(offset)) = (lines.is_empty(), self.problem.common_offset()) {
            let unit = self.unit();
            lines.push(format!(
                "the samples of all windows lie to one side of their `center`, {offset:.4}{unit} on average and tens of kT up their restraints: \
                 centers that are all wrong by the same tilt the whole profile{}",
                self.centers()
            ));
        }
        lines
    }

    /// Windows that repeat others, where not all windows are repeated alike: more simulations of one window, or a center that was copied.
    pub fn notes(&self) -> Vec<String> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let all = &self.umbrella.windows;
        for (k, window) in all.iter().enumerate() {
            let key = |k: usize| (all[k].window.center.to_bits(), all[k].force_constant.to_bits());
            match groups
                .iter_mut()
                .find(|group| key(group[0]) == (window.window.center.to_bits(), window.force_constant.to_bits()))
            {
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
        let text = "have the same `center` and `force_constant`: they count as repeats of one window; if they are none, a center was copied";
        vec![format!("{} {text}", repeated.join(", "))]
    }

    /// Windows that do not agree though their restraints are as they are said to be.
    fn unequilibrated(&self) -> Option<String> {
        let windows = self.problem.doubtful();
        let all: Vec<String> = windows.iter().map(|k| format!("{}{}", self.found(*k), self.numbers(*k))).collect();
        let text = "not in agreement with what all windows together predict: they have not seen all that they should; sample longer \
                    (`steps`), or leave out more at the beginning (`discard_ps`)";
        (!all.is_empty()).then(|| format!("{}: {text}", all.join(", ")))
    }

    fn doubt_of_one(&self, k: usize, change: Option<Change>) -> String {
        let found = self.found(k);
        let why = match change {
            Some(change) => format!("it would agree with {}", self.told_change(change, Some(k))),
            None => self.unknown(&[k], 1.0),
        };
        format!("{found} does not agree with what the other windows predict for it{}: {why}", self.numbers(k))
    }

    fn doubt_of_many(&self, windows: &[usize], cause: &Cause) -> String {
        let why = match cause {
            Cause::Common(Change::Stiffness(_)) | Cause::Unknown { .. } if self.is_elsewhere() => {
                "the means of samples do not follow `center`: look whether `column` is that of the restrained coordinate".to_owned()
            }
            Cause::Common(change) => {
                let pair = match self.umbrella.windows.len() {
                    2 => "; of two windows another `center` of one would look the same",
                    _ => "",
                };
                format!("they would agree with {}{pair}", self.told_change(*change, None))
            }
            Cause::CentersAtMeans => match self.same_center(windows) {
                Some(same) => same,
                None => format!(
                    "they would agree with each `center` at the mean of its samples: look at `center`{}",
                    self.centers()
                ),
            },
            Cause::Unknown { spread } => self.same_center(windows).unwrap_or_else(|| self.unknown(windows, *spread)),
            Cause::Own(_) => unreachable!("windows are told one by one"),
        };
        let mut worst = windows.to_vec();
        worst.sort_by(|a, b| self.problem.consistency[*b].score.total_cmp(&self.problem.consistency[*a].score));
        let examples: Vec<String> =
            worst.iter().take(TOLD).map(|k| format!("{}{}", self.found(*k), self.numbers(*k))).collect();
        let more = if worst.len() > TOLD { "the worst: " } else { "" };
        let what = match self.problem.consistency[worst[0]].is_far_up() {
            true => "overlap with no other, far up their own restraints",
            false => "do not agree with what all windows together predict for them",
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

    /// Whether the means of samples have nothing to do with centers: their slope over centers is nearly 0.
    fn is_elsewhere(&self) -> bool {
        let all = &self.umbrella.windows;
        let n = all.len() as f64;
        let middle = all.iter().map(|one| one.window.center).sum::<f64>() / n;
        let (mut square, mut product) = (0.0, 0.0);
        for (one, consistency) in all.iter().zip(&self.problem.consistency) {
            let from_middle = one.window.center - middle;
            square += from_middle * from_middle;
            product += from_middle * (one.window.center + consistency.compared.displacement);
        }
        // On a circle means are not defined.
        square > 0.0 && self.umbrella.bins.axis.period.is_none() && product.abs() < ELSEWHERE * square
    }

    /// Windows that nothing can be compared with, far from their centers.
    fn far_up(&self, windows: &[usize]) -> Option<String> {
        let first = *windows.first()?;
        let count = match windows.len() {
            1 => String::new(),
            n => format!(" (and {} others: {})", n - 1, listed(windows)),
        };
        let bias = self.problem.consistency[first].compared.mean_bias;
        Some(format!(
            "{}{count} overlaps with no other window, and its mean bias is {bias:.0} kT, where soft places have about 1/2: look whether \
             `center`, `force_constant` (kJ/mol/unit^2), `unit` and `column` are those of the simulation{}",
            self.found(first),
            self.centers()
        ))
    }

    fn found(&self, k: usize) -> String {
        format!("window {k} (`{}`)", self.umbrella.windows[k].name)
    }

    fn numbers(&self, k: usize) -> String {
        let one = &self.problem.consistency[k];
        format!(
            " (consistency {:.1}, limit {LIMIT}; mean bias {:.2} kT, predicted {:.2})",
            one.score, one.compared.mean_bias, one.compared.predicted_bias
        )
    }

    /// A change that would make windows agree, and what mistake it undoes.
    fn told_change(&self, change: Change, window: Option<usize>) -> String {
        match change {
            Change::Stiffness(factor) => {
                let of = |window: &UmbrellaWindow| short(window.force_constant * factor);
                let value = window.map_or(String::new(), |k| format!(" = {}", of(&self.umbrella.windows[k])));
                format!("`force_constant`{value}, {} times the given: {}", short(factor), told_factor(factor))
            }
            Change::Scale { center, .. } if center < 0.0 => "the sign of `center` changed".to_owned(),
            Change::Scale { center, stiffness, .. } => {
                let constant = if (stiffness - 1.0).abs() < 1e-9 {
                    String::new()
                } else {
                    format!(" and `force_constant` {} times the given", short(stiffness))
                };
                let units = if (0.05..20.0).contains(&center) { "nm and A" } else { "degree and radian" };
                format!(
                    "`center` {} times the given{constant}: center and samples have other units ({units})",
                    short(center)
                )
            }
            Change::Period(period) => format!("period = {}: the coordinate goes round", short(period)),
            Change::Center(center) => {
                let like = self.window_at(center, window);
                let unit = self.unit();
                match window.and_then(|k| self.copied_center(k)) {
                    Some(copied) => format!("`center` = {center:.4}{unit}{like}; the given one is {copied}"),
                    None => format!(
                        "`center` = {center:.4}{unit}{like}{}{}",
                        self.maybe_slow(center, window),
                        self.centers()
                    ),
                }
            }
        }
    }

    /// The other window whose center this is, if one's is.
    fn window_at(&self, center: f64, window: Option<usize>) -> String {
        let axis = self.umbrella.bins.axis;
        let is_near = |(k, other): (usize, &UmbrellaWindow)| {
            let width = 1.0 / other.window.stiffness.sqrt();
            (Some(k) != window && axis.displacement(other.window.center, center).abs() < 0.2 * width).then_some(k)
        };
        let near = self.umbrella.windows.iter().enumerate().find_map(is_near);
        near.map_or(String::new(), |k| format!(", that of window {k}"))
    }

    /// Where the center of a simulation of GROMACS stands; nothing for files of PLUMED.
    fn centers(&self) -> &'static str {
        let is_colvar = |one: &UmbrellaWindow| one.name.to_ascii_lowercase().contains("colvar");
        if self.umbrella.windows.iter().any(is_colvar) { "" } else { CENTERS }
    }

    /// What a small change of a center can be instead.
    fn maybe_slow(&self, center: f64, window: Option<usize>) -> &'static str {
        let is_near = |k: usize| {
            let own = &self.umbrella.windows[k].window;
            self.umbrella.bins.axis.displacement(center, own.center).abs() * libm::sqrt(own.stiffness) < 1.0
        };
        let text = ", or if it had seen all that it should (slow motions: sample longer)";
        if window.is_some_and(is_near) { text } else { "" }
    }

    /// The other window that has the same center as window `k`.
    fn copied_center(&self, k: usize) -> Option<String> {
        let own = self.umbrella.windows[k].window.center;
        let is_same = |l: &usize| *l != k && self.umbrella.windows[*l].window.center == own;
        let other = (0..self.umbrella.windows.len()).find(is_same)?;
        Some(format!("that of window {other} too: was it copied?"))
    }

    /// What is to be looked at where no change helps.
    fn unknown(&self, windows: &[usize], spread: f64) -> String {
        let independent =
            |k: &usize| self.umbrella.windows[*k].window.samples.len() as f64 / self.problem.inefficiencies[*k].g;
        let parameters =
            "`center`, `force_constant` (kJ/mol/unit^2), `unit`, `period` and `column` are those of the simulation";
        if spread < NARROW {
            let times = short(1.0 / spread);
            return format!(
                "their variances are smaller than predicted, {times} times: look whether `force_constant` is that of the simulation; {AVERAGING}"
            );
        }
        if spread > WIDE {
            let times = short(spread);
            return format!(
                "their variances are larger than predicted, {times} times: look whether `force_constant` and `column` are those of the simulation"
            );
        }
        let slow = windows.iter().any(|k| independent(k) < SLOW);
        let more = if slow { "; some have few independent samples: " } else { "; if all are right, " };
        format!(
            "look whether {parameters}{}{more}sampling has not seen all that it should: sample longer, or discard more",
            self.centers()
        )
    }

    /// Which of these windows share a center though their samples lie elsewhere.
    fn same_center(&self, windows: &[usize]) -> Option<String> {
        let center = |k: &usize| self.umbrella.windows[*k].window.center;
        let sharing =
            |k: &usize| -> Vec<usize> { windows.iter().copied().filter(|l| center(l) == center(k)).collect() };
        let group = windows.iter().map(sharing).max_by_key(Vec::len).filter(|group| group.len() > 1)?;
        let mean = |k: &usize| center(k) + self.problem.consistency[*k].compared.displacement;
        let (low, high) =
            group.iter().map(mean).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let who = if group.len() == windows.len() { "they".to_owned() } else { format!("windows {}", listed(&group)) };
        Some(format!(
            "{who} have the same center, {}{}, but means of samples from {low:.4} to {high:.4}: look at `center`{}",
            short(center(&group[0])),
            self.unit(),
            self.centers()
        ))
    }

    fn unit(&self) -> String {
        match self.umbrella.unit.name() {
            "none" => String::new(),
            unit => format!(" {unit}"),
        }
    }
}

/// Which units or conventions differ by a factor.
fn told_factor(factor: f64) -> String {
    const DEGREES: f64 = 3_282.806_350_011_744;
    let is = |other: f64| (factor / other - 1.0).abs() < 1e-6 || (factor * other - 1.0).abs() < 1e-6;
    let halves = "some programs restrain by k (x - x0)^2, not k/2 (x - x0)^2";
    let told = [
        (2.0, halves.to_owned()),
        (4.184, "kcal/mol and kJ/mol".to_owned()),
        (8.368, format!("kcal/mol and kJ/mol; and {halves}")),
        (100.0, "per A^2 and per nm^2".to_owned()),
        (200.0, format!("per A^2 and per nm^2; and {halves}")),
        (418.4, "kcal/mol/A^2 and kJ/mol/nm^2".to_owned()),
        (836.8, format!("kcal/mol/A^2 and kJ/mol/nm^2; and {halves}")),
        (DEGREES, "per radian^2 and per degree^2".to_owned()),
        (2.0 * DEGREES, format!("per radian^2 and per degree^2; and {halves}")),
        (4.184 * DEGREES, "kcal/mol/radian^2 and kJ/mol/degree^2".to_owned()),
        (8.368 * DEGREES, format!("kcal/mol/radian^2 and kJ/mol/degree^2; and {halves}")),
    ];
    let known = told.into_iter().find(|(other, _)| is(*other)).map(|(_, told)| told);
    match known {
        Some(units) if factor < 20.0 && factor > 1.0 => format!("{units}; {AVERAGING}"),
        Some(units) => units,
        None if factor > 1.0 => format!("no unit explains that; {AVERAGING}"),
        None => "no unit explains that: look at the run parameters".to_owned(),
    }
}

/// Four digits.
fn short(value: f64) -> String {
    let digits = (3.0 - libm::floor(libm::log10(value.abs().max(1e-300)))).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// `0 to 3, 7`.
fn listed(windows: &[usize]) -> String {
    let runs = windows.chunk_by(|a, b| a + 1 == *b);
    let told = |run: &[usize]| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    };
    runs.map(told).collect::<Vec<_>>().join(", ")
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
        assert!(told_factor(418.4).starts_with("kcal/mol/A^2"));
        assert!(told_factor(1.0 / 3_282.806_350_011_744).contains("per radian^2"));
        assert!(told_factor(2.0).contains("k/2") && told_factor(2.0).contains("average"));
        assert!(told_factor(7.3).contains("average") && !told_factor(0.73).contains("average"));
    }
}
