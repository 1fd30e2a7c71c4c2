//! What can be wrong with a basis set's text?
use super::HIGHEST_ANGULAR;
use crate::science::chemistry::Element;
use std::fmt;

/// A basis set that cannot be read: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ParseError {
    pub place: Place,
    pub fault: Fault,
}

/// Where in a text something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The number of the line, from 1.
    Line(usize),
    /// In JSON, the way to the value, as in `elements.8.electron_shells[2]`.
    Path(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    #[error("an element and `0` are expected, as in `O 0`, not `{0}`")]
    ElementLine(String),
    #[error("`{0}` is no element")]
    Element(String),
    #[error("{0} is there for the second time; its shells must stand together")]
    Repeated(Element),
    #[error("{0} has no shells")]
    NoShells(Element),
    #[error("a shell is expected, as in `S 3 1.00`, or `****` at the end of the element, not `{0}`")]
    ShellLine(String),
    #[error("`{0}` is no shell that can be used: S, P, D, F, G, H, I (l = {HIGHEST_ANGULAR}) and SP are")]
    Angular(String),
    #[error(
        "an effective core potential, which is not supported: leave the element out, or take a set for all of its electrons"
    )]
    CorePotential,
    #[error("an exponent and {wanted} of coefficients are expected, here are {found} numbers", wanted = columns(*.wanted))]
    Columns { wanted: usize, found: usize },
    #[error("the first line of the shell says {wanted} primitives, here are {found}")]
    Primitives { wanted: usize, found: usize },
    #[error("`{0}` is no number")]
    Number(String),
    #[error("the exponent {0} is not positive and finite")]
    Exponent(f64),
    #[error("the coefficient {0} is not finite")]
    Coefficient(f64),
    #[error("a shell without a coefficient that is not zero")]
    Empty,
    #[error("{exponents} exponents, but {coefficients} coefficients")]
    Lengths { exponents: usize, coefficients: usize },
    #[error("{angular} angular momenta, but {columns} columns of coefficients")]
    Momenta { angular: usize, columns: usize },
    #[error("the text ends before `****`")]
    Unfinished,
    #[error("no element")]
    NoElements,
    #[error(
        "`{0}` after functions of the other kind: leave the element out, a set here is either spherical or Cartesian"
    )]
    Mixed(String),
    #[error("functions of the type `{0}` are not supported, those of type gto, gto_spherical and gto_cartesian are")]
    FunctionType(String),
    #[error("no basis set as the Basis Set Exchange writes them: {0}")]
    Json(String),
}

/// As in `2 columns`.
fn columns(count: usize) -> String {
    if count == 1 { "1 column".to_owned() } else { format!("{count} columns") }
}
