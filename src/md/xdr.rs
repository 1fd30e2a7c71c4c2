//! How are the numbers of GROMACS' portable binary files read? They are big-endian, in units of four bytes (XDR, RFC 4506).

/// Reads consecutive numbers from the remaining bytes; none where these end.
pub(super) struct XdrReader<'a>(pub &'a [u8]);

impl XdrReader<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub fn i32(&mut self) -> Option<i32> {
        self.bytes().map(i32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_be_bytes)
    }

    pub fn f32(&mut self) -> Option<f32> {
        self.bytes().map(f32::from_be_bytes)
    }

    pub fn f64(&mut self) -> Option<f64> {
        self.bytes().map(f64::from_be_bytes)
    }

    /// A 32-bit integer that must not be negative.
    pub fn count(&mut self) -> Option<usize> {
        self.i32()?.try_into().ok()
    }

    pub fn skip(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.get(bytes..)?;
        Some(())
    }
}

/// A frame of a binary file, as its header describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct BinaryFrame {
    pub atoms: usize,
    pub time_ps: f64,
    pub step: i64,
    /// Length in bytes, header included.
    pub bytes: usize,
    /// Some frames have only velocities or forces.
    pub has_positions: bool,
}
