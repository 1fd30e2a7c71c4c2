//! Files that are a configuration by themselves.
use super::*;
use crate::campaigns::fragments::input::translate;

fn translated(name: &str, text: &str) -> Option<Config> {
    let path = Path::new("some/where").join(name);
    Some(Config::translated(&path, text, translate(&path, text)?))
}

#[test]
fn a_many_body_input_has_outputs_of_its_name() {
    for name in ["many_body_1.json", "many_body_2.json"] {
        let config = translated(name, &fixture(name)).unwrap();
        let stem = name.trim_end_matches(".json");
        assert_eq!(config.campaign.output, Path::new(&format!("{stem}.h5")));
        assert_eq!(config.exported().unwrap(), Path::new("some/where").join(format!("{stem}.result.json")));
        // The input is the text itself: there is no such file.
        let (direct, named) = (read_config(&config).unwrap(), read_keys(&format!("input = \"{name}\"")).unwrap());
        assert_eq!((&direct.digest, direct.section.level.len()), (&named.digest, named.section.level.len()));
        assert_eq!(direct.many_body, named.many_body);
    }
}

#[test]
fn only_qcschema_is_taken_for_a_many_body_input() {
    let is_input = |text: &str| translated("m.json", text).is_some();
    assert!(is_input(r#"{"molecule": {}, "specification": {}}"#));
    assert!(is_input(r#" {"schema_name": "qcschema_many_body_input"}"#));
    // With a fault of syntax, which is reported as such.
    assert!(is_input(r#"{"molecule": {}, "specification": {},}"#));
    for text in
        ["[campaign]\nkind = \"fragments\"", r#"{"campaign": {"kind": "fragments"}}"#, r#"{"molecule": 1}"#, "{", "[1]"]
    {
        assert!(!is_input(text), "{text}");
    }
}

#[test]
fn faults_point_to_values_of_the_file() {
    let text = fixture("many_body_2.json").replace("\"max_nbody\": 2", "\"max_nbody\": 7");
    let config = translated("m.json", &text).unwrap();
    let faults = read_config(&config).unwrap_err();
    let fault = faults.iter().next().unwrap();
    let line = 1 + text.lines().position(|line| line.contains("\"max_nbody\": 7")).unwrap();
    assert_eq!((fault.line, &fault.line_text[fault.span.clone()]), (line, "7"), "{fault}");
    assert_eq!(fault.key, "specification.keywords.max_nbody");
    // So do faults of keys.
    let fault = config.fault("fragments.max_order", "too high", "lower it");
    assert_eq!((fault.line, &fault.line_text[fault.span.clone()]), (line, "7"));
    let fault = config.fault("fragments.unknown", "too high", "lower it");
    assert_eq!(fault.line, 1);
}
