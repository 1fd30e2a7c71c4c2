//! How does GROMACS restrain a distance or angle?
//!
//! By GROMACS' pull code (manual.gromacs.org, "The pull code"): an umbrella k/2 (x - x0)^2 on one coordinate, of groups that a file of groups
//! names. Angles are in degrees there, and their force constants per square of a radian.
use crate::campaigns::umbrella::restraint::{self, RestraintParameters, RestraintSpec};
use crate::campaigns::umbrella::scale::Scale;
use crate::campaigns::umbrella::section::{CoordinateKind, CoordinateSection, Section};
use crate::campaigns::umbrella::series::{self, ExpectedRows, Series};
use crate::campaigns::umbrella::windows::SIMULATION;
use crate::md::columns::Column;
use crate::science::free_energy::Axis;
use crate::science::geometry::Kind;
use crate::units::CoordinateUnit;
use std::fmt::Write;
use std::path::Path;

/// The window's file of groups.
const INDEX: &str = "groups.ndx";
/// Atoms on one of its lines.
const ATOMS_ON_LINE: usize = 15;
/// Tolerances of a force against -k dx: both are computed in single precision and printed with six digits.
const DIGITS: f64 = 2e-5;
const FORCE_KJ_MOL: f64 = 1e-4;

/// How windows are restrained along a distance or angle.
pub fn restraint_spec(section: &Section, coordinate: &CoordinateSection) -> RestraintSpec {
    let kind = Kind::from(coordinate.kind);
    let axis = Axis { period: kind.period() };
    let (scale, force_constant) = match coordinate.kind {
        CoordinateKind::Distance => (Scale::length(), section.force_constant_kj_mol_nm2.value()),
        CoordinateKind::Angle | CoordinateKind::Dihedral => {
            let constant = section.force_constant_kj_mol_rad2.and_then(|constant| constant.value());
            (Scale { unit: CoordinateUnit::Degree, axis }, constant)
        }
    };
    let along = format!("the {}", kind.name());
    RestraintSpec { along, scale, force_constant, mdrun_args: Vec::new(), index: Some(INDEX.into()) }
}

/// A restraint of one pull coordinate.
pub struct Restraint {
    kind: Kind,
    scale: Scale,
    /// The file of groups.
    index: String,
}

impl Restraint {
    /// One of `groups` in a system of so many `atoms`, whose other groups stand in the text `index`.
    pub fn new(kind: Kind, scale: Scale, groups: &[Vec<usize>], atoms: usize, index: Option<&str>) -> Self {
        let mut text = index.unwrap_or_default().to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        // With a file of groups GROMACS makes none itself, and run parameters name this one.
        if !has_group(&text, "System") {
            push_group(&mut text, "System", 0..atoms);
        }
        for (place, atoms) in groups.iter().enumerate() {
            push_group(&mut text, &name(place), atoms.iter().copied());
        }
        Self { kind, scale, index: text }
    }

    /// Pairs of groups, between which GROMACS takes vectors.
    fn pairs(&self) -> &'static str {
        match self.kind {
            Kind::Distance => "1 2",
            Kind::Angle => "2 1 2 3",
            Kind::Dihedral => "1 2 2 3 3 4",
        }
    }
}

/// What a group is called, counted from 0.
fn name(place: usize) -> String {
    format!("simmpi_{}", place + 1)
}

fn has_group(index: &str, name: &str) -> bool {
    let names = index.lines().filter_map(|line| line.trim().strip_prefix('[')?.split(']').next());
    names.into_iter().any(|group| group.trim() == name)
}

fn push_group(text: &mut String, name: &str, atoms: impl Iterator<Item = usize>) {
    let _ = write!(text, "[ {name} ]");
    for (k, atom) in atoms.enumerate() {
        text.push(if k % ATOMS_ON_LINE == 0 { '\n' } else { ' ' });
        // Atoms are counted from 1 there.
        let _ = write!(text, "{}", atom + 1);
    }
    text.push('\n');
}

impl restraint::Restraint for Restraint {
    fn files(&self, _: &RestraintParameters) -> Vec<(String, String)> {
        vec![(INDEX.to_owned(), self.index.clone())]
    }

    fn parameters(&self, parameters: &RestraintParameters) -> Vec<(String, String)> {
        let groups = self.kind.groups();
        let constant = self.scale.to_gromacs_constant(parameters.force_constant);
        let mut said: Vec<(String, String)> = [
            ("pull", "yes".to_owned()),
            ("pull-nstxout", parameters.output_every.to_string()),
            ("pull-nstfout", parameters.output_every.to_string()),
            ("pull-ngroups", groups.to_string()),
            ("pull-ncoords", "1".to_owned()),
            ("pull-coord1-type", "umbrella".to_owned()),
            ("pull-coord1-geometry", self.kind.name().to_owned()),
            ("pull-coord1-groups", self.pairs().to_owned()),
            ("pull-coord1-dim", "Y Y Y".to_owned()),
            ("pull-coord1-start", "no".to_owned()),
            ("pull-coord1-rate", "0".to_owned()),
            ("pull-coord1-init", parameters.center.to_string()),
            ("pull-coord1-k", constant.to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec();
        said.extend((0..groups).map(|place| (format!("pull-group{}-name", place + 1), name(place))));
        said
    }

    fn read(&self, folder: &Path, parameters: &RestraintParameters, rows: &ExpectedRows) -> Result<Series, String> {
        let file = |letter: char| folder.join(format!("{SIMULATION}_pull{letter}.xvg"));
        let column = |path: &Path| -> Result<(f64, Vec<f64>), String> {
            let (first_ps, mut columns) = series::read(path, &[Column::Index(1)], rows)?;
            Ok((first_ps, columns.swap_remove(0)))
        };
        let ((first_ps, values), (_, forces)) = (column(&file('x'))?, column(&file('f'))?);
        for (row, (x, force)) in values.iter().zip(&forces).enumerate() {
            let slope = |dx: f64| self.scale.to_gromacs_force(parameters.force_constant * dx);
            let expected = -slope(self.scale.axis.displacement(*x, parameters.center));
            if (force - expected).abs() > DIGITS * (expected.abs() + slope(x.abs())) + FORCE_KJ_MOL {
                let time = first_ps + rows.step_ps * row as f64;
                return Err(format!(
                    "`{}`: the force is {force} at {time} ps, but {expected:.6} is expected: this version of GROMACS defines the restraint differently",
                    file('f').display()
                ));
            }
        }
        Ok(Series { first_ps, step_ps: rows.step_ps, values })
    }
}

#[cfg(test)]
mod tests {
    use super::restraint::Restraint as _;
    use super::*;
    use std::fs;

    const ROWS: ExpectedRows = ExpectedRows { count: 3, step_ps: 0.1 };

    fn dihedral() -> Restraint {
        let scale = Scale { unit: CoordinateUnit::Degree, axis: Axis { period: Some(360.0) } };
        Restraint::new(Kind::Dihedral, scale, &[vec![4], vec![6, 7], vec![8], vec![14]], 20, None)
    }

    #[test]
    fn groups_stand_behind_those_that_are_given_and_system_once() {
        let own = dihedral().index;
        assert!(own.starts_with("[ System ]\n1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n16 17 18 19 20\n[ simmpi_1 ]\n5\n"));
        assert!(own.ends_with("[ simmpi_2 ]\n7 8\n[ simmpi_3 ]\n9\n[ simmpi_4 ]\n15\n"), "{own}");
        let given = "[ Solute ]\n1 2\n[System]\n1 2 3";
        let joined = Restraint::new(Kind::Distance, Scale::length(), &[vec![0], vec![2]], 3, Some(given)).index;
        assert_eq!(joined, "[ Solute ]\n1 2\n[System]\n1 2 3\n[ simmpi_1 ]\n1\n[ simmpi_2 ]\n3\n");
    }

    #[test]
    fn force_constants_of_angles_are_per_radian_for_gromacs() {
        let restraint = dihedral();
        let constant = restraint.scale.internal_constant(100.0);
        let said =
            restraint.parameters(&RestraintParameters { center: -170.0, force_constant: constant, output_every: 50 });
        let value = |key: &str| said.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone()).unwrap();
        assert!((value("pull-coord1-k").parse::<f64>().unwrap() - 100.0).abs() < 1e-9);
        assert_eq!((value("pull-coord1-init"), value("pull-coord1-groups")), ("-170".into(), "1 2 2 3 3 4".into()));
        assert_eq!((value("pull-group4-name"), value("pull-nstxout")), ("simmpi_4".into(), "50".into()));
    }

    #[test]
    fn forces_tell_whether_the_restraint_was_this_one() {
        let (restraint, folder) = (dihedral(), tempfile::tempdir().unwrap());
        let parameters = RestraintParameters {
            center: -170.0,
            force_constant: restraint.scale.internal_constant(100.0),
            output_every: 50,
        };
        let write = |letter: char, values: [f64; 3]| {
            let rows = (0..3).map(|k| format!("{:.4}\t{}\n", 0.1 * f64::from(k), values[k as usize]));
            let text = format!("@    xaxis  label \"Time (ps)\"\n{}", rows.collect::<String>());
            fs::write(folder.path().join(format!("window_pull{letter}.xvg")), text).unwrap();
        };
        // Across the end of the circle: 170 is 20 degrees below.
        write('x', [-170.0, 170.0, -165.5]);
        write('f', [0.0, 34.9066, -7.85398]);
        assert_eq!(restraint.read(folder.path(), &parameters, &ROWS).unwrap().values, [-170.0, 170.0, -165.5]);
        write('f', [0.0, 35.1, -7.85398]);
        assert!(
            restraint
                .read(folder.path(), &parameters, &ROWS)
                .unwrap_err()
                .contains("defines the restraint differently")
        );
        let more = ExpectedRows { count: 4, ..ROWS };
        assert!(restraint.read(folder.path(), &parameters, &more).unwrap_err().contains("has 3 rows, not 4"));
    }
}
