//! Where are large sets of numbers kept?
//!
//! A set consists of parts, each a pure function of what the set's key tells. Whoever asks for the same key may be given the same memory;
//! which part was computed where, and how often, changes no bit.
use std::fmt::Debug;

/// Memory for sets of numbers.
pub trait Memory: Debug + Send + Sync {
    /// The set of a key, in parts of these sizes, one behind the other. `fill` computes a part of it, by its place, into zeros; it is called
    /// for no part, for some or for all, in any order.
    ///
    /// The key holds everything that determines the numbers.
    fn keep(&self, key: &[u8], sizes: &[usize], fill: &mut Fill<'_>) -> Box<dyn Kept>;
}

/// Computes the part of a place into zeros.
pub type Fill<'a> = dyn FnMut(usize, &mut [f64]) + 'a;

/// A set that is complete. It takes memory until it is dropped.
pub trait Kept: Debug + Send + Sync {
    /// All of its parts, one behind the other.
    fn numbers(&self) -> &[f64];
}

/// How much memory may be used, and where large sets are kept.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// 10^6 bytes, of which sets that others use too count in full.
    pub memory_mb: usize,
    pub memory: &'a dyn Memory,
}

impl Room<'static> {
    /// Memory of this process alone.
    pub fn own(memory_mb: usize) -> Self {
        Self { memory_mb, memory: &OwnMemory }
    }
}

/// The memory of this process alone.
#[derive(Clone, Copy, Debug)]
pub struct OwnMemory;

impl Memory for OwnMemory {
    fn keep(&self, _key: &[u8], sizes: &[usize], fill: &mut Fill<'_>) -> Box<dyn Kept> {
        let mut numbers = vec![0.0; sizes.iter().sum()];
        let mut rest = &mut numbers[..];
        for (part, size) in sizes.iter().enumerate() {
            let (own, later) = rest.split_at_mut(*size);
            fill(part, own);
            rest = later;
        }
        Box::new(OwnSet(numbers))
    }
}

/// A set in the memory of this process alone.
struct OwnSet(Vec<f64>);

impl Debug for OwnSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} numbers", self.0.len())
    }
}

impl Kept for OwnSet {
    fn numbers(&self) -> &[f64] {
        &self.0
    }
}
