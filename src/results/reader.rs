//! What does a result file, or another HDF5 file, contain?
use super::complex::Complex;
use super::error::Error;
use super::file_access::{WITHOUT_LOCKS, can_lock, open_file};
use super::text;
use hdf5::H5Type as Element;
use hdf5::types::VarLenUnicode;
use std::path::{Path, PathBuf};

/// An open HDF5 file.
pub struct Reader {
    pub(super) file: hdf5::File,
    path: PathBuf,
}

/// Name, shape and attributes of a dataset, as `inspect` lists them.
pub struct DatasetSummary {
    /// Full name within the file.
    pub path: String,
    pub shape: Vec<usize>,
    pub units: Option<String>,
    pub description: Option<String>,
}

impl Reader {
    /// Opens any HDF5 file.
    ///
    /// # Errors
    /// It does not exist, is damaged, or is not an HDF5 file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source: hdf5::Error| {
            let hint = match source.to_string() {
                text if text.contains("consistency") => "the program that wrote it was killed; try `h5clear -s` on it",
                _ if !path.exists() => "there is no such file",
                _ if !can_lock(path) => WITHOUT_LOCKS,
                _ => "it is damaged or has another format",
            };
            Error::Open { path: path.to_owned(), hint, source }
        };
        Ok(Self { file: open_file(path, |builder, path| builder.open(path)).map_err(failed)?, path: path.to_owned() })
    }

    /// Opens a result file of simmpi.
    ///
    /// # Errors
    /// As [`open`](Reader::open), or simmpi did not write the file.
    pub fn open_results(path: &Path) -> Result<Self, Error> {
        let reader = Self::open(path)?;
        match reader.text_attribute("simmpi_version") {
            Ok(_) => Ok(reader),
            Err(_) => Err(Error::Foreign { path: path.to_owned() }),
        }
    }

    /// The root attribute `name`.
    ///
    /// # Errors
    /// It is missing or has another type.
    pub fn attribute<T: Element>(&self, name: &str) -> Result<T, Error> {
        let attribute = self.file.attr(name).map_err(|_| self.missing(name))?;
        attribute.read_scalar().map_err(|source| self.unreadable(name, source))
    }

    /// The root attribute `name`, a string.
    ///
    /// # Errors
    /// It is missing or has another type.
    pub fn text_attribute(&self, name: &str) -> Result<String, Error> {
        Ok(self.attribute::<VarLenUnicode>(name)?.to_string())
    }

    /// The shape of dataset `item`, if it exists.
    pub fn shape(&self, item: &str) -> Option<Vec<usize>> {
        Some(self.file.dataset(item).ok()?.shape())
    }

    /// Whether the elements of dataset `item` are complex numbers.
    pub fn is_complex(&self, item: &str) -> bool {
        let type_of = |dataset: hdf5::Dataset| dataset.dtype().and_then(|t| t.to_descriptor()).ok();
        match self.file.dataset(item).ok().and_then(type_of) {
            Some(hdf5::types::TypeDescriptor::Compound(c)) => c.fields.iter().map(|f| &f.name).eq(["r", "i"]),
            _ => false,
        }
    }

    /// All values of dataset `item`, row-major.
    ///
    /// # Errors
    /// It is missing or has another type.
    pub fn array<T: Element>(&self, item: &str) -> Result<Vec<T>, Error> {
        self.dataset(item)?.read_raw().map_err(|source| self.unreadable(item, source))
    }

    /// All strings of dataset `item`.
    ///
    /// # Errors
    /// It is missing or has another type.
    pub fn strings(&self, item: &str) -> Result<Vec<String>, Error> {
        text::read(&*self.dataset(item)?, None).map_err(|source| self.unreadable(item, source))
    }

    /// The strings `first..first + count` of dataset `item`.
    ///
    /// # Errors
    /// It is missing, has fewer elements or another type.
    pub fn strings_in(&self, item: &str, first: usize, count: usize) -> Result<Vec<String>, Error> {
        let read = text::read(&*self.dataset(item)?, Some(first..first + count));
        read.map_err(|source| self.unreadable(item, source))
    }

    /// Rows `first..first + count` of dataset `item`, row-major.
    ///
    /// # Errors
    /// It is missing, has fewer rows or another type.
    pub fn rows<T: Element>(&self, item: &str, first: usize, count: usize) -> Result<Vec<T>, Error> {
        let dataset = self.dataset(item)?;
        let shape = dataset.shape();
        if shape.first().is_none_or(|&rows| rows < first + count) {
            let wanted = format!("at least {} rows", first + count);
            return Err(Error::Shape { path: self.path.clone(), item: item.into(), found: shape, wanted });
        }
        let mut bounds = vec![hdf5::SliceOrIndex::from(first..first + count)];
        bounds.extend(shape[1..].iter().map(|&n| hdf5::SliceOrIndex::from(0..n)));
        let read =
            dataset.read_slice::<T, _, ndarray::IxDyn>(hdf5::Selection::Hyperslab(hdf5::Hyperslab::from(bounds)));
        Ok(read.map_err(|source| self.unreadable(item, source))?.into_iter().collect())
    }

    /// Rows `first..first + count` of a dataset of complex numbers, row-major.
    ///
    /// # Errors
    /// As [`rows`](Reader::rows).
    pub fn complex_rows(&self, item: &str, first: usize, count: usize) -> Result<Vec<Complex>, Error> {
        self.rows(item, first, count)
    }

    /// All datasets of the file, sorted by path.
    ///
    /// # Errors
    /// A group cannot be read.
    pub fn items(&self) -> Result<Vec<DatasetSummary>, Error> {
        let mut items = Vec::new();
        let mut groups = vec![self.file.group("/").map_err(|source| self.unreadable("/", source))?];
        while let Some(group) = groups.pop() {
            let unreadable = |source| self.unreadable(&group.name(), source);
            groups.extend(group.groups().map_err(unreadable)?);
            items.extend(group.datasets().map_err(unreadable)?.iter().map(describe));
        }
        items.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(items)
    }

    pub(super) fn dataset(&self, item: &str) -> Result<hdf5::Dataset, Error> {
        self.file.dataset(item).map_err(|_| self.missing(item))
    }

    pub(super) fn missing(&self, item: &str) -> Error {
        Error::Missing { path: self.path.clone(), item: item.to_owned() }
    }

    pub(super) fn unreadable(&self, item: &str, source: hdf5::Error) -> Error {
        Error::Read { path: self.path.clone(), item: item.to_owned(), source }
    }
}

fn describe(dataset: &hdf5::Dataset) -> DatasetSummary {
    let text = |name: &str| {
        let attribute = dataset.attr(name).and_then(|a| a.read_scalar::<VarLenUnicode>());
        attribute.ok().map(|text| text.to_string())
    };
    DatasetSummary {
        path: dataset.name(),
        shape: dataset.shape(),
        units: text("units"),
        description: text("description"),
    }
}
