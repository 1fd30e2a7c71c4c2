//! Columns as GROMACS, PLUMED and others write them, whole and damaged.
use super::*;
use crate::seed::{CampaignSeed, Purpose};

fn of(text: &str, wanted: &[Column]) -> Result<Table, Error> {
    parse(Path::new("f"), text.as_bytes(), wanted)
}

fn name(name: &str) -> Column {
    Column::Name(name.to_owned())
}

fn told(text: &str, wanted: &[Column]) -> String {
    of(text, wanted).unwrap_err().to_string()
}

const XVG: &str = "# Created by:\n@    title \"Pull COM\"\n@    xaxis  label \"Time (ns)\"\n@    yaxis  label \"Position (nm)\"\n@TYPE xy\n\
    @ s0 legend \"1\"\n@ s1 legend \"1 ref\"\n0.0000\t0.73115\t0.5\n0.0010\t-7.04e-01\t0.5\n";

#[test]
fn an_xvg_is_read_by_index_and_by_legend() {
    let table = of(XVG, &[Column::Index(1), name("1 ref"), name("time"), name("Time (ns)")]).unwrap();
    assert_eq!(table.values, [vec![0.73115, -0.704], vec![0.5, 0.5], vec![0.0, 0.001], vec![0.0, 0.001]]);
    assert_eq!(table.time_ps.as_deref(), Some(&[0.0, 1.0][..]));
    assert_eq!(table.names, ["Time (ns)", "1", "1 ref"]);
    assert_eq!((table.axis.as_deref(), table.notes.len(), table.rows()), (Some("Position (nm)"), 0, 2));
    let profile = of("@ xaxis label \"x (nm)\"\n2 1\n1 5\n", &[Column::Index(1)]).unwrap();
    assert_eq!((profile.time_ps, profile.values), (None, vec![vec![1.0, 5.0]]));
}

#[test]
fn a_colvar_is_read_over_restarts_and_each_time_once() {
    let head = "#! FIELDS time phi opes.bias\n#! SET min_phi -pi\n#! SET max_phi pi\n";
    let text =
        format!("{head} 0.0 1 10\n 1.0 2 20\n 2.0 3 30\n{head} 1.0 4 40\n 2.0 5 50\n 3.0 6 60\n{head} 3.0 7 70\n");
    let table = of(&text, &[name("opes.bias"), name("time")]).unwrap();
    assert_eq!(table.values, [vec![10.0, 40.0, 50.0, 70.0], vec![0.0, 1.0, 2.0, 3.0]]);
    assert_eq!(table.time_ps, Some(table.values[1].clone()));
    assert_eq!(table.settings, [("min_phi".into(), "-pi".into()), ("max_phi".into(), "pi".into())]);
    let notes: Vec<_> = table.notes.iter().map(|note| (note.line, note.text.as_str())).collect();
    assert_eq!(
        notes,
        [
            (10, "time goes back to 1: 2 earlier rows from there on count as repeated"),
            (16, "time goes back to 3: 1 earlier row from there on count as repeated")
        ]
    );
    let twice = of("#! FIELDS time x\n0 1\n1 2\n0 3\n", &[Column::Index(1)]).unwrap();
    assert_eq!(twice.values, [[3.0]]);
    assert!(twice.notes[0].text.contains("two runs"), "{:?}", twice.notes);
    let other = format!("{head} 0 1 2\n#! FIELDS time psi opes.bias\n 1 1 2\n");
    assert_eq!(told(&other, &[Column::Index(1)]), "f:5: the fields differ from those before: divide the file there");
}

#[test]
fn plain_columns_are_read_with_and_without_names() {
    for (text, wanted) in [
        ("0 1.5\n1 2.5\n", Column::Index(1)),
        ("time,x\n0,1.5\n1,2.5", name("x")),
        ("# time x\n0\t1.5\r\n\r\n1\t2.5\r\n", name("x")),
        ("# anything at all\nt x\n0 1.5 \n1 2.5\n", name("x")),
        ("1.5\n2.5\n", Column::Index(0)),
        ("0, 1.5 ,7\n1, 2.5,8\n", Column::Index(1)),
    ] {
        let table = of(text, &[wanted]).unwrap();
        assert_eq!(table.values, [[1.5, 2.5]], "{text:?}");
        assert_eq!(table.time_ps.is_some(), text != "1.5\n2.5\n", "{text:?}");
        assert!(table.notes.is_empty());
    }
}

#[test]
fn a_first_column_that_goes_up_and_down_is_no_time() {
    let text: String = (0..100).map(|k| format!("{} {k}\n", (k * 37) % 11)).collect();
    let table = of(&text, &[Column::Index(1)]).unwrap();
    assert_eq!((table.rows(), table.time_ps, table.notes), (100, None, vec![]));
}

#[test]
fn a_last_line_that_was_cut_is_left_out_and_told() {
    for cut in ["0.0020\t0.7", "0.0020\t0.7\t0.", "0.0020", "0.0020\t-"] {
        let table = of(&format!("{XVG}{cut}"), &[Column::Index(1)]).unwrap();
        assert_eq!((table.rows(), table.notes[0].line, table.notes[0].text.as_str()), (2, 10, CUT), "{cut}");
    }
    assert_eq!(of("0 1\n1 2\n2", &[Column::Index(1)]).unwrap().values, [[1.0, 2.0]]);
    // Within the file it is a fault, and with nothing before it too.
    assert!(
        told(&format!("{XVG}0.002\n0.003\t1\t1\n"), &[Column::Index(1)])
            .contains("f:10: the row has 1 columns, others have 3")
    );
    assert!(told("#! FIELDS time x\n0 1", &[Column::Index(1)]).contains("no row of numbers"));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_column() {
    let nan = XVG.replace("-7.04e-01", "-nan");
    assert_eq!(
        told(&nan, &[Column::Index(1)]),
        "f:9: `-nan` in column 1 is not a finite number: find out why, and remove or correct the row"
    );
    // A column that nobody asked for may hold anything.
    assert!(of(&nan, &[Column::Index(2)]).is_ok());
    for (text, wanted, message) in [
        (XVG, Column::Index(3), "`f` has no column 3: it has 3: 0 `Time (ns)`, 1 `1`, 2 `1 ref`"),
        (XVG, name("2"), "`f` has no column `2`: it has 3: 0 `Time (ns)`, 1 `1`, 2 `1 ref`"),
        ("0 1\n", name("x"), "`f` has no column `x`: it has 0 to 1, without names"),
        ("t x x\n0 1 2\n", name("x"), "`f` calls columns 1 and 2 `x`: name one by its index"),
        ("0,,2\n", Column::Index(1), "f:1: `` in column 1 is not a finite number"),
        ("0 1\n1 1e999\n", Column::Index(1), "f:2: `1e999` in column 1"),
        ("#! FIELDS time x\n0 1 2\n1 2 3\n", Column::Index(1), "f:2: the row has 3 columns, others have 2"),
        ("@ s0 legend \"a\"\n0 1\n&\n0 2\n", Column::Index(1), "f:3: a second set of data begins"),
        ("", Column::Index(1), "has no row of numbers"),
        ("# only\n# comments\n", Column::Index(1), "has no row of numbers"),
    ] {
        assert!(told(text, &[wanted]).contains(message), "{text:?}: {message}");
    }
    let missing = read(Path::new("/nowhere/at all"), &[]).unwrap_err();
    assert!(missing.to_string().contains("cannot read `/nowhere/at all`"));
}

#[test]
fn every_number_is_rounded_as_the_standard_library_does() {
    let mut stream = CampaignSeed(5).stream(0, Purpose::Hops);
    for k in 0..20_000 {
        let x = (stream.uniform() - 0.5) * 10f64.powi(k % 40 - 20);
        for text in [format!("{x}"), format!("{x:.5}"), format!("{x:e}"), format!("{x:.17e}"), format!("{x:+.3}")] {
            assert_eq!(number::parse(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }
    for text in ["0", "-0", ".5", "5.", "1e5", "1E-5", "9007199254740993", "12345678901234567890", "1e23", "1e-30"] {
        let parsed = number::parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
    for text in ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1_000", "nan", "inf", "-Infinity", "1,5", "--1"] {
        assert_eq!(number::parse(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn values_that_are_not_finite_are_kept_where_that_is_wanted_in_every_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("COLVAR");
    let text = "#! FIELDS time a b\n0 -inf 1\n1 1 -nan\n2 INF nan(ind)\n1 2 -nan(0x8)\n2 3 4\n3 -Infinity 1.#QNAN\n";
    std::fs::write(&path, text).unwrap();
    let wanted = [Column::Name("a".into()), Column::Name("b".into())];
    let table = read_as_written(&path, &wanted).unwrap();
    let inf = f64::INFINITY;
    assert_eq!(table.values[0], [-inf, 2.0, 3.0, -inf]);
    let is_nan: Vec<bool> = table.values[1].iter().map(|value| value.is_nan()).collect();
    assert_eq!(is_nan, [false, true, false, true]);
    let odd: Vec<(usize, usize)> = table.not_finite.iter().map(|odd| (odd.row, odd.line)).collect();
    assert_eq!(odd, [(0, 2), (1, 5), (3, 7)], "of a row that was written again the last one counts");
    assert!(matches!(read(&path, &wanted), Err(Error::Number { line: 2, .. })), "others compute with them");
    std::fs::write(&path, "#! FIELDS time a\nnan 1\n").unwrap();
    assert!(matches!(read_as_written(&path, &[Column::Index(1)]), Err(Error::Number { line: 2, column: 0, .. })));
    std::fs::write(&path, "1\nnan\n-inf\n").unwrap();
    assert_eq!(read_as_written(&path, &[Column::Index(0)]).unwrap().values[0][2], -inf, "a column without times");
}
