//! How are datasets made without what HDF5 does for those of special needs?
use super::Element;
use hdf5::{Dataset, Dataspace, Datatype, Group, Result, from_id, h5check};
use hdf5_sys::h5d::{H5Dcreate2, H5Dwrite};
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5s::H5S_ALL;
use std::ffi::CString;

/// Makes dataset `name` of `shape`, in one piece. The builder of datasets makes and changes three lists of properties for each, which
/// takes half of all the time that a small one needs.
///
/// # Errors
/// There is such a dataset already, or the disk is full.
pub fn create(group: &Group, name: &str, shape: &[usize], kind: &Datatype) -> Result<Dataset> {
    let space = Dataspace::try_new(shape)?;
    let name = CString::new(name).map_err(|_| "the name of a dataset has a NUL in it")?;
    hdf5::sync::sync(|| {
        let (of, lists) = (group.id(), H5P_DEFAULT);
        // SAFETY: all handles are open, and that of the dataset has no other owner.
        unsafe { from_id(h5check(H5Dcreate2(of, name.as_ptr(), kind.id(), space.id(), lists, lists, lists))?) }
    })
}

/// Writes `values`, row-major, as dataset `name` of `shape`.
///
/// # Errors
/// The values do not fill the shape, or as [`create`].
pub fn write<T: Element>(group: &Group, name: &str, shape: &[usize], values: &[T]) -> Result<Dataset> {
    if shape.iter().product::<usize>() != values.len() {
        return Err(format!("{} values do not fill {shape:?}", values.len()).into());
    }
    let kind = Datatype::from_type::<T>()?;
    let dataset = create(group, name, shape, &kind)?;
    let values = values.as_ptr().cast();
    // SAFETY: the handles are open, and there are as many values of the kind as the dataset has.
    hdf5::sync::sync(|| unsafe { h5check(H5Dwrite(dataset.id(), kind.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values)) })?;
    Ok(dataset)
}
