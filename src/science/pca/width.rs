//! How many vectors are multiplied at a time?

/// The number of vectors of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Four: a search takes fewer products in all, by a third or so.
    Narrow,
    /// Eight: it takes fewer passes over the frames, by a quarter or so.
    Wide,
}

impl Width {
    pub fn vectors(self) -> usize {
        match self {
            Self::Narrow => 4,
            Self::Wide => 8,
        }
    }

    /// The one of a block for frames of so many coordinates.
    pub(super) fn of(block: &[f64], coordinates: usize) -> Self {
        let fits = |width: &Self| block.len() == width.vectors() * coordinates;
        [Self::Narrow, Self::Wide].into_iter().find(fits).expect("a block has four vectors or eight")
    }
}

/// Vectors in blocks `[dimension, 8]`, where four do not suffice, or `[dimension, 4]`.
pub fn blocks_of(vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let width = |vectors: &[Vec<f64>]| match vectors.len() {
        ..=4 => Width::Narrow,
        _ => Width::Wide,
    };
    vectors.chunks(Width::Wide.vectors()).map(|vectors| side_by_side(vectors, width(vectors))).collect()
}

/// Vectors as one block; the last ones are zero where they do not fill it.
pub(super) fn side_by_side(vectors: &[Vec<f64>], width: Width) -> Vec<f64> {
    let width = width.vectors();
    let mut block = vec![0.0; vectors.first().map_or(0, Vec::len) * width];
    for (k, vector) in vectors.iter().enumerate() {
        vector.iter().enumerate().for_each(|(i, x)| block[i * width + k] = *x);
    }
    block
}
