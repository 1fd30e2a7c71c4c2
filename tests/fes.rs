//! `simmpi fes`: against an ensemble on the same replicas, against direct sums of hills, on known free energies, and on input that is wrong.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::Reader;
use simmpi::seed::{CampaignSeed, Purpose};
use std::f64::consts::PI;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::replicas::reader;
use support::{Campaign, Ended, reference, simmpi};

/// A folder in which `simmpi fes` is run.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs the words of `args`; the result is in `fes.h5`.
    fn fes(&self, args: &str) -> Ended {
        let args = args.split_whitespace().chain(["-o", "fes.h5", "--force"]);
        let output = Command::new(simmpi()).arg("fes").args(args).current_dir(self.0.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ended { code: output.status.code().unwrap(), said }
    }

    fn array(&self, item: &str) -> Vec<f64> {
        Reader::open_results(&self.path("fes.h5")).unwrap().array(&format!("/results/free_energy/{item}")).unwrap()
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn opes_replicas_have_the_free_energy_of_their_ensemble_to_the_last_bit() {
    let files = [101, 102, 103, 104].map(|seed| reference::file(&format!("md/opes/ala2_campaign/{seed}/COLVAR")));
    let source = files[0].ancestors().nth(2).unwrap().display();
    let campaign = Campaign::with(
        simmpi(),
        &format!(
            "[campaign]\nkind = \"ensemble\"\nseed = 7\n[ensemble]\nengine = \"command\"\nseeds = \"101-104\"\n\
             directory = \"replicas/{{seed}}\"\n[ensemble.command]\n\
             argv = [\"sh\", \"-c\", '''cp {source}/$1/COLVAR .''', \"sh\", \"{{seed}}\"]\n\
             [[ensemble.collect]]\nfile = \"COLVAR\"\ncolumns = [\"time\", \"phi\", \"psi\", \"opes.bias\"]\n\
             [[ensemble.free_energy]]\ncvs = [\"phi\"]\nbias = \"opes.bias\"\ntemperature_k = 300.0\ndiscard_ps = 500.0\n\
             regions = [[[0.0, 3.141592653589793]], [[-3.141592653589793, 0.0]]]\n\
             [[ensemble.free_energy]]\ncvs = [\"phi\", \"psi\"]\nbias = \"opes.bias\"\ntemperature_k = 300.0\ngrid = 20\n\
             bandwidth = [0.2, 0.3]\n"
        ),
    );
    campaign.run(0, &[]).expect(0, &["4 of 4 tasks done"]);
    let ensemble = reader(&campaign);
    let folder = Folder::new();
    let list = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" ");
    let compare = |group: &str, names: &[&str]| {
        for name in names {
            let expected: Vec<f64> = ensemble.array(&format!("/results/free_energy/{group}/{name}")).unwrap();
            assert_eq!(bits(&folder.array(&format!("{group}/{name}"))), bits(&expected), "{group}/{name}");
        }
    };
    let names = ["free_energy", "free_energy_stderr", "coordinate"];
    let regions = "--region 0:pi --region=-pi:0";
    folder
        .fes(&format!("{list} --cv phi --bias opes.bias --temperature 300 --discard 500 {regions}"))
        .expect(0, &["4 independent replicas", "9.257", "0.211", "kT = 2.4943 kJ/mol", "drawn: fes.free_energy.svg"]);
    compare("phi", &names);
    compare("phi", &["difference", "difference_stderr", "difference_of_replicas"]);
    folder
        .fes(&format!("{list} --cv phi,psi --bias opes.bias --temperature 300 --bins 20 --bandwidth 0.2,0.3"))
        .expect(0, &["drawn: fes.free_energy.2.svg"]);
    compare("phi_psi", &names);
    // Units are factors, and parts of a file the whole.
    let energies = folder.array("phi_psi/free_energy");
    let text = fs::read_to_string(&files[0]).unwrap();
    let (head, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
    let part = |rows: &[&str]| format!("{}\n{}\n", head.join("\n"), rows.join("\n"));
    folder.write("COLVAR.a", &part(&rows[rows.len() / 3..]));
    folder.write("COLVAR.b", &part(&rows[..rows.len() / 2]));
    let list = list.replace(&files[0].display().to_string(), "COLVAR.*");
    folder
        .fes(&format!(
            "{list} --cv phi,psi --bias opes.bias --temperature 300 --bins 20 --bandwidth 0.2,0.3 --unit kcal/mol"
        ))
        .expect(0, &["earlier rows from there on count as repeated"]);
    for (found, expected) in folder.array("phi_psi/free_energy").iter().zip(energies) {
        assert!((found * 4.184 - expected).abs() < 1e-9 || (found.is_nan() && expected.is_nan()), "{found} {expected}");
    }
}

/// Hills of two torsions: center, widths, height and bias factor of each.
fn torsion_hills(count: usize) -> Vec<([f64; 2], [f64; 2], f64)> {
    let mut stream = CampaignSeed(23).stream(0, Purpose::Hops);
    let mut angle = || (1.2 * stream.normal() + PI).rem_euclid(2.0 * PI) - PI;
    (0..count)
        .map(|k| ([angle(), angle()], [0.35, 0.2 + 0.001 * (k % 50) as f64], 1.2 / (1.0 + 0.01 * k as f64)))
        .collect()
}

fn hills_file(hills: &[([f64; 2], [f64; 2], f64)], kind: &str) -> String {
    let mut text = format!(
        "#! FIELDS time phi psi sigma_phi sigma_psi height biasf\n#! SET multivariate false\n#! SET kerneltype {kind}\n\
         #! SET min_phi -pi\n#! SET max_phi pi\n#! SET min_psi -pi\n#! SET max_psi pi\n"
    );
    for (k, ([phi, psi], [a, b], height)) in hills.iter().enumerate() {
        writeln!(text, " {}.0 {phi:.9} {psi:.9} {a} {b} {height} 8", k + 1).unwrap();
    }
    text
}

/// The sum of stretched Gaussians as METAD adds them: zero from r^2/2 = 6.25 on.
fn direct_sum(hills: &[([f64; 2], [f64; 2], f64)], phi: f64, psi: f64) -> f64 {
    let shortest = |d: f64| d - 2.0 * PI * (d / (2.0 * PI)).round();
    let one = |([x, y], [a, b], height): &([f64; 2], [f64; 2], f64)| {
        let half = 0.5 * ((shortest(phi - x) / a).powi(2) + (shortest(psi - y) / b).powi(2));
        let (stretch, shift) = (1.001_934_187_997_447_6, -0.001_934_187_997_447_624);
        if half < 6.25 { height * (stretch * (-half).exp() + shift) } else { 0.0 }
    };
    hills.iter().map(one).sum()
}

#[test]
fn hills_alone_give_minus_their_sum_on_the_grid_of_sum_hills() {
    let (folder, hills) = (Folder::new(), torsion_hills(400));
    folder.write("HILLS", &hills_file(&hills, "stretched-gaussian"));
    folder
        .fes("--hills HILLS --min -pi,-pi --max pi,pi --bin 50,40 --table")
        .expect(0, &["400 hills of phi, psi, 1 to 400 ps, well-tempered, bias factor 8", "written: fes.dat"]);
    let found = folder.array("phi_psi/free_energy");
    assert_eq!(found.len(), 50 * 40);
    let point = |k: usize, count: usize| -PI + 2.0 * PI * k as f64 / count as f64;
    let expected = |k: usize| -direct_sum(&hills, point(k / 40, 50), point(k % 40, 40));
    let off = (0..found.len()).map(|k| (found[k] - expected(k)).abs()).fold(0.0, f64::max);
    assert!(off < 1e-6 && found.iter().copied().fold(0.0, f64::min) < -5.0, "{off}");
    // The table of PLUMED: the first variable runs fastest.
    let table = fs::read_to_string(folder.path("fes.dat")).unwrap();
    assert!(table.starts_with("#! FIELDS phi psi file.free\n#! SET min_phi -3.14159"), "{table:.200}");
    assert!(table.contains("#! SET nbins_psi 40\n#! SET periodic_psi true"), "{table:.400}");
    let rows: Vec<Vec<f64>> = table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect())
        .collect();
    assert_eq!(rows.len(), 2000);
    for row in [&rows[1], &rows[777], &rows[1999]] {
        assert!((row[2] + direct_sum(&hills, row[0], row[1])).abs() < 1e-6, "{row:?}");
    }
    // Minus the bias is 7/8 of it; the default grid has the whole period.
    folder.fes("--hills HILLS --negbias --bins 50,40").expect(0, &[]);
    let bias = folder.array("phi_psi/free_energy");
    assert!(bias.iter().zip(&found).all(|(bias, energy)| (bias - 0.875 * energy).abs() < 1e-9));
    // Two files are summed, and a projection is the integral over the other variable.
    folder.write("H.0", &hills_file(&hills[..150], "stretched-gaussian"));
    folder.write("H.1", &hills_file(&hills[150..], "stretched-gaussian"));
    folder.fes("--hills H.0,H.1 --cv psi --min -pi --max pi --bins 40 --temperature 300 --mintozero").expect(
        0,
        &["overlap in time", "250 hills"].map(|text| text.replace("250", "400")).each_ref().map(String::as_str),
    );
    let kt = 8.314_462_618_153_24e-3 * 300.0;
    let along = |k: usize| -> f64 {
        let sum: f64 = (0..400).map(|j| (direct_sum(&hills, point(j, 400), point(k, 40)) / kt).exp()).sum();
        -kt * sum.ln()
    };
    let exact: Vec<f64> = (0..40).map(along).collect();
    let least = exact.iter().copied().fold(f64::INFINITY, f64::min);
    for (found, exact) in folder.array("psi/free_energy").iter().zip(&exact) {
        assert!((found - (exact - least)).abs() < 1e-3, "{found} {}", exact - least);
    }
}

/// Samples of a double well in x, and of a variable y that follows it, with the bias V(x) = -U(x)/2.
fn double_well(folder: &Folder, name: &str, task: u64, bias: &str) {
    let mut stream = CampaignSeed(5).stream(task, Purpose::Hops);
    let energy = |x: f64| 8.0 * (x * x - 1.0).powi(2);
    let kt = 8.314_462_618_153_24e-3 * 300.0;
    let (mut x, mut text) = (0.0, format!("#! FIELDS time x y {bias}\n"));
    for step in 0..6000 {
        for _ in 0..20 {
            let trial: f64 = x + 0.6 * stream.normal();
            // The biased energy is half of that of the double well.
            if ((0.5 * (energy(x) - energy(trial))) / kt).exp()
                > 0.5 * (1.0 + libm::erf(stream.normal() / 2.0_f64.sqrt()))
            {
                x = trial;
            }
        }
        let y = x + 0.3 * stream.normal();
        writeln!(text, " {step}.0 {x:.9} {y:.9} {:.9}", -0.5 * energy(x)).unwrap();
    }
    folder.write(name, &text);
}

#[test]
fn a_biased_variable_and_another_one_are_reweighted_to_known_free_energies() {
    let folder = Folder::new();
    (0..4).for_each(|task| double_well(&folder, &format!("COLVAR.{task}"), task, "wall.bias"));
    let common = "COLVAR.0 COLVAR.1 COLVAR.2 COLVAR.3 --bias wall.bias --temperature 300";
    folder
        .fes(&format!("{common} --cv x --min -1.6 --max 1.6 --bins 32"))
        .expect(0, &["not periodic", "effective samples"]);
    let (x, found, errors) =
        (folder.array("x/coordinate"), folder.array("x/free_energy"), folder.array("x/free_energy_stderr"));
    let exact: Vec<f64> = x.iter().map(|x| 8.0 * (x * x - 1.0).powi(2)).collect();
    let shift = found[6] - exact[6];
    for k in (0..32).filter(|k| exact[*k] < 8.0) {
        let off = (found[k] - exact[k] - shift).abs();
        assert!(off < 5.0 * errors[k].max(0.1) + 0.3, "{} {off} {}", x[k], errors[k]);
    }
    // The other variable has a lower barrier: its distribution is that of x, smeared.
    folder.fes(&format!("{common} --cv y --min -1.6 --max 1.6 --bins 32")).expect(0, &[]);
    let smeared = folder.array("y/free_energy");
    assert!(smeared[16] - smeared[6] < found[16] - found[6] - 1.0);
    // Walkers of one bias are one replica, with errors from blocks.
    folder
        .fes(&format!("{common} --cv x --min -1.6 --max 1.6 --bins 32 --walkers --blocks 8"))
        .expect(0, &["8 blocks in time"]);
    let walkers = folder.array("x/free_energy");
    assert!((0..32).filter(|k| exact[*k] < 6.0).all(|k| (walkers[k] - found[k]).abs() < 0.5));
}

#[test]
fn hills_reweight_samples_by_the_bias_at_the_end() {
    let folder = Folder::new();
    double_well(&folder, "COLVAR", 9, "v");
    // Hills whose sum is about the bias of the samples, up to a constant.
    let mut text =
        "#! FIELDS time x sigma_x height biasf\n#! SET multivariate false\n#! SET kerneltype stretched-gaussian\n"
            .to_owned();
    for k in 0..61 {
        let x = -3.0 + 0.1 * f64::from(k);
        let height = (20.0 - 4.0 * (x * x - 1.0).powi(2)).max(0.0) / 0.5;
        writeln!(text, " {}.0 {x:.3} 0.1 {:.6} 2", 100 * k, height / (2.5066 * 0.1) * 0.1).unwrap();
    }
    folder.write("HILLS", &text);
    folder
        .fes("COLVAR --hills HILLS --cv x --temperature 300 --min -1.4 --max 1.4 --bins 28")
        .expect(0, &["61 hills of x", "as they are at the end of the run"]);
    let (x, found) = (folder.array("x/coordinate"), folder.array("x/free_energy"));
    let barrier = found[13] - found[4].min(found[23]);
    assert!((barrier - 8.0).abs() < 1.5, "{barrier} at {}", x[13]);
    // The bias that the hills give is that of the column, so both reweight alike.
    folder
        .fes("COLVAR --bias v --cv x --temperature 300 --min -1.4 --max 1.4 --bins 28")
        .expect(0, &["`v` is taken as a bias"]);
    let column = folder.array("x/free_energy");
    assert!((4..24).all(|k| (column[k] - found[k]).abs() < 1.5), "{column:?}\n{found:?}");
}

#[test]
fn what_cannot_be_reweighted_is_refused_by_name_with_file_and_line() {
    let folder = Folder::new();
    let rows = |count: u32, value: &str| (0..count).map(|k| format!(" {k}.0 0.{k} {value}\n")).collect::<String>();
    folder.write("A", &format!("# made by hand\n#! FIELDS time phi opes.bias\n{}", rows(30, "1.0")));
    folder.write("M", &format!("#! FIELDS time phi metad.bias metad.rbias\n{}", rows(30, "1.0 0.5")));
    folder.write("N", &format!("#! FIELDS time phi metad.bias\n{}", rows(30, "1.0")));
    folder.write("nan", &format!("#! FIELDS time phi opes.bias\n{} 30.0 0.1 nan\n", rows(30, "1.0")));
    folder.write("growing", &{
        let rows: String = (0..400).map(|k| format!(" {k}.0 0.{} {}\n", k % 10, 0.1 * f64::from(k))).collect();
        format!("#! FIELDS time phi b.bias\n{rows}")
    });
    for (args, code, texts) in [
        ("A --cv phi", 64, vec!["--bias is not set", "--temperature is not set"]),
        ("--cv phi", 64, vec!["there are no files"]),
        ("A --cv phj --bias opes.bias --temperature 300", 65, vec!["A:2: no column `phj`", "did you mean `phi`?"]),
        ("A --cv phi --bias opes.bia --temperature 300", 65, vec!["A:2: no column `opes.bia`", "`opes.bias`"]),
        ("M --cv phi --bias metad.bias --temperature 300", 65, vec!["`metad.bias` grows", "--bias metad.rbias"]),
        ("N --cv phi --bias metad.bias --temperature 300", 65, vec!["--hills HILLS", "CALC_RCT"]),
        ("nan --cv phi --bias opes.bias --temperature 300", 65, vec!["nan:32: `opes.bias` is NaN"]),
        ("absent --cv phi --bias opes.bias --temperature 300", 65, vec!["cannot read `absent`"]),
        ("x*y --cv phi --bias opes.bias --temperature 300", 65, vec!["`x*y` matches no file"]),
        (
            "A --cv phi --bias opes.bias --temperature 300 --discard 99",
            65,
            vec!["no samples left of its 30 rows, from 0 to 29 ps"],
        ),
        ("A A --cv phi --bias opes.bias --temperature 300", 65, vec!["`A` has the same contents as `A`"]),
        ("A --cv phi --hills M --temperature 300", 65, vec!["`M` has no column `height`"]),
        (
            "A --cv phi --bias opes.bias --temperature 300 --period 0.1 --max 1 --min 0",
            65,
            vec!["must not exceed the period"],
        ),
        ("A --cv phi,phi --bias opes.bias --temperature 300", 64, vec!["`phi` is named twice"]),
        (
            "A --cv phi --bias opes.bias --temperature 300 --mintozero",
            64,
            vec!["--mintozero belongs to a sum of hills"],
        ),
    ] {
        folder.fes(args).expect(code, &texts);
    }
    folder
        .fes("growing --cv phi --bias b.bias --temperature 300")
        .expect(0, &["20.0 kJ/mol higher in the second half than in the first"]);
    folder.fes("M --cv phi --bias metad.rbias --temperature 300 --skip 2 --stride 2").expect(0, &["14 of 30 rows"]);
}

#[test]
fn hills_of_other_units_or_simulations_are_refused() {
    let folder = Folder::new();
    let rows: String = (0..100).map(|k| format!(" {k}.0 {} 0.5\n", f64::from(k) - 50.0)).collect();
    folder.write("COLVAR", &format!("#! FIELDS time phi psi\n#! SET min_phi -180\n#! SET max_phi 180\n{rows}"));
    folder.write("HILLS", &hills_file(&torsion_hills(10), "stretched-gaussian"));
    folder
        .fes("COLVAR --cv phi --hills HILLS --temperature 300")
        .expect(65, &["the period of `phi` is 6.283", "but 360 in `COLVAR`"]);
    folder.write("COLVAR", &format!("#! FIELDS time phi psj\n{rows}"));
    folder
        .fes("COLVAR --cv phi --hills HILLS --temperature 300")
        .expect(65, &["COLVAR:1: no column `psi`", "the columns are `time`, `phi`, `psj`"]);
    folder.write("TRIANGLE", &hills_file(&torsion_hills(10), "triangular"));
    folder.fes("--hills TRIANGLE").expect(65, &["TRIANGLE:3: `kerneltype triangular` is not supported"]);
    folder.fes("--hills HILLS --cv phj").expect(65, &["no hills of `phj`", "did you mean `phi`?"]);
    folder.fes("--hills HILLS --cv phi").expect(65, &["needs the temperature"]);
    assert!(!Path::new(&folder.path("fes.h5")).exists());
}

#[test]
fn hills_with_a_covariance_are_summed_whole_and_a_note_says_so() {
    let folder = Folder::new();
    let matrix = "#! FIELDS time phi psi sigma_phi_phi sigma_psi_phi sigma_psi_psi height biasf\n#! SET multivariate true\n\
        #! SET kerneltype stretched-gaussian\n 1 0 0 0.5 0.3 0.4 1 -1\n";
    folder.write("MATRIX", matrix);
    folder.fes("--hills MATRIX").expect(0, &["are summed whole; PLUMED's sum_hills"]);
    // Minus the height of the only hill, on the grid point next to its center.
    let energies = folder.array("phi_psi/free_energy");
    let least = energies.iter().copied().fold(f64::INFINITY, f64::min);
    assert!((-1.0..-0.99).contains(&least), "{least}");
}
