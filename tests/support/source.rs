//! The files of `src` as syntax trees, without what only tests compile.
#![allow(dead_code, clippy::unwrap_used)]
use std::fs;
use std::path::{Path, PathBuf};

/// One file of `src`.
pub struct SourceFile {
    /// Relative to `src`.
    pub path: PathBuf,
    /// The module that the file defines, from the root of the crate: `["plan", "batch"]`; empty for `lib.rs` and `main.rs`.
    pub module: Vec<String>,
    pub syntax: syn::File,
}

/// All files of `src` but those of unit tests.
pub fn source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    list(&root, &mut paths);
    paths.sort();
    paths.iter().map(|path| parse(&root, path)).collect()
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let is_test = path.file_stem().unwrap() == "tests";
        match path.is_dir() {
            _ if is_test => {}
            true => list(&path, paths),
            false if path.extension().is_some_and(|e| e == "rs") => paths.push(path),
            false => {}
        }
    }
}

fn parse(root: &Path, path: &Path) -> SourceFile {
    let inside = path.strip_prefix(root).unwrap().to_owned();
    let mut module: Vec<String> =
        inside.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(module.last().unwrap().as_str(), "mod" | "lib" | "main") {
        module.pop();
    }
    let mut syntax = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
    syntax.items.retain(|item| !is_only_for_tests(item));
    SourceFile { path: inside, module, syntax }
}

fn is_only_for_tests(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_test)
}
