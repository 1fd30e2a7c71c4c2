//! Files of columns as programs leave them, read by `simmpi pmf` and by ensembles: periods, restarts, cut lines.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::Reader;
use std::f64::consts::PI;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use support::analysis::Analysis;
use support::{Campaign, simmpi};

fn array(path: &Path, item: &str) -> Vec<f64> {
    Reader::open_results(path).unwrap().array(item).unwrap()
}

fn spread(values: &[f64]) -> f64 {
    let of = |fold: fn(f64, f64) -> f64, first| values.iter().copied().fold(first, fold);
    of(f64::max, f64::NEG_INFINITY) - of(f64::min, f64::INFINITY)
}

/// Numbers spread evenly over 0..1.
fn even(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(|k| (k as f64 * 0.618_033_988_749_894_9).fract())
}

/// A normal deviate for a number spread evenly over 0..1 and one beside it.
fn normal(u: f64, v: f64) -> f64 {
    (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * PI * v).cos()
}

/// Eight windows around a ring on a flat surface, whose variable goes from `low` on, with these lines before and after the header.
fn ring(folder: &Analysis, low: f64, header: &dyn Fn(usize) -> String, more: &str) -> String {
    let mut windows = "temperature_k = 300\nbins = 30\nbootstrap = 0\n".to_owned();
    for k in 0..8 {
        let center = low + k as f64 * PI / 4.0;
        let mut text = header(k);
        for (step, u) in even(1500).enumerate() {
            let deviate = normal(u, (step as f64 * 0.754_877_666_246_692_7 + 0.1 * k as f64).fract());
            let x = low + (center - low + (0.008_314_462_6 * 300.0 / 20.0f64).sqrt() * deviate).rem_euclid(2.0 * PI);
            writeln!(text, " {step}.0 {x:.6}").unwrap();
        }
        folder.write(&format!("w{k}"), &text);
        writeln!(windows, "[[window]]\nfile = \"w{k}\"\ncolumn = \"puck.phi\"\ncenter = {center}\nforce_constant = 20\nunit = \"radian\"\n{more}")
            .unwrap();
    }
    windows
}

fn header(low: &str, high: &str) -> String {
    format!("#! FIELDS time puck.phi\n#! SET min_puck.phi {low}\n#! SET max_puck.phi {high}\n")
}

#[test]
fn a_flat_surface_around_a_ring_is_flat_however_its_bounds_are_spelled() {
    let folder = Analysis::new();
    for (low, words) in [
        (0.0, ("0", "2pi")),
        (0.0, ("0.0", "2*pi")),
        (-PI, ("-PI", "+pi")),
        (-PI, ("-acos(-1)", "2*asin(1)")),
        (-PI / 2.0, ("-pi/2", "(3/2)*pi")),
    ] {
        folder.analyze(&ring(&folder, low, &|_| header(words.0, words.1), "")).expect(0, &[]);
        let energy = folder.array("pmf/free_energy");
        assert!(energy.len() == 30 && spread(&energy) < 0.5, "{words:?}: {energy:?}");
    }
    // One file may have more digits than another.
    let mixed = |k: usize| if k == 3 { header("0", "6.2831853") } else { header("0", "2pi") };
    folder.analyze(&ring(&folder, 0.0, &mixed, "")).expect(0, &[]);
    assert!(spread(&folder.array("pmf/free_energy")) < 0.5);
}

#[test]
fn invalid_bounds_are_errors_with_their_line_unless_the_period_is_set() {
    let folder = Analysis::new();
    for (lines, said) in [
        (header("0", "2pi/3x"), "w5:3: cannot parse `max_puck.phi 2pi/3x`"),
        (header("pi", "-pi"), "w5:3: the column goes from pi to -pi, which is not a period"),
        (header("-pi", "pi").replace("max_", "max-"), "w5:2: `min_puck.phi` is set, but not `max_puck.phi`"),
        (header("-pi", "pi") + &header("-pi", "0"), "w5:6: `max_puck.phi` is 0 here and pi in line 3"),
        ("#! FIELDS time puck.phi\n".into(), "the period in `w5` is none, that of window 0 6.28"),
        (header("-pi/2", "pi/2"), "the period in `w5` is 3.14"),
    ] {
        let lines = |k: usize| if k == 5 { lines.clone() } else { header("-pi", "pi") };
        let ended = folder.analyze(&ring(&folder, -PI, &lines, ""));
        assert!([65, 78].contains(&ended.code) && ended.said.contains(said), "{}", ended.said);
        folder.analyze(&ring(&folder, -PI, &lines, &format!("period = {}", 2.0 * PI))).expect(0, &[]);
        assert!(spread(&folder.array("pmf/free_energy")) < 0.5);
    }
}

#[test]
fn a_window_that_was_restarted_or_killed_has_each_time_once_with_one_warning() {
    let folder = Analysis::new();
    let head = "@    xaxis  label \"Time (ps)\"\n@    yaxis  label \"Position (nm)\"\n";
    let rows = |from: usize, to: usize| -> String {
        even(to).enumerate().skip(from).map(|(t, u)| format!("{t}.0000\t{:.5}\n", 0.4 + 0.2 * u)).collect()
    };
    let windows =
        "temperature_k = 300\nbins = 10\nbootstrap = 0\n[[window]]\nfile = \"w\"\ncenter = 0.5\nforce_constant = 300\n";
    let analyze = |text: &str| {
        folder.write("w", text);
        let ended = folder.analyze(windows);
        (ended.code, ended.said)
    };
    let (code, said) = analyze(&format!("{head}{}", rows(0, 400)));
    assert!(code == 0 && !said.contains("warning"), "{said}");
    let whole = folder.array("pmf/free_energy");
    let restarts: String = (0..20).map(|k| rows(20 * k, (20 * k + 30).min(400))).collect();
    for text in [
        format!("{head}{}&\n", rows(0, 400)),
        format!("{head}{}{}", rows(0, 300), rows(200, 400)),
        format!("{head}{}{head}{}", rows(0, 300), rows(300, 400)),
        format!("{head}{restarts}"),
        format!("{head}{}300.0000\n{}", rows(0, 300), rows(290, 400)),
    ] {
        let (code, said) = analyze(&text);
        assert!(code == 0 && said.matches("warning").count() <= 2, "{said}");
        assert_eq!((folder.array("windows/samples"), folder.array("pmf/free_energy")), (vec![400.0], whole.clone()));
    }
    let mixed: String = (0..50).map(|k| rows(200 + k, 201 + k) + &rows(101 + k, 102 + k)).collect();
    let (code, said) = analyze(&format!("{head}{}{mixed}", rows(0, 200)));
    assert!(code == 65 && said.contains("w:204: from here on time goes back 50 times, first to 101"), "{said}");
    assert!(said.lines().count() < 12, "{said}");
}

/// Samples spread evenly over a torsion under a bias of 2 cos(phi) kJ/mol, so that F = -2 cos(phi).
const WALK: &str = "BEGIN { p = 3.14159265358979; for (i = 0; i <= 600; i++) { x = 2*p*0.6180339887498949*i + 0.7*s; \
    x -= 2*p*int(x/(2*p)); if (x > p) x -= 2*p; printf \" %.1f %.6f %.6f %.4f\\n\", i, x, x/2, 2*cos(x) } }";
const PERIODIC: &str = "#! FIELDS time phi half opes.bias\n#! SET min_phi -pi\n#! SET max_phi pi\n";

/// The configuration of three replicas whose files have `PERIODIC` as their header, that of seed 3 `head`.
fn config(section: &str) -> String {
    let script = "echo $1 >> ../../ran; cat ../../head$1 > COLVAR; awk -v s=$1 -f ../../walk.awk >> COLVAR";
    format!(
        "[campaign]\nkind = \"ensemble\"\nseed = 7\n[limits]\nmax_retries = 0\n[ensemble]\nengine = \"command\"\nseeds = \"1-3\"\n\
         directory = \"replicas/{{seed}}\"\n[ensemble.command]\nargv = [\"sh\", \"-c\", '{script}', \"sh\", \"{{seed}}\"]\n\
         [[ensemble.collect]]\nfile = \"COLVAR\"\ncolumns = [\"time\", \"phi\", \"half\", \"opes.bias\"]\n\
         [[ensemble.free_energy]]\nbias = \"opes.bias\"\ntemperature_k = 300.0\n{section}\n"
    )
}

fn replicas(head: &str, section: &str) -> Campaign {
    let campaign = Campaign::with(simmpi(), &config(section));
    fs::write(campaign.path("walk.awk"), WALK).unwrap();
    for (seed, head) in [(1, PERIODIC), (2, PERIODIC), (3, head)] {
        fs::write(campaign.path(&format!("head{seed}")), head).unwrap();
    }
    campaign
}

fn energy(campaign: &Campaign, item: &str) -> Vec<f64> {
    array(&campaign.path("results.h5"), &format!("/results/free_energy/{item}"))
}

#[test]
fn a_free_energy_of_replicas_has_the_period_of_their_files() {
    let section = "cvs = [\"phi\"]\ngrid = 40\nbandwidth = [0.3]";
    let given = replicas(PERIODIC, &format!("{section}\nperiod = [6.283185307179586]"));
    given.run(0, &[]).expect(0, &["3 of 3 tasks done"]);
    let expected = energy(&given, "phi/free_energy");
    assert!((expected[0] - expected[39]).abs() < 0.02 && (expected[0] - 3.8).abs() < 0.1, "{expected:?}");
    for head in [PERIODIC.to_owned(), PERIODIC.replace("-pi", "-PI"), PERIODIC.replace("max_phi pi", "max_phi 2*pi-pi")]
    {
        let told = replicas(&head, section);
        told.run(0, &[]).expect(0, &["3 of 3 tasks done"]);
        assert_eq!(energy(&told, "phi/free_energy"), expected, "{head}");
    }
    // The section takes precedence: here no period.
    let none = replicas(PERIODIC, &format!("{section}\nperiod = [0.0]"));
    none.run(0, &[]).expect(0, &[]);
    assert!(energy(&none, "phi/free_energy")[39] > expected[39] + 0.5);
    // One of two variables is periodic, according to the files; a region crosses its boundary.
    let two = "cvs = [\"phi\", \"half\"]\ngrid = 10\nbandwidth = [0.3, 0.3]\nregions = [[[2.0, 4.3], [-2, 2]], [[-1.1, 1.1], [-2, 2]]]";
    let (told, given) =
        (replicas(PERIODIC, two), replicas(PERIODIC, &format!("{two}\nperiod = [6.283185307179586, 0]")));
    for campaign in [&told, &given] {
        campaign.run(0, &[]).expect(0, &[]);
    }
    for item in ["free_energy", "difference", "coordinate"] {
        let [told, given] = [&told, &given].map(|campaign| energy(campaign, &format!("phi_half/{item}")));
        assert!(told.iter().zip(&given).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())), "{item}");
    }
    assert!((energy(&told, "phi_half/difference")[0] - 3.3).abs() < 0.3);
}

#[test]
fn contradicting_periods_of_replicas_are_an_error_and_no_replica_runs_again() {
    let section = "cvs = [\"phi\"]\ngrid = 40\nbandwidth = [0.3]";
    for head in [PERIODIC.replace("max_phi pi", "max_phi 2pi"), "#! FIELDS time phi half opes.bias\n".into()] {
        let campaign = replicas(&head, section);
        campaign
            .run(0, &[])
            .expect(65, &["the period of `phi` is 6.28", "of seed 1", "in that of seed 3", "set `period`"]);
        campaign.write(&config(&format!("{section}\nperiod = [6.283185307179586]")));
        campaign.run(0, &[]).expect(0, &["3 of 3 tasks done"]);
        assert_eq!(fs::read_to_string(campaign.path("ran")).unwrap().lines().count(), 3);
        assert!((energy(&campaign, "phi/free_energy")[0] - 3.8).abs() < 0.1);
    }
}

#[test]
fn ranges_and_regions_wider_than_the_period_are_refused() {
    let section = "cvs = [\"phi\"]\ngrid = 40\n";
    for (keys, part) in [
        ("range = [[-4.0, 4.0]]", "`range` of variable 0 goes from -4 to 4, wider than its period of 6.28"),
        ("regions = [[[-10.0, 0.0]], [[0.0, 3.0]]]", "`regions` of variable 0 goes from -10 to 0, wider"),
    ] {
        let campaign = replicas(PERIODIC, &format!("{section}{keys}"));
        campaign.run(0, &[]).expect(65, &[part]);
        campaign.write(&config(&format!("{section}{keys}\nperiod = [6.283185307179586]")));
        campaign.run(0, &[]).expect(78, &[part]);
        campaign.write(&config(&format!("{section}{keys}\nperiod = [0]")));
        campaign.run(0, &[]).expect(0, &["3 of 3 tasks done"]);
    }
    let rounded = replicas(PERIODIC, &format!("{section}range = [[-3.1416, 3.1416]]"));
    rounded.run(0, &[]).expect(0, &[]);
}

#[test]
fn a_replica_without_samples_after_the_discarded_time_is_reported() {
    let section = "cvs = [\"phi\"]\ngrid = 40\ndiscard_ps = ";
    let late = replicas(PERIODIC, &format!("{section}1000"));
    late.run(0, &[]).expect(
        0,
        &["3 of 3 replicas (seed 1 is the first) have no samples in the free energy `phi`: times go from 0 to 600 ps"],
    );
    let some = replicas(PERIODIC, &format!("{section}100"));
    let said = some.run(0, &[]).expect(0, &[]).said;
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn lines_left_out_of_a_collected_file_are_in_the_notes() {
    let head = format!("{PERIODIC} 0.0 1 2 3\n 1.0 1 {PERIODIC}");
    let campaign = replicas(&head, "cvs = [\"phi\"]\ngrid = 40\n");
    campaign.run(0, &[]).expect(0, &["3 of 3 tasks done"]);
    let notes = support::replicas::strings(&campaign, "/run/replicas/notes");
    assert_eq!(notes[..2], ["", ""]);
    assert!(notes[2].contains("COLVAR:5: the row is cut off") && notes[2].contains("time goes back to 0"), "{notes:?}");
    assert_eq!(
        array(&campaign.path("results.h5"), "/results/collected/COLVAR/phi/offsets"),
        [0.0, 601.0, 1202.0, 1803.0]
    );
}
