//! Files of columns as GROMACS, PLUMED and others write them, intact and damaged.
use super::reader::LAST_LINE;
use super::*;
use crate::seed::{CampaignSeed, Purpose};

fn parse_text(text: &str, wanted: &[Column]) -> Result<ColumnTable, Error> {
    parse(Path::new("f"), text.as_bytes(), wanted)
}

fn name(name: &str) -> Column {
    Column::Name(name.to_owned())
}

fn error_text(text: &str, wanted: &[Column]) -> String {
    parse_text(text, wanted).unwrap_err().to_string()
}

const XVG: &str = "# Created by:\n@    title \"Pull COM\"\n@    xaxis  label \"Time (ns)\"\n@    yaxis  label \"Position (nm)\"\n@TYPE xy\n\
    @ s0 legend \"1\"\n@ s1 legend \"1 ref\"\n0.0000\t0.73115\t0.5\n0.0010\t-7.04e-01\t0.5\n";

#[test]
fn an_xvg_is_read_by_index_and_by_legend() {
    let table = parse_text(XVG, &[Column::Index(1), name("1 ref"), name("time"), name("Time (ns)")]).unwrap();
    assert_eq!(table.values, [vec![0.73115, -0.704], vec![0.5, 0.5], vec![0.0, 0.001], vec![0.0, 0.001]]);
    assert_eq!(table.time_ps.as_deref(), Some(&[0.0, 1.0][..]));
    assert_eq!(table.names, ["Time (ns)", "1", "1 ref"]);
    assert_eq!((table.axis.as_deref(), table.diagnostics.len(), table.rows()), (Some("Position (nm)"), 0, 2));
    let profile = parse_text("@ xaxis label \"x (nm)\"\n2 1\n1 5\n", &[Column::Index(1)]).unwrap();
    assert_eq!((profile.time_ps, profile.values), (None, vec![vec![1.0, 5.0]]));
}

#[test]
fn a_colvar_with_restarts_has_every_time_once() {
    let head = "#! FIELDS time phi opes.bias\n#! SET min_phi -pi\n#! SET max_phi pi\n";
    let text =
        format!("{head} 0.0 1 10\n 1.0 2 20\n 2.0 3 30\n{head} 1.0 4 40\n 2.0 5 50\n 3.0 6 60\n{head} 3.0 7 70\n");
    let table = parse_text(&text, &[name("opes.bias"), name("time")]).unwrap();
    assert_eq!(table.values, [vec![10.0, 40.0, 50.0, 70.0], vec![0.0, 1.0, 2.0, 3.0]]);
    assert_eq!(table.time_ps, Some(table.values[1].clone()));
    let settings: Vec<_> = table.settings.iter().map(|set| (set.name.as_str(), set.value.as_str(), set.line)).collect();
    assert_eq!(settings, [("min_phi", "-pi", 2), ("max_phi", "pi", 3)]);
    let diagnostics: Vec<_> = table.diagnostics.iter().map(|one| (one.line, one.text.as_str())).collect();
    assert_eq!(
        diagnostics,
        [(10, "time goes back 2 times, first to 1 and last to 3: 3 earlier rows from there on count as repeated")]
    );
    let twice = parse_text("#! FIELDS time x\n0 1\n1 2\n0 3\n", &[Column::Index(1)]).unwrap();
    assert_eq!(twice.values, [[3.0]]);
    assert!(twice.diagnostics[0].text.contains("two runs"), "{:?}", twice.diagnostics);
    let other = format!("{head} 0 1 2\n#! FIELDS time psi opes.bias\n 1 1 2\n");
    assert_eq!(
        error_text(&other, &[Column::Index(1)]),
        "f:5: the fields differ from those before: split the file there"
    );
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
        let table = parse_text(text, &[wanted]).unwrap();
        assert_eq!(table.values, [[1.5, 2.5]], "{text:?}");
        assert_eq!(table.time_ps.is_some(), text != "1.5\n2.5\n", "{text:?}");
        assert!(table.diagnostics.is_empty());
    }
}

#[test]
fn a_first_column_that_goes_up_and_down_is_not_a_time() {
    let text: String = (0..100).map(|k| format!("{} {k}\n", (k * 37) % 11)).collect();
    let table = parse_text(&text, &[Column::Index(1)]).unwrap();
    assert_eq!((table.rows(), table.time_ps, table.diagnostics), (100, None, vec![]));
}

#[test]
fn a_last_line_that_was_cut_is_left_out_and_error_text() {
    for cut in ["0.0020\t0.7", "0.0020\t0.7\t0.", "0.0020", "0.0020\t-"] {
        let table = parse_text(&format!("{XVG}{cut}"), &[Column::Index(1)]).unwrap();
        assert_eq!(
            (table.rows(), table.diagnostics[0].line, table.diagnostics[0].text.as_str()),
            (2, 10, LAST_LINE),
            "{cut}"
        );
    }
    assert_eq!(parse_text("0 1\n1 2\n2", &[Column::Index(1)]).unwrap().values, [[1.0, 2.0]]);
    // Within the file it is an error, and as the only row too.
    assert!(
        error_text(&format!("{XVG}0.002\n0.003\t1\t1\n"), &[Column::Index(1)])
            .contains("f:10: the row has 1 columns, others have 3")
    );
    assert!(error_text("#! FIELDS time x\n0 1", &[Column::Index(1)]).contains("no row of numbers"));
}

#[test]
fn errors_name_the_line_and_the_column() {
    let nan = XVG.replace("-7.04e-01", "-nan");
    assert_eq!(
        error_text(&nan, &[Column::Index(1)]),
        "f:9: `-nan` in column 1 is not a finite number: find the cause, and remove or correct the row"
    );
    // Other columns may contain anything.
    assert!(parse_text(&nan, &[Column::Index(2)]).is_ok());
    for (text, wanted, message) in [
        (XVG, Column::Index(3), "`f` has no column 3: it has 3: 0 `Time (ns)`, 1 `1`, 2 `1 ref`"),
        (XVG, name("2"), "`f` has no column `2`: it has 3: 0 `Time (ns)`, 1 `1`, 2 `1 ref`"),
        ("0 1\n", name("x"), "`f` has no column `x`: it has 0 to 1, without names"),
        ("t x x\n0 1 2\n", name("x"), "columns 1 and 2 of `f` are both called `x`: select one by its index"),
        ("0,,2\n", Column::Index(1), "f:1: `` in column 1 is not a finite number"),
        ("0 1\n1 1e999\n", Column::Index(1), "f:2: `1e999` in column 1"),
        ("#! FIELDS time x\n0 1 2\n1 2 3\n", Column::Index(1), "f:2: the row has 3 columns, others have 2"),
        ("@ s0 legend \"a\"\n0 1\n&\n0 2\n", Column::Index(1), "f:3: a second set of data begins"),
        ("", Column::Index(1), "has no row of numbers"),
        ("# only\n# comments\n", Column::Index(1), "has no row of numbers"),
    ] {
        assert!(error_text(text, &[wanted]).contains(message), "{text:?}: {message}");
    }
    let missing = read(Path::new("/nowhere/at all"), &[]).unwrap_err();
    assert!(missing.to_string().contains("cannot read `/nowhere/at all`"));
}

/// The values of the second column, and the diagnostics.
fn read_second(text: &str) -> (Vec<f64>, Vec<(usize, String)>) {
    let table = parse_text(text, &[Column::Index(1)]).unwrap();
    (table.values[0].clone(), table.diagnostics.into_iter().map(|one| (one.line, one.text)).collect())
}

#[test]
fn an_ampersand_after_the_last_row_of_an_xvg_ends_its_set() {
    for end in ["&\n", "&", "&\n\n", "&\n# xmgrace\n@ s1 legend \"2\"\n\n", "\n&\n&\n"] {
        let (values, diagnostics) = read_second(&format!("{XVG}{end}"));
        assert_eq!((values.len(), diagnostics.len()), (2, 0), "{end:?}");
    }
    assert_eq!(read_second(&format!("&\n{XVG}")).0.len(), 2);
    assert!(
        error_text(&format!("{XVG}&\n\n@type xy\n0 1 2\n"), &[Column::Index(1)]).contains("f:10: a second set of data")
    );
}

#[test]
fn labels_of_xmgrace_keep_their_text_when_their_format_follows() {
    let looks = "@    xaxis  label \"Time (ns)\"\n@    xaxis  label char size 1.0\n@    yaxis  label \"x (nm)\"\n\
        @    yaxis  label layout para\n@target G0.S0\n@type xy\n0 1\n1 2\n&\n";
    let table = parse_text(looks, &[Column::Index(1)]).unwrap();
    assert_eq!((table.time_ps, table.axis.as_deref()), (Some(vec![0.0, 1000.0]), Some("x (nm)")));
}

const COLVAR: &str = "#! FIELDS time phi bias\n 0.0 1 10\n 1.0 2 20\n";

#[test]
fn a_row_that_a_kill_cut_off_is_left_out_whatever_follows_it() {
    let header = "#! FIELDS time phi bias\n";
    let cut = "the row is cut off, as a killed program leaves it: it is left out";
    for (text, expected) in [
        // A header on the same line: after complete columns too, whose last number may have lost digits.
        (format!("{COLVAR} 2.0 {header} 2.0 3 30\n"), vec![1.0, 2.0, 3.0]),
        (format!("{COLVAR} 2.0 3 3{header} 2.0 3 30\n"), vec![1.0, 2.0, 3.0]),
        (format!("{COLVAR} 2.0 {header} 3.0 4 30\n"), vec![1.0, 2.0, 4.0]),
        // A header on the next line.
        (format!("{COLVAR} 2.0 3\n{header} 2.0 3 30\n"), vec![1.0, 2.0, 3.0]),
        // No header: the next row goes back in time, on its own line or on that of the row that was cut off.
        (format!("{COLVAR} 2.0 3\n 2.0 3 30\n 3.0 4 40\n"), vec![1.0, 2.0, 3.0, 4.0]),
        (format!("{COLVAR} 2.0 - 2.0 3 30\n 3.0 4 40\n"), vec![1.0, 2.0, 3.0, 4.0]),
        (format!("{COLVAR} 2.0 3 3 2.0 3 30\n 3.0 4 40\n"), vec![1.0, 2.0, 3.0, 4.0]),
    ] {
        let (values, diagnostics) = read_second(&text);
        assert_eq!((values, diagnostics), (expected, vec![(4, cut.to_owned())]), "{text:?}");
    }
    // If time continues, the row was not cut off by a kill.
    for text in [" 2.0 3\n 3.0 4 40\n", " 2.0 3 30 3.0 4 40\n", " 2.0 3\n"] {
        assert!(error_text(&format!("{COLVAR}{text}"), &[Column::Index(1)]).contains("f:4: the row has"), "{text:?}");
    }
}

#[test]
fn a_header_that_was_cut_off_is_ignored() {
    let whole = "#! FIELDS time phi bias\n#! SET min_phi -pi\n#! SET max_phi pi\n";
    let rows = " 0.0 1 10\n";
    for cut in ["#", "#! FIEL", "#! FIELDS time ph", "#! FIELDS time phi bias\n#! SET min_phi -p"] {
        let table = parse_text(&format!("{whole}{rows}{cut}{whole} 1.0 2 20\n"), &[name("phi")]).unwrap();
        assert_eq!((table.values[0].as_slice(), table.diagnostics.len()), (&[1.0, 2.0][..], 0), "{cut}");
        assert!(table.period(&name("phi")).unwrap().is_some(), "{cut}");
        let table = parse_text(&format!("{whole}{rows}{cut}"), &[name("phi")]).unwrap();
        assert_eq!(table.rows(), 1, "{cut}");
    }
}

#[test]
fn lines_with_zero_bytes_are_left_out() {
    for (text, expected, count) in [
        (format!("{COLVAR} 2.0 3\0\0\0\0"), vec![1.0, 2.0], 1),
        (format!("{COLVAR}\0\0\0\0#! FIELDS time phi bias\n 2.0 3 30\n"), vec![1.0, 2.0, 3.0], 1),
        (format!("{COLVAR} 2.0\0\0.0 4 40\n 5.0 6 60\n"), vec![1.0, 2.0, 6.0], 1),
        (format!("{COLVAR}\0\0\n\0\n 5.0 6 60\n"), vec![1.0, 2.0, 6.0], 2),
    ] {
        let (values, diagnostics) = read_second(&text);
        assert_eq!((values, diagnostics.len(), diagnostics[0].0), (expected, 1, 4), "{text:?}");
        assert!(
            diagnostics[0].1.contains("bytes of zero") && diagnostics[0].1.starts_with("2 lines") == (count == 2),
            "{diagnostics:?}"
        );
    }
}

/// Rows at times `from..to` in unit steps, with the number of the run that wrote them.
fn rows(run: u32, from: u32, to: u32) -> String {
    (from..to).map(|t| format!("{t} {run}\n")).collect()
}

#[test]
fn many_restarts_give_one_diagnostic() {
    let head = "@ xaxis label \"Time (ps)\"\n";
    let pieces: String = (0..30).map(|k| rows(k, k * 10, k * 10 + 14)).collect();
    let (values, diagnostics) = read_second(&format!("{head}{pieces}"));
    assert_eq!(values.len(), 304);
    assert!((0..300).all(|t| values[t] == (t / 10) as f64), "the last row of each time counts");
    let text = "time goes back 29 times, first to 10 and last to 290: 116 earlier rows from there on count as repeated";
    assert_eq!(diagnostics, [(16, text.to_owned())]);
    // Without a header too, where the first column must be times.
    let bare: String = (0..15).map(|k| rows(k, k * 10, k * 10 + 14)).collect();
    assert_eq!(read_second(&bare).0.len(), 154);
    // A program that ends repeatedly after one row; and one that repeats the row it continues from.
    let stuck: String = (0..20).map(|_| rows(1, 99, 100)).collect();
    assert_eq!(read_second(&format!("{head}{}{stuck}", rows(0, 0, 100))).0.len(), 100);
    let slow: String = (0..20).map(|t| rows(0, t, t + 2)).collect();
    assert_eq!(read_second(&format!("{head}{slow}")).0.len(), 21);
}

#[test]
fn rows_of_two_programs_that_alternate_are_refused_with_the_line_where_that_begins() {
    let head = "@ xaxis label \"Time (ps)\"\n";
    let first = rows(1, 0, 100);
    let alternate = |rows_of_each: u32, behind: u32| -> String {
        let one =
            |k| (rows(1, 100 + k, 100 + k + rows_of_each), rows(2, 100 + k - behind, 100 + k - behind + rows_of_each));
        (0..10).map(|k| one(k * rows_of_each)).map(|(first, second)| first + &second).collect()
    };
    for (rows_of_each, behind, line, time) in [(1, 50, 103, 50), (1, 0, 103, 100), (2, 70, 104, 30), (20, 50, 122, 50)]
    {
        let text = format!("{head}{first}{}", alternate(rows_of_each, behind));
        let message = error_text(&text, &[Column::Index(1)]);
        let begin = format!("f:{line}: from here on time goes back ");
        assert!(
            message.starts_with(&begin) && message.contains(&format!("first to {time}: two programs")),
            "{message}"
        );
    }
    // A header before each stretch shows that a program began there.
    let announced: String = (0..10).map(|t| format!("{head}{}", rows(t, t, t + 2))).collect();
    assert_eq!(read_second(&announced).0.len(), 11);
}

#[test]
fn a_file_in_two_parts_reads_like_the_whole() {
    let head = "#! FIELDS time phi bias\n#! SET min_phi -pi\n#! SET max_phi pi\n";
    let line = |t: usize| format!(" {t}.0 {} {}\n", t * t, 7 * t);
    let piece = |from: usize, to: usize| (from..to).map(line).collect::<String>();
    let wanted = [name("phi"), name("bias")];
    let whole = parse_text(&format!("{head}{}", piece(0, 50)), &wanted).unwrap();
    for (first, second) in [(piece(0, 20), piece(20, 50)), (piece(0, 30), piece(20, 50)), (piece(0, 30), piece(29, 50))]
    {
        for between in ["", head] {
            let joined = parse_text(&format!("{head}{first}{between}{second}"), &wanted).unwrap();
            assert_eq!((&joined.values, &joined.time_ps), (&whole.values, &whole.time_ps));
            assert_eq!(joined.period(&wanted[0]), whole.period(&wanted[0]));
        }
    }
}

#[test]
fn a_period_is_read_from_headers_in_any_spelling() {
    let period = |settings: &[&str]| {
        let set: String = settings.iter().map(|setting| format!("#! SET {setting}\n")).collect();
        parse_text(&format!("#! FIELDS time phi psi\n{set} 0 1 2\n"), &[name("phi")]).unwrap().period(&name("phi"))
    };
    let turn = 2.0 * std::f64::consts::PI;
    for settings in
        [["min_phi -pi", "max_phi +pi"], ["min_phi 0", "max_phi 2pi"], ["min_phi -PI/2", "max_phi (3/2)*PI"]]
    {
        assert!((period(&settings).unwrap().unwrap() - turn).abs() < 1e-12, "{settings:?}");
    }
    for settings in [&[][..], &["min_psi -pi", "max_psi pi"], &["min_phi 0", "max_phi 0"]] {
        assert_eq!(period(settings), Ok(None), "{settings:?}");
    }
    assert_eq!(period(&["min_phi 0", "max_phi 1", "periodic_phi false"]), Ok(None));
    for (settings, line, part) in [
        (&["min_phi -pi", "max_phi tau"][..], 3, "cannot parse `max_phi tau`"),
        (&["min_phi -pi"], 2, "`min_phi` is set, but not `max_phi`"),
        (&["max_phi pi"], 2, "`max_phi` is set, but not `min_phi`"),
        (&["min_phi pi", "max_phi -pi"], 3, "from pi to -pi, which is not a period"),
        (&["min_phi 1", "max_phi 1"], 3, "from 1 to 1, which is not a period"),
        (&["min_phi -pi", "max_phi pi", "max_phi 2*pi"], 4, "`max_phi` is 2*pi here and pi in line 3"),
    ] {
        let error = period(settings).unwrap_err();
        assert!(error.line == line && error.to_string().contains(part), "{error}");
    }
    // The same bound in another spelling.
    assert!(period(&["min_phi -pi", "max_phi pi", "min_phi -3.141593", "max_phi 3.141593"]).unwrap().is_some());
    let by_index =
        parse_text("#! FIELDS time phi\n#! SET min_phi 0\n#! SET max_phi 4\n 0 1\n", &[Column::Index(1)]).unwrap();
    assert_eq!(by_index.period(&Column::Index(1)), Ok(Some(4.0)));
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
fn values_that_are_not_finite_are_kept_on_request_in_every_spelling() {
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
    let found: Vec<(usize, usize)> = table.not_finite.iter().map(|one| (one.row, one.line)).collect();
    assert_eq!(found, [(0, 2), (1, 5), (3, 7)], "the last of repeated rows counts");
    let refused = read(&path, &wanted).unwrap_err().to_string();
    assert!(refused.contains(":2: `-inf` in column 1 is not a finite number"), "`read` rejects them: {refused}");
    std::fs::write(&path, "#! FIELDS time a\nnan 1\n").unwrap();
    let refused = read_as_written(&path, &[Column::Index(1)]).unwrap_err().to_string();
    assert!(refused.contains(":2: `nan` in column 0 is not a finite number"), "{refused}");
    std::fs::write(&path, "1\nnan\n-inf\n").unwrap();
    assert_eq!(read_as_written(&path, &[Column::Index(0)]).unwrap().values[0][2], -inf, "a column without times");
}
