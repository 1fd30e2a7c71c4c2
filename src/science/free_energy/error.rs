//! Why are there no free energies?

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("there are no windows")]
    NoWindow,
    #[error("window {window} has no samples")]
    NoSamples { window: usize },
    #[error(
        "the free energies of the windows did not converge in {steps} Newton steps: check the histograms of the windows"
    )]
    NotConverged { steps: usize },
}
