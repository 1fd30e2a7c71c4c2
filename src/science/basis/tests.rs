//! Counts, reading, and what is refused.
use super::*;

fn element(symbol: &str) -> Element {
    Element::of_symbol(symbol).unwrap()
}

#[test]
fn every_compiled_set_has_hydrogen_to_argon() {
    for name in names() {
        let set = named(name).unwrap();
        assert_eq!(set.name, *name);
        assert_eq!(set.elements().map(Element::number).collect::<Vec<_>>(), (1..=18).collect::<Vec<_>>(), "{name}");
        assert!(set.reference().lines().all(|line| line.contains(": ")) && set.reference().contains("DOI"), "{name}");
    }
    assert_eq!(named("6-31g(d)").unwrap().functions(element("O")), Some(15));
}
