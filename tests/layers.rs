//! A module imports only what stands before it in one order; and only its own module touches an outside thing.
#![allow(clippy::unwrap_used)]
use std::fs;
use std::path::{Path, PathBuf};

/// The order; modules on one line do not import one another.
const LAYERS: &[&[&str]] = &[
    &["task", "units", "problem"],
    &["seed"],
    &["science"],
    &["plan"],
    &["config", "comm", "journal", "results", "process", "md", "figure"],
    &["engines"],
    &["campaigns"],
    &["run"],
    &["cli"],
    &["main"],
];

/// What only one module may name.
const DOORS: &[(&str, &[&str])] = &[
    ("comm", &["mpi::"]),
    ("results", &["hdf5::", "hdf5_sys::"]),
    ("process", &["process::Command", "fork()", "execve", "memfd_create(", "mmap("]),
    ("config", &["toml::"]),
    ("figure", &["plotters::"]),
];

fn layer(module: &str) -> usize {
    LAYERS.iter().position(|layer| layer.contains(&module)).unwrap_or_else(|| panic!("`{module}` has no layer"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => sources(&path, found),
            false if path.extension().is_some_and(|e| e == "rs") => found.push(path),
            false => {}
        }
    }
}

/// The names that follow `crate::` in a text, in braces too.
fn imports(text: &str) -> Vec<String> {
    let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    text.match_indices("crate::")
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$'))
        .flat_map(|(at, found)| {
            let rest = &text[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap().split(',').map(|name| word(name.trim())).collect(),
                None => vec![word(rest)],
            }
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn modules_import_only_what_stands_before_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut faults = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&root).unwrap();
        let module =
            inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let text = fs::read_to_string(file).unwrap();
        // Documentation may point anywhere.
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for import in imports(&code).into_iter().filter(|import| *import != module) {
            if layer(&import) >= layer(&module) {
                faults.push(format!("{}: {module} imports {import}", inside.display()));
            }
        }
        for (door, names) in DOORS.iter().filter(|(door, _)| *door != module) {
            let names = names.iter().filter(|name| code.match_indices(**name).any(|(at, _)| is_whole(&code, at)));
            faults.extend(names.map(|name| format!("{}: only {door} may name {name}", inside.display())));
        }
    }
    assert!(files.len() > 30);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Whether a name starts at `at` rather than being the end of a longer one.
fn is_whole(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
}

#[test]
fn the_check_sees_a_violation() {
    assert_eq!(imports("use crate::{task, plan::Plan};\nlet x = crate::run::go();"), ["task", "plan", "run"]);
    assert!(layer("run") > layer("plan"));
}
