//! What do trajectories start from?

/// The quantum state that all trajectories start in.
#[derive(Clone, Debug, PartialEq)]
pub enum InitialState {
    /// Amplitudes in the diabatic basis, `[S]` pairs (real, imaginary), normalized.
    Diabatic(Vec<[f64; 2]>),
    /// Amplitudes in the adiabatic basis at the initial coordinates, normalized.
    Adiabatic(Vec<[f64; 2]>),
}

impl InitialState {
    /// The amplitudes, whatever their basis.
    pub fn amplitudes(&self) -> &[[f64; 2]] {
        match self {
            Self::Diabatic(amplitudes) | Self::Adiabatic(amplitudes) => amplitudes,
        }
    }
}

/// Initial conditions and random numbers that are given rather than drawn, one row for each trajectory of a block.
#[derive(Clone, Debug, Default)]
pub struct InitialConditions {
    /// z of each trajectory, `[C]` pairs; otherwise drawn from the model's distribution.
    pub coordinates: Option<Vec<Vec<[f64; 2]>>>,
    /// Diabatic amplitudes of each trajectory, `[S]` pairs; otherwise the campaign's initial state.
    pub wavefunctions: Option<Vec<Vec<[f64; 2]>>>,
    /// The uniform random number of every step of each trajectory, `[steps]`; otherwise drawn.
    pub hop_uniforms: Option<Vec<Vec<f64>>>,
    /// The uniform random number that selects each trajectory's initial surface; otherwise drawn.
    pub surface_uniforms: Option<Vec<f64>>,
}
