//! How are datasets and attributes read whose type is not known beforehand?
use super::complex::Complex;
use super::error::Error;
use super::reader::Reader;
use super::text;
use hdf5::types::TypeDescriptor;
use std::collections::BTreeMap;

/// Elements of an array, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrayValues {
    Float(Vec<f64>),
    Signed(Vec<i64>),
    Unsigned(Vec<u64>),
    Complex(Vec<Complex>),
    Text(Vec<String>),
}

/// A dataset or attribute: its elements and their shape, which is empty for a scalar.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub values: ArrayValues,
}

impl Reader {
    /// Whether a group or dataset `item` exists.
    pub fn has(&self, item: &str) -> bool {
        self.file.link_exists(item.trim_matches('/'))
    }

    /// The names of the groups in group `item`, sorted.
    ///
    /// # Errors
    /// The group does not exist.
    pub fn groups(&self, item: &str) -> Result<Vec<String>, Error> {
        let names = self.file.group(item).and_then(|group| Ok(group.groups()?.iter().map(|g| g.name()).collect()));
        names.map(own_names).map_err(|source| self.unreadable(item, source))
    }

    /// The names of the datasets in group `item`, sorted.
    ///
    /// # Errors
    /// The group does not exist.
    pub fn datasets(&self, item: &str) -> Result<Vec<String>, Error> {
        let names = self.file.group(item).and_then(|group| Ok(group.datasets()?.iter().map(|d| d.name()).collect()));
        names.map(own_names).map_err(|source| self.unreadable(item, source))
    }

    /// Dataset `item` of any type.
    ///
    /// # Errors
    /// It is missing, or has a type that simmpi never writes.
    pub fn dataset_values(&self, item: &str) -> Result<Array, Error> {
        read(&*self.dataset(item)?).map_err(|source| self.unreadable(item, source))
    }

    /// All attributes of the group or dataset `item`, by name.
    ///
    /// # Errors
    /// It is missing, or an attribute has a type that simmpi never writes.
    pub fn attributes(&self, item: &str) -> Result<BTreeMap<String, Array>, Error> {
        let location: hdf5::Location = match self.file.dataset(item) {
            Ok(dataset) => (**dataset).clone(),
            Err(_) => (*self.file.group(item).map_err(|_| self.missing(item))?).clone(),
        };
        let read_all = || -> hdf5::Result<BTreeMap<String, Array>> {
            location.attr_names()?.into_iter().map(|name| Ok((name.clone(), read(&*location.attr(&name)?)?))).collect()
        };
        read_all().map_err(|source| self.unreadable(item, source))
    }
}

/// The last components of full names, sorted.
fn own_names(paths: Vec<String>) -> Vec<String> {
    let mut names: Vec<String> =
        paths.iter().map(|path| path.rsplit('/').next().unwrap_or_default().to_owned()).collect();
    names.sort();
    names
}

fn read(container: &hdf5::Container) -> hdf5::Result<Array> {
    let descriptor = container.dtype()?.to_descriptor()?;
    let values = match &descriptor {
        TypeDescriptor::Float(_) => ArrayValues::Float(container.read_raw()?),
        TypeDescriptor::Integer(_) => ArrayValues::Signed(container.read_raw()?),
        TypeDescriptor::Unsigned(_) => ArrayValues::Unsigned(container.read_raw()?),
        TypeDescriptor::Compound(c) if c.fields.iter().map(|field| &field.name).eq(["r", "i"]) => {
            ArrayValues::Complex(container.read_raw()?)
        }
        TypeDescriptor::VarLenUnicode | TypeDescriptor::FixedUnicode(_) => {
            ArrayValues::Text(text::read(container, None)?)
        }
        other => return Err(hdf5::Error::from(format!("its type is {other}"))),
    };
    Ok(Array { shape: container.shape(), values })
}
