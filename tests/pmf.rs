//! `simmpi pmf`: against gmx wham and pymbar on umbrella windows of alanine dipeptide (reference files lie beside the repository; without
//! them these tests say so), on angles, and on input that is wrong.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::Value;
use simmpi::seed::{CampaignSeed, Purpose};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::analysis::Analysis;
use support::{reference, results_of, simmpi};

/// kB T at 300 K with the constant that the references were made with, kJ/mol.
const KT: f64 = 0.008_314_462_6 * 300.0;

fn reference(name: &str) -> PathBuf {
    fs::canonicalize(reference::file(&format!("md/umbrella/{name}"))).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
}

/// The windows of the references, read from positions or from forces.
fn of_reference(estimator: &str, kind: &str, more: &str) -> String {
    let head = format!(
        "temperature_k = 300.0\ndiscard_ps = 10\nbins = 100\nrange = [0.45, 0.78]\nestimator = \"{estimator}\"\n"
    );
    let window = |(k, center): (usize, &str)| {
        let file = reference(&format!("w{k}/win_pull{kind}.xvg"));
        let file = file.display();
        format!("[[window]]\nfile = \"{file}\"\ncenter = {center}\nforce_constant = 1500\nunit = \"nm\"\n{more}")
    };
    let windows: Vec<String> = ["0.5", "0.58", "0.66", "0.74"].into_iter().enumerate().map(window).collect();
    head + &windows.concat()
}

#[test]
fn real_windows_give_what_pymbar_gives() {
    let windows = of_reference("mbar", "x", "");
    let expected = reference::json("md/umbrella/reference_pmf.json");
    let folder = Analysis::new();
    folder.analyze(&windows).expect(0, &["written: pmf.h5", "drawn: pmf.profile.svg", "drawn: pmf.histograms.svg"]);
    for (found, expected) in folder.array("windows/free_energy").iter().zip(numbers(&expected["f_k"])) {
        assert!((found / KT - expected).abs() < 1e-6, "{found} {expected}");
    }
    for (found, expected) in
        folder.array("windows/statistical_inefficiency").iter().zip(numbers(&expected["stat_ineff"]))
    {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    let (coordinate, energy) = (folder.array("pmf/coordinate"), folder.array("pmf/free_energy"));
    let (places, energies) = (numbers(&expected["bin_centers"]), numbers(&expected["pmf_kJ"]));
    for (place, expected) in places.iter().zip(&energies) {
        let bin = coordinate.iter().position(|x| (x - place).abs() < 1e-6).unwrap();
        assert!((energy[bin] - expected).abs() < 1e-3 * KT, "{place}: {} {expected}", energy[bin]);
    }
    assert_eq!(energy.iter().filter(|f| f.is_finite()).count(), places.len());
    assert_eq!(folder.array("windows/samples"), [4901.0; 4]);
    for figure in ["pmf.profile.svg", "pmf.histograms.svg"] {
        assert!(fs::read_to_string(folder.path(figure)).unwrap().contains("</svg>"));
    }
}

/// Columns of an xvg.
fn columns(path: &Path) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with(['#', '@']));
    rows.map(|row| row.split_whitespace().map(|word| word.parse().unwrap()).collect()).collect()
}

#[test]
fn real_windows_give_what_gmx_wham_gives_within_its_own_error() {
    for (estimator, kind, more) in [("mbar", "x", ""), ("wham", "x", ""), ("wham", "f", "quantity = \"force\"\n")] {
        let windows = of_reference(estimator, kind, more);
        let folder = Analysis::new();
        folder.analyze(&windows).expect(0, &["0.602", "0.213", "0.513"]);
        let (energy, counts) = (folder.array("pmf/free_energy"), folder.array("pmf/counts"));
        let (profile, errors) = (columns(&reference("profile.xvg")), columns(&reference("bsResult.xvg")));
        let known: Vec<usize> = (0..100).filter(|bin| counts[*bin] >= 50.0).collect();
        assert!(known.len() > 60);
        // The zero of the other is that of an empty bin.
        let shift = known.iter().map(|bin| energy[*bin] - profile[*bin][1]).sum::<f64>() / known.len() as f64;
        let (mut worst, mut beyond) = (0.0_f64, 0);
        for &bin in &known {
            assert!((folder.array("pmf/coordinate")[bin] - profile[bin][0]).abs() < 1e-6);
            let off = (energy[bin] - profile[bin][1] - shift).abs();
            worst = worst.max(off);
            beyond += usize::from(off > errors[bin][2].max(1e-3));
        }
        println!("{estimator} of pull{kind}: at most {worst:.4} kJ/mol from gmx wham");
        // Forces have six digits, so that some samples fall into the next bin.
        assert!(worst < if kind == "f" { 0.1 } else { 0.02 } && beyond == 0, "{worst} {beyond}");
    }
}

/// A chain that remembers: correlated numbers of unit variance.
fn chain(task: u64, n: usize, memory: f64) -> Vec<f64> {
    let mut stream = CampaignSeed(20).stream(task, Purpose::Hops);
    let mut x = stream.normal();
    let mut next = || {
        x = memory * x + (1.0 - memory * memory).sqrt() * stream.normal();
        x
    };
    (0..n).map(|_| next()).collect()
}

/// Windows on a flat surface around a ring, written as PLUMED does, -pi to pi.
fn ring(folder: &Analysis, with_settings: bool) -> String {
    let mut windows = "temperature_k = 300\nbins = 36\nbootstrap = 20\n".to_owned();
    for k in 0..12 {
        let center = f64::from(k) * std::f64::consts::PI / 6.0 - std::f64::consts::PI;
        let settings = if with_settings { "#! SET min_phi -pi\n#! SET max_phi pi\n" } else { "" };
        let mut text = format!("#! FIELDS time phi psi\n{settings}");
        for (step, x) in chain(k as u64, 400, 0.5).iter().enumerate() {
            // 25 kJ/mol/rad^2 leave a spread of 0.316.
            let phi = (center + 0.316 * x + std::f64::consts::PI).rem_euclid(2.0 * std::f64::consts::PI)
                - std::f64::consts::PI;
            writeln!(text, " {step}.000000 {phi:.6} 0.0").unwrap();
        }
        folder.write(&format!("COLVAR.{k}"), &text);
        writeln!(windows, "[[window]]\nfile = \"COLVAR.{k}\"\ncolumn = \"phi\"\ncenter = {center}\nforce_constant = 25\nunit = \"radian\"").unwrap();
    }
    windows
}

#[test]
fn angles_of_plumed_go_round_as_their_files_say() {
    let folder = Analysis::new();
    let windows = ring(&folder, true);
    folder.analyze(&windows).expect(0, &["center radian"]);
    let (energy, error) = (folder.array("pmf/free_energy"), folder.array("pmf/free_energy_stderr"));
    let mean = energy.iter().sum::<f64>() / 36.0;
    // Flat, as far as its errors go.
    assert!(
        energy.iter().zip(&error).all(|(f, e)| (f - mean).abs() < 4.0 * e && *e < 0.5 * KT),
        "{energy:?} {error:?}"
    );
    assert!(folder.array("windows/overlap").iter().all(|overlap| *overlap > 0.2));
    let coordinate = folder.array("pmf/coordinate");
    assert!(
        (coordinate[0] + coordinate[35]).abs() < 1e-12
            && (coordinate[0] + 35.0 / 36.0 * std::f64::consts::PI).abs() < 1e-9
    );
    // The same by a period that is given.
    let told = results_of(&folder.path("pmf.h5"));
    let windows = ring(&folder, false);
    folder.analyze(&windows).expect(0, &["nearly a full rotation, but no period is set"]);
    let period = format!("unit = \"radian\"\nperiod = {}", 2.0 * std::f64::consts::PI);
    folder.analyze(&windows.replace("unit = \"radian\"", &period)).expect(0, &[]);
    assert_eq!(told, results_of(&folder.path("pmf.h5")));
}

/// Windows at `centers` on a flat surface, of files `f0`, `f1`, ... with times in steps of 1 ps.
fn flat(folder: &Analysis, centers: &[f64], head: &str) -> String {
    let mut windows = format!("temperature_k = 300\nbootstrap = 10\nbins = 40\n{head}\n");
    for (k, center) in centers.iter().enumerate() {
        // 1000 kJ/mol/nm^2 leave a spread of 0.05.
        let rows = chain(k as u64, 300, 0.3).into_iter().enumerate();
        let text: String = rows.map(|(t, x)| format!("{t} {:.6}\n", center + 0.05 * x)).collect();
        folder.write(&format!("f{k}"), &text);
        writeln!(windows, "[[window]]\nfile = \"f{k}\"\ncenter = {center}\nforce_constant = 1000").unwrap();
    }
    windows
}

#[test]
fn a_gap_is_named_and_nothing_is_drawn_across_it() {
    let folder = Analysis::new();
    let windows = flat(&folder, &[0.5, 0.58, 1.4, 1.48], "");
    for estimator in ["mbar", "wham"] {
        let said = folder.analyze(&format!("estimator = \"{estimator}\"\n{windows}"));
        said.expect(2, &["windows 1 (0.58) and 2 (1.4) do not overlap", "add a window between them"]);
        let (energy, piece) = (folder.array("pmf/free_energy"), folder.array("pmf/piece"));
        let coordinate = folder.array("pmf/coordinate");
        for ((x, f), piece) in coordinate.iter().zip(&energy).zip(&piece) {
            assert!(!(0.85..1.15).contains(x) || f.is_nan(), "{x} {f}");
            assert_eq!(f.is_nan(), *piece == -1.0);
        }
        for own in [0.0, 1.0] {
            let smallest = energy.iter().zip(&piece).filter(|(_, piece)| **piece == own).map(|(f, _)| *f);
            assert_eq!(smallest.fold(f64::INFINITY, f64::min), 0.0);
        }
        assert_eq!(folder.array("windows/piece"), [0.0, 0.0, 1.0, 1.0]);
        assert!(fs::read_to_string(folder.path("pmf.profile.svg")).unwrap().contains("piece 1, own zero"));
    }
}

#[test]
fn an_output_of_another_input_is_kept_and_the_same_input_gives_the_same_bits() {
    let folder = Analysis::new();
    let windows = flat(&folder, &[0.5, 0.58, 0.66], "");
    folder.write("windows.toml", &windows);
    let plain = ["windows.toml", "-o", "pmf.h5", "--no-figures"];
    folder.pmf(&plain).expect(0, &[]);
    assert!(!folder.path("pmf.profile.svg").exists());
    let first = results_of(&folder.path("pmf.h5"));
    folder.pmf(&plain).expect(0, &[]);
    assert_eq!(first, results_of(&folder.path("pmf.h5")));
    folder.write("windows.toml", &windows.replace("bins = 40", "bins = 20"));
    folder.pmf(&plain).expect(73, &["is the result of another input", "--force"]);
    assert_eq!(first, results_of(&folder.path("pmf.h5")));
    folder.pmf(&[&plain[..], &["--force"]].concat()).expect(0, &[]);
    folder.write("pmf.h5", "something else");
    folder.pmf(&plain).expect(73, &["is not a result of simmpi"]);
    folder.pmf(&["windows.toml", "-o", "missing/pmf.h5"]).expect(73, &["cannot create"]);
    folder.pmf(&["nothing.toml", "-o", "pmf.h5"]).expect(78, &["not found: name an existing file"]);
    folder.pmf(&["windows.toml"]).expect(64, &["--output"]);
}

#[test]
fn inspect_and_export_know_the_result() {
    let folder = Analysis::new();
    folder.analyze(&flat(&folder, &[0.5, 0.58], "")).expect(0, &[]);
    let ask = |args: &[&str]| {
        let output = Command::new(simmpi()).args(args).current_dir(folder.folder()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let inspected = ask(&["inspect", "pmf.h5"]);
    for text in ["a campaign of pmf", "/results/pmf/free_energy_stderr [40] [kJ/mol]", "2 tasks: 2 done, 0 failed"] {
        assert!(inspected.contains(text), "`{text}` is missing in {inspected}");
    }
    let exported: Value = serde_json::from_str(&ask(&["export", "pmf.h5", "-o", "-"])).unwrap();
    assert_eq!(exported["results"]["pmf"]["free_energy"]["values"].as_array().unwrap().len(), 40);
    assert_eq!(exported["results"]["pmf"]["attributes"]["estimator"], "mbar");
}

#[test]
fn what_is_wrong_in_the_file_of_windows_is_told_with_its_line() {
    let folder = Analysis::new();
    let good = flat(&folder, &[0.5, 0.58], "");
    for (change, code, told) in [
        (("temperature_k = 300\n", ""), 78, "missing key `temperature_k`"),
        (("temperature_k = 300", "temperature = 300"), 78, "did you mean `temperature_k`?"),
        (("temperature_k = 300", "temperature_k = 0"), 78, "must be above 0"),
        (("force_constant = 1000\n[", "force_constant = -5\n["), 78, "`force_constant` must be above 0, found -5"),
        (("bins = 40", "bins = 0"), 78, "at least 1"),
        (("bins = 40", "range = [0.9, 0.1]"), 78, "the range from 0.9 to 0.1 is empty"),
        (("bins = 40", "range = [3.0, 4.0]"), 65, "no samples lie between 3 and 4: they range from 0.3"),
        (("bins = 40", "estimator = \"umbrella integration\""), 78, "known values: mbar, wham"),
        (("bins = 40", "discard_ps = \"some\""), 78, "windows.toml:3"),
        (
            ("bins = 40", "discard_ps = 299.5"),
            65,
            "window 0, `f0`, has no samples left: its times range from 0 to 299 ps, and `discard_ps` = 299.5",
        ),
        (("file = \"f1\"", "file = \"f0\""), 78, "window 0 reads the same column of `f0`"),
        (("file = \"f1\"", "file = \"f9\""), 65, "cannot read `f9`"),
        (("file = \"f1\"", "file = \"f1\"\ncolumn = 2"), 65, "`f1` has no column 2"),
        (("file = \"f1\"", "file = \"f1\"\ncolumn = \"phi\""), 65, "has no column `phi`"),
        (("file = \"f1\"", "file = \"f1\"\ncolumn = 0"), 65, "column 0 of the file is the time"),
        (("file = \"f1\"", "file = \"f1\"\nunit = \"degree\""), 78, "that of window 0 is \"nm\""),
        (("file = \"f1\"", "file = \"f1\"\nperiod = 3.0"), 78, "the period differs"),
        (("file = \"f1\"", "file = \"f1\"\nforce_konstant = 3.0"), 78, "unknown key `force_konstant`"),
    ] {
        assert!(good.contains(change.0), "{}", change.0);
        let ended = folder.analyze(&good.replacen(change.0, change.1, 1)).expect(code, &[told]);
        assert!(ended.said.contains("windows.toml:"), "{}", ended.said);
        assert!(!folder.path("pmf.h5").exists());
    }
    folder.analyze("temperature_k = 300\n").expect(78, &["window"]);
    // All at once.
    let several = good.replace("temperature_k = 300\n", "").replace("= 1000", "= -1");
    folder.analyze(&several).expect(78, &["missing key `temperature_k`", "windows.toml:7", "windows.toml:11"]);
}

#[test]
fn what_is_wrong_in_a_data_file_is_told_with_its_line() {
    let folder = Analysis::new();
    let good = flat(&folder, &[0.5, 0.58], "");
    let data = fs::read_to_string(folder.path("f1")).unwrap();
    let row: Vec<&str> = data.lines().nth(100).unwrap().split(' ').collect();
    for (with, told) in
        [("nan", "f1:101: `nan` in column 1 is not a finite number"), ("1 2", "f1:101: the row has 3 columns")]
    {
        folder.write("f1", &data.replace(&row.join(" "), &format!("{} {with}", row[0])));
        folder.analyze(&good).expect(65, &[told]);
    }
    folder.write("f1", "");
    folder.analyze(&good).expect(65, &["`f1` has no row of numbers"]);
    // A file that was cut is used as far as it goes, and that is said.
    folder.write("f1", data[..data.len() - 6].rsplit_once(' ').unwrap().0);
    folder.analyze(&good).expect(0, &["f1:300: the last line is cut off"]);
    let forces = "@ yaxis label \"Force (kJ/mol/nm)\"\n0 -40\n1 30\n";
    folder.write("f1", forces);
    folder.analyze(&good).expect(65, &["`f1` contains forces, not positions", "quantity = \"force\""]);
    // Constants of another unit, or copies, are warned of.
    folder.write("f1", &fs::read_to_string(folder.path("f0")).unwrap());
    folder.analyze(&good).expect(0, &["has the same contents as the file of window 0"]);
    folder.write("f1", &data);
    let said = folder.analyze(&good.replace("center = 0.58", "center = 5.8")).said;
    assert!(said.contains("window 1 (`f1`)") && said.contains("check `center`"), "{said}");
    folder.write("f0", "0 1\n1 1\n2 1\n");
    folder.write("f1", "0 1\n1 1\n2 1\n3 1\n");
    folder.analyze(&good.replace("= 0.5\n", "= 1.0\n")).expect(65, &["all samples equal 1"]);
}

#[test]
fn what_is_before_equilibrium_is_left_out() {
    let folder = Analysis::new();
    let good = flat(&folder, &[0.5, 0.58], "");
    let text: String = chain(9, 400, 0.3)
        .iter()
        .enumerate()
        .map(|(t, x)| {
            let drift = if t < 80 { 0.004 * (80 - t) as f64 } else { 0.0 };
            format!("{t} {:.6}\n", 0.58 + 0.05 * x + drift)
        })
        .collect();
    folder.write("f1", &text);
    folder.analyze(&format!("discard_ps = 80\n{good}")).expect(0, &[]);
    assert_eq!(
        (folder.array("windows/discarded"), folder.array("windows/from_ps")),
        (vec![80.0, 80.0], vec![80.0, 80.0])
    );
    assert_eq!(folder.array("windows/samples"), [220.0, 320.0]);
    folder.analyze(&format!("discard_ps = \"auto\"\n{good}")).expect(0, &[]);
    let discarded = folder.array("windows/discarded");
    assert!(discarded[0] < 60.0 && (50.0..160.0).contains(&discarded[1]), "{discarded:?}");
}

#[test]
fn the_example_runs() {
    let folder = Analysis::new();
    let windows = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pmf/windows.toml");
    folder.pmf(&[windows.to_str().unwrap(), "-o", "pmf.h5"]).expect(0, &["w3_pullx.xvg", "drawn: pmf.profile.svg"]);
    assert_eq!(folder.array("windows/samples"), [491.0; 4]);
}

/// A folder with the windows of the example, whose first one is in parts, and the text of its list.
fn in_parts() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pmf");
    for entry in fs::read_dir(&example).unwrap().flatten() {
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let text = fs::read_to_string(example.join("w0_pullx.xvg")).unwrap();
    let (head, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with(['#', '@']));
    let write = |name: &str, rows: &[&str]| {
        fs::write(folder.path().join(name), [head.join("\n"), rows.join("\n")].join("\n") + "\n").unwrap();
    };
    // The run was restarted from a checkpoint at 280 ps; by name, part 10 comes before part 2.
    write("w0.part1.xvg", &rows[..200]);
    let crashed: Vec<String> = rows[290..].iter().map(|row| row.replace("\t0.", "\t1.")).collect();
    let crashed: Vec<&str> = crashed.iter().map(String::as_str).take(10).collect();
    write("w0.part2.xvg", &[&rows[200..290], &crashed[..]].concat());
    write("w0.part10.xvg", &rows[280..]);
    (folder, fs::read_to_string(example.join("windows.toml")).unwrap())
}

fn analyze(folder: &Path, list: &str, output: &str) -> (i32, String) {
    fs::write(folder.join("list.toml"), list).unwrap();
    let ended = Command::new(simmpi())
        .current_dir(folder)
        .args(["pmf", "list.toml", "--no-figures", "--force", "-o", output])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    (ended.status.code().unwrap(), said)
}

#[test]
fn a_window_in_parts_has_the_samples_of_the_whole() {
    let (folder, list) = in_parts();
    assert_eq!(analyze(folder.path(), &list, "whole.h5").0, 0);
    let expected = results_of(&folder.path().join("whole.h5"));
    for files in [
        "[\"w0.part1.xvg\", \"w0.part2.xvg\", \"w0.part10.xvg\"]",
        "\"w0.part*.xvg\"",
        "[\"w0.part1?.xvg\", \"w0.part?.xvg\"]",
    ] {
        let list = list.replacen("\"w0_pullx.xvg\"", files, 1);
        let (code, said) = analyze(folder.path(), &list, "parts.h5");
        assert_eq!((code, said.matches("count as repeated").count()), (0, 1), "{said}");
        assert!(said.contains("w0.part10.xvg` begins at 280 ps: 20 earlier rows from there on"), "{said}");
        assert_eq!(results_of(&folder.path().join("parts.h5")), expected, "{files}");
    }
}

#[test]
fn parts_that_are_missing_or_of_something_else_are_refused_at_their_line() {
    let (folder, list) = in_parts();
    let text = fs::read_to_string(folder.path().join("w0.part10.xvg")).unwrap();
    fs::write(folder.path().join("other.xvg"), text.replace("Position (nm)", "Position (angstrom)")).unwrap();
    fs::write(folder.path().join("second.xvg"), fs::read_to_string(folder.path().join("w0.part1.xvg")).unwrap())
        .unwrap();
    for (files, part) in [
        ("\"absent*.xvg\"", "absent*.xvg` matches no file"),
        ("[\"w0.part1.xvg\", \"absent.xvg\"]", "cannot read `absent.xvg`"),
        ("[\"w0.part1.xvg\", \"second.xvg\"]", "`second.xvg` begins at 0 ps, as `w0.part1.xvg` does"),
        ("[]", "`file`"),
        ("[\"w0.part1.xvg\", \"other.xvg\"]", "`other.xvg` is in angstrom"),
    ] {
        let (code, said) = analyze(folder.path(), &list.replacen("\"w0_pullx.xvg\"", files, 1), "parts.h5");
        assert!([65, 78].contains(&code) && said.contains(part) && said.contains("list.toml:1"), "{files}: {said}");
    }
}

#[test]
fn parts_are_the_same_in_any_order_and_gaps_and_shared_parts_are_named() {
    let (folder, list) = in_parts();
    let with = |files: &str, output: &str| analyze(folder.path(), &list.replacen("\"w0_pullx.xvg\"", files, 1), output);
    // Without --force another fingerprint would be refused.
    let analyze_again = |files: &str| {
        fs::write(folder.path().join("list.toml"), list.replacen("\"w0_pullx.xvg\"", files, 1)).unwrap();
        let mut command = Command::new(simmpi());
        command.current_dir(folder.path()).args(["pmf", "list.toml", "--no-figures", "-o", "order.h5"]);
        command.output().unwrap().status.code()
    };
    let [one, other] = [
        "[\"w0.part1.xvg\", \"w0.part2.xvg\", \"w0.part10.xvg\"]",
        "[\"w0.part10.xvg\", \"w0.part2.xvg\", \"w0.part1.xvg\"]",
    ];
    assert_eq!((analyze_again(one), analyze_again(other)), (Some(0), Some(0)));
    let (code, said) = with("[\"w0.part1.xvg\", \"w0.part10.xvg\"]", "gap.h5");
    assert!(
        code == 0 && said.contains("w0.part10.xvg` begins at 280 ps, but the part before it ends at 199 ps"),
        "{said}"
    );
    let shared =
        list.replacen("\"w0_pullx.xvg\"", "\"w0.part*.xvg\"", 1).replacen("\"w1_pullx.xvg\"", "\"w0.part1.xvg\"", 1);
    let (code, said) = analyze(folder.path(), &shared, "shared.h5");
    assert!(code == 78 && said.contains("window 0 reads the same column of `w0.part1.xvg`"), "{said}");
}
