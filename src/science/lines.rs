//! How do numbers stand in memory from where eight are taken at once?
use bytemuck::{Pod, Zeroable, cast_slice_mut};
use serde::{Deserialize, Serialize};

/// Numbers of a line.
pub(super) const LANES: usize = 8;

/// Eight numbers that one access to memory brings: on a cache line of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable, Serialize, Deserialize)]
#[repr(C, align(64))]
pub(super) struct Line(pub [f64; LANES]);

/// Eight numbers of single precision, on half a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C, align(32))]
pub(super) struct HalfLine(pub [f32; LANES]);

/// Numbers with zeros up to whole lines.
pub(super) type Lines = Vec<Line>;

/// Numbers with zeros behind them.
pub(super) fn lines(numbers: &[f64]) -> Lines {
    let mut lines = vec![Line::default(); numbers.len().div_ceil(LANES)];
    cast_slice_mut(&mut lines)[..numbers.len()].copy_from_slice(numbers);
    lines
}
