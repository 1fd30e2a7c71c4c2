//! Identities of physics and mathematics that a user of [`simmpi::science`] relies on, through its public interface.
#![allow(clippy::unwrap_used, clippy::needless_range_loop)]
mod dynamics;
mod expansion;
mod langevin;
mod reweighting;
mod selection;
