//! Values of JSON files and their locations.
use super::super::json::Document;
use super::*;

/// The message of the first fault.
fn first<T>(result: Result<T, Faults>) -> String {
    result.err().unwrap().iter().next().unwrap().message.clone()
}

#[test]
fn faults_name_line_column_and_path() {
    let config = config("molecule = \"m.json\"");
    let text = "{\n  \"a\": [1,\n   {\"b c\": 2.5, \"é\": \"x\"}],\n \"n\": null }";
    let document = Document::parse(&config, "fragments.molecule", "m.json", text).unwrap();
    let inner = document.root().get("a").unwrap().item(1);
    let reported = first(inner.get("b c").unwrap().integer::<i32>());
    assert_eq!(reported, "m.json:3:12: a[1].b c: expected an integer in range, found 2.5");
    assert!(first(inner.get("é").unwrap().number()).starts_with("m.json:3:22: a[1].é: "));
    assert!(document.root().get("n").is_none());
    assert!(first(document.root().require("n")).starts_with("m.json:1:1: `n` is missing"));
    let unknown = document.root().unknown_keys("aa n");
    assert_eq!(unknown.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>(), ["m.json:2:8: a: unknown key"]);
    let broken = Document::parse(&config, "fragments.molecule", "m.json", "{\n \"a\": NaN}");
    let broken = first(broken);
    assert!(broken.starts_with("m.json:2:7: invalid JSON: expected"), "{broken}");
}
