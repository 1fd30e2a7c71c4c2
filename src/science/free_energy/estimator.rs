//! Which estimators are there?

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimator {
    /// From every sample.
    Mbar,
    /// From histograms: the bias is evaluated at the center of a bin, or of its parts where it is wide compared with the restraints.
    Wham,
}
