//! What does GROMACS say of an error, and what does it mean?
use super::plumed;
use crate::engines::ending::Sign;
use crate::engines::text;
use crate::process::Finished;
use crate::task::Cause;

/// What `gmx` says where a simulation blows up, which it would do again.
pub(super) const SIGNS: &[Sign] = &[
    ("LINCS WARNING", Cause::Unstable),
    ("Too many LINCS warnings", Cause::Unstable),
    ("can not be settled", Cause::Unstable),
    ("Too many SETTLE warnings", Cause::Unstable),
    ("Bond length not finite", Cause::Unstable),
    ("is not finite", Cause::Unstable),
    ("particles communicated to PME rank", Cause::Unstable),
    ("has become too large", Cause::Unstable),
    ("Error in user input", Cause::Input),
    ("Inconsistency in user input", Cause::Input),
    ("Invalid command-line options", Cause::Input),
    ("Unknown command-line option", Cause::Input),
    ("Invalid input", Cause::Input),
    ("Feature not implemented", Cause::Input),
    ("initializing the PLUMED force provider", Cause::Input),
    ("+++ PLUMED error", Cause::Input),
];

/// What stands above GROMACS's own words for an error, and PLUMED's in a patched one.
const MARKS: &[&str] = &[
    "Fatal error:",
    "Error in user input:",
    "Inconsistency in user input:",
    "Internal error (bug):",
    "+++ PLUMED error",
    "ERROR ",
];

/// What GROMACS says of an error: the lines below "Fatal error:" or the like, up to a rule.
pub(super) fn complaint(ended: &Finished) -> String {
    let text = ended.stderr.text();
    let lines: Vec<&str> = text.lines().collect();
    let is_mark = |line: &&str| MARKS.iter().any(|mark| line.trim_start().starts_with(mark));
    let Some(at) = lines.iter().position(is_mark) else { return String::new() };
    let said =
        lines[at..].iter().take_while(|line| !line.starts_with("For more information") && !line.starts_with("-----"));
    let said = said.copied().collect::<Vec<_>>().join("\n");
    plumed::words(&lines[..at], &said).unwrap_or(said)
}

/// The cause with GROMACS's own words alone, where it has some.
pub(super) fn shortened(cause: Cause, program: &str, label: &str, ended: &Finished) -> Cause {
    let words = text::last_lines(&complaint(ended), 8);
    if words.is_empty() {
        return cause;
    }
    let message = format!("{program} of {label} {}: {words}", ended.exit);
    match cause {
        Cause::Unstable(_) => Cause::Unstable(message),
        Cause::Input(_) => Cause::Input(message),
        Cause::Failed(_) => Cause::Failed(message),
        cause => cause,
    }
}
