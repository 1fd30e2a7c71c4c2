//! Limits that keep the code easy to pick up: how much a kind of campaign must implement, and how much is `unsafe`.
#![allow(clippy::unwrap_used)]
#[path = "support/source.rs"]
mod source;
use source::source_files;

/// The traits between the kinds of campaign and `run`.
const PROTOCOL: &[&str] = &["Campaign", "Workload", "Worker", "Reducer"];

#[test]
fn the_protocol_of_campaigns_has_at_most_20_methods() {
    let files = source_files();
    let campaigns = files.iter().filter(|file| file.module.first().is_some_and(|room| room == "campaigns"));
    let traits: Vec<&syn::ItemTrait> = campaigns
        .flat_map(|file| &file.syntax.items)
        .filter_map(|item| match item {
            syn::Item::Trait(item) if PROTOCOL.iter().any(|name| item.ident == name) => Some(item),
            _ => None,
        })
        .collect();
    assert_eq!(traits.len(), PROTOCOL.len(), "each trait of the protocol is defined once in `campaigns`");
    let methods = traits.iter().flat_map(|item| &item.items).filter(|item| matches!(item, syn::TraitItem::Fn(_)));
    let count = methods.count();
    assert!((10..=20).contains(&count), "{count} methods");
}

#[test]
fn at_most_30_lines_are_unsafe() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let texts = source_files().into_iter().map(|file| std::fs::read_to_string(root.join(file.path)).unwrap());
    let count: usize = texts.map(|text| text.lines().filter(|line| line.contains("unsafe")).count()).sum();
    assert!((1..=30).contains(&count), "{count} lines");
}
