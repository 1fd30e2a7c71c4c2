//! How are strings written without HDF5's room for a million bytes of them?
use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, Datatype, Result, h5check};
use hdf5_sys::h5d::H5Dwrite;
use hdf5_sys::h5p::{H5P_CLS_DATASET_XFER, H5Pclose, H5Pcreate, H5Pset_buffer};
use hdf5_sys::h5s::H5S_ALL;

/// Of one string in memory or in the file; both are pointers with a length at most.
const LARGEST_ELEMENT: usize = 32;
/// HDF5 works in strides of this.
const MOST: usize = 1 << 20;

/// Writes `texts`, as many as `dataset` holds. HDF5 converts strings through two buffers of 1 MiB, which it clears first, however few
/// there are; these are as large as what there is to convert.
///
/// # Errors
/// HDF5 refuses, or the disk is full.
pub fn write(dataset: &Dataset, texts: &[VarLenUnicode]) -> Result<()> {
    let kind = Datatype::from_type::<VarLenUnicode>()?;
    let size = (texts.len() * LARGEST_ELEMENT).clamp(LARGEST_ELEMENT, MOST);
    if dataset.size() != texts.len() {
        return Err(format!("{} strings do not fill {:?}", texts.len(), dataset.shape()).into());
    }
    hdf5::sync::sync(|| {
        // SAFETY: all handles are open, and the dataset has as many elements as `texts`.
        unsafe {
            let list = h5check(H5Pcreate(*H5P_CLS_DATASET_XFER))?;
            let written =
                h5check(H5Pset_buffer(list, size, std::ptr::null_mut(), std::ptr::null_mut())).and_then(|_| {
                    h5check(H5Dwrite(dataset.id(), kind.id(), H5S_ALL, H5S_ALL, list, texts.as_ptr().cast()))
                });
            H5Pclose(list);
            written.map(|_| ())
        }
    })
}
