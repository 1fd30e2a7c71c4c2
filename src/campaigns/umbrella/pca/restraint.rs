//! How does GROMACS restrain the projection on a component?
use super::setup::Setup;
use super::step::PrincipalComponents;
use crate::campaigns::umbrella::restraint::{self, RestraintParameters, RestraintSpec};
use crate::campaigns::umbrella::scale::Scale;
use crate::campaigns::umbrella::section::Section;
use crate::campaigns::umbrella::series::{self, ExpectedRows, Series};
use crate::md::columns::Column;
use crate::md::edi;
use std::path::Path;
use std::sync::Arc;

/// Names of a window's files.
const RESTRAINT: &str = "restraint.edi";
/// `mdrun` insists on the ending.
const OUTPUT: &str = "window.projection.xvg";

/// How windows are restrained along a component.
pub fn restraint_spec(section: &Section) -> RestraintSpec {
    RestraintSpec {
        along: format!("component {}", section.component.unwrap_or(1)),
        scale: Scale::length(),
        force_constant: section.force_constant_kj_mol_nm2.value(),
        mdrun_args: ["-ei", RESTRAINT, "-eo", OUTPUT].map(str::to_owned).to_vec(),
        index: None,
    }
}

/// Tolerances of the restraint energy against k/2 dx^2: the program computes in single precision and prints six digits.
const ENERGY_PART: f64 = 2e-3;
const ENERGY_KJ_MOL: f64 = 1e-3;

/// A restraint of the projection on a component, by GROMACS' essential dynamics.
pub struct Restraint {
    pub setup: Arc<Setup>,
    pub components: Arc<PrincipalComponents>,
    /// Counted from 0.
    pub component: usize,
}

impl restraint::Restraint for Restraint {
    /// The restraint over the frame in which the components are.
    fn files(&self, parameters: &RestraintParameters) -> Vec<(String, String)> {
        let (atoms, n) = (&self.setup.selected, self.setup.selected.len());
        let superposition = &self.components.alignment.superposition;
        let vector = &self.components.modes.vectors[self.component];
        let vector: Vec<[f64; 3]> = (0..n).map(|atom| [0, 1, 2].map(|axis| vector[axis * n + atom])).collect();
        let restraint = edi::EdiRestraint {
            system: self.setup.frames.trajectory.atoms,
            atoms,
            reference: &superposition.moved_target(&vec![0.0; 3 * n]),
            average: &superposition.positions(&self.components.average.mean),
            component: self.component + 1,
            vector: &vector,
            center: parameters.center,
            force_constant: parameters.force_constant,
            output_every: parameters.output_every,
        };
        vec![(RESTRAINT.to_owned(), restraint.text())]
    }

    fn parameters(&self, _: &RestraintParameters) -> Vec<(String, String)> {
        Vec::new()
    }

    fn read(&self, folder: &Path, parameters: &RestraintParameters, rows: &ExpectedRows) -> Result<Series, String> {
        read(&folder.join(OUTPUT), parameters, rows)
    }
}

/// The projections that `mdrun -eo` wrote to `path`, if they are those of the restraint.
fn read(path: &Path, parameters: &RestraintParameters, rows: &ExpectedRows) -> Result<Series, String> {
    let wanted = [Column::Index(edi::column::PROJECTION), Column::Index(edi::column::ENERGY)];
    let (first_ps, mut columns) = series::read(path, &wanted, rows)?;
    let RestraintParameters { center, force_constant, .. } = *parameters;
    for (row, (x, energy)) in columns[0].iter().zip(&columns[1]).enumerate() {
        let expected = 0.5 * force_constant * (x - center) * (x - center);
        if (energy - expected).abs() > ENERGY_PART * expected + ENERGY_KJ_MOL {
            let time = first_ps + rows.step_ps * row as f64;
            return Err(format!(
                "`{}`: the restraint energy is {energy} kJ/mol at {time} ps, but {expected:.6} is expected: this version of GROMACS defines the restraint differently",
                path.display()
            ));
        }
    }
    Ok(Series { first_ps, step_ps: rows.step_ps, values: columns.swap_remove(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: RestraintParameters =
        RestraintParameters { center: -0.1, force_constant: 1000.0, output_every: 50 };
    const ROWS: ExpectedRows = ExpectedRows { count: 4, step_ps: 0.1 };

    /// Rows as mdrun writes them, the last one without an end.
    fn text(rows: usize, energy_factor: f64) -> String {
        let mut text = "@    xaxis  label \"Time (ps)\"\n@TYPE xy\n#".to_owned();
        for k in 0..rows {
            let (x, time) = (0.01 * k as f64, 0.1 * k as f64);
            let (energy, force) = (energy_factor * 500.0 * (x + 0.1) * (x + 0.1), -1000.0 * (x + 0.1));
            text += &format!("\n{time:12.6}{:17.6}{x:17.5e}{energy:17.5e}{force:17.5e}{:17.6}", 0.02, 0.02);
        }
        text
    }

    fn read_text(text: &str) -> Result<Series, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xvg");
        std::fs::write(&path, text).unwrap();
        read(&path, &PARAMETERS, &ROWS)
    }

    #[test]
    fn all_rows_are_read_the_last_one_too() {
        let series = read_text(&text(4, 1.0)).unwrap();
        assert_eq!(series.values, [0.0, 0.01, 0.02, 0.03]);
        assert_eq!((series.first_ps, series.step_ps), (0.0, 0.1));
    }

    #[test]
    fn rows_that_are_missing_and_another_restraint_are_noticed() {
        assert!(read_text(&text(3, 1.0)).unwrap_err().contains("has 3 rows, not 4"));
        assert!(read_text(&text(4, 1.01)).unwrap_err().contains("defines the restraint differently"));
        assert!(read_text(&text(4, 0.0)).unwrap_err().contains("defines the restraint differently"));
        assert!(read_text(&text(4, 1.0).replace("    0.300000", "    0.400000")).unwrap_err().contains("rows"));
    }
}
