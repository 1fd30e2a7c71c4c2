//! How are frames superposed?
use crate::science::pca::Superposition;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How frames are superposed, and after how many earlier superpositions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alignment {
    pub round: usize,
    pub superposition: Arc<Superposition>,
}
