//! Many-body expansions: which were asked for?
mod input;
mod section;
