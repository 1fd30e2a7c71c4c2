//! What is the mathematics and the physics? Pure functions of numbers: no file, no process, no message passes through here.
pub mod basis;
pub mod chemistry;
pub mod dynamics;
pub mod exact;
pub mod expansion;
mod four;
pub mod memory;
pub mod scf;
pub mod sum;
mod widest;
