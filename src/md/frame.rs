//! What is one frame of a trajectory?

/// Vectors of a periodic box in rows, nm.
pub type Cell = [[f64; 3]; 3];

/// Positions of all atoms at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Time, ps; none where the file does not contain it.
    pub time_ps: Option<f64>,
    /// The periodic box; none without one.
    pub cell: Option<Cell>,
    /// `[atoms, 3]`, nm.
    pub positions: Vec<[f32; 3]>,
}

/// The box `cell`; none where its diagonal spans no volume, as files without a box have it.
pub fn with_volume(cell: Cell) -> Option<Cell> {
    (cell[0][0] * cell[1][1] * cell[2][2] != 0.0).then_some(cell)
}
