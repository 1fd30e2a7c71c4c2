//! How is a result file written so that an incomplete one is never seen?
use super::error::Error;
use super::file_access::{WITHOUT_LOCKS, can_lock, open_file};
use super::text::unicode;
use hdf5::H5Type as Element;
use hdf5::types::VarLenUnicode;
use ndarray::{ArrayView, IxDyn};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// A result file that is being written. Dropped before it is [published](Writer::publish), it is removed.
pub struct Writer {
    /// None once the file is closed or abandoned.
    open: Option<Open>,
    names: PartialFile,
}

/// An open file.
pub(super) struct Open {
    file: hdf5::File,
    /// By name, without leading and trailing slashes.
    groups: HashMap<String, hdf5::Group>,
}

/// A complete file under a temporary name. Dropped before it is [published](Closed::publish), it is removed.
pub struct Closed(PartialFile);

/// The temporary and the final name of a file.
struct PartialFile {
    temporary: PathBuf,
    path: PathBuf,
}

impl Writer {
    /// Creates a file that will be published as `path`.
    ///
    /// # Errors
    /// The folder is missing, not writable or full.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let mut temporary = OsString::from(path.as_os_str());
        temporary.push(".part");
        let names = PartialFile { temporary: temporary.into(), path: path.to_owned() };
        let file = open_file(&names.temporary, |builder, path| builder.create(path)).map_err(|source| {
            let usual = "check that its folder exists, is writable and has space";
            let hint = if can_lock(&names.temporary) { usual } else { WITHOUT_LOCKS };
            Error::Create { path: path.to_owned(), hint, source }
        })?;
        Ok(Self { open: Some(Open { file, groups: HashMap::new() }), names })
    }

    /// Writes `values`, row-major, as dataset `item` of `shape`, with its units and description.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be written for another reason; the writer is then unusable.
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

    /// Writes `texts` as a one-dimensional dataset of strings.
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

    /// Creates dataset `item` of `shape` to be written row by row; elements that are never written have the value `fill`.
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

    /// Writes `values`, complete rows in row-major order, from row `first` on.
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
                .map_err(|e| hdf5::Error::from(format!("{} values are not complete rows: {e}", values.len())))?;
            let mut bounds = vec![hdf5::SliceOrIndex::from(first..first + count)];
            bounds.extend(rows.shape[1..].iter().map(|&n| hdf5::SliceOrIndex::from(0..n)));
            rows.dataset.write_slice(view, hdf5::Selection::Hyperslab(hdf5::Hyperslab::from(bounds)))
        })
    }

    /// Sets attribute `name` of the group or dataset `item` (`"/"` for the file) to a number.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn attribute<T: Element>(&mut self, item: &str, name: &str, value: T) -> Result<(), Error> {
        self.attempt(item, |open| open.locate(item)?.new_attr::<T>().create(name)?.write_scalar(&value))
    }

    /// Sets attribute `name` of `item` to a one-dimensional array.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn list_attribute<T: Element>(&mut self, item: &str, name: &str, values: &[T]) -> Result<(), Error> {
        self.attempt(item, |open| open.locate(item)?.new_attr_builder().with_data(values).create(name).map(|_| ()))
    }

    /// Sets attribute `name` of `item` to a string.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn text_attribute(&mut self, item: &str, name: &str, text: &str) -> Result<(), Error> {
        self.attempt(item, |open| text_attribute(&open.locate(item)?, name, text))
    }

    /// Closes the file.
    ///
    /// # Errors
    /// The disk is full; an existing file of the final name is left as it is.
    pub fn close(mut self) -> Result<Closed, Error> {
        self.attempt("the end of the file", |open| open.file.flush())?;
        if let Some(Open { file, groups, .. }) = self.open.take() {
            drop(groups);
            let path = self.names.path.clone();
            file.close().map_err(|source| Error::Write { path, item: "the end of the file".into(), source })?;
        }
        Ok(Closed(self.names))
    }

    /// Closes and syncs the file and renames it to its final name.
    ///
    /// # Errors
    /// As [`close`](Writer::close).
    pub fn publish(self) -> Result<(), Error> {
        self.close()?.publish()
    }

    /// Runs `write` on the open file. After a failure the file is abandoned and its handle leaked on purpose: HDF5 crashes when a file is
    /// closed whose data did not fit on the disk (versions 1.10.8 and 2.0.0).
    pub(super) fn attempt<R>(
        &mut self,
        item: &str,
        write: impl FnOnce(&mut Open) -> hdf5::Result<R>,
    ) -> Result<R, Error> {
        let failed = |source| Error::Write { path: self.names.path.clone(), item: item.to_owned(), source };
        let Some(open) = &mut self.open else {
            return Err(failed(hdf5::Error::from("the file was abandoned after an earlier failure")));
        };
        write(open).map_err(|source| {
            std::mem::forget(self.open.take());
            failed(source)
        })
    }
}

impl Open {
    /// The group that contains `item`, created if missing, and the item's name in it.
    pub(super) fn group_of<'p>(&mut self, item: &'p str) -> hdf5::Result<(hdf5::Group, &'p str)> {
        let item = item.trim_matches('/');
        let (folder, name) = item.rsplit_once('/').unwrap_or(("", item));
        Ok((self.group(folder)?, name))
    }

    /// A group, created if missing.
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

    /// The dataset or group `item`; a missing group is created.
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
    /// The temporary name.
    pub(super) fn temporary_path(&self) -> &Path {
        &self.0.temporary
    }

    /// Syncs the file to disk and renames it to its final name.
    ///
    /// # Errors
    /// The disk is full; an existing file of that name is left as it is.
    pub fn publish(self) -> Result<(), Error> {
        let PartialFile { temporary, path } = &self.0;
        let publish = || {
            sync(temporary)?;
            fs::rename(temporary, path)?;
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            sync(folder)
        };
        publish().map_err(|source| Error::Publish { path: path.clone(), source })
    }
}

/// Syncs a file or folder, where its file system can.
fn sync(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all().or_else(|error| if is_unsupported(&error) { Ok(()) } else { Err(error) })
}

/// Whether a file system does not know a call, as opposed to failing at it.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // A published file no longer has this name.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// A dataset that is written row by row.
pub struct Rows<T> {
    pub(super) dataset: hdf5::Dataset,
    pub(super) item: String,
    pub(super) shape: Vec<usize>,
    pub(super) element: PhantomData<T>,
}

/// Writes `values`, row-major, as dataset `name` of `shape`: contiguous, without filters.
fn write<T: Element>(group: &hdf5::Group, name: &str, shape: &[usize], values: &[T]) -> hdf5::Result<hdf5::Dataset> {
    let view = ArrayView::from_shape(IxDyn(shape), values)
        .map_err(|error| hdf5::Error::from(format!("{} values do not fill {shape:?}: {error}", values.len())))?;
    group.new_dataset_builder().with_data(view).no_chunk().create(name)
}

pub(super) fn describe(dataset: &hdf5::Dataset, units: &str, description: &str) -> hdf5::Result<()> {
    text_attribute(dataset, "units", units)?;
    text_attribute(dataset, "description", description)
}

fn text_attribute(location: &hdf5::Location, name: &str, text: &str) -> hdf5::Result<()> {
    location.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&unicode(text))
}

/// Numbers as they are written: NaN where there is none.
pub fn or_nan(values: impl IntoIterator<Item = Option<f64>>) -> Vec<f64> {
    values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}
