//! How are strings written without what HDF5 does for a million of them?
use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, Dataspace, Datatype, Location, Result, h5check};
use hdf5_sys::h5a::{H5Aclose, H5Acreate2, H5Awrite};
use hdf5_sys::h5d::H5Dwrite;
use hdf5_sys::h5p::{H5P_CLS_DATASET_XFER, H5P_DEFAULT, H5Pclose, H5Pcreate, H5Pset_buffer};
use hdf5_sys::h5s::H5S_ALL;
use std::ffi::CString;
use std::ptr::{from_ref, null_mut};

/// Of one string in memory or in the file; both are pointers with a length at most.
const LARGEST_ELEMENT: usize = 32;
/// HDF5 works in strides of this.
const MOST: usize = 1 << 20;

/// What strings of a file have in common, made once.
pub struct Strings {
    kind: Datatype,
    one: Dataspace,
}

impl Strings {
    /// # Errors
    /// HDF5 refuses.
    pub fn new() -> Result<Self> {
        Ok(Self { kind: Datatype::from_type::<VarLenUnicode>()?, one: Dataspace::try_new(())? })
    }

    /// That of a string.
    pub fn kind(&self) -> &Datatype {
        &self.kind
    }

    /// Writes `texts`, as many as `dataset` holds. HDF5 converts strings through two buffers of 1 MiB, which it clears first, however few
    /// there are; these are as large as what there is to convert.
    ///
    /// # Errors
    /// HDF5 refuses, or the disk is full.
    pub fn fill(&self, dataset: &Dataset, texts: &[VarLenUnicode]) -> Result<()> {
        if dataset.size() != texts.len() {
            return Err(format!("{} strings do not fill {:?}", texts.len(), dataset.shape()).into());
        }
        let size = (texts.len() * LARGEST_ELEMENT).clamp(LARGEST_ELEMENT, MOST);
        hdf5::sync::sync(|| {
            // SAFETY: all handles are open, and the dataset has as many elements as `texts`.
            unsafe {
                let list = h5check(H5Pcreate(*H5P_CLS_DATASET_XFER))?;
                let written = h5check(H5Pset_buffer(list, size, null_mut(), null_mut())).and_then(|_| {
                    h5check(H5Dwrite(dataset.id(), self.kind.id(), H5S_ALL, H5S_ALL, list, texts.as_ptr().cast()))
                });
                H5Pclose(list);
                written.map(|_| ())
            }
        })
    }

    /// Writes `text` as attribute `name` of a file, group or dataset.
    ///
    /// # Errors
    /// There is one already, or the disk is full.
    pub fn attribute(&self, of: &Location, name: &str, text: &VarLenUnicode) -> Result<()> {
        let name = CString::new(name).map_err(|_| "the name of an attribute has a NUL in it")?;
        hdf5::sync::sync(|| {
            // SAFETY: all handles are open, and `text` is one element of the kind.
            unsafe {
                let (kind, one) = (self.kind.id(), self.one.id());
                let attribute = h5check(H5Acreate2(of.id(), name.as_ptr(), kind, one, H5P_DEFAULT, H5P_DEFAULT))?;
                let written = h5check(H5Awrite(attribute, kind, from_ref(text).cast()));
                h5check(H5Aclose(attribute)).and(written).map(|_| ())
            }
        })
    }
}
