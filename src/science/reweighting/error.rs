//! Why is there no free energy?

/// Invalid replicas, coordinates or settings.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("there are no replicas: at least one is required")]
    NoReplica,
    #[error("replica {replica} has no samples: discard less, or remove it")]
    Empty { replica: usize },
    #[error("replica {replica} has {samples} samples, too few for {blocks} blocks: use fewer blocks, or discard less")]
    TooFew { replica: usize, samples: usize, blocks: usize },
    #[error("replica {replica} has {found} values of {what}, but {expected} are expected")]
    Length { replica: usize, what: &'static str, found: usize, expected: usize },
    #[error("sample {sample} of replica {replica} is not a finite number: remove it")]
    NotFinite { replica: usize, sample: usize },
    #[error("a free energy requires one or two variables, not {0}")]
    Axes(usize),
    #[error("{what} of variable {variable} is {value}: {remedy}")]
    Axis { variable: usize, what: &'static str, value: f64, remedy: &'static str },
    #[error("kT is {0}: it must be finite and above zero")]
    ThermalEnergy(f64),
    #[error("an error estimate requires at least two blocks, not {0}")]
    Blocks(usize),
}
