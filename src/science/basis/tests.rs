//! Numbers of functions, spellings of names, parsing and errors.
use super::angular_momentum::LETTERS;
use super::*;
use crate::science::chemistry::Element;

fn element(symbol: &str) -> Element {
    Element::from_symbol(symbol).unwrap()
}

/// Numbers of functions of H to Ar.
fn counts(set: &BasisSet) -> Vec<usize> {
    set.elements().map(|element| set.functions(element).unwrap()).collect()
}

/// A set in Gaussian94 form.
fn gaussian94(set: &BasisSet) -> String {
    let mut text = if set.is_spherical { "spherical\n****\n" } else { "cartesian\n****\n" }.to_owned();
    for element in set.elements() {
        text += &format!("{element}     0\n");
        for shell in set.shells(element).unwrap() {
            text += &format!("{}    {}   1.00\n", LETTERS[shell.angular], shell.exponents.len());
            for (exponent, coefficient) in shell.exponents.iter().zip(&shell.coefficients) {
                text += &format!("{exponent:E} {coefficient:E}\n").replace('E', "D");
            }
        }
        text += "****\n";
    }
    text
}

/// A set as the exchange writes it.
fn json(set: &BasisSet) -> String {
    let text = |numbers: &[f64]| numbers.iter().map(|number| format!("{number:e}")).collect::<Vec<_>>();
    let shell = |shell: &Shell| {
        let kind = match shell.angular {
            0 | 1 => "gto",
            _ if set.is_spherical => "gto_spherical",
            _ => "gto_cartesian",
        };
        let (exponents, coefficients) = (text(&shell.exponents), text(&shell.coefficients));
        serde_json::json!({ "function_type": kind, "region": "", "angular_momentum": [shell.angular],
            "exponents": exponents, "coefficients": [coefficients] })
    };
    let functions = |element: Element| {
        let shells: Vec<_> = set.shells(element).unwrap().iter().map(shell).collect();
        (element.number().to_string(), serde_json::json!({ "electron_shells": shells }))
    };
    let elements: serde_json::Map<_, _> = set.elements().map(functions).collect();
    serde_json::json!({ "molssi_bse_schema": { "schema_type": "complete" }, "name": set.name, "elements": elements })
        .to_string()
}

/// The overlap of a contraction with itself.
fn norm(shell: &Shell) -> f64 {
    let power = shell.angular as f64 + 1.5;
    let overlap = |a: f64, b: f64| (2.0 * (a * b).sqrt() / (a + b)).powf(power);
    let primitives = || shell.exponents.iter().zip(&shell.coefficients);
    primitives().flat_map(|(a, c)| primitives().map(move |(b, d)| c * d * overlap(*a, *b))).sum()
}

/// Numbers of functions by PySCF 2.14, with `cart=True` for Cartesian sets.
#[test]
fn elements_have_as_many_functions_as_elsewhere() {
    let of_rows =
        |first: usize, second: usize, third: usize| [vec![first; 2], vec![second; 8], vec![third; 8]].concat();
    let svp = [5, 5, 9, 9, 14, 14, 14, 14, 14, 14, 15, 18, 18, 18, 18, 18, 18, 18].to_vec();
    let tzvp = [6, 6, 14, 19, 31, 31, 31, 31, 31, 31, 32, 32, 37, 37, 37, 37, 37, 37].to_vec();
    let wanted = [
        ("STO-3G", true, of_rows(1, 5, 9)),
        ("6-31G", false, of_rows(2, 9, 13)),
        ("6-31G*", false, of_rows(2, 15, 19)),
        ("6-31G**", false, of_rows(5, 15, 19)),
        ("6-311G**", true, of_rows(6, 18, 26)),
        ("cc-pVDZ", true, of_rows(5, 14, 18)),
        ("cc-pVTZ", true, of_rows(14, 30, 34)),
        ("aug-cc-pVDZ", true, of_rows(9, 23, 27)),
        ("aug-cc-pVTZ", true, of_rows(23, 46, 50)),
        ("def2-SVP", true, svp),
        ("def2-TZVP", true, tzvp),
    ];
    assert_eq!(names().to_vec(), wanted.each_ref().map(|set| set.0));
    for (name, is_spherical, functions) in wanted {
        let set = named(name).unwrap();
        assert_eq!((set.name.as_str(), set.is_spherical), (name, is_spherical));
        assert_eq!(set.elements().map(Element::number).collect::<Vec<_>>(), (1..=18).collect::<Vec<_>>(), "{name}");
        assert_eq!(counts(&set), functions, "{name}");
        assert_eq!((set.shells(element("K")), set.functions(element("K"))), (None, None));
    }
}

#[test]
fn every_set_names_its_papers() {
    for name in names() {
        let set = named(name).unwrap();
        assert!(set.reference().contains("DOI 10."), "{name}");
        assert!(set.reference().lines().all(|line| line.contains(": ")), "{name}");
    }
    let papers = named("cc-pVDZ").unwrap().reference().lines().count();
    assert_eq!(papers, 5);
}

#[test]
fn names_may_be_written_in_several_ways() {
    for (written, name) in [
        ("sto-3g", "STO-3G"),
        (" STO3G ", "STO-3G"),
        ("6-31g(d)", "6-31G*"),
        ("6-31G(d,p)", "6-31G**"),
        ("6-31G (D, P)", "6-31G**"),
        ("6-311g(d,p)", "6-311G**"),
        ("AUG-CC-PVDZ", "aug-cc-pVDZ"),
        ("def2svp", "def2-SVP"),
    ] {
        assert_eq!(named(written).unwrap().name, name);
    }
    assert!(["", "-", "6-31+G*", "6-311G*", "cc-pVQZ", "6-31G(2d,p)", "def2-TZVPP"].iter().all(|n| named(n).is_none()));
}

/// Contractions of other sets need not be normalized.
#[test]
fn sto_3g_is_normalised_as_far_as_its_digits_go() {
    let set = named("STO-3G").unwrap();
    for element in set.elements() {
        let worst = set.shells(element).unwrap().iter().map(|shell| (norm(shell) - 1.0).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-6, "{element}: {worst:e}");
    }
    let helium = &named("6-31G").unwrap().shells(element("He")).unwrap()[0].clone();
    assert!((norm(helium) - 0.350_560_6).abs() < 1e-6, "{}", norm(helium));
}

#[test]
fn larger_sets_have_the_functions_of_smaller_ones() {
    for (small, large) in
        [("6-31G", "6-31G*"), ("6-31G*", "6-31G**"), ("cc-pVDZ", "aug-cc-pVDZ"), ("cc-pVTZ", "aug-cc-pVTZ")]
    {
        let (small, large) = (named(small).unwrap(), named(large).unwrap());
        for element in small.elements() {
            let more = large.shells(element).unwrap();
            assert!(small.shells(element).unwrap().iter().all(|shell| more.contains(shell)), "{element}");
        }
    }
}

#[test]
fn what_is_written_is_read_again() {
    for name in names() {
        let set = named(name).unwrap();
        for again in [parse_gaussian94(name, &gaussian94(&set)).unwrap(), parse_bse_json(&json(&set)).unwrap()] {
            assert_eq!(again.name, *name);
            assert_eq!(again.shells, set.shells, "{name}");
            // JSON says nothing of s and p, which are the same in both kinds.
            assert_eq!(counts(&again), counts(&set), "{name}");
        }
    }
}

#[test]
fn shells_of_s_and_p_are_parted() {
    let text = "! Reference: H: one,\n!   and more\n! Reference: Li: two\n!\n! else\n\n****\n-Li 0\nSP 2 2.0 ! scaled\n  0.5D+00 1.0 0.0\n  1.5E-1 0.5d0 2\nD 1\n 1.0 1.0\nS 1 1.0 0.000000000000\n 0.1 1\n****\n";
    let set = parse_gaussian94("mine", text).unwrap();
    assert_eq!(set.reference(), "H: one, and more\nLi: two");
    assert!(set.is_spherical);
    let shell = |angular, exponents: &[f64], coefficients: &[f64]| Shell {
        angular,
        exponents: exponents.to_vec(),
        coefficients: coefficients.to_vec(),
    };
    let wanted = [
        shell(0, &[2.0, 0.6], &[1.0, 0.5]),
        shell(0, &[0.1], &[1.0]),
        shell(1, &[0.6], &[2.0]),
        shell(2, &[1.0], &[1.0]),
    ];
    assert_eq!(set.shells(element("Li")).unwrap(), wanted);
    assert_eq!(set.functions(element("Li")), Some(10));
    assert_eq!(
        parse_gaussian94("mine", &text.replace("****\n-", "CARTESIAN\n-")).unwrap().functions(element("Li")),
        Some(11)
    );
}

/// The message of the error in a text after `****`.
fn fault(text: &str) -> String {
    parse_gaussian94("mine", &format!("****\n{text}")).unwrap_err().to_string()
}

#[test]
fn errors_have_their_line() {
    for (text, message) in [
        ("", "line 1: no elements"),
        ("Oxygen 0\n", "line 2: `Oxygen` is not an element"),
        ("O\n", "line 2: expected an element and `0`, as in `O 0`, found `O`"),
        ("O 0\n****\n", "line 3: O has no shells"),
        ("O 0\nS 1 1.0\n1 1\n", "line 4: the file ends before `****`"),
        ("O 0\nS 2 1.0\n1 1\n****\n", "line 5: the first line of the shell announces 2 primitives, found 1"),
        ("O 0\nS 2 1.0\n1 1\nP 1 1.0\n", "line 5: the first line of the shell announces 2 primitives, found 1"),
        ("O 0\nS 1 1.0\n1 1\n2 1\n****\n", "line 5: expected a shell, as in `S 3 1.00`"),
        ("O 0\nS one 1.0\n", "line 3: expected a shell"),
        ("O 0\nS 0 1.0\n****\n", "line 3: all coefficients of the shell are zero"),
        ("O 0\nS 1 1.0\n1 0\n****\n", "line 4: all coefficients of the shell are zero"),
        ("O 0\nK 1 1.0\n1 1\n****\n", "line 3: `K` is not a supported shell"),
        ("O 0\nL=7 1 1.0\n1 1\n****\n", "line 3: `L=7` is not a supported shell"),
        ("O 0\nS 1 1.0\n1 1 1\n", "line 4: expected an exponent and 1 column of coefficients, found 3 numbers"),
        ("O 0\nSP 1 1.0\n1 1\n", "line 4: expected an exponent and 2 columns of coefficients, found 2 numbers"),
        ("O 0\nS 2 1.0\n1 1\n1 x\n", "line 5: `x` is not a number"),
        ("O 0\nS 2 1.0\n-1 1\n2 1\n", "line 4: the exponent -1 is not positive and finite"),
        ("O 0\nS 1 1.0\n1 nan\n", "line 4: the coefficient NaN is not finite"),
        ("O 0\nS 1 1.0\n1 1\n****\nO 0\nS 1 1.0\n", "line 7: O is defined twice"),
        ("I 0\nS 1 1.0\n1 1\n****\n\nI 0\nI-ECP 3 28\n", "line 8: effective core potentials are not supported"),
    ] {
        assert!(fault(text).starts_with(message), "{text:?}: {}", fault(text));
    }
}

/// Hydrogen in the form of the exchange, with some replacements.
fn hydrogen(replacements: &[(&str, &str)]) -> String {
    let text = r#"{"name": "cc-pVDZ", "version": "0", "elements": {"1": {"electron_shells": [
        {"function_type": "gto", "region": "valence", "angular_momentum": [0],
         "exponents": ["13.0100000", "0.4446000", "1.220D-01"],
         "coefficients": [["0.0196850", "0.4781480", "0.5012400"], ["0.0000000", "0.0", "1.0000000"]]},
        {"function_type": "gto", "angular_momentum": [0, 1], "exponents": [0.727], "coefficients": [[0.5], ["1.0"]]}],
      "references": [{"reference_description": "cc-pVDZ", "reference_keys": ["dunning1989a"]}]}}}"#;
    replacements.iter().fold(text.to_owned(), |text, (from, to)| text.replacen(from, to, 1))
}

#[test]
fn contractions_of_the_same_primitives_are_parted() {
    let set = parse_bse_json(&hydrogen(&[])).unwrap();
    assert_eq!((set.name.as_str(), set.reference(), set.is_spherical), ("cc-pVDZ", "H: dunning1989a", true));
    let shells = set.shells(element("H")).unwrap();
    assert_eq!(shells.iter().map(|shell| shell.angular).collect::<Vec<_>>(), [0, 0, 0, 1]);
    assert_eq!(shells[0].exponents, [13.01, 0.4446, 0.122]);
    assert_eq!((&shells[1].exponents[..], &shells[1].coefficients[..]), (&[0.122][..], &[1.0][..]));
    assert_eq!((shells[2].coefficients[0], shells[3].coefficients[0]), (0.5, 1.0));
}

#[test]
fn the_kind_of_functions_is_that_of_the_exchange() {
    let d = |kind: &'static str| [("\"gto\", \"angular_momentum\": [0, 1]", kind)];
    let cartesian = parse_bse_json(&hydrogen(&d(r#""gto_cartesian", "angular_momentum": [1, 2]"#))).unwrap();
    assert_eq!((cartesian.is_spherical, cartesian.functions(element("H"))), (false, Some(11)));
    let spherical = parse_bse_json(&hydrogen(&d(r#""gto_spherical", "angular_momentum": [1, 2]"#))).unwrap();
    assert_eq!((spherical.is_spherical, spherical.functions(element("H"))), (true, Some(10)));
}

#[test]
fn json_errors_have_their_path() {
    let cartesian =
        ("\"gto\", \"region\": \"valence\", \"angular_momentum\": [0]", r#""gto_cartesian", "angular_momentum": [2]"#);
    let spherical = ("\"gto\", \"angular_momentum\": [0, 1]", r#""gto_spherical", "angular_momentum": [2]"#);
    let second = (
        r#"["dunning1989a"]}]}"#,
        r#"["dunning1989a"]}]}, "1": {"electron_shells": [
        {"function_type": "gto", "angular_momentum": [0], "exponents": [1], "coefficients": [[1]]}]}"#,
    );
    for (replacements, message) in [
        (&[("\"1\": {", "\"0\": {")][..], "elements.0: `0` is not an element"),
        (&[("13.0100000", "13,01")], "elements.1.electron_shells[0]: `13,01` is not a number"),
        (&[("13.0100000", "0")], "elements.1.electron_shells[0]: the exponent 0 is not positive and finite"),
        (&[("[0]", "[7]")], "elements.1.electron_shells[0]: `l = 7` is not a supported shell"),
        (&[("\"0.4781480\", ", "")], "elements.1.electron_shells[0]: 3 exponents, but 2 coefficients"),
        (&[("[0, 1]", "[0, 1, 2]")], "elements.1.electron_shells[1]: 3 angular momenta, but 2 columns"),
        (&[("\"gto\"", "\"sto\"")], "elements.1.electron_shells[0]: functions of type `sto` are not supported"),
        (&[cartesian, spherical], "elements.1.electron_shells[1]: `gto_spherical` after functions of the other kind"),
        (&[second], "elements.1: H is defined twice"),
        (&[("\"references\"", r#""ecp_potentials": [{}], "references""#)], "elements.1.ecp_potentials: effective core"),
        (
            &[("\"elements\"", "\"parts\"")],
            "line 6: not a basis set in the JSON form of the Basis Set Exchange: missing field",
        ),
        (&[("\"version\": \"0\",", "\"version\": 0 0")], "line 1: not a basis set"),
    ] {
        let found = parse_bse_json(&hydrogen(replacements)).unwrap_err().to_string();
        assert!(found.starts_with(message), "{found}");
    }
    let none = r#"{"name": "none", "elements": {}}"#;
    assert_eq!(parse_bse_json(none).unwrap_err().to_string(), "elements: no elements");
    let bare = r#"{"name": "none", "elements": {"8": {"electron_shells": []}}}"#;
    assert_eq!(parse_bse_json(bare).unwrap_err().to_string(), "elements.8: O has no shells");
}
