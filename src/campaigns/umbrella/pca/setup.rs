//! What do all passes over the frames share?
use crate::campaigns::umbrella::frames::Frames;
use crate::science::pca::{CHUNK, Superposition};
use crate::seed::CampaignSeed;
use std::sync::Arc;

/// Up to so many frames and coordinates in all one task is faster than several passes: it takes a twentieth of a second or so.
const FEW_FRAMES: usize = 4 * CHUNK;
const FEW_COORDINATES: usize = 1 << 20;

/// Frames, atoms and reference of a principal component analysis.
pub struct Setup {
    pub frames: Arc<Frames>,
    /// Atoms that are superposed, ascending.
    pub fitted: Vec<usize>,
    /// Atoms of the components, ascending.
    pub selected: Vec<usize>,
    /// Both, ascending.
    pub atoms: Vec<usize>,
    /// For each of `atoms` whether the next one is of the same molecule, as far as names tell.
    pub same_molecule_as_next: Vec<bool>,
    /// Number of atoms that are read of each frame: up to the last one of `atoms`.
    pub atoms_read: usize,
    pub check_whole: bool,
    /// Superposition on the first frame or a structure.
    pub superposition: Arc<Superposition>,
    /// Whether frames are aligned to their average, and `superposition` is only where the iteration starts.
    pub aligns_to_average: bool,
    /// Number of components.
    pub components: usize,
    /// Positions of the first frame, nm.
    pub first_frame: Vec<[f32; 3]>,
    pub seed: CampaignSeed,
}

impl Setup {
    /// Whether the frames are so few that one task goes through all of them.
    pub fn is_small(&self) -> bool {
        let frames = self.frames.count();
        frames <= FEW_FRAMES && frames * 3 * self.atoms_read <= FEW_COORDINATES
    }

    /// Positions of the selected atoms in the first frame, nm.
    pub fn selected_in_first_frame(&self) -> Vec<[f64; 3]> {
        self.selected.iter().map(|&atom| self.first_frame[atom].map(f64::from)).collect()
    }
}
