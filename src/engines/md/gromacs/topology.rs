//! Which files belong to a topology?
use crate::journal::{Fingerprint, digest_of_file};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The digest of a topology with all files that it includes from beside it.
pub fn digest_with_includes(topology: &Path, digest: String) -> String {
    let (mut all, mut open, mut seen) = (digest, vec![topology.to_owned()], BTreeSet::new());
    while let Some(path) = open.pop() {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("#include")?.split('"').nth(1));
        for file in names.map(|name| path.parent().unwrap_or(Path::new("")).join(name)).filter(|file| file.is_file()) {
            if seen.insert(file.clone()) {
                all.push_str(&digest_of_file(&file).unwrap_or_default());
                open.push(file);
            }
        }
    }
    Fingerprint::of_text(&all).to_string()
}
