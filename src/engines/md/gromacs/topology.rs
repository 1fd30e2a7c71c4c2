//! Which files belong to a topology?
use crate::config::Inputs;
use crate::journal::Fingerprint;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// The digest of a topology with all files that it includes from beside it.
///
/// # Errors
/// One of them cannot be read.
pub fn digest_with_includes(inputs: &Inputs, topology: &Path) -> io::Result<String> {
    let (mut all, mut open, mut seen) = (inputs.digest(topology)?, vec![topology.to_owned()], BTreeSet::new());
    while let Some(path) = open.pop() {
        let text = String::from_utf8_lossy(&inputs.bytes(&path)?).into_owned();
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("#include")?.split('"').nth(1));
        for file in names.map(|name| path.parent().unwrap_or(Path::new("")).join(name)) {
            if inputs.is_file(&file) && seen.insert(file.clone()) {
                let unreadable = |error| io::Error::other(format!("it includes `{}`: {error}", file.display()));
                all.push_str(&inputs.digest(&file).map_err(unreadable)?);
                open.push(file);
            }
        }
    }
    Ok(Fingerprint::of_text(&all).to_string())
}
