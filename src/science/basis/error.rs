//! What can be wrong with the text of a basis set?
use super::angular_momentum::HIGHEST_ANGULAR;
use crate::science::chemistry::Element;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{location}: {kind}")]
pub struct ParseError {
    pub location: Location,
    pub kind: ErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Location {
    /// Line number, counted from 1.
    #[error("line {0}")]
    Line(usize),
    /// Path of a JSON value, as in `elements.8.electron_shells[2]`.
    #[error("{0}")]
    Path(String),
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ErrorKind {
    #[error("expected an element and `0`, as in `O 0`, found `{0}`")]
    ElementLine(String),
    #[error("`{0}` is not an element")]
    Element(String),
    #[error("{0} is defined twice; all of its shells must be in one place")]
    Repeated(Element),
    #[error("{0} has no shells")]
    NoShells(Element),
    #[error("expected a shell, as in `S 3 1.00`, or `****` at the end of the element, found `{0}`")]
    ShellLine(String),
    #[error("`{0}` is not a supported shell: use S, P, D, F, G, H, I (l = {HIGHEST_ANGULAR}) or SP")]
    Angular(String),
    #[error("effective core potentials are not supported: remove the element, or use an all-electron basis set")]
    CorePotential,
    #[error("expected an exponent and {wanted} of coefficients, found {found} numbers", wanted = columns(*.wanted))]
    Columns { wanted: usize, found: usize },
    #[error("the first line of the shell announces {wanted} primitives, found {found}")]
    Primitives { wanted: usize, found: usize },
    #[error("`{0}` is not a number")]
    Number(String),
    #[error("the exponent {0} is not positive and finite")]
    Exponent(f64),
    #[error("the coefficient {0} is not finite")]
    Coefficient(f64),
    #[error("all coefficients of the shell are zero")]
    Empty,
    #[error("{exponents} exponents, but {coefficients} coefficients")]
    Lengths { exponents: usize, coefficients: usize },
    #[error("{angular} angular momenta, but {columns} columns of coefficients")]
    Momenta { angular: usize, columns: usize },
    #[error("the file ends before `****`")]
    Unfinished,
    #[error("no elements")]
    NoElements,
    #[error(
        "`{0}` after functions of the other kind: a basis set must be either spherical or Cartesian; remove the element"
    )]
    Mixed(String),
    #[error("functions of type `{0}` are not supported; use gto, gto_spherical or gto_cartesian")]
    FunctionType(String),
    #[error("not a basis set in the JSON form of the Basis Set Exchange: {0}")]
    Json(String),
}

fn columns(count: usize) -> String {
    if count == 1 { "1 column".to_owned() } else { format!("{count} columns") }
}
