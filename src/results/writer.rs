//! How is a result file written so that nobody ever sees half of it?
use super::{Element, Error, strings};
use hdf5::types::VarLenUnicode;
use ndarray::{ArrayView, IxDyn};
use std::ffi::OsString;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// A result file in the making. Dropped without [`publish`](Writer::publish), it leaves nothing behind.
pub struct Writer {
    /// None once the file is closed or given up.
    file: Option<hdf5::File>,
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
        let part = PathBuf::from(part);
        let file = hdf5::File::create(&part).map_err(|source| Error::Create { path: path.to_owned(), source })?;
        Ok(Self { file: Some(file), part, path: path.to_owned() })
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
        self.attempt(item, |file| {
            let view = ArrayView::from_shape(IxDyn(shape), values)
                .map_err(|e| hdf5::Error::from(format!("{} values do not fill {shape:?}: {e}", values.len())))?;
            let (group, name) = open_group(file, item)?;
            describe(&group.new_dataset_builder().with_data(view).create(name)?, units, description)
        })
    }

    /// Writes `texts` as a dataset of strings.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn strings<S: AsRef<str>>(&mut self, item: &str, texts: &[S], description: &str) -> Result<(), Error> {
        let texts: Vec<VarLenUnicode> = texts.iter().map(|text| unicode(text.as_ref())).collect();
        self.attempt(item, |file| {
            let (group, name) = open_group(file, item)?;
            let dataset = group.new_dataset::<VarLenUnicode>().shape([texts.len()]).create(name)?;
            strings::write(&dataset, &texts)?;
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
        let dataset = self.attempt(item, |file| {
            let (group, name) = open_group(file, item)?;
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
        self.attempt(item, |file| write_attribute(&locate(file, item)?, name, &value))
    }

    /// Sets attribute `name` to a list.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn list_attribute<T: Element>(&mut self, item: &str, name: &str, values: &[T]) -> Result<(), Error> {
        self.attempt(item, |file| locate(file, item)?.new_attr_builder().with_data(values).create(name).map(|_| ()))
    }

    /// Sets attribute `name` to a text.
    ///
    /// # Errors
    /// As [`array`](Writer::array).
    pub fn text_attribute(&mut self, item: &str, name: &str, text: &str) -> Result<(), Error> {
        self.attribute(item, name, unicode(text))
    }

    /// Closes, syncs and renames: from now on the file stands under its final name.
    ///
    /// # Errors
    /// The disk is full; the file that stood there before is untouched then.
    pub fn publish(mut self) -> Result<(), Error> {
        self.attempt("the end of the file", |file| file.flush())?;
        if let Some(file) = self.file.take() {
            let failed = |source| Error::Write { path: self.path.clone(), item: "the end of the file".into(), source };
            file.close().map_err(failed)?;
        }
        let publish = || {
            fs::File::open(&self.part)?.sync_all()?;
            fs::rename(&self.part, &self.path)?;
            let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs::File::open(folder)?.sync_all()
        };
        publish().map_err(|source| Error::Publish { path: self.path.clone(), source })
    }

    /// Runs `write` on the open file. After a failure the file is given up: HDF5 crashes when a file whose data did not fit
    /// on the disk is closed (seen with 1.10.8 and 2.0.0), so its handle is leaked on purpose.
    fn attempt<R>(&mut self, item: &str, write: impl FnOnce(&hdf5::File) -> hdf5::Result<R>) -> Result<R, Error> {
        let failed = |source| Error::Write { path: self.path.clone(), item: item.to_owned(), source };
        let Some(file) = &self.file else {
            return Err(failed(hdf5::Error::from("the file was given up after an earlier failure")));
        };
        write(file).map_err(|source| {
            let error = failed(source);
            std::mem::forget(self.file.take());
            error
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // After `publish` there is no such file, and before it the file is worth nothing.
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

/// HDF5 strings end at a NUL byte, so one inside is replaced by the sign for it.
fn unicode(text: &str) -> VarLenUnicode {
    text.replace('\0', "\u{2400}").parse().expect("a text without NUL is a valid HDF5 string")
}

fn describe(dataset: &hdf5::Dataset, units: &str, description: &str) -> hdf5::Result<()> {
    write_attribute(dataset, "units", &unicode(units))?;
    write_attribute(dataset, "description", &unicode(description))
}

fn write_attribute<T: Element>(place: &hdf5::Location, name: &str, value: &T) -> hdf5::Result<()> {
    place.new_attr::<T>().create(name)?.write_scalar(value)
}

/// The group that holds `item`, made where it is missing, and the item's own name.
fn open_group<'p>(file: &hdf5::File, item: &'p str) -> hdf5::Result<(hdf5::Group, &'p str)> {
    let (folder, name) = item.trim_matches('/').rsplit_once('/').unwrap_or(("", item.trim_matches('/')));
    let mut group = file.group("/")?;
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        group = if group.link_exists(part) { group.group(part)? } else { group.create_group(part)? };
    }
    Ok((group, name))
}

/// The dataset or group called `item`; a group that is missing is made.
fn locate(file: &hdf5::File, item: &str) -> hdf5::Result<hdf5::Location> {
    let (group, name) = open_group(file, item)?;
    if name.is_empty() {
        return Ok((*group).clone());
    }
    if let Ok(dataset) = group.dataset(name) {
        return Ok((**dataset).clone());
    }
    let group = if group.link_exists(name) { group.group(name)? } else { group.create_group(name)? };
    Ok((*group).clone())
}
