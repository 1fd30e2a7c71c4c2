//! Which features do the tasks of a campaign need that not every engine supports?
use crate::science::chemistry::Element;

/// Features that tasks need and that not every engine supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs<'a> {
    /// The elements of all tasks, each once.
    pub elements: &'a [Element],
    pub ghosts: bool,
    pub point_charges: bool,
    pub open_shells: bool,
}
