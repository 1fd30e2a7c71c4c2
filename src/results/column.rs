//! How are long columns written: part by part, and compressed where the HDF5 library can?
use super::error::Error;
use super::text::{self, TextSizes};
use super::writer::{Rows, Writer, describe};
use hdf5::H5Type as Element;
use hdf5::types::TypeDescriptor;
use ndarray::ArrayView1;
use std::marker::PhantomData;

/// Shorter columns are neither divided nor compressed.
const LONG: usize = 4096;
/// Size of the parts of a long column that are compressed each, at most, bytes.
const CHUNK: usize = 1 << 18;
/// The fastest level: the others gain a few percent.
const LEVEL: u8 = 1;

/// Whether the HDF5 library can compress what it writes.
pub fn can_compress() -> bool {
    hdf5::filters::deflate_available()
}

/// A column of strings that is written part by part.
pub struct TextColumn {
    dataset: hdf5::Dataset,
    item: String,
}

impl Writer {
    /// Creates column `item` of `len` numbers, to be written by [`fill`](Writer::fill): from the first on, in parts of
    /// [`Writer::COLUMN_PART`], the last of which may be shorter.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn column<T: Element>(
        &mut self,
        item: &str,
        len: usize,
        units: &str,
        description: &str,
    ) -> Result<Rows<T>, Error> {
        let dataset = self.attempt(item, |open| {
            let (group, name) = open.group_of(item)?;
            let dataset = create(&group, name, len, &T::type_descriptor(), size_of::<T>())?;
            describe(&dataset, units, description)?;
            Ok(dataset)
        })?;
        Ok(Rows { dataset, item: item.to_owned(), shape: vec![len], element: PhantomData })
    }

    /// The number of elements of a part of a column.
    pub const COLUMN_PART: usize = CHUNK / 8;

    /// Creates column `item` of `len` strings of these sizes, to be written by [`fill_texts`](Writer::fill_texts) in parts as any column.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn text_column(
        &mut self,
        item: &str,
        len: usize,
        sizes: TextSizes,
        description: &str,
    ) -> Result<TextColumn, Error> {
        let dataset = self.attempt(item, |open| {
            let (group, name) = open.group_of(item)?;
            let dataset = text::create(sizes, |kind, size| create(&group, name, len, kind, size))?;
            describe(&dataset, "none", description)?;
            Ok(dataset)
        })?;
        Ok(TextColumn { dataset, item: item.to_owned() })
    }

    /// Writes strings from element `first` on.
    ///
    /// # Errors
    /// As [`array`](Writer::array); or a string is longer than any whose size was given.
    pub fn fill_texts(&mut self, column: &TextColumn, first: usize, texts: &[String]) -> Result<(), Error> {
        self.attempt(&column.item, |_| text::write(&column.dataset, first, texts))
    }

    /// Writes bytes as a column.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn bytes(&mut self, item: &str, bytes: &[u8], description: &str) -> Result<(), Error> {
        let rows = self.column::<u8>(item, bytes.len(), "none", description)?;
        self.attempt(item, |_| match bytes {
            [] => Ok(()),
            bytes => rows.dataset.write(ArrayView1::from(bytes)),
        })
    }
}

/// Creates a column of `len` elements of this type and size in bytes.
fn create(
    group: &hdf5::Group,
    name: &str,
    len: usize,
    kind: &TypeDescriptor,
    size: usize,
) -> hdf5::Result<hdf5::Dataset> {
    let builder = group.new_dataset_builder().empty_as(kind).shape(len);
    if len < LONG || !can_compress() {
        return builder.no_chunk().create(name);
    }
    // Every part of a column fills whole chunks.
    let elements = (CHUNK / size.max(8)).max(1);
    let chunk = 1 << elements.ilog2();
    builder.chunk(len.min(chunk)).shuffle().deflate(LEVEL).create(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Reader;

    /// Texts that are short, long, of many lengths, empty, not ASCII, and of NUL bytes.
    fn texts(len: usize) -> [Vec<String>; 4] {
        let of = |text: &dyn Fn(usize) -> String| (0..len).map(text).collect::<Vec<String>>();
        [
            of(&|k| format!("tr\u{e4}jectories t\0sk {k}")),
            of(&|k| if k % 1000 == 3 { "cause ".repeat(40 + k % 7) } else { String::new() }),
            of(&|_| String::new()),
            of(&|k| "a".repeat(1 + k % 3)),
        ]
    }

    #[test]
    fn columns_of_any_length_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        for len in [0, 1, 4095, 4096, Writer::COLUMN_PART + 5] {
            let path = folder.path().join(format!("{len}.h5"));
            let mut out = Writer::create(&path).unwrap();
            let numbers: Vec<f64> = (0..len).map(|k| k as f64 / 3.0).collect();
            let column = out.column::<f64>("/run/x", len, "s", "numbers").unwrap();
            for (k, part) in numbers.chunks(Writer::COLUMN_PART).enumerate() {
                out.fill(&column, k * Writer::COLUMN_PART, part).unwrap();
            }
            out.bytes("/run/state", &vec![7; len], "bytes").unwrap();
            for (k, texts) in texts(len).iter().enumerate() {
                let mut sizes = TextSizes::default();
                texts.iter().for_each(|text| sizes.add(text));
                let column = out.text_column(&format!("/run/text{k}"), len, sizes, "texts").unwrap();
                for (part, texts) in texts.chunks(Writer::COLUMN_PART).enumerate() {
                    out.fill_texts(&column, part * Writer::COLUMN_PART, texts).unwrap();
                }
            }
            out.publish().unwrap();
            let reader = Reader::open(&path).unwrap();
            assert_eq!(reader.array::<f64>("/run/x").unwrap(), numbers);
            assert_eq!(reader.array::<u8>("/run/state").unwrap(), vec![7; len]);
            for (k, texts) in texts(len).iter().enumerate() {
                let (item, expected) =
                    (format!("/run/text{k}"), texts.iter().map(|text| text.replace('\0', "\u{2400}")));
                let expected: Vec<String> = expected.collect();
                assert_eq!(reader.strings(&item).unwrap(), expected);
                let (first, count) = (len / 3, len / 2);
                assert_eq!(reader.strings_in(&item, first, count).unwrap(), expected[first..first + count]);
            }
        }
    }

    #[test]
    fn long_columns_take_a_few_bytes_a_row() {
        if !can_compress() {
            return;
        }
        let (folder, len) = (tempfile::tempdir().unwrap(), 100_000);
        let path = folder.path().join("r.h5");
        let mut out = Writer::create(&path).unwrap();
        let labels: Vec<String> = (0..len).map(|k| format!("trajectories task {k}")).collect();
        let mut sizes = TextSizes::default();
        labels.iter().for_each(|text| sizes.add(text));
        let column = out.text_column("/label", len, sizes, "labels").unwrap();
        labels.chunks(Writer::COLUMN_PART).enumerate().for_each(|(k, part)| {
            out.fill_texts(&column, k * Writer::COLUMN_PART, part).unwrap();
        });
        out.publish().unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len() as usize;
        assert!(bytes < 5 * len, "{bytes} bytes");
    }
}
