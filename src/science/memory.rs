//! Where are large arrays of numbers stored, in private memory or in memory that processes share?
//!
//! An array consists of parts, each a pure function of the array's key. Requests with the same key may be given the same memory; which process
//! computed which part, and how often, changes no bit.
use std::fmt::Debug;

/// A place to store arrays of numbers.
pub trait Memory: Debug + Send + Sync {
    /// The array of a key, in consecutive parts of these sizes. `fill` computes the part of an index, which is zero before; it is called for
    /// those parts that no other process has computed, in any order.
    ///
    /// The key contains everything that determines the numbers.
    fn keep(&self, key: &[u8], sizes: &[usize], fill: &mut Fill<'_>) -> Box<dyn StoredNumbers>;
}

/// Computes the part of an index, which is zero before.
pub type Fill<'a> = dyn FnMut(usize, &mut [f64]) + 'a;

/// A complete array. Its memory is released when it is dropped.
pub trait StoredNumbers: Debug + Send + Sync {
    /// All parts, one after another.
    fn numbers(&self) -> &[f64];
}

/// How much memory may be used, and where large arrays are stored.
#[derive(Clone, Copy, Debug)]
pub struct MemoryBudget<'a> {
    /// Limit in 10^6 bytes; arrays shared with other processes count in full.
    pub memory_mb: usize,
    pub memory: &'a dyn Memory,
}

impl MemoryBudget<'static> {
    pub fn own(memory_mb: usize) -> Self {
        Self { memory_mb, memory: &OwnMemory }
    }
}

/// Private memory of this process.
#[derive(Clone, Copy, Debug)]
pub struct OwnMemory;

impl Memory for OwnMemory {
    fn keep(&self, _key: &[u8], sizes: &[usize], fill: &mut Fill<'_>) -> Box<dyn StoredNumbers> {
        let mut numbers = vec![0.0; sizes.iter().sum()];
        let mut rest = &mut numbers[..];
        for (part, size) in sizes.iter().enumerate() {
            let (own, later) = rest.split_at_mut(*size);
            fill(part, own);
            rest = later;
        }
        Box::new(OwnNumbers(numbers))
    }
}

#[derive(Debug)]
struct OwnNumbers(Vec<f64>);

impl StoredNumbers for OwnNumbers {
    fn numbers(&self) -> &[f64] {
        &self.0
    }
}
