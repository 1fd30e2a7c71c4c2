//! What is on the disk before there is a result?
pub mod codec;
