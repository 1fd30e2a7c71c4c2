//! `simmpi pmf`: correctly and incorrectly described windows. Samples are drawn from the exact distribution of a surface with a restraint, so
//! that the right answer is known.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::Reader;
use simmpi::seed::{CampaignSeed, Purpose};
use std::f64::consts::PI;
use std::fmt::Write;
use std::fs;
use std::process::Command;
use support::{Ended, simmpi};

/// kJ/mol at 300 K.
const KT: f64 = 0.008_314_462_618 * 300.0;
/// kJ/mol per rad^2 in kJ/mol per degree^2.
const PER_DEGREE: f64 = (PI / 180.0) * (PI / 180.0);

/// Simulations of one surface.
#[derive(Clone)]
struct Set {
    windows: Vec<Window>,
    unit: &'static str,
    period: Option<f64>,
    /// Keys of the file of windows.
    head: &'static str,
}

/// The samples of a simulation, and their description in the configuration.
#[derive(Clone)]
struct Window {
    center: f64,
    force_constant: f64,
    samples: Vec<f64>,
    /// Lines before the rows.
    header: &'static str,
}

/// How a series is drawn.
#[derive(Clone, Copy)]
struct Draw {
    samples: usize,
    /// Correlation of one sample with the next.
    memory: f64,
}

impl Draw {
    /// Samples of `surface` (kJ/mol) with a restraint, by inverting the cumulative distribution at correlated fractions.
    fn window(
        self,
        stream: u64,
        surface: fn(f64) -> f64,
        (center, force_constant): (f64, f64),
        period: Option<f64>,
    ) -> Window {
        const GRID: usize = 8000;
        let reach = period.map_or(14.0 * (KT / force_constant).sqrt(), |period| 0.5 * period);
        let place = |k: usize| reach * (2.0 * k as f64 / GRID as f64 - 1.0);
        let energy = |d: f64| surface(center + d) + 0.5 * force_constant * d * d;
        let lowest = (0..=GRID).map(|k| energy(place(k))).fold(f64::INFINITY, f64::min);
        let mut sum = 0.0;
        let cumulative: Vec<f64> = (0..=GRID)
            .map(|k| {
                sum += ((lowest - energy(place(k))) / KT).exp();
                sum
            })
            .collect();
        let mut random = CampaignSeed(31).stream(stream, Purpose::Hops);
        let mut z = random.normal();
        let mut next = || {
            z = self.memory * z + (1.0 - self.memory * self.memory).sqrt() * random.normal();
            let wanted = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2) * sum;
            let k = cumulative.partition_point(|below| *below < wanted).clamp(1, GRID);
            let within = (wanted - cumulative[k - 1]) / (cumulative[k] - cumulative[k - 1]);
            let x = center + place(k - 1) + (place(k) - place(k - 1)) * within;
            period.map_or(x, |period| (x + 0.5 * period).rem_euclid(period) - 0.5 * period)
        };
        let samples = (0..self.samples).map(|_| next()).collect();
        Window { center, force_constant, samples, header: "" }
    }
}

/// `count` even centers from `low` on, at `step`.
fn even(low: f64, step: f64, count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| low + step * f64::from(k))
}

impl Set {
    fn along(
        surface: fn(f64) -> f64,
        restraints: impl IntoIterator<Item = (f64, f64)>,
        draw: impl Fn(usize) -> Draw,
    ) -> Self {
        let windows = restraints.into_iter().enumerate();
        let windows = windows.map(|(k, restraint)| draw(k).window(k as u64, surface, restraint, None)).collect();
        Self { windows, unit: "nm", period: None, head: "" }
    }

    /// Eleven windows over a barrier, 0.3 to 0.7 nm.
    fn of_barriers() -> Self {
        Self::along(waves, even(0.3, 0.04, 11).map(|center| (center, 1500.0)), |_| Draw { samples: 1500, memory: 0.5 })
    }

    /// Twenty-four windows round a torsion.
    fn of_torsion(draw: Draw) -> Self {
        let constants = [150.0, 400.0, 250.0].map(|constant| constant * PER_DEGREE);
        let restraint = |(k, center): (usize, f64)| (center, constants[k % 3]);
        let windows = even(-180.0, 15.0, 24).enumerate().map(restraint).enumerate();
        let windows = windows.map(|(k, restraint)| draw.window(k as u64, torsion, restraint, Some(360.0))).collect();
        Self { windows, unit: "degree", period: Some(360.0), head: "" }
    }

    /// With something changed in each window.
    fn with(mut self, change: impl Fn(usize, &mut Window)) -> Self {
        self.windows.iter_mut().enumerate().for_each(|(k, window)| change(k, window));
        self
    }

    /// With coordinates in other units, `scale` to one of these, called `unit`.
    fn in_units(mut self, scale: f64, unit: &'static str) -> Self {
        self.period = self.period.map(|period| period * scale);
        self.unit = unit;
        self.with(|_, window| {
            window.center *= scale;
            window.force_constant /= scale * scale;
            window.samples.iter_mut().for_each(|x| *x *= scale);
        })
    }

    fn analyze(&self, folder: &tempfile::TempDir) -> Ended {
        let mut text = format!("temperature_k = 300\nbootstrap = 0\n{}\n", self.head);
        let period = self.period.map_or(String::new(), |period| format!("period = {period}\n"));
        for (k, window) in self.windows.iter().enumerate() {
            let rows: String = window.samples.iter().enumerate().map(|(t, x)| format!("{t} {x:.9}\n")).collect();
            fs::write(folder.path().join(format!("f{k}")), window.header.to_owned() + &rows).unwrap();
            let Window { center, force_constant, .. } = window;
            write!(text, "[[window]]\nfile = \"f{k}\"\ncenter = {center}\nforce_constant = {force_constant}\nunit = \"{}\"\n{period}", self.unit)
                .unwrap();
        }
        fs::write(folder.path().join("windows.toml"), text).unwrap();
        let args = ["pmf", "windows.toml", "-o", "pmf.h5", "--no-figures", "--force"];
        let output = Command::new(simmpi()).args(args).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ended { code: output.status.code().unwrap(), said }
    }

    /// Expects no warning about windows, and returns their consistencies.
    fn expect_right(&self, name: &str) -> Vec<f64> {
        let folder = tempfile::tempdir().unwrap();
        let ended = self.analyze(&folder).expect(0, &[]);
        for word in ["inconsistent", "same `center`", "no other window", "to one side"] {
            assert!(!ended.said.contains(word), "{name}: {}", ended.said);
        }
        let found = array(&folder, "windows/consistency");
        let worst = found.iter().copied().fold(0.0, f64::max);
        assert!(worst < 2.0 && found.iter().all(|one| one.is_finite()), "{name}: {found:?}");
        println!("{name}: {worst:.2} at most");
        found
    }

    /// Expects a warning that contains all of `texts`.
    fn expect_wrong(&self, name: &str, texts: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let ended = self.analyze(&folder);
        assert!(matches!(ended.code, 0 | 2), "{name}: {}", ended.said);
        let warning = |line: &&str| line.starts_with("warning:") && texts.iter().all(|text| line.contains(text));
        assert!(ended.said.lines().any(|line| warning(&line)), "{name}: {texts:?} is missing in {}", ended.said);
    }
}

fn array(folder: &tempfile::TempDir, item: &str) -> Vec<f64> {
    Reader::open_results(&folder.path().join("pmf.h5")).unwrap().array(&format!("/results/{item}")).unwrap()
}

fn flat(_: f64) -> f64 {
    0.0
}

fn waves(x: f64) -> f64 {
    12.0 * (15.0 * (x - 0.3)).cos()
}

fn slope(x: f64) -> f64 {
    250.0 * x
}

/// Wells far stiffer than restraints.
fn wells(x: f64) -> f64 {
    [0.3, 0.4, 0.5].into_iter().map(|well| 1e4 * (x - well) * (x - well)).fold(f64::INFINITY, f64::min)
}

fn torsion(degree: f64) -> f64 {
    let x = degree.to_radians();
    8.0 * (3.0 * x).cos() + 5.0 * x.cos()
}

#[test]
fn correct_windows_get_no_warning() {
    let usual = |_| Draw { samples: 800, memory: 0.5 };
    let even_windows =
        |count: u32, constant: f64| even(0.25, 0.4 / f64::from(count - 1), count).map(move |c| (c, constant));
    Set::of_torsion(Draw { samples: 600, memory: 0.5 }).expect_right("periodic");
    Set::along(wells, even_windows(9, 800.0), usual).expect_right("stiff wells");
    Set::along(flat, even(0.3, 0.1, 13).map(|c| (c, 200.0)), usual).expect_right("soft");
    Set::along(slope, even_windows(9, 1000.0), usual).expect_right("steep slope");
    Set::along(waves, even_windows(9, 1500.0), |_| Draw { samples: 60, memory: 0.3 }).expect_right("few samples");
    Set::along(waves, even_windows(9, 1500.0), |_| Draw { samples: 4000, memory: 0.97 }).expect_right("correlated");
    let unequal = even_windows(12, 1.0).enumerate().map(|(k, (c, _))| (c, [500.0, 3000.0, 1500.0][k % 3]));
    let samples = |k: usize| Draw { samples: [200, 2000, 700][k % 3], memory: 0.5 };
    Set::along(waves, unequal, samples).expect_right("unequal");
    Set::along(flat, even(0.25, 0.06, 8).map(|c| (c, 4000.0)), usual).expect_right("sparse overlap");
    let twice = even_windows(8, 1500.0).flat_map(|window| [window, window]);
    Set::along(waves, twice, usual).expect_right("two simulations of each");
    let wham = Set { head: "estimator = \"wham\"\nbins = 12", ..Set::of_barriers() };
    wham.expect_right("wham in wide bins");
    let one_is_slow = |k: usize| Draw { samples: 2000, memory: if k == 4 { 0.98 } else { 0.3 } };
    Set::along(waves, even_windows(9, 1500.0), one_is_slow).expect_right("one slow");
}

#[test]
fn wrong_windows_are_named_with_the_cause() {
    let right = Set::of_barriers;
    let all = "11 of 11 windows (0 to 10)";
    right()
        .with(|k, one| {
            if k == 5 {
                one.center = 0.3 + 0.04 * 4.0
            }
        })
        .expect_wrong(
            "a copied center",
            &["window 5 (`f5`)", "consistency", "mean bias", "`center` = 0.5", "that of window 4 too"],
        );
    let swapped = right().with(|k, one| match k {
        3 => one.center = 0.58,
        7 => one.center = 0.42,
        _ => {}
    });
    swapped.expect_wrong("swapped centers", &["window 3 (`f3`)", "that of window 7"]);
    swapped.expect_wrong("swapped centers", &["window 7 (`f7`)", "that of window 3"]);
    right()
        .with(|_, one| one.center = 0.0)
        .expect_wrong("centers of the run parameters", &[all, "same center, 0 nm", "pull-coord1-start = yes"]);
    right().with(|_, one| one.force_constant *= 0.5).expect_wrong("k/2", &["`force_constant`, 2 times", "k/2"]);
    right()
        .with(|k, one| {
            if k == 4 {
                one.force_constant *= 10.0
            }
        })
        .expect_wrong("one k", &["window 4 (`f4`)", "`force_constant`"]);
    let kcal = right().with(|_, one| one.force_constant /= 418.4);
    kcal.expect_wrong("kcal/mol/A^2", &[all, "418.4 times", "kcal/mol/A^2"]);
    right()
        .with(|_, one| one.samples.iter_mut().for_each(|x| *x *= 10.0))
        .expect_wrong("samples in A", &[all, "`center` 10 times", "nm and A"]);
    let other = right().with(|k, one| {
        one.samples = Draw { samples: 1500, memory: 0.5 }.window(90 + k as u64, flat, (0.5, 60.0), None).samples;
    });
    other.expect_wrong("another column", &[all, "`column`"]);
    let averaged = Set::along(waves, even(0.3, 0.04, 11).map(|c| (c, 1500.0)), |_| Draw { samples: 7500, memory: 0.0 });
    let averaged = averaged
        .with(|_, one| one.samples = one.samples.chunks(5).map(|five| five.iter().sum::<f64>() / 5.0).collect());
    averaged.expect_wrong("means", &["(pull-xout-average = yes)"]);
}

#[test]
fn wrong_windows_of_angles_are_named_with_the_cause() {
    let right = || Set::of_torsion(Draw { samples: 500, memory: 0.5 });
    let all = "24 of 24 windows (0 to 23)";
    Set { period: None, ..right() }.expect_wrong("no period", &["period = 360"]);
    right()
        .with(|_, one| one.samples.iter_mut().for_each(|x| *x = x.to_radians()))
        .expect_wrong("samples in radian", &[all, "degree and radian"]);
    // So soft that one wrong center spoils all windows: on a smaller circle, of centers in other units, they would be consistent.
    let draw = Draw { samples: 1500, memory: 0.3 };
    let restraint = |(k, center)| draw.window(k as u64, flat, (center, 20.0 * PER_DEGREE), Some(360.0));
    let windows = even(-180.0, 45.0, 8).enumerate().map(restraint).collect();
    let ring = Set { windows, unit: "degree", period: Some(360.0), head: "" }.in_units(PI / 180.0, "radian");
    ring.clone().expect_right("a ring of soft windows");
    let one = ring.with(|k, one| {
        if k == 2 {
            one.center = 0.1
        }
    });
    one.expect_wrong("one center on a ring", &["window 2 (`f2`)", "`center` = -1.5"]);
}

#[test]
fn centers_that_are_all_wrong_by_the_same_are_pointed_out() {
    let set = Set::along(waves, even(0.3, 0.03, 11).map(|c| (c, 2000.0)), |_| Draw { samples: 600, memory: 0.5 });
    set.with(|_, one| one.center -= 0.28)
        .expect_wrong("init without the start", &["to one side of their `center`, 0.2"]);
}

#[test]
fn agreement_does_not_depend_on_units() {
    let of = |set: &Set| {
        let folder = tempfile::tempdir().unwrap();
        set.analyze(&folder).expect(0, &[]);
        ["windows/consistency", "windows/free_energy", "pmf/free_energy"].map(|item| array(&folder, item))
    };
    let (lengths, angles) = (Set::of_barriers(), Set::of_torsion(Draw { samples: 300, memory: 0.5 }));
    let swapped = lengths.clone().with(|k, one| {
        if k == 3 {
            one.center = 0.58
        }
    });
    for (set, scale, unit) in [(&lengths, 10.0, "none"), (&swapped, 10.0, "none"), (&angles, PI / 180.0, "radian")] {
        for (one, other) in of(set).iter().zip(of(&set.clone().in_units(scale, unit))) {
            for (a, b) in one.iter().zip(&other) {
                assert!((a - b).abs() < 1e-3 || (a.is_nan() && b.is_nan()), "{a} {b}");
            }
        }
    }
}

#[test]
fn repeats_of_some_windows_are_noted_once() {
    let restraints = [0.42, 0.46, 0.46, 0.46, 0.5, 0.54].map(|center| (center, 1500.0));
    let folder = tempfile::tempdir().unwrap();
    let set = Set::along(waves, restraints, |_| Draw { samples: 500, memory: 0.5 });
    let ended = set.analyze(&folder).expect(0, &["note: windows 1 to 3 (center 0.46 nm) have the same `center`"]);
    assert_eq!(ended.said.matches("the same `center`").count(), 1);
    assert!(!ended.said.contains("warning: window"), "{}", ended.said);
}

/// The exact free energy of bins, kJ/mol, above the smallest.
fn exact(surface: fn(f64) -> f64, low: f64, width: f64, bins: usize) -> Vec<f64> {
    let of_bin = |bin: usize| {
        let places = (0..200).map(|k| low + width * (bin as f64 + (f64::from(k) + 0.5) / 200.0));
        -KT * places.map(|x| (-surface(x) / KT).exp()).sum::<f64>().ln()
    };
    let energies: Vec<f64> = (0..bins).map(of_bin).collect();
    let smallest = energies.iter().copied().fold(f64::INFINITY, f64::min);
    energies.iter().map(|energy| energy - smallest).collect()
}

#[test]
fn wham_in_bins_wider_than_the_restraints_gives_the_profile_of_mbar() {
    // Even fractions: no noise hides the bins.
    let mut set = Set::of_torsion(Draw { samples: 1500, memory: 0.0 });
    for (j, window) in set.windows.iter_mut().enumerate() {
        window.samples = even_fractions(j, window.center, window.force_constant);
    }
    let exact = exact(torsion, -180.0, 15.0, 24);
    for head in ["estimator = \"mbar\"\nbins = 24", "estimator = \"wham\"\nbins = 24"] {
        let folder = tempfile::tempdir().unwrap();
        Set { head, ..set.clone() }.analyze(&folder).expect(0, &[]);
        let off = array(&folder, "pmf/free_energy").iter().zip(&exact).map(|(f, e)| (f - e).abs()).fold(0.0, f64::max);
        assert!(off < 0.1, "{head}: {off} kJ/mol");
    }
}

/// 1500 samples of the torsion at fractions that a golden section spreads evenly.
fn even_fractions(j: usize, center: f64, force_constant: f64) -> Vec<f64> {
    const GRID: usize = 36_000;
    let place = |k: usize| 0.01 * k as f64 - 180.0;
    let mut sum = 0.0;
    let weight = |d: f64| (-(torsion(center + d) + 0.5 * force_constant * d * d) / KT).exp();
    let cumulative: Vec<f64> = (0..GRID)
        .map(|k| {
            sum += weight(place(k));
            sum
        })
        .collect();
    let fraction = |i: usize| ((i + 1) as f64 * 0.618_033_988_749_894_9 + 0.37 * j as f64) % 1.0;
    let inverted = |i: usize| place(cumulative.partition_point(|below| *below < fraction(i) * sum).min(GRID - 1));
    (0..1500).map(|i| (center + inverted(i) + 180.0).rem_euclid(360.0) - 180.0).collect()
}

/// A file of the pull code with one row for each of `values`, whose columns are called `names`.
fn pull_file(title: &str, names: &[&str], values: &[Vec<f64>]) -> String {
    let mut text = format!(
        "@    title \"{title}\"\n@    xaxis  label \"Time (ps)\"\n@    yaxis  label \"Position (nm)\"\n@TYPE xy\n"
    );
    for (k, name) in names.iter().enumerate() {
        writeln!(text, "@ s{k} legend \"{name}\"").unwrap();
    }
    for row in 0..values[0].len() {
        let words: String = values.iter().map(|column| format!("\t{:.6}", column[row])).collect();
        writeln!(text, "{row}.0000{words}").unwrap();
    }
    text
}

#[test]
fn titles_and_legends_identify_the_quantity_of_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let x = Draw { samples: 300, memory: 0.3 }.window(0, flat, (0.5, 1000.0), None).samples;
    let constant = |value: f64| vec![value; x.len()];
    let moving: Vec<f64> = (0..x.len()).map(|k| 0.5 + 1e-3 * k as f64).collect();
    let run = |text: String, keys: &str| {
        fs::write(folder.path().join("f0"), text).unwrap();
        let head = "temperature_k = 300\nbootstrap = 0\n[[window]]\nfile = \"f0\"\nforce_constant = 1000\n";
        fs::write(folder.path().join("w.toml"), format!("{head}{keys}\n")).unwrap();
        let args = ["pmf", "w.toml", "-o", "w.h5", "--no-figures", "--force"];
        let output = Command::new(simmpi()).args(args).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ended { code: output.status.code().unwrap(), said }
    };
    let right = "center = 0.5";
    let is_quiet = |ended: Ended| assert!(!ended.expect(0, &[]).said.contains("warning"));
    is_quiet(run(pull_file("Pull COM", &["1"], std::slice::from_ref(&x)), right));
    let average = run(pull_file("Pull Average COM", &["1"], std::slice::from_ref(&x)), right);
    average.expect(65, &["contains averages", "\"Pull Average COM\"", "pull-xout-average = no"]);
    let force = run(
        pull_file("Pull Average force", &["1"], std::slice::from_ref(&x)).replace("Position (nm)", "Force (kJ/mol/nm)"),
        "center = 0.5\nquantity = \"force\"",
    );
    force.expect(65, &["contains averages", "pull-fout-average"]);
    let with_reference = |reference: Vec<f64>| pull_file("Pull COM", &["1", "1 ref"], &[x.clone(), reference]);
    is_quiet(run(with_reference(constant(0.5)), right));
    run(with_reference(constant(0.5)), "center = 0.0")
        .expect(65, &["was restrained to 0.5 nm (`1 ref`), not to 0", "set center = 0.5"]);
    run(with_reference(moving), right).expect(65, &["moves from 0.5 to 0.799", "pull-coord1-rate"]);
    run(with_reference(constant(0.5)), "center = 0.5\ncolumn = 2")
        .expect(65, &["is the reference of the restraint", "column 1 (`1`)"]);
    let parts = |names: &[&str]| pull_file("Pull COM", names, &vec![x.clone(); names.len()]);
    run(parts(&["1", "1 g 1 X", "1 g 1 Y"]), "center = 0.5\ncolumn = 2").expect(65, &["is the position of a group"]);
    run(parts(&["1", "1 dX", "1 dY"]), "center = 0.5\ncolumn = 2").expect(65, &["one component of the distance"]);
    // As GROMACS 4 and 5.0 wrote them.
    run(parts(&["0 Z", "1 dZ"]), right).expect(65, &["is the position of a group"]);
    is_quiet(run(parts(&["0 Z", "1 dZ"]), "center = 0.5\ncolumn = 2"));
    run(parts(&["1 dX", "1 dY", "1 dZ"]), right)
        .expect(65, &["one component of a distance", "sqrt(dX^2 + dY^2 + dZ^2)"]);
    let forces =
        pull_file("Pull force", &["1"], std::slice::from_ref(&x)).replace("Position (nm)", "Force (kJ/mol/nm)");
    run(forces, right).expect(65, &["contains forces, not positions"]);
}
