//! How are complex numbers stored in HDF5?

/// A complex number as h5py stores it: a compound of `r` and `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, hdf5::H5Type)]
#[repr(C)]
pub struct Complex {
    pub r: f64,
    pub i: f64,
}
