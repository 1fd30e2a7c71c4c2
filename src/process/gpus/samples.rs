//! How do the processes of a node share samples of its GPUs?
//!
//! The file holds the latest sample: its length, its checksum and its encoded bytes. A reader that meets the writer sees a wrong checksum,
//! and reads again when it samples next.
use super::GpuSample;
use crate::process::encoding;
use crate::process::shared::Address;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The longest sample that is read, bytes.
const LONGEST: u32 = 1 << 20;
/// Bytes before the sample: its length and checksum.
const HEADER: u64 = 8;

/// The samples of a node, as a process reads them that does not take them.
#[derive(Debug)]
pub struct GpuSamples {
    file: File,
    /// Number of the last sample that was returned.
    last: u64,
}

impl GpuSamples {
    /// Opens the samples that another process of the node publishes.
    ///
    /// # Errors
    /// They are not visible here.
    pub fn open(address: &Address) -> io::Result<Self> {
        Ok(Self { file: address.open()?, last: 0 })
    }

    /// The latest sample, if it has not been returned before.
    pub fn newest(&mut self) -> Option<GpuSample> {
        let mut header = [0; HEADER as usize];
        self.file.read_exact_at(&mut header, 0).ok()?;
        let [length, checksum] = [0, 4].map(|at| u32::from_le_bytes(std::array::from_fn(|k| header[at + k])));
        let mut bytes = vec![0; Some(length).filter(|length| *length <= LONGEST)? as usize];
        self.file.read_exact_at(&mut bytes, HEADER).ok()?;
        let sample: GpuSample = encoding::decode(&bytes).ok().filter(|_| crc32c::crc32c(&bytes) == checksum)?;
        let is_new = sample.number > self.last;
        self.last = sample.number;
        is_new.then_some(sample)
    }
}

/// Replaces the sample in `file`.
///
/// # Errors
/// There is no memory for it.
pub fn publish(file: &File, sample: &GpuSample) -> io::Result<()> {
    let bytes = encoding::encode(sample).map_err(io::Error::other)?;
    let header = [(bytes.len() as u32).to_le_bytes(), crc32c::crc32c(&bytes).to_le_bytes()].concat();
    file.write_all_at(&[header, bytes].concat(), 0)
}

#[cfg(test)]
mod tests {
    use super::super::Gpu;
    use super::*;
    use crate::process::shared::create_file;

    #[test]
    fn each_sample_is_returned_once_and_a_torn_one_never() {
        let file = create_file().unwrap();
        let mut samples = GpuSamples::open(&Address::of_file(&file).unwrap()).unwrap();
        assert_eq!(samples.newest(), None, "nothing is published");
        let mut sample = GpuSample { number: 1, gpus: vec![Gpu::default(); 3], processes: Vec::new() };
        publish(&file, &sample).unwrap();
        assert_eq!(samples.newest().as_ref(), Some(&sample));
        assert_eq!(samples.newest(), None);
        (sample.number, sample.gpus) = (2, vec![Gpu { percent: Some(3.0), ..Gpu::default() }]);
        publish(&file, &sample).unwrap();
        file.write_all_at(b"x", HEADER + 2).unwrap();
        assert_eq!(samples.newest(), None, "the checksum is wrong");
        publish(&file, &sample).unwrap();
        assert_eq!(samples.newest(), Some(sample));
    }
}
