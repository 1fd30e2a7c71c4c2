//! What does it mean that a program failed?
//!
//! Programs say it in their own words. A [`Sign`] is a piece of such a text and the cause it stands for; the first that
//! occurs decides. Without any, a program that failed may do better the next time.
use crate::process;
use crate::task::Cause;
use std::path::Path;

/// A piece of a program's output, and what it is a sign of.
pub type Sign = (&'static str, fn(String) -> Cause);

/// What the C library, Python and Fortran say in any program.
const SHORTAGE: &[Sign] = &[
    ("No space left on device", Cause::Resource),
    ("Disk quota exceeded", Cause::Resource),
    ("Cannot allocate memory", Cause::Resource),
    ("std::bad_alloc", Cause::Resource),
    ("MemoryError", Cause::Resource),
    ("Out of memory", Cause::Resource),
];

/// The cause of which `message` tells, by the signs in `evidence`.
pub fn classify(signs: &[Sign], evidence: &str, message: String) -> Cause {
    let found = SHORTAGE.iter().chain(signs).find(|(text, _)| evidence.contains(text));
    found.map_or_else(|| Cause::Failed(message.clone()), |(_, cause)| cause(message.clone()))
}

/// A disk with fewer bytes than this free is full.
const FULL: u64 = 1 << 20;

/// `cause`, or the full disk of `folder` that stands behind it: programs that cannot write complain of anything.
pub fn or_full_disk(folder: &Path, cause: Cause) -> Cause {
    match (free_bytes(folder), cause) {
        (Some(free), Cause::Failed(text) | Cause::Input(text) | Cause::Convergence(text)) if free < FULL => {
            Cause::Resource(format!("{text} ({free} bytes are free at `{}`)", folder.display()))
        }
        (_, cause) => cause,
    }
}

/// What is free on the disk of a folder, where the system tells.
fn free_bytes(folder: &Path) -> Option<u64> {
    nix::sys::statvfs::statvfs(folder).ok().map(|disk| disk.blocks_available() * disk.fragment_size())
}

/// Why a program did not run at all.
pub fn not_run(error: &process::Error, label: &str) -> Cause {
    let message = format!("{label}: {error}");
    match error {
        process::Error::GuardLost { .. } => Cause::Lost(message),
        process::Error::Resource { .. } => Cause::Resource(message),
        _ => Cause::Failed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sign_decides_and_shortage_comes_before_all() {
        let signs: &[Sign] = &[("did not converge", Cause::Convergence), ("error in input", Cause::Input)];
        let cause = |evidence: &str| classify(signs, evidence, "m".into());
        assert_eq!(cause("error in input; did not converge"), Cause::Convergence("m".into()));
        assert_eq!(cause("did not converge: No space left on device"), Cause::Resource("m".into()));
        assert_eq!(cause("error in input"), Cause::Input("m".into()));
        assert_eq!(cause("what?"), Cause::Failed("m".into()));
    }
}
