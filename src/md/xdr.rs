//! How are numbers laid out in GROMACS' portable files? Big endian, in units of four bytes (RFC 4506).

/// Reads one number after another.
pub(super) struct Numbers<'a>(pub &'a [u8]);

impl Numbers<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    pub fn f32(&mut self) -> Option<f32> {
        self.take().map(f32::from_be_bytes)
    }

    pub fn f64(&mut self) -> Option<f64> {
        self.take().map(f64::from_be_bytes)
    }

    /// A count that cannot be negative.
    pub fn count(&mut self) -> Option<usize> {
        self.i32()?.try_into().ok()
    }

    pub fn skip(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.get(bytes..)?;
        Some(())
    }
}
