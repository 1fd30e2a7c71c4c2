//! Many-body expansions: which were asked for?
mod section;
