//! Which numbers or texts are in a dataset or attribute whose type is not known beforehand?
use super::{Complex, Error, Reader};
use hdf5::types::{TypeDescriptor, VarLenUnicode};
use std::collections::BTreeMap;

/// Numbers or texts, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    Float(Vec<f64>),
    Signed(Vec<i64>),
    Unsigned(Vec<u64>),
    Complex(Vec<Complex>),
    Text(Vec<String>),
}

/// Values and their shape; a single value has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Values,
}

impl Reader {
    /// Whether there is a group or dataset `item`.
    pub fn has(&self, item: &str) -> bool {
        self.file.link_exists(item.trim_matches('/'))
    }

    /// The names of the groups in group `item`, sorted.
    ///
    /// # Errors
    /// There is no such group.
    pub fn groups(&self, item: &str) -> Result<Vec<String>, Error> {
        let names = self.file.group(item).and_then(|group| Ok(group.groups()?.iter().map(|g| g.name()).collect()));
        names.map(own_names).map_err(|source| self.unreadable(item, source))
    }

    /// The names of the datasets in group `item`, sorted.
    ///
    /// # Errors
    /// There is no such group.
    pub fn datasets(&self, item: &str) -> Result<Vec<String>, Error> {
        let names = self.file.group(item).and_then(|group| Ok(group.datasets()?.iter().map(|d| d.name()).collect()));
        names.map(own_names).map_err(|source| self.unreadable(item, source))
    }

    /// Dataset `item`, whatever is in it.
    ///
    /// # Errors
    /// It is missing, or of a type that simmpi never writes.
    pub fn dataset_values(&self, item: &str) -> Result<Array, Error> {
        read(&*self.dataset(item)?).map_err(|source| self.unreadable(item, source))
    }

    /// Every attribute of group or dataset `item`.
    ///
    /// # Errors
    /// It is missing, or an attribute is of a type that simmpi never writes.
    pub fn attributes(&self, item: &str) -> Result<BTreeMap<String, Array>, Error> {
        let place: hdf5::Location = match self.file.dataset(item) {
            Ok(dataset) => (**dataset).clone(),
            Err(_) => (*self.file.group(item).map_err(|_| self.missing(item))?).clone(),
        };
        let read_all = || -> hdf5::Result<BTreeMap<String, Array>> {
            place.attr_names()?.into_iter().map(|name| Ok((name.clone(), read(&*place.attr(&name)?)?))).collect()
        };
        read_all().map_err(|source| self.unreadable(item, source))
    }
}

/// The last parts of full names.
fn own_names(paths: Vec<String>) -> Vec<String> {
    let mut names: Vec<String> =
        paths.iter().map(|path| path.rsplit('/').next().unwrap_or_default().to_owned()).collect();
    names.sort();
    names
}

fn read(container: &hdf5::Container) -> hdf5::Result<Array> {
    let descriptor = container.dtype()?.to_descriptor()?;
    let values = match &descriptor {
        TypeDescriptor::Float(_) => Values::Float(container.read_raw()?),
        TypeDescriptor::Integer(_) => Values::Signed(container.read_raw()?),
        TypeDescriptor::Unsigned(_) => Values::Unsigned(container.read_raw()?),
        TypeDescriptor::Compound(c) if c.fields.iter().map(|field| &field.name).eq(["r", "i"]) => {
            Values::Complex(container.read_raw()?)
        }
        TypeDescriptor::VarLenUnicode => {
            let texts: Vec<VarLenUnicode> = container.read_raw()?;
            Values::Text(texts.iter().map(ToString::to_string).collect())
        }
        other => return Err(hdf5::Error::from(format!("it is of type {other}"))),
    };
    Ok(Array { shape: container.shape(), values })
}
