//! `simmpi pmf` started from what other programs use: lists of gmx wham, metadata files, inputs of PLUMED; and units in and out.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::Reader;
use simmpi::seed::{CampaignSeed, Purpose};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::analysis::Analysis;
use support::{Ended, reference, simmpi, skip};

const CENTERS: [f64; 4] = [0.5, 0.58, 0.66, 0.74];
/// No sample, with its six digits, is at the edge of a bin.
const RANGE: [&str; 2] = ["0.4500013", "0.7800017"];
/// What the same windows must agree in.
const NUMBERS: [&str; 6] = [
    "pmf/coordinate",
    "pmf/free_energy",
    "pmf/free_energy_stderr",
    "pmf/covariance",
    "windows/free_energy",
    "windows/force_constant",
];

fn window_file(k: usize, kind: char) -> PathBuf {
    fs::canonicalize(reference::file(&format!("md/umbrella/w{k}/win_pull{kind}.xvg"))).unwrap()
}

/// The reference windows as a file of windows, with `units` and constants of `force_constant`.
fn windows(units: &str, force_constant: &str) -> String {
    let [low, high] = RANGE;
    let head =
        format!("temperature_k = 300\ndiscard_ps = 10\nbins = 50\nbootstrap = 10\nrange = [{low}, {high}]\n{units}");
    let window = |(k, center): (usize, &f64)| {
        let file = window_file(k, 'x');
        format!("[[window]]\nfile = \"{}\"\ncenter = {center}\nforce_constant = {force_constant}\n", file.display())
    };
    head + &CENTERS.iter().enumerate().map(window).collect::<String>()
}

/// The options of `pmf` that set what [`windows`] sets.
fn settings() -> Vec<&'static str> {
    let [low, high] = RANGE;
    vec![
        "-b",
        "10",
        "-bins",
        "50",
        "-nBootstrap",
        "10",
        "-min",
        low,
        "-max",
        high,
        "-temp",
        "300",
        "--no-figures",
        "--force",
    ]
}

/// Runs `pmf` with the settings of [`windows`] and the words of `more`.
fn analyze(folder: &Analysis, more: &str) -> Ended {
    folder.pmf(&[settings(), more.split_whitespace().collect()].concat())
}

fn numbers(folder: &Analysis) -> Vec<Vec<f64>> {
    NUMBERS.iter().map(|item| folder.array(item)).collect()
}

/// Whether all numbers agree to 1e-10, of their size where that is above 1.
fn assert_same(found: &[Vec<f64>], expected: &[Vec<f64>]) {
    for ((found, expected), item) in found.iter().zip(expected).zip(NUMBERS) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            let is_same =
                (found - expected).abs() <= 1e-10 * expected.abs().max(1.0) || (found.is_nan() && expected.is_nan());
            assert!(is_same, "{item}: {found} {expected}");
        }
    }
}

fn config(folder: &Analysis) -> String {
    Reader::open_results(&folder.path("pmf.h5")).unwrap().text_attribute("config").unwrap()
}

/// The rows of a file of columns.
fn rows(text: &str) -> Vec<Vec<f64>> {
    let rows = text.lines().filter(|line| !line.starts_with(['#', '@']));
    rows.map(|row| row.split_whitespace().map(|word| word.parse().unwrap()).collect()).collect()
}

fn rows_of(path: &std::path::Path) -> Vec<Vec<f64>> {
    rows(&fs::read_to_string(path).unwrap())
}

/// Lists of the reference windows.
fn write_lists(folder: &Analysis) {
    let list = |file: &dyn Fn(usize) -> PathBuf| (0..4).map(|k| format!("{}\n", file(k).display())).collect::<String>();
    folder
        .write("tpr.dat", &list(&|k| fs::canonicalize(reference::file(&format!("md/umbrella/w{k}/win.tpr"))).unwrap()));
    folder.write("pullx.dat", &list(&|k| window_file(k, 'x')));
    folder.write("pullf.dat", &list(&|k| window_file(k, 'f')));
}

#[test]
fn lists_of_gmx_wham_give_its_profile_within_its_error() {
    if !skip::are_installed(&["gmx"]) {
        return;
    }
    let folder = Analysis::new();
    write_lists(&folder);
    let of_wham = rows_of(&reference::file("md/umbrella/profile.xvg"));
    let errors = rows_of(&reference::file("md/umbrella/bsResult.xvg"));
    for (option, list, tolerance) in [("-ix", "pullx.dat", 0.02), ("-if", "pullf.dat", 0.1)] {
        let words =
            ["-it", "tpr.dat", option, list, "-b", "10", "-bins", "100", "-min", "0.45", "-max", "0.78", "--force"];
        folder.pmf(&words).expect(
            0,
            &[
                "windows: 4, centers 0.5 to 0.74 nm (init in the tpr files)",
                "distance with dimensions Y Y Y in nm",
                "k = 1500 kJ/mol/nm^2 (k in the tpr files)",
                "temperature: 300 K (ref-t in the tpr files)",
                "written: profile.xvg",
                "written: histo.xvg",
                "written: profile.h5",
            ],
        );
        let text = fs::read_to_string(folder.path("profile.xvg")).unwrap();
        let header =
            |text: &str| text.lines().filter(|line| line.starts_with('@')).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(header(&text), header(&fs::read_to_string(reference::file("md/umbrella/profile.xvg")).unwrap()));
        let (own, histograms) = (rows(&text), rows_of(&folder.path("histo.xvg")));
        let counts: Vec<f64> = histograms.iter().map(|row| row[1..].iter().sum()).collect();
        assert_eq!((own.len(), histograms[0].len(), counts.iter().sum::<f64>()), (100, 5, 4.0 * 4901.0));
        let known: Vec<usize> = (0..100).filter(|bin| counts[*bin] >= 50.0).collect();
        let shift = known.iter().map(|bin| own[*bin][1] - of_wham[*bin][1]).sum::<f64>() / known.len() as f64;
        for bin in known {
            assert!((own[bin][0] - of_wham[bin][0]).abs() < 1e-7);
            let off = (own[bin][1] - of_wham[bin][1] - shift).abs();
            assert!(off < tolerance && off < errors[bin][2], "{bin}: {off}");
        }
        // The first bin with samples is zero, as that of gmx wham; bins without samples have no value.
        let first = own.iter().position(|row| !row[1].is_nan()).unwrap();
        assert_eq!((own[first][1], counts[first] > 0.0, own[0][1].is_nan()), (0.0, true, counts[0] == 0.0));
    }
}

#[test]
fn lists_of_gmx_wham_give_the_numbers_of_a_file_of_windows() {
    if !skip::are_installed(&["gmx"]) {
        return;
    }
    let folder = Analysis::new();
    write_lists(&folder);
    folder.analyze(&windows("", "1500")).expect(0, &["windows: 4, centers 0.5 to 0.74 nm", "k = 1500 kJ/mol/nm^2"]);
    let expected = numbers(&folder);
    analyze(&folder, "-it tpr.dat -ix pullx.dat -o pmf.h5").expect(0, &[]);
    assert_same(&numbers(&folder), &expected);
    assert!(!folder.path("histo.xvg").exists());
}

#[test]
fn the_zero_and_the_unit_of_an_xvg_are_those_of_the_options() {
    let folder = Analysis::new();
    folder.write("windows.toml", &windows("", "1500"));
    folder
        .pmf(&["windows.toml", "-o", "pmf.xvg", "-zprof0", "0.6", "-unit", "kCal", "-bsres", "errors.xvg"])
        .expect(0, &["F kcal/mol"]);
    let text = fs::read_to_string(folder.path("pmf.xvg")).unwrap();
    assert!(text.contains("E (kcal mol\\S-1\\N)") && text.starts_with("# Written by simmpi"), "{text}");
    let (profile, errors) = (rows(&text), rows_of(&folder.path("errors.xvg")));
    let zero = profile.iter().position(|row| (row[0] - 0.6).abs() < 0.0034).unwrap();
    assert_eq!((profile[zero][1], errors[zero][1], errors[zero][2]), (0.0, 0.0, 0.0));
    assert!(errors.iter().enumerate().all(|(bin, row)| bin == zero || row[2] > 0.0 || row[2].is_nan()));
    let energies = folder.array("pmf/free_energy");
    for (row, energy) in profile.iter().zip(&energies).filter(|(row, _)| !row[1].is_nan()) {
        assert!((row[1] + energies[zero] - energy).abs() < 2e-6 * energy.abs().max(1.0), "{row:?} {energy}");
    }
    folder
        .pmf(&["windows.toml", "-o", "pmf.xvg", "-zprof0", "0.451", "--force"])
        .expect(65, &["no samples lie in the bin of -zprof0 0.451"]);
    folder.pmf(&["windows.toml", "-o", "pmf.h5", "-zprof0", "0.6", "--force"]).expect(64, &["name the output *.xvg"]);
    folder.pmf(&["windows.toml", "-o", "a.h5", "--hdf5", "b.h5"]).expect(64, &["both HDF5 files"]);
    // Files of gmx wham are not overwritten.
    folder.write("wham.xvg", "# This file was created by gmx wham\n0 0\n");
    folder.pmf(&["windows.toml", "-o", "wham.xvg"]).expect(73, &["`wham.xvg` was not written by simmpi"]);
    assert!(fs::read_to_string(folder.path("wham.xvg")).unwrap().contains("gmx wham"));
    folder
        .pmf(&["windows.toml", "-o", "wham.xvg", "--force", "--no-figures"])
        .expect(0, &["written: wham.xvg", "written: wham.h5"]);
}

#[test]
fn results_are_in_the_units_that_are_asked_for() {
    let folder = Analysis::new();
    folder.analyze(&windows("", "1500")).expect(0, &["F kJ/mol", "coordinate nm"]);
    let expected: Vec<Vec<f64>> = numbers(&folder);
    let cases = [
        ("kcal/mol", 1.0 / 4.184, "angstrom", 10.0),
        ("kT", 1.0 / (0.008_314_462_618_153_24 * 300.0), "nm", 1.0),
        ("eV", 1.0 / 96.485_332_123_310_02, "A", 10.0),
    ];
    for (energy, times, coordinate, longer) in cases {
        let units = format!("[units]\nenergy = \"{energy}\"\ncoordinate = \"{coordinate}\"\n");
        let name = if longer == 10.0 { "angstrom" } else { "nm" };
        folder.analyze(&windows(&units, "1500")).expect(0, &[&format!("F {energy}"), &format!("coordinate {name}")]);
        let factors = [longer, times, times, times * times, times, times / (longer * longer)];
        let scaled: Vec<Vec<f64>> = expected
            .iter()
            .zip(factors)
            .map(|(all, factor)| all.iter().map(|value| value * factor).collect())
            .collect();
        assert_same(&numbers(&folder), &scaled);
        let inspected =
            Command::new(simmpi()).args(["inspect", "pmf.h5"]).current_dir(folder.folder()).output().unwrap();
        let inspected = String::from_utf8(inspected.stdout).unwrap();
        assert!(inspected.contains(&format!("/results/pmf/free_energy [50] [{energy}]")), "{inspected}");
        assert!(inspected.contains(&format!("/results/windows/force_constant [4] [{energy}/{name}^2]")), "{inspected}");
        let figure = fs::read_to_string(folder.path("pmf.profile.svg")).unwrap();
        assert!(
            figure.contains(&format!("free energy / {energy}")) && figure.contains(&format!("coordinate / {name}"))
        );
    }
    let unit = "[units]\nenergy = \"cal\"\n";
    folder
        .analyze(&windows(unit, "1500"))
        .expect(78, &["windows.toml:7", "unknown unit `cal`: use kJ/mol, kcal/mol, kT or eV"]);
    let unit = "[units]\ncoordinate = \"degree\"\n";
    folder.analyze(&windows(unit, "1500")).expect(78, &["windows.toml:7", "cannot be converted to \"degree\""]);
}

#[test]
fn force_constants_of_every_unit_are_the_same_restraints() {
    let folder = Analysis::new();
    folder.analyze(&windows("", "1500")).expect(0, &[]);
    let expected = numbers(&folder);
    let fingerprint = || Reader::open_results(&folder.path("pmf.h5")).unwrap().text_attribute("fingerprint").unwrap();
    let first = fingerprint();
    let kt = 0.008_314_462_618_153_24 * 300.0;
    for (unit, convention, value) in [
        ("kJ/mol/A^2", "half", 15.0),
        ("kcal/mol/angstrom^2", "half", 1500.0 / 418.4),
        ("kcal/(mol A^2)", "amber", 750.0 / 418.4),
        ("kJ/mol/nm^2", "amber", 750.0),
        ("kT/nm^2", "half", 1500.0 / kt),
        ("eV/nm^2", "half", 1500.0 / 96.485_332_123_310_02),
    ] {
        let units = format!("[units]\nforce_constant = \"{unit}\"\nconvention = \"{convention}\"\n");
        let said = folder.analyze(&windows(&units, &format!("{value:?}"))).expect(0, &[]).said;
        assert_eq!(said.contains("the convention of AMBER"), convention == "amber", "{said}");
        assert_same(&numbers(&folder), &expected);
    }
    let units = "[units]\nconvention = \"amber\"\n";
    folder.analyze(&windows(units, "750")).expect(0, &[]);
    assert_eq!(fingerprint(), first);
    let units = "[units]\nforce_constant = \"kJ/mol/rad^2\"\n";
    folder.analyze(&windows(units, "1500")).expect(78, &["windows.toml:7", "force constants are in kJ/mol/radian^2"]);
    let text = windows("", "1500").replacen("center", "unit = \"angstrom\"\ncenter", 4);
    folder.analyze(&text).expect(65, &["is in nm (its axis is \"Position (nm)\"), not in angstrom"]);
}

/// A time series of column 1 in units of `factor` nm, with other columns after it.
fn series(k: usize, factor: f64, more: &str) -> Vec<String> {
    let row = |row: &Vec<f64>| format!("{:.4} {}{more}", row[0], row[1] * factor);
    rows_of(&window_file(k, 'x')).iter().map(row).collect()
}

#[test]
fn metadata_files_give_the_numbers_of_a_file_of_windows() {
    let folder = Analysis::new();
    folder.analyze(&windows("", "1500")).expect(0, &[]);
    let expected = numbers(&folder);
    // As for dnlbauer's wham; files beside the metadata file.
    fs::create_dir(folder.path("data")).unwrap();
    for k in 0..4 {
        folder.write(&format!("data/w{k}.dat"), &series(k, 1.0, "").join("\n"));
        folder.write(&format!("a{k}.dat"), &series(k, 10.0, "").join("\n"));
    }
    let line = |(k, center): (usize, &f64)| format!("w{k}.dat {center} 1500\n");
    folder.write("data/meta.dat", &CENTERS.iter().enumerate().map(line).collect::<String>());
    analyze(&folder, "--metadata data/meta.dat -o pmf.h5").expect(
        0,
        &[
            "centers 0.5 to 0.74 nm (column 2 of the metadata file)",
            "a metadata file has no units: nm by default (--coordinate-unit), kJ/mol/nm^2 by default",
        ],
    );
    assert_same(&numbers(&folder), &expected);
    // The file of windows that it amounts to gives the same.
    let rendered = config(&folder);
    assert!(rendered.contains("# Centers: column 2 of the metadata file"), "{rendered}");
    folder.analyze(&rendered).expect(0, &[]);
    assert_same(&numbers(&folder), &expected);
    // As for Grossfield's WHAM with AMBER's constants: angstrom, kcal/mol, correlation times, temperatures, comments, DOS line ends.
    let line = |(k, center): (usize, &f64)| {
        format!("  a{k}.dat\t{} {:?}  {k}.5 300.0 # window {k}\r\n", center * 10.0, 750.0 / 418.4)
    };
    folder.write(
        "odd.dat",
        &format!("# path center k\r\n\r\n{}", CENTERS.iter().enumerate().map(line).collect::<String>()),
    );
    let mut words = settings();
    let temperature = words.iter().position(|word| *word == "-temp").unwrap();
    words.drain(temperature..temperature + 2);
    let range = ["4.500013", "7.800017"];
    words.iter_mut().for_each(|word| *word = RANGE.iter().position(|end| end == word).map_or(*word, |end| range[end]));
    let odd = "--metadata odd.dat -o pmf.h5 --coordinate-unit A --force-constant-unit kcal/mol/A^2 --convention amber --output-coordinate-unit nm";
    folder.pmf(&[words, odd.split(' ').collect()].concat()).expect(
        0,
        &[
            "temperature: 300 K (column 5 of the metadata file)",
            "correlation times of the metadata file are not used",
            "k (x - center)^2, the convention of AMBER",
        ],
    );
    assert_same(&numbers(&folder), &expected);
}

#[test]
fn the_example_of_a_metadata_file_runs() {
    let folder = Analysis::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pmf/meta.dat");
    let words = ["--metadata", example.to_str().unwrap(), "-temp", "300", "-b", "10", "-o", "pmf.h5"];
    folder.pmf(&words).expect(0, &["windows: 4, centers 0.5 to 0.74 nm", "drawn: pmf.profile.svg"]);
    assert_eq!(folder.array("windows/samples"), [491.0; 4]);
}

#[test]
fn angles_of_a_metadata_file_are_periodic_and_their_constants_are_converted() {
    let folder = Analysis::new();
    // Flat around a ring: 100 kJ/mol/rad^2 leave a spread of 9.05 degrees.
    let spread = (0.008_314_462_618_153_24 * 300.0 / 100.0_f64).sqrt().to_degrees();
    let mut meta = String::new();
    for k in 0..18 {
        let center = f64::from(k) * 20.0 - 170.0;
        let mut stream = CampaignSeed(7).stream(k as u64, Purpose::Hops);
        let angle = |t: i32, x: f64| format!("{t} {:.5}\n", (center + spread * x + 180.0).rem_euclid(360.0) - 180.0);
        folder.write(&format!("a{k}"), &(0..400).map(|t| angle(t, stream.normal())).collect::<String>());
        let _ = writeln!(meta, "a{k} {center} {:?}", 100.0 / 4.184);
    }
    folder.write("meta.dat", &meta);
    let words = "--metadata meta.dat -temp 300 -bins 36 --periodicity P --force-constant-unit kcal/mol/rad^2 -o pmf.h5 --no-figures";
    folder.pmf(&words.split(' ').collect::<Vec<_>>()).expect(0, &["centers -170 to 170 degree", "kcal/mol/radian^2"]);
    let (energy, error) = (folder.array("pmf/free_energy"), folder.array("pmf/free_energy_stderr"));
    let mean = energy.iter().sum::<f64>() / 36.0;
    assert!(energy.iter().zip(&error).all(|(f, e)| (f - mean).abs() < 4.0 * e && *e < 1.5), "{energy:?} {error:?}");
    let coordinate = folder.array("pmf/coordinate");
    assert_eq!((coordinate[0], coordinate[35]), (-175.0, 175.0));
    assert!((folder.array("windows/force_constant")[0] - 100.0 * (std::f64::consts::PI / 180.0).powi(2)).abs() < 1e-12);
    // By the width of the range, as with dnlbauer's --cyclic.
    let first = numbers(&folder);
    let words = words.replace("--periodicity P", "-cycl -min -180 -max 180 --coordinate-unit deg");
    folder.pmf(&words.split(' ').chain(["--force"]).collect::<Vec<_>>()).expect(0, &[]);
    assert_same(&numbers(&folder), &first);
}

#[test]
fn what_is_wrong_in_a_metadata_file_is_refused_with_its_line() {
    let folder = Analysis::new();
    for k in 0..2 {
        folder.write(&format!("w{k}"), &series(k, 1.0, "").join("\n"));
        folder.write(&format!("plane{k}"), &series(k, 1.0, " 1.5").join("\n"));
    }
    let good = "w0 0.5 1500\nw1 0.58 1500\n";
    let ask = |text: &str, more: &str| {
        folder.write("meta.dat", text);
        analyze(&folder, &format!("--metadata meta.dat -o pmf.h5 {more}"))
    };
    ask(good, "").expect(0, &[]);
    for (line, told) in [
        ("w1 0.58", "the line has 2 columns"),
        ("w1 0.58 1500k", "`1500k` is not a number: column 3 is the force constant"),
        ("w1 nan 1500", "`nan` is not a number: column 2 is the center"),
        ("w1 0.58 0.3 1500 1500 10", "6 columns, as those of a two-dimensional profile"),
        ("plane1 0.58 0.3 1500 1500", "`plane1` 3: columns 4 and 5 can be"),
        ("w1 0.58 0", "the force constant is 0"),
        ("w9 0.58 1500", "cannot read `w9`"),
        ("w1 0.58 1500 3.0 310", "the temperature is 310 K, that of the first window not set"),
        ("w0 0.58 1500", "window 0 reads the same column"),
    ] {
        ask(&format!("# comment\nw0 0.5 1500\n{line}\n"), "").expect(65, &[told, "meta.dat:3:"]);
    }
    ask("plane0 0.5 1500 1 300\nplane1 0.58 1500 1 300\n", "--column 1").expect(0, &[]);
    ask(good, "--column 2").expect(65, &["has no column 2", "meta.dat:1:"]);
    ask("w0 0.5 1500 1 310\nw1 0.58 1500 1 310\n", "")
        .expect(65, &["the temperature of the simulation is 310 K, but -temp is 300 K"]);
    ask("# nothing\n", "").expect(65, &["`meta.dat` lists nothing"]);
    ask(good, "--force-constant 5").expect(65, &["--force-constant contradicts column 3 of the metadata file"]);
    ask(good, "--gmx gmx").expect(64, &["--gmx"]);
    ask(good, "-cycl --periodicity P").expect(65, &["not the period of 360"]);
    ask(good, "--convention charmm").expect(64, &["unknown variant `charmm`"]);
    folder.pmf(&["--metadata", "meta.dat", "-o", "pmf.h5"]).expect(65, &["the temperature is not known", "set -temp"]);
    folder.pmf(&["--metadata", "none.dat", "-o", "pmf.h5", "-temp", "300"]).expect(65, &["none.dat"]);
}

/// A folder of a simulation with PLUMED, of reference window `k`, with `factor` units of length in a nm.
fn write_plumed(folder: &Analysis, name: &str, k: usize, factor: f64, input: &str) {
    fs::create_dir_all(folder.path(name)).unwrap();
    let rows = rows_of(&window_file(k, 'x'));
    let rows = rows.iter().map(|row| format!(" {:.6} {} 0.25 -1.0\n", row[0] * factor, row[1] * factor));
    let colvar =
        format!("#! FIELDS time d r.bias phi\n#! SET min_phi -pi\n#! SET max_phi pi\n{}", rows.collect::<String>());
    folder.write(&format!("{name}/COLVAR"), &colvar);
    folder.write(&format!("{name}/plumed.dat"), input);
}

#[test]
fn inputs_of_plumed_give_the_numbers_of_a_file_of_windows() {
    let folder = Analysis::new();
    folder.analyze(&windows("", "1500")).expect(0, &[]);
    let expected = numbers(&folder);
    for (k, center) in CENTERS.iter().enumerate() {
        let input = format!(
            "d: DISTANCE ATOMS=1,19\nr: RESTRAINT ARG=d AT={center} KAPPA=1500\nPRINT ARG=d,r.bias FILE=COLVAR STRIDE=50\n"
        );
        write_plumed(&folder, &format!("plain{k}"), k, 1.0, &input);
        // Other units, a second restraint that is the same everywhere, labels, lines that continue, an included file, wildcards.
        let restraint = format!(
            "RESTRAINT ...\n  LABEL=r ARG={{dist, phi}} # both\n  AT={},pi/2\n  KAPPA={:?},5e0\n... RESTRAINT\n",
            center * 10.0,
            1500.0 / 418.4
        );
        let input = "UNITS LENGTH=A ENERGY=kcal/mol TIME=0.1\nDISTANCE ATOMS=1,19 LABEL=dist\nphi: TORSION ATOMS=5,7,9,15\nINCLUDE FILE=bias.dat\nprint arg=* file=COLVAR\n";
        write_plumed(&folder, &format!("odd{k}"), k, 10.0, input);
        folder.write(&format!("odd{k}/bias.dat"), &restraint);
        let colvar = fs::read_to_string(folder.path(&format!("odd{k}/COLVAR"))).unwrap();
        folder.write(&format!("odd{k}/COLVAR"), &colvar.replacen("time d ", "time dist ", 1));
    }
    analyze(&folder, "--plumed plain0 plain1 plain2 plain3 -o pmf.h5").expect(
        0,
        &[
            "coordinate: d (DISTANCE), in nm",
            "centers 0.5 to 0.74 nm (AT in plumed.dat)",
            "k = 1500 kJ/mol/nm^2 (KAPPA in plumed.dat)",
        ],
    );
    assert_same(&numbers(&folder), &expected);
    let range = ["4.500013", "7.800017"];
    let mut words = settings();
    words.iter_mut().for_each(|word| *word = RANGE.iter().position(|end| end == word).map_or(*word, |end| range[end]));
    let odd = "--plumed odd0 odd1 odd2 odd3 -o pmf.h5 --output-coordinate-unit nm";
    folder.pmf(&[words, odd.split(' ').collect()].concat()).expect(
        0,
        &[
            "coordinate: dist (DISTANCE), in angstrom",
            "all windows are biased by RESTRAINT ARG=phi AT=1.5707963267948966 KAPPA=5 too",
        ],
    );
    assert_same(&numbers(&folder), &expected);
    assert!(config(&folder).contains("time_unit_ps = 0.1"), "{}", config(&folder));
    folder.analyze(&config(&folder)).expect(0, &[]);
    assert_same(&numbers(&folder), &expected);
}

#[test]
fn what_is_wrong_in_an_input_of_plumed_is_refused_with_its_line() {
    let folder = Analysis::new();
    let input = |center: f64| {
        format!(
            "# window\nd: DISTANCE ATOMS=1,19\nphi: TORSION ATOMS=1,2,3,4\nr: RESTRAINT ARG=d AT={center} KAPPA=1500\nPRINT ARG=d,phi FILE=COLVAR\n"
        )
    };
    write_plumed(&folder, "w0", 0, 1.0, &input(0.5));
    let good = input(0.58);
    let ask = |text: &str, more: &str| {
        write_plumed(&folder, "w1", 1, 1.0, text);
        analyze(&folder, &format!("--plumed w0 w1 -o pmf.h5 {more}"))
    };
    ask(&good, "").expect(0, &[]);
    for (from, to, line, told) in [
        ("r: RESTRAINT", "r: MOVINGRESTRAINT", 4, "MOVINGRESTRAINT changes during the simulation"),
        ("PRINT", "METAD ARG=phi SIGMA=0.1 HEIGHT=1 PACE=5\nPRINT", 5, "METAD changes during the simulation"),
        ("KAPPA=1500", "KAPPA=1500 SLOPE=2", 4, "has a SLOPE"),
        ("KAPPA=1500", "", 4, "1 variables (ARG) and 0 force constants"),
        ("KAPPA=1500", "KAPPA=stiff", 4, "cannot parse KAPPA=stiff"),
        ("AT=0.58", "AT=@replicas:0.5,0.58", 4, "AT=@replicas:0.5,0.58 has another value in each replica"),
        ("AT=0.58 ", "", 4, "1 variables (ARG) and 0 centers"),
        ("PRINT", "RESTRAINT ARG=d AT=0.6 KAPPA=10\nPRINT", 5, "a second RESTRAINT of `d`"),
        (
            "PRINT",
            "RESTRAINT ARG=phi AT=0 KAPPA=10\nPRINT",
            4,
            "the other biases of this window (RESTRAINT ARG=phi AT=0 KAPPA=10)",
        ),
        ("PRINT", "UPPER_WALLS ARG=d AT=1 KAPPA=9\nPRINT", 4, "(UPPER_WALLS ARG=d AT=1 KAPPA=9)"),
        ("ARG=d,phi FILE", "ARG=phi FILE", 4, "no PRINT writes `d`"),
        ("FILE=COLVAR", "FILE=OTHER", 5, "`w1/OTHER` does not exist"),
        ("PRINT", "PRINT ARG=d FILE=SECOND\nPRINT", 6, "printed to SECOND and to COLVAR"),
        ("# window", "UNITS LENGTH=Bohr", 1, "UNITS LENGTH=Bohr is not supported"),
        ("# window", "UNITS NATURAL", 1, "UNITS NATURAL is not supported"),
        (
            "# window",
            "UNITS LENGTH=A",
            4,
            "the variable is d (DISTANCE), in angstrom, that of the first window d (DISTANCE), in nm",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let column = if to.starts_with("RESTRAINT ARG=phi") { "--column d" } else { "" };
        ask(&good.replacen(from, to, 1), column).expect(65, &[told, &format!("w1/plumed.dat:{line}:")]);
    }
    ask(&good.replacen("PRINT", "RESTRAINT ARG=phi AT=0 KAPPA=10\nPRINT", 1), "")
        .expect(65, &["several variables can be that of the profile: d, phi", "--column"]);
    ask(&good.replace("RESTRAINT", "CONSTANT"), "")
        .expect(65, &["no RESTRAINT in this input has a force constant for `d`"]);
    ask(&good, "--force-constant-unit kJ/mol/nm^2").expect(65, &["--force-constant-unit contradicts the inputs"]);
    ask(&good, "--plumed-file bias.dat").expect(65, &["cannot read `w0/bias.dat`", "cannot read `w1/bias.dat`"]);
}

/// A stand-in for GROMACS: `gmx dump -s FILE` prints the file, which a test wrote as GROMACS would print it.
fn write_gmx(folder: &Analysis) {
    folder.write("gmx", "#!/bin/sh\n[ \"$1 $2\" = \"dump -s\" ] || exit 2\nexec cat \"$3\"\n");
    fs::set_permissions(folder.path("gmx"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// The parts of what `gmx dump` prints of a run that concern pulling, with coordinates of (type, geometry, init, k).
fn dump(coordinates: &[(&str, &str, f64, f64)]) -> String {
    let mut text = "inputrec:\n   integrator                     = sd\n   tcoupl                         = No\n   pull                           = true\n   pull-print-ref-value           = true\n".to_owned();
    for (k, (kind, geometry, init, constant)) in coordinates.iter().enumerate() {
        let _ = writeln!(
            text,
            "   pull-coord {k}:\n   type                           = {kind}\n   geometry                       = {geometry}\n   group[0]                       = 1\n   group[1]                       = 2\n   dim (3):\n      dim[0]=0\n      dim[1]=0\n      dim[2]=1\n   init                           = {init}\n   rate                           = 0\n   k                              = {constant}\n   kB                             = {constant}"
        );
    }
    text + "   awh                            = false\ngrpopts:\n   ref-t:         300\n"
}

/// A pullx file of reference window `k` as coordinate 1 with its reference, and a constant coordinate 2.
fn pullx(k: usize) -> String {
    let legends =
        ["1", "1 ref", "2", "2 ref"].iter().enumerate().map(|(k, name)| format!("@ s{k} legend \"{name}\"\n"));
    let header = format!(
        "@ title \"Pull COM\"\n@ xaxis label \"Time (ps)\"\n@ yaxis label \"Position (nm)\"\n{}",
        legends.collect::<String>()
    );
    header + &series(k, 1.0, &format!(" {} 3.5 3.5", CENTERS[k])).join("\n") + "\n"
}

#[test]
fn pull_coordinates_are_selected_by_the_list_of_gmx_wham() {
    let folder = Analysis::new();
    folder.analyze(&windows("", "1500")).expect(0, &[]);
    let expected = numbers(&folder);
    write_gmx(&folder);
    let lines = |name: &str| (0..4).map(|k| format!("{name}{k}.{name}\n")).collect::<String>();
    for (k, center) in CENTERS.iter().enumerate() {
        folder.write(
            &format!("tpr{k}.tpr"),
            &dump(&[("umbrella", "distance", *center, 1500.0), ("constraint", "direction", 3.5, 0.0)]),
        );
        folder.write(&format!("xvg{k}.xvg"), &pullx(k));
    }
    folder.write("it.dat", &lines("tpr"));
    folder.write("ix.dat", &lines("xvg"));
    folder.write("is.dat", &"1 0\n".repeat(4));
    analyze(&folder, "-it it.dat -ix ix.dat -is is.dat -o pmf.h5 --gmx ./gmx")
        .expect(0, &["distance with dimensions N N Y"]);
    assert_same(&numbers(&folder), &expected);
    // Without GROMACS centers are the references.
    let without = |more: &str| {
        let words = [
            &["pmf", "-it", "it.dat", "-ix", "ix.dat", "-o", "pmf.h5"][..],
            &settings(),
            &more.split_whitespace().collect::<Vec<_>>(),
        ]
        .concat();
        let output = Command::new(simmpi())
            .args(words)
            .env("PATH", folder.path("nowhere"))
            .current_dir(folder.folder())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ended { code: output.status.code().unwrap(), said }
    };
    without("-is is.dat --force-constant 1500")
        .expect(0, &["the references in the pullx files", "the tpr files are not read: `gmx` was not found in PATH"]);
    assert_same(&numbers(&folder), &expected);
    without("-is is.dat")
        .expect(65, &["the force constant is not known", "install GROMACS", "set --force-constant to pull-coord1-k"]);
    without("--force-constant 1500")
        .expect(65, &["`xvg0.xvg` has 2 pull coordinates", "ix.dat:1:", "select them with -is"]);
}

#[test]
fn what_is_wrong_in_lists_of_gmx_wham_is_refused_with_its_line() {
    let folder = Analysis::new();
    write_gmx(&folder);
    let good = |center: f64| dump(&[("umbrella", "distance", center, 1500.0)]);
    let one = |k: usize| {
        let rows = series(k, 1.0, &format!(" {}", CENTERS[k])).join("\n");
        format!(
            "@ xaxis label \"Time (ps)\"\n@ yaxis label \"Position (nm)\"\n@ s0 legend \"1\"\n@ s1 legend \"1 ref\"\n{rows}\n"
        )
    };
    for (k, center) in CENTERS.iter().enumerate().take(2) {
        folder.write(&format!("{k}.tpr"), &good(*center));
        folder.write(&format!("{k}.xvg"), &one(k));
    }
    folder.write("it.dat", "0.tpr\n1.tpr\n");
    folder.write("ix.dat", "0.xvg\n1.xvg\n");
    let ask = |more: &str| analyze(&folder, &format!("-o pmf.h5 --gmx ./gmx {more}"));
    let lists = "-it it.dat -ix ix.dat";
    ask(lists).expect(0, &[]);
    let changed = |from: &str, to: &str| {
        assert!(good(0.58).contains(from), "{from}");
        folder.write("1.tpr", &good(0.58).replace(from, to));
        let ended = ask(lists);
        folder.write("1.tpr", &good(0.58));
        ended
    };
    for (from, to, told) in [
        ("= umbrella", "= constant-force", "pull coordinate 1 of `1.tpr` is of type constant-force, not umbrella"),
        ("rate                           = 0", "rate                           = 0.01", "moves by 0.01 per ps"),
        ("= distance", "= transformation", "has the geometry transformation"),
        ("= 1500\n   kB", "= 0\n   kB", "has the force constant 0"),
        ("pull-coord 0", "pull-cord 0", "`1.tpr` has no pull coordinates"),
    ] {
        changed(from, to).expect(65, &[told, "it.dat:2:"]);
    }
    changed("kB                             = 1500", "kB                             = 900\n   free-energy = yes")
        .expect(65, &["states A and B", "it.dat:2:"]);
    for (from, to, told) in [
        ("dim[0]=0", "dim[0]=1", "a distance with dimensions Y N Y in nm"),
        ("= distance", "= dihedral", "a dihedral in degrees"),
        ("ref-t:         300", "ref-t:         310", "ref-t in its tpr file is 310 K, that of the first window 300 K"),
        ("0.58", "0.6", "was restrained to 0.58 nm (`1 ref`), not to 0.6"),
    ] {
        changed(from, to).expect(65, &[told, "ix.dat:2:"]);
    }
    let hot = format!("{lists} -temp 310 -o hot.h5 --gmx ./gmx --no-figures");
    folder.pmf(&hot.split(' ').collect::<Vec<_>>()).expect(0, &["-temp is 310 K, but ref-t in the tpr files is 300 K"]);
    ask(&format!("{lists} --force-constant 5")).expect(65, &["--force-constant contradicts the tpr files"]);
    folder.write("three.dat", "0.tpr\n1.tpr\n1.tpr\n");
    ask("-it three.dat -ix ix.dat").expect(65, &["-ix lists 2 files, but -it has 3 lines"]);
    ask("-it ix.dat -ix ix.dat").expect(65, &["`1.xvg` is not named *.tpr", "ix.dat:2:"]);
    ask("-it 0.tpr -ix ix.dat").expect(65, &["`0.tpr` is one file, but -it takes a list of files"]);
    folder.write("is.dat", "1\n1 1\n");
    ask(&format!("{lists} -is is.dat"))
        .expect(65, &["`1.tpr` has 1 pull coordinates, but 2 are selected or not", "is.dat:2:"]);
    folder.write("is.dat", "1\nyes\n");
    ask(&format!("{lists} -is is.dat")).expect(65, &["a word other than 0 and 1", "is.dat:2:"]);
    folder.write("far.dat", "0.xvg\n9.xvg\n");
    ask("-it it.dat -ix far.dat").expect(65, &["cannot read `9.xvg`", "far.dat:2:"]);
    ask("-it it.dat -if ix.dat").expect(65, &["contains positions, not forces", "ix.dat:1:"]);
    ask(&format!("{lists} -sym -tab t.dat -bs-method hist"))
        .expect(64, &["-sym is not supported", "-tab is not supported", "-bs-method is not supported"]);
    ask(&format!("{lists} -ix other.dat -if ix.dat")).expect(64, &[]);
    folder.pmf(&["-it", "it.dat"]).expect(64, &[]);
    folder.pmf(&["-it", "it.dat", "-ix", "ix.dat", "--gmx", "./none"]).expect(64, &["`./none` was not found", "--gmx"]);
}
