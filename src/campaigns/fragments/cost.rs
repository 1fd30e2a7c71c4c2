//! How long does a task take, relative to others?
use super::{Setup, Solver};
use crate::engines::qc::Driver;
use crate::science::chemistry::Element;
use crate::task::TaskId;

/// Seconds of a mean-field calculation per cube of the number of basis functions, on one core. Only ratios matter, and measured times replace
/// the estimate.
const PER_CUBE_S: f64 = 3e-6;

/// The estimated cost of a task, s.
pub fn estimated_cost(setup: &Setup, id: TaskId) -> f64 {
    let unit = &setup.units[id as usize];
    let (frame, task, level) = (&setup.frames[unit.frame], &unit.task, setup.level(unit));
    let start_s = match &level.solver {
        Solver::Program(engine) => engine.start_s(),
        Solver::Embedded(_) => 0.0,
        Solver::Recorded(_) => return 1.0,
    };
    let count = |fragments: &[u16]| -> f64 {
        let atoms = fragments.iter().flat_map(|&fragment| &frame.system.fragments[usize::from(fragment)].atoms);
        let elements = atoms.map(|&atom| frame.system.elements[atom]);
        match &level.solver {
            Solver::Embedded(engine) => engine.functions(elements) as f64,
            _ => elements.map(|element| functions(element, level.chemistry.basis.as_deref())).sum(),
        }
    };
    let (all, real) = (count(&frame.expansion.basis_of(task)), count(&task.real));
    let mean_field = PER_CUBE_S * all.powi(3);
    let method = level.chemistry.method.to_lowercase();
    // Correlation also scales with the electrons of the real fragments, for which their share of the functions stands.
    let work = match method.as_str() {
        m if m.contains("gfn") => 1e-2 * mean_field,
        m if m.contains("(t)") => mean_field * (1.0 + 0.05 * real * all / 10.0),
        m if m.contains("cc") || m.contains("ci") => mean_field * (1.0 + 0.05 * real),
        m if m.contains("mp") => mean_field * (1.0 + 0.02 * real),
        _ => mean_field,
    };
    let derivatives = match setup.driver_of(task) {
        Driver::Energy => 1.0,
        Driver::Gradient => 2.0,
        Driver::Hessian => 4.0 + all / 10.0,
    };
    start_s + work * derivatives / level.threads as f64
}

/// The approximate number of basis functions of an atom, by row of the periodic table: common sets by name, others as double zeta.
fn functions(element: Element, basis: Option<&str>) -> f64 {
    let name = basis.unwrap_or("").to_lowercase();
    let of_rows: [f64; 4] = match name.as_str() {
        n if n.starts_with("sto") || n.is_empty() => [1.0, 5.0, 9.0, 18.0],
        n if n.starts_with("aug-cc-pvt") => [23.0, 46.0, 50.0, 59.0],
        n if n.starts_with("aug-cc-pvd") => [9.0, 23.0, 27.0, 36.0],
        n if n.starts_with("aug-cc-pvq") => [46.0, 80.0, 84.0, 93.0],
        n if n.starts_with("cc-pvq") => [30.0, 55.0, 59.0, 68.0],
        n if n.starts_with("cc-pvt") || n.contains("tzvp") => [14.0, 30.0, 34.0, 43.0],
        n if n.starts_with("6-311") => [6.0, 18.0, 26.0, 39.0],
        "6-31g" | "3-21g" => [2.0, 9.0, 13.0, 29.0],
        "6-31g*" | "6-31g(d)" => [2.0, 15.0, 19.0, 34.0],
        _ => [5.0, 14.0, 18.0, 27.0],
    };
    of_rows[(element.row() - 1).min(3)]
}
