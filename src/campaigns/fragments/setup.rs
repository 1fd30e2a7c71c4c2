//! Which computations does an expansion consist of?
use super::Level;
use crate::engines::qc::Driver;
use crate::science::chemistry::{Differences, Displacement, Molecule};
use crate::science::expansion::{Expansion, Supersystem, Task};

/// Clusters, levels of theory and the list of computations.
pub struct Setup {
    pub frames: Vec<Frame>,
    pub levels: Vec<Level>,
    pub driver: Driver,
    /// Charges of each fragment's atoms, elementary charges.
    pub embedding: Option<Vec<Vec<f64>>>,
    /// Everything that is computed, lower generations first, each task's displacements behind it.
    pub units: Vec<Unit>,
}

/// One computation: a task of a frame, or the same with some atoms displaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub frame: usize,
    pub task: Task,
    pub displacement: Displacement,
}

/// One arrangement of the atoms, and its expansion.
pub struct Frame {
    pub system: Supersystem,
    pub expansion: Expansion,
}

impl Setup {
    /// Puts the tasks of all frames in order: raising the largest order only adds some at the end.
    pub fn new(frames: Vec<Frame>, levels: Vec<Level>, driver: Driver, embedding: Option<Vec<Vec<f64>>>) -> Self {
        let of_frame = |(k, frame): (usize, &Frame)| frame.expansion.tasks().into_iter().map(move |task| (k, task));
        let mut tasks: Vec<(usize, Task)> = frames.iter().enumerate().flat_map(of_frame).collect();
        tasks.sort_by_key(|(frame, task)| (task.generation, *frame));
        let mut setup = Self { frames, levels, driver, embedding, units: Vec::new() };
        for (frame, task) in tasks {
            let coordinates = setup.coordinates(frame, &task).len();
            let displacements = setup.differences(&task).displacements(coordinates);
            let unit = |displacement| Unit { frame, task: task.clone(), displacement };
            setup.units.extend(displacements.into_iter().map(unit));
        }
        setup
    }

    /// The finite differences that give a task's derivatives.
    pub fn differences(&self, task: &Task) -> Differences {
        self.levels[usize::from(task.level)].differences(self.driver)
    }

    /// The derivative that a single computation of a task gives.
    pub fn driver_of(&self, task: &Task) -> Driver {
        match self.differences(task) {
            Differences::None => self.driver,
            Differences::HessianFromGradients => Driver::Gradient,
            Differences::GradientFromEnergies | Differences::HessianFromEnergies => Driver::Energy,
        }
    }

    /// The most cores of the allocation that a launcher gives to a task; none where no launcher starts programs.
    pub fn launched_cores(&self) -> Option<usize> {
        self.levels.iter().filter_map(|level| Some(level.launched.as_ref()?.launcher.cores())).max()
    }

    /// The level of a unit's task.
    pub fn level(&self, unit: &Unit) -> &Level {
        &self.levels[usize::from(unit.task.level)]
    }

    /// The molecule of a unit, with ghost atoms, embedding charges and displacement.
    pub fn molecule(&self, unit: &Unit) -> Molecule {
        let Frame { system, expansion } = &self.frames[unit.frame];
        let wide = |fragments: &[u16]| fragments.iter().map(|&fragment| fragment.into()).collect::<Vec<usize>>();
        let basis = wide(&expansion.basis_of(&unit.task));
        let mut molecule = system.molecule(&wide(&unit.task.real), &basis);
        if let Some(charges) = &self.embedding {
            molecule.point_charges = system.embedding(&basis, charges);
        }
        let mut positions: Vec<[f64; 3]> = molecule.atoms.iter().map(|atom| atom.position).collect();
        unit.displacement.apply(&mut positions, self.differences(&unit.task).step());
        molecule.atoms.iter_mut().zip(positions).for_each(|(atom, position)| atom.position = position);
        molecule
    }

    /// The index of each coordinate of a task among those of its cluster.
    pub fn coordinates(&self, frame: usize, task: &Task) -> Vec<usize> {
        let Frame { system, expansion } = &self.frames[frame];
        let basis: Vec<usize> = expansion.basis_of(task).iter().map(|&fragment| fragment.into()).collect();
        system.atoms_of(&basis).into_iter().flat_map(|atom| 3 * atom..3 * atom + 3).collect()
    }

    /// The label of a unit: level, real fragments and those whose basis functions it has, counted from 1, as QCManyBody's.
    pub fn label(&self, index: usize) -> String {
        let Unit { frame, task, displacement } = &self.units[index];
        let basis = self.frames[*frame].expansion.basis_of(task);
        let label = serde_json::json!([self.levels[task.level as usize].name, from_one(&task.real), from_one(&basis)]);
        let frame = if self.frames.len() == 1 { String::new() } else { format!("frame {frame} ") };
        let step = self.differences(task).step();
        let moved = displacement.0.iter().map(|&(coordinate, steps)| {
            let axis = ["x", "y", "z"][coordinate as usize % 3];
            format!(", atom {} {axis}{:+} bohr", coordinate / 3, f64::from(steps) * step)
        });
        format!("{frame}{}{}", spaced(&label), moved.collect::<String>())
    }
}

/// Fragments counted from 1, as QCManyBody does.
pub fn from_one(fragments: &[u16]) -> Vec<u16> {
    fragments.iter().map(|&fragment| fragment + 1).collect()
}

/// JSON with a space behind each comma, as Python writes it.
pub fn spaced(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(items) => {
            format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
