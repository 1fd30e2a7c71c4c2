//! Which error did a GROMACS command report, and of what kind is it?
use crate::engines::failure::ErrorPattern;
use crate::engines::md::plumed;
use crate::engines::text;
use crate::process::Finished;
use crate::task::Cause;

/// Error messages of `gmx` and of PLUMED in it; those of an unstable simulation first.
pub const ERROR_PATTERNS: &[ErrorPattern] = &[
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

/// Headings above the error message of GROMACS, and above PLUMED's in a patched version.
const HEADINGS: &[&str] = &[
    "Fatal error:",
    "Error in user input:",
    "Inconsistency in user input:",
    "Internal error (bug):",
    "+++ PLUMED error",
    "ERROR ",
];

/// The error message in standard error: the lines from "Fatal error:" or the like up to a rule; empty without one.
pub fn error_message(finished: &Finished) -> String {
    let text = finished.stderr.text();
    let lines: Vec<&str> = text.lines().collect();
    let is_heading = |line: &&str| HEADINGS.iter().any(|heading| line.trim_start().starts_with(heading));
    let Some(start) = lines.iter().position(is_heading) else { return String::new() };
    let message = lines[start..]
        .iter()
        .take_while(|line| !line.starts_with("For more information") && !line.starts_with("-----"));
    let message = message.copied().collect::<Vec<_>>().join("\n");
    plumed::error_message(&lines[..start], &message).unwrap_or(message)
}

/// `cause` with only the error message of GROMACS as its text, if there is one.
pub fn with_error_message(cause: Cause, program: &str, label: &str, finished: &Finished) -> Cause {
    let quote = text::last_lines(&error_message(finished), 8);
    if quote.is_empty() {
        return cause;
    }
    let message = format!("{program} of {label} {}: {quote}", finished.exit);
    match cause {
        Cause::Unstable(_) => Cause::Unstable(message),
        Cause::Input(_) => Cause::Input(message),
        Cause::Failed(_) => Cause::Failed(message),
        cause => cause,
    }
}
