//! Which derivatives of the energy are written, and in which shape?
use super::sums::Derivatives;
use crate::science::exact::Exact;

/// A derivative with respect to the positions of all atoms.
#[derive(Clone, Copy, PartialEq)]
pub enum Derivative {
    Gradient,
    Hessian,
}

impl Derivative {
    pub fn name(self) -> &'static str {
        match self {
            Derivative::Gradient => "gradient",
            Derivative::Hessian => "hessian",
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Derivative::Gradient => "hartree/bohr",
            Derivative::Hessian => "hartree/bohr^2",
        }
    }

    pub fn shape(self, atoms: usize) -> [usize; 2] {
        match self {
            Derivative::Gradient => [atoms, 3],
            Derivative::Hessian => [3 * atoms, 3 * atoms],
        }
    }

    pub fn sums(self) -> fn(&Derivatives) -> &Vec<Exact> {
        match self {
            Derivative::Gradient => |sums| &sums.gradient,
            Derivative::Hessian => |sums| &sums.hessian,
        }
    }
}
