//! No file, and no folder, imports what imports it.
//!
//! Modules at the top level have an order (`tests/layers.rs`); inside them any order will do, as long as there is one. A module and those
//! below it are one thing seen from outside: what `mod.rs` defines for its children, and takes from them, is no circle.
#![allow(clippy::unwrap_used)]
#[path = "support/source.rs"]
mod source;
use source::{SourceFile, source_files};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::Visit;

type ModulePath = Vec<String>;

/// What a file imports under which name: `use super::a::B as C` is `C` from `[.., "a", "B"]`; a glob has the name `*`.
struct Import {
    name: String,
    path: ModulePath,
    is_public: bool,
}

/// Collects the imports of a file, and the paths that it names without importing them.
struct Collector<'a> {
    module: &'a ModulePath,
    children: BTreeSet<String>,
    imports: Vec<Import>,
}

impl Collector<'_> {
    /// The path from the root of the crate; none for what is not of the crate.
    fn absolute(&self, path: &[String]) -> Option<ModulePath> {
        let mut from = self.module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => from.clear(),
            "self" => {}
            "super" => {
                from.pop();
            }
            child if self.children.contains(child) => return Some([&from[..], rest].concat()),
            _ => return None,
        }
        rest = &rest[1..];
        while rest.first().is_some_and(|name| name == "super") {
            from.pop();
            rest = &rest[1..];
        }
        Some([&from[..], rest].concat())
    }

    fn add_tree(&mut self, prefix: &[String], tree: &syn::UseTree, is_public: bool) {
        let mut add = |name: String, path: Vec<String>| {
            if let Some(path) = self.absolute(&path) {
                self.imports.push(Import { name, path, is_public });
            }
        };
        let with = |last: &syn::Ident| [prefix, &[last.to_string()]].concat();
        match tree {
            syn::UseTree::Path(tree) => self.add_tree(&with(&tree.ident), &tree.tree, is_public),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(prefix, tree, is_public)),
            syn::UseTree::Name(name) if name.ident == "self" => add(prefix.last().unwrap().clone(), prefix.to_vec()),
            syn::UseTree::Name(name) => add(name.ident.to_string(), with(&name.ident)),
            syn::UseTree::Rename(rename) => add(rename.rename.to_string(), with(&rename.ident)),
            syn::UseTree::Glob(_) => add("*".to_owned(), prefix.to_vec()),
        }
    }
}

impl<'a> Visit<'a> for Collector<'_> {
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        self.add_tree(&[], &item.tree, is_public);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1
            && path.leading_colon.is_none()
            && let Some(path) = self.absolute(&names)
        {
            self.imports.push(Import { name: String::new(), path, is_public: false });
        }
        syn::visit::visit_path(self, path);
    }
}

/// Which modules a module imports from, where re-exports count as imports from the module that defines the item.
struct Graph {
    edges: BTreeMap<ModulePath, BTreeSet<ModulePath>>,
}

impl Graph {
    fn new(files: &[SourceFile]) -> Self {
        let files: Vec<&SourceFile> = files.iter().filter(|file| !file.module.is_empty()).collect();
        let imports: BTreeMap<&ModulePath, Vec<Import>> =
            files.iter().map(|file| (&file.module, imports(file, &files))).collect();
        let mut edges: BTreeMap<ModulePath, BTreeSet<ModulePath>> = BTreeMap::new();
        for (module, found) in &imports {
            let into = edges.entry((*module).clone()).or_default();
            let defined = found.iter().filter_map(|import| defining(&import.path, &imports, 0));
            into.extend(defined.filter(|to| !to.starts_with(module) && !module.starts_with(to)));
        }
        Self { edges }
    }

    /// Edges between the files and folders of one folder.
    fn within(&self, folder: &[String]) -> Self {
        let entry = |module: &ModulePath| -> Option<ModulePath> {
            (module.len() > folder.len() && module.starts_with(folder)).then(|| module[..=folder.len()].to_vec())
        };
        let mut edges: BTreeMap<ModulePath, BTreeSet<ModulePath>> = BTreeMap::new();
        for (from, to) in self.edges.iter().filter_map(|(from, to)| Some((entry(from)?, to))) {
            edges.entry(from.clone()).or_default().extend(to.iter().filter_map(entry).filter(|to| *to != from));
        }
        Self { edges }
    }

    /// All sets of modules that import one another, directly or through others.
    fn circles(&self) -> BTreeSet<Vec<String>> {
        let reachable: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> =
            self.edges.keys().map(|module| (module, self.reachable(module))).collect();
        let is_mutual = |a: &ModulePath, b: &ModulePath| {
            reachable[a].contains(b) && reachable.get(b).is_some_and(|r| r.contains(a))
        };
        let circle = |module: &&ModulePath| -> Vec<String> {
            self.edges.keys().filter(|other| is_mutual(module, other)).map(|module| module.join("::")).collect()
        };
        self.edges.keys().filter(|module| is_mutual(module, module)).map(|module| circle(&module)).collect()
    }

    fn reachable(&self, from: &ModulePath) -> BTreeSet<&ModulePath> {
        let mut found = BTreeSet::new();
        let mut next: Vec<&ModulePath> = self.edges.get(from).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if found.insert(module) {
                next.extend(self.edges.get(module).into_iter().flatten());
            }
        }
        found
    }
}

fn imports(file: &SourceFile, files: &[&SourceFile]) -> Vec<Import> {
    let is_child =
        |other: &&&SourceFile| other.module.len() == file.module.len() + 1 && other.module.starts_with(&file.module);
    let children = files.iter().filter(is_child).map(|child| child.module.last().unwrap().clone()).collect();
    let mut collector = Collector { module: &file.module, children, imports: Vec::new() };
    collector.visit_file(&file.syntax);
    collector.imports
}

/// The module that defines an item: the longest prefix of its path that is a module, or what that one re-exports the item from.
fn defining(path: &[String], imports: &BTreeMap<&ModulePath, Vec<Import>>, depth: usize) -> Option<ModulePath> {
    let len = (1..=path.len()).rev().find(|&len| imports.contains_key(&path[..len].to_vec()))?;
    let (module, rest) = (path[..len].to_vec(), &path[len..]);
    let Some(name) = rest.first().filter(|_| depth < 10) else { return Some(module) };
    let re_export = imports[&module].iter().find(|import| import.is_public && import.name == *name);
    match re_export {
        Some(import) if import.path.starts_with(&module) && import.path.len() == module.len() => Some(module),
        Some(import) => defining(&import.path, imports, depth + 1),
        None => Some(module),
    }
}

/// Circles of files, and of the files and folders of each folder.
fn circles(files: &[SourceFile]) -> BTreeSet<Vec<String>> {
    let graph = Graph::new(files);
    let folders: BTreeSet<ModulePath> =
        graph.edges.keys().flat_map(|module| (1..module.len()).map(|len| module[..len].to_vec())).collect();
    let of_folders = folders.iter().flat_map(|folder| graph.within(folder).circles());
    graph.circles().into_iter().chain(of_folders).collect()
}

#[test]
fn nothing_imports_what_imports_it() {
    let files = source_files();
    assert!(files.len() > 300);
    let circles = circles(&files);
    assert!(circles.is_empty(), "{} circles: {circles:#?}", circles.len());
}

fn file(module: &str, text: &str) -> SourceFile {
    let module: ModulePath = module.split("::").map(str::to_owned).collect();
    SourceFile { path: module.join("/").into(), module, syntax: syn::parse_file(text).unwrap() }
}

#[test]
fn circles_are_found_through_reexports_paths_and_folders() {
    // A parent's own item, used by the child that the parent imports.
    assert!(
        circles(&[file("a", "mod b; use b::B; pub struct A;"), file("a::b", "use super::A; pub struct B;")]).is_empty()
    );
    // Through a re-export: `a::b` needs `a::c`, not `a`.
    let sibling =
        |c: &str| [file("a", "mod b; mod c; pub use c::C; use b::B;"), file("a::b", "use super::C;"), file("a::c", c)];
    assert!(circles(&sibling("pub struct C;")).is_empty());
    assert_eq!(circles(&sibling("fn f() { super::b::g(); }")), [vec!["a::b".to_owned(), "a::c".to_owned()]].into());
    // Folders that import one another by files that do not.
    let folders = [
        file("a", ""),
        file("a::x::one", "use crate::a::y::two::T;"),
        file("a::y::two", ""),
        file("a::y::three", "use crate::a::x::four::F;"),
        file("a::x::four", ""),
    ];
    assert_eq!(circles(&folders), [vec!["a::x".to_owned(), "a::y".to_owned()]].into());
}
