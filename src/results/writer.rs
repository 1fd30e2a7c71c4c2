//! How is a result file written so that nobody ever sees half of it?
use super::{Element, Error};
use hdf5::types::VarLenUnicode;
use ndarray::{ArrayView, IxDyn};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// A result file in the making. Dropped without [`publish`](Writer::publish), it leaves nothing behind.
pub struct Writer {
    /// None once the file is closed or given up.
    open: Option<Open>,
    part: Part,
}

/// What is open of a file.
struct Open {
    file: hdf5::File,
    /// By their names, without slashes at the ends.
    groups: HashMap<String, hdf5::Group>,
}

/// A file that stands beside its final name, until it is [published](Closed::publish); dropped before, it goes.
pub struct Closed(Part);

struct Part {
    part: PathBuf,
    path: PathBuf,
}

impl Writer {
    /// Starts a file that will be called `path`.
    ///
    /// # Errors
    /// The folder is missing, not writable or full.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let mut part = OsString::from(path.as_os_str());
        part.push(".part");
        let part = Part { part: PathBuf::from(part), path: path.to_owned() };
        let open = hdf5::File::create(&part.part).map(|file| Open { file, groups: HashMap::new() });
        Ok(Self { open: Some(open.map_err(|source| Error::Create { path: path.to_owned(), source })?), part })
    }

    /// Writes `values`, row-major, as dataset `item` of `shape`, with its units and what it is.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be written for another reason; the writer is then of no further use.
    pub fn array<T: Element>(
        &mut self,
        item: &str,
        shape: &[usize],
        values: &[T],
        units: &str,
        description: &str,
    ) -> Result<(), Error> {
        self.attempt(item, |open| {
            let (group, name) = open.group_of(item)?;
            let dataset = write(&group, name, shape, values)?;
            describe(&dataset, units, description)
        })
    }

    /// Writes `texts` as a dataset of strings.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn strings<S: AsRef<str>>(&mut self, item: &str, texts: &[S], description: &str) -> Result<(), Error> {
        let texts: Vec<VarLenUnicode> = texts.iter().map(|text| unicode(text.as_ref())).collect();
        self.attempt(item, |open| {
            let (group, name) = open.group_of(item)?;
            let dataset = write(&group, name, &[texts.len()], &texts)?;
            describe(&dataset, "none", description)
        })
    }

    /// Creates dataset `item` of `shape` to be filled row by row; what is never written reads as `fill`.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn rows<T: Element + Copy + Into<hdf5::types::OwnedDynValue>>(
        &mut self,
        item: &str,
        shape: &[usize],
        fill: T,
        units: &str,
        description: &str,
    ) -> Result<Rows<T>, Error> {
        let dataset = self.attempt(item, |open| {
            let (group, name) = open.group_of(item)?;
            let dataset = group.new_dataset::<T>().fill_value(fill).shape(shape.to_vec()).create(name)?;
            describe(&dataset, units, description)?;
            Ok(dataset)
        })?;
        Ok(Rows { dataset, item: item.to_owned(), shape: shape.to_vec(), element: PhantomData })
    }

    /// Writes `values`, whole rows in row-major order, from row `first` on.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn fill<T: Element>(&mut self, rows: &Rows<T>, first: usize, values: &[T]) -> Result<(), Error> {
        let per_row: usize = rows.shape[1..].iter().product();
        let count = values.len() / per_row.max(1);
        self.attempt(&rows.item, |_| {
            let mut shape = rows.shape.clone();
            shape[0] = count;
            let view = ArrayView::from_shape(IxDyn(&shape), values)
                .map_err(|e| hdf5::Error::from(format!("{} values are no whole rows: {e}", values.len())))?;
            let mut bounds = vec![hdf5::SliceOrIndex::from(first..first + count)];
            bounds.extend(rows.shape[1..].iter().map(|&n| hdf5::SliceOrIndex::from(0..n)));
            rows.dataset.write_slice(view, hdf5::Selection::Hyperslab(hdf5::Hyperslab::from(bounds)))
        })
    }

    /// Sets attribute `name` of a group or dataset (`"/"` for the file) to a number.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn attribute<T: Element>(&mut self, item: &str, name: &str, value: T) -> Result<(), Error> {
        self.attempt(item, |open| open.locate(item)?.new_attr::<T>().create(name)?.write_scalar(&value))
    }

    /// Sets attribute `name` to a list.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn list_attribute<T: Element>(&mut self, item: &str, name: &str, values: &[T]) -> Result<(), Error> {
        self.attempt(item, |open| open.locate(item)?.new_attr_builder().with_data(values).create(name).map(|_| ()))
    }

    /// Sets attribute `name` to a text.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn text_attribute(&mut self, item: &str, name: &str, text: &str) -> Result<(), Error> {
        self.attempt(item, |open| text_attribute(&open.locate(item)?, name, text))
    }

    /// Closes the file: the disk begins to write it.
    ///
    /// # Errors
    /// The disk is full; the file that stood there before is untouched then.
    pub fn close(mut self) -> Result<Closed, Error> {
        self.attempt("the end of the file", |open| open.file.flush())?;
        if let Some(Open { file, groups, .. }) = self.open.take() {
            drop(groups);
            let path = self.part.path.clone();
            file.close().map_err(|source| Error::Write { path, item: "the end of the file".into(), source })?;
        }
        Ok(Closed(self.part))
    }

    /// Closes, syncs and renames: from now on the file stands under its final name.
    ///
    /// # Errors
    /// As [`close`](Writer::close).
    pub fn publish(self) -> Result<(), Error> {
        self.close()?.publish()
    }

    /// Runs `write` on the open file. After a failure the file is given up: HDF5 crashes when a file whose data did not fit
    /// on the disk is closed (seen with 1.10.8 and 2.0.0), so its handle is leaked on purpose.
    fn attempt<R>(&mut self, item: &str, write: impl FnOnce(&mut Open) -> hdf5::Result<R>) -> Result<R, Error> {
        let failed = |source| Error::Write { path: self.part.path.clone(), item: item.to_owned(), source };
        let Some(open) = &mut self.open else {
            return Err(failed(hdf5::Error::from("the file was given up after an earlier failure")));
        };
        write(open).map_err(|source| {
            std::mem::forget(self.open.take());
            failed(source)
        })
    }
}

impl Open {
    /// The group that holds `item`, made where it is missing, and the item's own name.
    fn group_of<'p>(&mut self, item: &'p str) -> hdf5::Result<(hdf5::Group, &'p str)> {
        let item = item.trim_matches('/');
        let (folder, name) = item.rsplit_once('/').unwrap_or(("", item));
        Ok((self.group(folder)?, name))
    }

    /// A group, made where it is missing.
    fn group(&mut self, name: &str) -> hdf5::Result<hdf5::Group> {
        if let Some(group) = self.groups.get(name) {
            return Ok(group.clone());
        }
        let group = match name.rsplit_once('/').unwrap_or(("", name)) {
            ("", "") => self.file.group("/")?,
            (outer, own) => {
                let outer = self.group(outer)?;
                if outer.link_exists(own) { outer.group(own)? } else { outer.create_group(own)? }
            }
        };
        self.groups.insert(name.to_owned(), group.clone());
        Ok(group)
    }

    /// The dataset or group called `item`; a group that is missing is made.
    fn locate(&mut self, item: &str) -> hdf5::Result<hdf5::Location> {
        let item = item.trim_matches('/');
        if !self.groups.contains_key(item) && !item.is_empty() {
            let (group, name) = self.group_of(item)?;
            if let Ok(dataset) = group.dataset(name) {
                return Ok((**dataset).clone());
            }
        }
        Ok((*self.group(item)?).clone())
    }
}

impl Closed {
    /// Waits for the disk and renames: from now on the file stands under its final name.
    ///
    /// # Errors
    /// The disk is full; the file that stood there before is untouched then.
    pub fn publish(self) -> Result<(), Error> {
        let Part { part, path } = &self.0;
        let publish = || {
            fs::File::open(part)?.sync_all()?;
            fs::rename(part, path)?;
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs::File::open(folder)?.sync_all()
        };
        publish().map_err(|source| Error::Publish { path: path.clone(), source })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Published, there is no such file any more, and before it is worth nothing.
        let _ = fs::remove_file(&self.part);
    }
}

/// A dataset that is filled row by row.
pub struct Rows<T> {
    dataset: hdf5::Dataset,
    item: String,
    shape: Vec<usize>,
    element: PhantomData<T>,
}

/// Writes `values`, row-major, as dataset `name` of `shape`: contiguous, without filters.
fn write<T: Element>(group: &hdf5::Group, name: &str, shape: &[usize], values: &[T]) -> hdf5::Result<hdf5::Dataset> {
    let view = ArrayView::from_shape(IxDyn(shape), values)
        .map_err(|error| hdf5::Error::from(format!("{} values do not fill {shape:?}: {error}", values.len())))?;
    group.new_dataset_builder().with_data(view).no_chunk().create(name)
}

fn describe(dataset: &hdf5::Dataset, units: &str, description: &str) -> hdf5::Result<()> {
    text_attribute(dataset, "units", units)?;
    text_attribute(dataset, "description", description)
}

fn text_attribute(location: &hdf5::Location, name: &str, text: &str) -> hdf5::Result<()> {
    location.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&unicode(text))
}

/// HDF5 strings end at a NUL byte, so one inside is replaced by the sign for it.
fn unicode(text: &str) -> VarLenUnicode {
    text.replace('\0', "\u{2400}").parse().expect("a text without NUL is a valid HDF5 string")
}
