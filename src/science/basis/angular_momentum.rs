//! How are angular momenta named, and which are supported?

/// The highest angular momentum of a shell, i.
pub const HIGHEST_ANGULAR: usize = 6;

/// The letters of angular momenta 0 to 6.
pub(super) const LETTERS: [char; HIGHEST_ANGULAR + 1] = ['S', 'P', 'D', 'F', 'G', 'H', 'I'];
