//! What kind of failure does a program's output point to?
//!
//! Each program has its own error messages. An [`ErrorPattern`] pairs a fragment of a message with a [`Cause`]; the first pattern found in
//! the output decides. A failure without a known message is taken for a transient one.
use super::text;
use crate::process::{self, Finished};
use crate::task::Cause;
use std::path::Path;

/// A fragment of a program's output, and the cause that it indicates.
pub type ErrorPattern = (&'static str, fn(String) -> Cause);

/// Messages of the C library, Python and Fortran about missing memory or disk space, whichever program prints them.
const SHORTAGE: &[ErrorPattern] = &[
    ("No space left on device", Cause::Resource),
    ("Disk quota exceeded", Cause::Resource),
    ("Cannot allocate memory", Cause::Resource),
    ("std::bad_alloc", Cause::Resource),
    ("MemoryError", Cause::Resource),
    ("Out of memory", Cause::Resource),
];

/// Lines of a program's output that are quoted in a message.
const QUOTED_LINES: usize = 8;

/// A disk with less free space than this counts as full, bytes.
const FULL_DISK: u64 = 1 << 20;

/// The cause of the failure of `subject`, a program that ran in `folder`: from its exit status and the `patterns` found in its outputs.
/// The end of the first output that is not empty is quoted.
pub fn explain(
    subject: &str,
    finished: &Finished,
    outputs: [&str; 3],
    patterns: &[ErrorPattern],
    folder: &Path,
) -> Cause {
    let quotes = outputs.map(|output| text::last_lines(output, QUOTED_LINES));
    let quote = quotes.into_iter().find(|quote| !quote.is_empty()).unwrap_or_else(|| "it printed nothing".into());
    match classify(patterns, &outputs.join("\n"), format!("{subject} {}: {quote}", finished.exit)) {
        Cause::Failed(message) if finished.exit.is_external_kill() => Cause::Resource(message),
        cause => or_full_disk(folder, cause),
    }
}

/// The cause with the text `message`, of the kind that the first pattern found in `output` indicates.
pub fn classify(patterns: &[ErrorPattern], output: &str, message: String) -> Cause {
    let cause = SHORTAGE.iter().chain(patterns).find(|(fragment, _)| output.contains(fragment));
    cause.map_or(Cause::Failed as fn(String) -> Cause, |(_, cause)| *cause)(message)
}

/// `cause`, or a lack of resources if the disk of `folder` is full: the messages of programs that cannot write are arbitrary.
pub fn or_full_disk(folder: &Path, cause: Cause) -> Cause {
    match (free_bytes(folder), cause) {
        (Some(free), Cause::Failed(text) | Cause::Input(text) | Cause::Convergence(text)) if free < FULL_DISK => {
            Cause::Resource(format!("{text} ({free} bytes are free at `{}`)", folder.display()))
        }
        (_, cause) => cause,
    }
}

/// Free space on the disk of a folder; none if the system does not report it.
fn free_bytes(folder: &Path) -> Option<u64> {
    nix::sys::statvfs::statvfs(folder).ok().map(|disk| disk.blocks_available() * disk.fragment_size())
}

/// Why a program could not be started.
pub fn not_started(error: &process::Error, label: &str) -> Cause {
    let message = format!("{label}: {error}");
    match error {
        process::Error::SupervisorLost { .. } => Cause::Lost(message),
        process::Error::Resource { .. } => Cause::Resource(message),
        _ => Cause::Failed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_decides_and_shortage_comes_before_all() {
        let patterns: &[ErrorPattern] = &[("did not converge", Cause::Convergence), ("error in input", Cause::Input)];
        let cause = |output: &str| classify(patterns, output, "m".into());
        assert_eq!(cause("error in input; did not converge"), Cause::Convergence("m".into()));
        assert_eq!(cause("did not converge: No space left on device"), Cause::Resource("m".into()));
        assert_eq!(cause("error in input"), Cause::Input("m".into()));
        assert_eq!(cause("what?"), Cause::Failed("m".into()));
    }
}
