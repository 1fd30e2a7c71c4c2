//! Many-body expansions: which were asked for?
mod export;
mod input;
mod section;
