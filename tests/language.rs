//! Names in `src` are words of the field, not a private language: the glossary is in `docs/design.md`.
#![allow(clippy::unwrap_used)]
#[path = "support/source.rs"]
mod source;
use source::{SourceFile, source_files};
use syn::visit::{self, Visit};

/// Words that no name may contain, as a part between underscores or capitals.
const NEVER: &[&str] = &[
    "afterwards",
    "asks",
    "berth",
    "conduct",
    "demand",
    "errand",
    "feeling",
    "foreseen",
    "foretold",
    "grain",
    "habit",
    "habits",
    "hear",
    "hello",
    "manner",
    "occasion",
    "orders",
    "overlay",
    "party",
    "pulled",
    "says",
    "seat",
    "settle",
    "shelf",
    "shelved",
    "stall",
    "told",
    "understood",
    "widest",
    "wish",
];

/// Words that are no name by themselves, of an item or a file: too vague, or with another meaning in the field.
const NEVER_ALONE: &[&str] = &[
    "at", "claim", "course", "eight", "end", "ended", "enter", "family", "found", "four", "given", "grows", "head",
    "hold", "kept", "leave", "lines", "note", "notice", "of", "past", "piece", "pieces", "place", "places", "present",
    "raise", "recipe", "say", "serve", "slot", "stays", "switches", "table", "take", "terms", "turn", "watch", "way",
    "whole", "wire", "work",
];

/// Collects private names of a file, each with its kind.
struct Names {
    private: Vec<String>,
}

impl Names {
    fn of_file(file: &SourceFile) -> Vec<String> {
        let mut names = Self { private: Vec::new() };
        if let Some(stem) = file.module.last() {
            names.item("file", stem);
        }
        names.visit_file(&file.syntax);
        names.private
    }

    /// An item, which others find by its name.
    fn item(&mut self, kind: &str, name: &str) {
        if NEVER_ALONE.contains(&name.to_lowercase().as_str()) {
            self.private.push(format!("{kind} {name}"));
        } else {
            self.any(kind, name);
        }
    }

    fn any(&mut self, kind: &str, name: &str) {
        if words(name).iter().any(|word| NEVER.contains(&word.as_str())) {
            self.private.push(format!("{kind} {name}"));
        }
    }
}

impl<'a> Visit<'a> for Names {
    fn visit_item_struct(&mut self, item: &'a syn::ItemStruct) {
        self.item("struct", &item.ident.to_string());
        visit::visit_item_struct(self, item);
    }
    fn visit_item_enum(&mut self, item: &'a syn::ItemEnum) {
        self.item("enum", &item.ident.to_string());
        visit::visit_item_enum(self, item);
    }
    fn visit_item_trait(&mut self, item: &'a syn::ItemTrait) {
        self.item("trait", &item.ident.to_string());
        visit::visit_item_trait(self, item);
    }
    fn visit_item_type(&mut self, item: &'a syn::ItemType) {
        self.item("type", &item.ident.to_string());
    }
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.item("mod", &item.ident.to_string());
        visit::visit_item_mod(self, item);
    }
    fn visit_item_const(&mut self, item: &'a syn::ItemConst) {
        self.item("const", &item.ident.to_string());
    }
    fn visit_item_static(&mut self, item: &'a syn::ItemStatic) {
        self.item("static", &item.ident.to_string());
    }
    fn visit_signature(&mut self, signature: &'a syn::Signature) {
        self.item("fn", &signature.ident.to_string());
        visit::visit_signature(self, signature);
    }
    fn visit_variant(&mut self, variant: &'a syn::Variant) {
        self.any("variant", &variant.ident.to_string());
        visit::visit_variant(self, variant);
    }
    fn visit_field(&mut self, field: &'a syn::Field) {
        if let Some(name) = &field.ident {
            self.any("field", &name.to_string());
        }
    }
    fn visit_pat_ident(&mut self, pattern: &'a syn::PatIdent) {
        self.any("binding", &pattern.ident.to_string());
    }
}

/// `PullCoordinate` and `pull_coordinate` are "pull" and "coordinate".
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last_is_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && last_is_lower) {
            words.push(String::new());
        }
        last_is_lower = c.is_lowercase() || c.is_numeric();
        words.last_mut().unwrap().extend(c.to_lowercase().filter(|c| *c != '_'));
    }
    words
}

#[test]
fn no_name_is_of_a_private_language() {
    let files = source_files();
    assert!(files.len() > 300);
    let of_file = |file: &SourceFile| -> Vec<String> {
        Names::of_file(file).iter().map(|name| format!("{}: {name}", file.path.display())).collect()
    };
    let private: Vec<String> = files.iter().flat_map(of_file).collect();
    assert!(private.is_empty(), "{} names: {private:#?}", private.len());
}

#[test]
fn private_names_of_every_kind_are_found() {
    let text = "struct Found { of_all: u8 } enum E { Told(u8) } fn take(shelf: u8) { let wish = 1; } mod of {} const SEAT: u8 = 0;";
    let file =
        SourceFile { path: "slot.rs".into(), module: vec!["slot".into()], syntax: syn::parse_file(text).unwrap() };
    let names = Names::of_file(&file);
    let expected = [
        "file slot",
        "struct Found",
        "variant Told",
        "fn take",
        "binding shelf",
        "binding wish",
        "mod of",
        "const SEAT",
    ];
    assert_eq!(names, expected);
    assert_eq!(words("HTTPServer_pulledCoordinate2"), ["httpserver", "pulled", "coordinate2"]);
}
