//! What do all sections with keys of GROMACS check alike?
use crate::engines::md::gromacs::RESERVED_MDRUN_ARGS;
use crate::journal::{Fingerprint, digest_of_file};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Arguments of `grompp` that simmpi sets itself.
const RESERVED_GROMPP_ARGS: &[&str] = &["-f", "-o", "-po", "-c", "-p", "-n", "-t"];

/// Arguments that simmpi sets itself, and the `further` ones of `mdrun` that a campaign sets: (key in the section, message, help).
pub fn reserved_arguments(
    mdrun_args: &[String],
    grompp_args: &[String],
    further: &[&str],
) -> Vec<(String, String, &'static str)> {
    let of_mdrun: Vec<&str> = RESERVED_MDRUN_ARGS.iter().chain(further).copied().collect();
    let mut found = Vec::new();
    for (key, args, reserved) in
        [("mdrun_args", mdrun_args, &of_mdrun[..]), ("grompp_args", grompp_args, RESERVED_GROMPP_ARGS)]
    {
        for (index, word) in args.iter().enumerate().filter(|(_, word)| reserved.contains(&word.as_str())) {
            let help = "remove it: simmpi sets it from the keys of this section and the run parameters";
            found.push((format!("{key}.{index}"), format!("`{word}` is reserved"), help));
        }
    }
    found
}

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
