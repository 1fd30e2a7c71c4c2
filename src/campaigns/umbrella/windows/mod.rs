//! Which windows are sampled along a coordinate, and what is computed from them?
//!
//! ```text
//! windows -> [windows-2, -3, ... while neighbours overlap too little] -> bootstrap
//! ```
//!
//! The next stage is a function of the coordinate of all frames and of the results so far ([`state`]). A window is a simulation by GROMACS in
//! its own folder ([`stage`]); its samples are those that `simmpi pmf` would read from there.
mod bootstrap;
mod folder;
mod load;
mod round;
mod setup;
mod stage;
mod state;
mod summary;
mod write;

pub use folder::{claim_folder, reject_foreign};
pub use load::load;
pub use setup::WindowSetup;
pub use stage::{SIMULATION, WindowWorkload};
pub use state::{Next, UmbrellaState};
pub use summary::{plan_notes, summary};
pub use write::{charts, write};
