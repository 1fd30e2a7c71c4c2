//! What does a replica start from?
use std::path::PathBuf;

/// What one replica starts from, besides its programs' arguments.
pub struct Inputs {
    /// Its name in messages.
    pub label: String,
    pub folder: PathBuf,
    /// Whether the folder belongs to this replica alone.
    pub is_own: bool,
    /// Files to write: (path relative to the folder, text).
    pub rendered: Vec<(String, String)>,
    /// Files to copy: (path relative to the folder, source).
    pub copied: Vec<(String, PathBuf)>,
    /// Digest of everything but the folder, arguments included: equal for two replicas that would compute the same.
    pub digest: String,
}
