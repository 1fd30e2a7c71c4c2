//! How are strings stored, and read again?
//!
//! Strings of similar lengths have a fixed width, which compresses well; where few are long each has its own length. h5py and this reader
//! show both alike.
use hdf5::types::{FixedUnicode, TypeDescriptor, VarLenUnicode};
use std::str::FromStr;

/// Bytes that a string of its own length needs besides its text: a reference, and the head of what it refers to.
const REFERENCE: usize = 16;
const OBJECT_HEADER: usize = 16;

/// Calls the function with the smallest width that holds `width` bytes; longer strings have no fixed width.
macro_rules! with_width {
    ($width:expr, $function:ident($($argument:expr),*), $otherwise:expr) => {
        match $width {
            ..=8 => $function::<8>($($argument),*),
            ..=16 => $function::<16>($($argument),*),
            ..=24 => $function::<24>($($argument),*),
            ..=32 => $function::<32>($($argument),*),
            ..=48 => $function::<48>($($argument),*),
            ..=64 => $function::<64>($($argument),*),
            ..=96 => $function::<96>($($argument),*),
            ..=128 => $function::<128>($($argument),*),
            ..=256 => $function::<256>($($argument),*),
            _ => $otherwise,
        }
    };
}

/// What is known of strings that are to be written.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextSizes {
    count: usize,
    longest: usize,
    /// Bytes if each has its own length.
    own: usize,
}

impl TextSizes {
    /// Adds a string.
    pub fn add(&mut self, text: &str) {
        self.count += 1;
        self.longest = self.longest.max(stored(text).len());
        self.own += REFERENCE + if text.is_empty() { 0 } else { OBJECT_HEADER + text.len().next_multiple_of(8) };
    }

    /// The width of all strings, bytes; none where they have their own lengths.
    fn width(self) -> Option<usize> {
        (self.longest <= 256 && self.count * self.longest <= self.own).then_some(self.longest)
    }
}

/// HDF5 strings end at a NUL byte: those inside are replaced by the symbol for NUL.
fn stored(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

pub(super) fn unicode(text: &str) -> VarLenUnicode {
    stored(text).parse().expect("a text without NUL is a valid HDF5 string")
}

/// Creates a dataset of strings by `create`, which is given their type and their size in bytes.
pub(super) fn create(
    sizes: TextSizes,
    create: impl FnOnce(&TypeDescriptor, usize) -> hdf5::Result<hdf5::Dataset>,
) -> hdf5::Result<hdf5::Dataset> {
    fn fixed<const N: usize>() -> (TypeDescriptor, usize) {
        (TypeDescriptor::FixedUnicode(N), N)
    }
    let own = || (TypeDescriptor::VarLenUnicode, REFERENCE);
    let (descriptor, size) = sizes.width().map_or_else(own, |width| with_width!(width, fixed(), own()));
    create(&descriptor, size)
}

/// Writes strings into a dataset made by [`create`], by `write`.
pub(super) fn write(dataset: &hdf5::Dataset, first: usize, texts: &[String]) -> hdf5::Result<()> {
    fn fixed<const N: usize>(dataset: &hdf5::Dataset, first: usize, texts: &[String]) -> hdf5::Result<()> {
        let fitting = |text: &String| FixedUnicode::<N>::from_str(&stored(text));
        let texts: Result<Vec<_>, _> = texts.iter().map(fitting).collect();
        let texts = texts.map_err(|error| hdf5::Error::from(format!("a text does not fit: {error}")))?;
        dataset.write_slice(&texts, first..first + texts.len())
    }
    let own = || {
        let texts: Vec<VarLenUnicode> = texts.iter().map(|text| unicode(text)).collect();
        dataset.write_slice(&texts, first..first + texts.len())
    };
    match dataset.dtype()?.to_descriptor()? {
        TypeDescriptor::FixedUnicode(width) => with_width!(width, fixed(dataset, first, texts), own()),
        _ => own(),
    }
}

/// The strings of a dataset or attribute, all or those in a range; an error where it has others than simmpi writes.
pub(super) fn read(container: &hdf5::Container, range: Option<std::ops::Range<usize>>) -> hdf5::Result<Vec<String>> {
    fn elements<T: hdf5::H5Type>(
        container: &hdf5::Container,
        range: Option<std::ops::Range<usize>>,
    ) -> hdf5::Result<Vec<T>> {
        match range {
            Some(range) => Ok(container.read_slice_1d::<T, _>(range)?.into_iter().collect()),
            None => container.read_raw(),
        }
    }
    fn fixed<const N: usize>(
        container: &hdf5::Container,
        range: Option<std::ops::Range<usize>>,
    ) -> hdf5::Result<Vec<String>> {
        Ok(elements::<FixedUnicode<N>>(container, range)?.iter().map(ToString::to_string).collect())
    }
    let own = |range| -> hdf5::Result<Vec<String>> {
        Ok(elements::<VarLenUnicode>(container, range)?.iter().map(ToString::to_string).collect())
    };
    match container.dtype()?.to_descriptor()? {
        TypeDescriptor::FixedUnicode(width) => with_width!(width, fixed(container, range), own(range)),
        _ => own(range),
    }
}
