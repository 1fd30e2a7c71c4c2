//! What is the free energy along the coordinate of umbrella windows?
//!
//! ```text
//! campaigns/pmf -------> window_analysis <------- campaigns/umbrella
//! (files of others)      Umbrella { windows, bins, estimator, temperature }      (own windows)
//!                        Umbrella::problem() -> Problem -> Umbrella::analysis(&Problem, &[Replicate]) -> Analysis
//!                        Analysis: warnings, tables, charts, /results/windows and /results/pmf
//! ```
//!
//! Whoever stands above reads the samples, draws the replicates of the bootstrap, and adds what else its result file has.
mod analysis;
mod charts;
mod inconsistencies;
mod report;
mod settings;
mod write;

pub use analysis::{Analysis, Umbrella, UmbrellaWindow};
pub use settings::{Auto, Discard, Estimator, OutputUnits};
