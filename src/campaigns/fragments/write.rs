//! How do tasks' values become datasets?
use super::sums::{self, Derivatives, Sums, Values};
use super::{Frame, Setup, from_one, spaced};
use crate::campaigns::stage::{Error, StageResult};
use crate::engines::{Driver, Found};
use crate::results::Writer;
use crate::science::exact::Exact;
use crate::science::expansion::assembly::{self, Places, Sum, Through};
use crate::science::expansion::{Bsse, Task};
use crate::units::BOHR_ANGSTROM;
use std::collections::BTreeSet;

/// Writes `/results`, a group for each frame where there are several, and what levels were computed with below `/run`.
///
/// # Errors
/// The file cannot be written, or a sum overflows.
pub fn write(setup: &Setup, found: &[Option<Found>], done: &StageResult, out: &mut Writer) -> Result<(), Error> {
    let values: Values = done.value()?;
    let mut energies = vec![None; setup.units.len()];
    values.energies.iter().for_each(|&(unit, energy)| energies[unit as usize] = Some(energy));
    for frame in 0..setup.frames.len() {
        let group = if setup.frames.len() == 1 { "/results".into() } else { format!("/results/frame={frame}") };
        FrameWriter::new((setup, frame), &values, &energies, &group, out).write()?;
    }
    write_levels(setup, found, &values, out)
}

/// What was used, below `/run`.
fn write_levels(setup: &Setup, found: &[Option<Found>], values: &Values, out: &mut Writer) -> Result<(), Error> {
    let of =
        |text: fn(&Found) -> String| found.iter().map(|f| f.as_ref().map_or(String::new(), text)).collect::<Vec<_>>();
    let names: Vec<&str> = setup.levels.iter().map(|level| level.name.as_str()).collect();
    let engines: Vec<&str> = setup.levels.iter().map(|level| level.engine_name()).collect();
    let effective: Vec<String> = (0..names.len())
        .map(|k| {
            let of_level = values.effective.iter().filter(|((level, _), _)| *level == k);
            let pairs = of_level
                .map(|((_, name), seen)| (name.clone(), seen.iter().cloned().collect::<Vec<_>>().join(" | ").into()));
            serde_json::Value::Object(pairs.collect()).to_string()
        })
        .collect();
    out.strings("/run/levels/name", &names, "level")?;
    out.strings("/run/levels/engine", &engines, "engine")?;
    out.strings("/run/levels/path", &of(|found| found.path.display().to_string()), "program of the engine")?;
    out.strings("/run/levels/version", &of(|found| found.version.clone()), "version of the program")?;
    out.strings("/run/levels/effective", &effective, "options in effect as the program tells them, JSON")?;
    let (tasks, retries): (Vec<u64>, Vec<u64>) =
        values.retried.iter().map(|&(task, retries)| (task, u64::from(retries))).unzip();
    out.array("/run/retried/index", &[tasks.len()], &tasks, "none", "tasks that needed other keywords to converge")?;
    out.array(
        "/run/retried/retry",
        &[retries.len()],
        &retries,
        "none",
        "which of the level's retries converged, from 1",
    )?;
    if !values.notes.is_empty() {
        let (tasks, notes): (Vec<u64>, Vec<&str>) =
            values.notes.iter().map(|(task, note)| (*task, note.as_str())).unzip();
        out.array("/run/notes/index", &[tasks.len()], &tasks, "none", "tasks with a note on their solution")?;
        out.strings("/run/notes/note", &notes, "which SCF solution it is")?;
    }
    Ok(())
}

/// Writes one frame's results.
struct FrameWriter<'a> {
    setup: &'a Setup,
    frame: usize,
    sums: &'a Sums,
    has_gradients: bool,
    /// Places among all units of the frame's tasks.
    places: Vec<usize>,
    tasks: Vec<Task>,
    energies: Vec<Option<f64>>,
    /// The units of each task, itself or displaced, that are missing: its derivatives are not known then.
    lacking: Vec<Vec<u64>>,
    group: &'a str,
    out: &'a mut Writer,
}

impl<'a> FrameWriter<'a> {
    /// `of_all` are the energies of all units.
    fn new(
        (setup, frame): (&'a Setup, usize),
        values: &'a Values,
        of_all: &[Option<f64>],
        group: &'a str,
        out: &'a mut Writer,
    ) -> Self {
        let has_gradients = setup.driver != Driver::Energy && !values.lacks_gradients;
        let (mut places, mut energies) = (Vec::new(), Vec::new());
        let mut lacking = Vec::<Vec<u64>>::new();
        for (place, unit) in setup.units.iter().enumerate().filter(|(_, unit)| unit.frame == frame) {
            if unit.displacement.is_none() {
                places.push(place);
                energies.push(of_all[place]);
                lacking.push(Vec::new());
            }
            // Displacements stand behind their task.
            if let (None, Some(lacking)) = (of_all[place], lacking.last_mut()) {
                lacking.push(place as u64);
            }
        }
        let tasks = places.iter().map(|&place| setup.units[place].task.clone()).collect();
        Self { setup, frame, sums: &values.sums, has_gradients, places, tasks, energies, lacking, group, out }
    }

    fn of_frame(&self) -> &'a Frame {
        &self.setup.frames[self.frame]
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.group)
    }

    fn write(&mut self) -> Result<(), Error> {
        self.write_tasks()?;
        self.write_cell()?;
        let expansion = &self.of_frame().expansion;
        let results = assembly::energies(expansion, &self.tasks, &self.energies)?;
        let known = Places::new(&self.tasks);
        for (k, &bsse) in expansion.bsse.iter().enumerate() {
            self.write_energies(bsse, &results[k])?;
            self.write_clusters(bsse, &known)?;
        }
        if self.setup.driver != Driver::Energy {
            let is_whole = |(energy, lacking): (&Option<f64>, &Vec<u64>)| energy.filter(|_| lacking.is_empty());
            let known: Vec<Option<f64>> = self.energies.iter().zip(&self.lacking).map(is_whole).collect();
            let derived = assembly::energies(expansion, &self.tasks, &known)?;
            for (k, &bsse) in expansion.bsse.iter().enumerate() {
                self.write_derivatives(bsse, k, &derived[k])?;
            }
        }
        let returned = results[0].last().map_or(f64::NAN, |through| match expansion.total {
            true => through.total.value(),
            false => through.interaction.value(),
        });
        self.out.attribute(self.group, "return_energy", returned)?;
        self.out.attribute(self.group, "atoms", self.of_frame().system.elements.len() as u64)?;
        Ok(self.out.text_attribute(self.group, "returned_bsse", expansion.bsse[0].name())?)
    }

    /// Where the atoms of a periodic frame were put.
    fn write_cell(&mut self) -> Result<(), Error> {
        let system = &self.of_frame().system;
        let Some(lattice) = &system.lattice else { return Ok(()) };
        let angstrom = |rows: &[[f64; 3]]| rows.as_flattened().iter().map(|x| x * BOHR_ANGSTROM).collect::<Vec<_>>();
        let (positions, rows) = (angstrom(&system.positions), angstrom(lattice.rows()));
        let about = "fragments made whole and put next to one another; in a cluster each is at the image nearest to the first one";
        self.out.array(&self.at("positions"), &[system.elements.len(), 3], &positions, "angstrom", about)?;
        let along: Vec<&str> = (0..3).filter(|&k| lattice.is_periodic()[k]).map(|k| ["a", "b", "c"][k]).collect();
        let about = format!("vectors of the cell in rows, periodic along {}", along.join(", "));
        Ok(self.out.array(&self.at("cell"), &[3, 3], &rows, "angstrom", &about)?)
    }

    fn write_tasks(&mut self) -> Result<(), Error> {
        let listed = |fragments: &[u16]| spaced(&from_one(fragments).into());
        let expansion = &self.of_frame().expansion;
        let labels: Vec<String> = self.places.iter().map(|&place| self.setup.label(place)).collect();
        let levels: Vec<&str> =
            self.tasks.iter().map(|task| self.setup.levels[usize::from(task.level)].name.as_str()).collect();
        let orders: Vec<u64> = self.tasks.iter().map(|task| task.real.len() as u64).collect();
        let real: Vec<String> = self.tasks.iter().map(|task| listed(&task.real)).collect();
        let basis: Vec<String> = self.tasks.iter().map(|task| listed(&expansion.basis_of(task))).collect();
        let energies: Vec<f64> = self.energies.iter().map(|energy| energy.unwrap_or(f64::NAN)).collect();
        self.out.strings(&self.at("tasks/label"), &labels, "level, real fragments, fragments of the basis, from 1")?;
        self.out.strings(&self.at("tasks/level"), &levels, "level of the task")?;
        self.out.array(&self.at("tasks/order"), &[orders.len()], &orders, "none", "number of real fragments")?;
        self.out.strings(&self.at("tasks/real"), &real, "fragments with nuclei and electrons, from 1, JSON")?;
        self.out.strings(&self.at("tasks/basis"), &basis, "fragments with basis functions, from 1, JSON")?;
        self.out.array(&self.at("tasks/energy"), &[energies.len()], &energies, "hartree", "energy of the task")?;
        let missing: Vec<usize> = (0..self.tasks.len()).filter(|&place| self.energies[place].is_none()).collect();
        self.tell_missing("tasks/energy", self.units(&missing))
    }

    /// Names the units that a dataset lacks, where it lacks any.
    fn tell_missing(&mut self, name: &str, mut units: Vec<u64>) -> Result<(), Error> {
        units.sort_unstable();
        units.dedup();
        if units.is_empty() {
            return Ok(());
        }
        Ok(self.out.list_attribute(&self.at(name), "missing", &units)?)
    }

    /// What energies lack that lack the tasks at `places`: those themselves.
    fn units(&self, places: &[usize]) -> Vec<u64> {
        places.iter().map(|&place| self.places[place] as u64).collect()
    }

    /// What derivatives lack that lack the tasks at `places`: those themselves, or some of their displacements.
    fn units_of_derivatives(&self, places: &[usize]) -> Vec<u64> {
        places.iter().flat_map(|&place| self.lacking[place].clone()).collect()
    }

    fn write_energies(&mut self, bsse: Bsse, results: &[Through]) -> Result<(), Error> {
        let total = "total energy through each order; NaN where it was not asked for";
        self.write_series(bsse, "total_energy", results, |through| &through.total, total)?;
        let interaction = "energy through each order less that of the first";
        self.write_series(bsse, "interaction_energy", results, |through| &through.interaction, interaction)?;
        let contribution = "energy that each order adds";
        self.write_series(bsse, "contribution", results, |through| &through.contribution, contribution)
    }

    /// Entry k - 1 is of order k; orders that are not there are NaN.
    fn write_series(
        &mut self,
        bsse: Bsse,
        what: &str,
        results: &[Through],
        of: fn(&Through) -> &Sum,
        about: &str,
    ) -> Result<(), Error> {
        let length = results.last().map_or(0, |through| through.order);
        let (mut values, mut missing) = (vec![f64::NAN; length], Vec::new());
        // Counterpoise without totals has no single fragments in their own basis, hence nothing but interactions.
        let lacks_totals = bsse == Bsse::Cp && !self.of_frame().expansion.total;
        for through in results {
            let is_there =
                !lacks_totals || what == "interaction_energy" || (what == "contribution" && through.order > 1);
            if is_there {
                values[through.order - 1] = of(through).value();
                missing.extend(&of(through).missing);
            }
        }
        let name = format!("{}/{what}", bsse.name());
        self.out.array(&self.at(&name), &[length], &values, "hartree", about)?;
        self.tell_missing(&name, self.units(&missing))
    }

    /// Every pair's and triple's own term.
    fn write_clusters(&mut self, bsse: Bsse, known: &Places) -> Result<(), Error> {
        let Frame { system, expansion } = self.of_frame();
        let (mut fragments, mut energies, mut distances, mut missing) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for order in [2, 3] {
            if order > expansion.max_order() || expansion.is_interaction_only {
                continue;
            }
            for term in assembly::terms(expansion, known, &self.energies, bsse, order)? {
                let members: Vec<usize> = term.fragments.iter().map(|&fragment| fragment.into()).collect();
                distances.push(system.diameter(&members) * BOHR_ANGSTROM);
                energies.push(term.energy.value());
                missing.extend(term.energy.missing);
                let mut row = [-1; 3];
                row.iter_mut().zip(&term.fragments).for_each(|(place, &fragment)| *place = i64::from(fragment));
                fragments.extend(row);
            }
        }
        let at = |name: &str| format!("{}/clusters/{name}", bsse.name());
        let count = energies.len();
        let about = "fragments of each pair and triple, from 0; -1 behind those of a pair";
        self.out.array(&self.at(&at("fragments")), &[count, 3], &fragments, "none", about)?;
        let about = "the cluster's own term: what it adds to those of its sub-clusters";
        self.out.array(&self.at(&at("energy")), &[count], &energies, "hartree", about)?;
        let about = "smallest distance between atoms of two fragments, the largest of them for a triple";
        self.out.array(&self.at(&at("distance")), &[count], &distances, "angstrom", about)?;
        self.tell_missing(&at("energy"), self.units(&missing))
    }

    /// What derivatives are told of: totals, where they are asked for, and interactions.
    fn asked(&self) -> &'static [Of] {
        if self.of_frame().expansion.total { &[Of::Total, Of::Interaction] } else { &[Of::Interaction] }
    }

    /// Adds the derivatives of an order's contribution, where it belongs to what is asked for.
    fn add(
        &self,
        into: &mut Vec<Exact>,
        (what, place, order): (Of, usize, usize),
        of: fn(&Derivatives) -> &Vec<Exact>,
    ) -> Result<(), Error> {
        if (what == Of::Total || order > 1)
            && let Some(sums) = self.sums.slots.get(&(self.frame, place, order))
        {
            sums::add_all(into, of(sums))?;
        }
        Ok(())
    }

    fn write_derivatives(&mut self, bsse: Bsse, place: usize, results: &[Through]) -> Result<(), Error> {
        if self.has_gradients {
            self.write_gradients(bsse, place, results)?;
        }
        if self.setup.driver == Driver::Hessian {
            self.write_hessian(bsse, place, results)?;
        }
        Ok(())
    }

    /// How derivatives were formed, where that is not as the program tells them.
    fn origin(&self) -> String {
        let of_task = |task: &Task| self.setup.differences(task);
        let used: BTreeSet<&str> = self.tasks.iter().filter_map(|task| of_task(task).about()).collect();
        used.into_iter().map(|about| format!("; {about}")).collect()
    }

    fn write_gradients(&mut self, bsse: Bsse, place: usize, results: &[Through]) -> Result<(), Error> {
        let atoms = self.of_frame().system.elements.len();
        let size = 3 * atoms;
        let length = results.last().map_or(0, |through| through.order);
        for &what in self.asked() {
            let (mut rows, mut gradient, mut missing) = (vec![f64::NAN; length * size], Vec::new(), Vec::new());
            for through in results {
                self.add(&mut gradient, (what, place, through.order), |sums| &sums.gradient)?;
                gradient.resize(size, Exact::default());
                let lacking = &what.sum(through).missing;
                if lacking.is_empty() {
                    let row = &mut rows[(through.order - 1) * size..through.order * size];
                    row.iter_mut().zip(&gradient).for_each(|(value, sum)| *value = sum.value());
                }
                missing.extend(lacking);
            }
            let word = what.word();
            if what == self.asked()[0] {
                let name = format!("{}/gradient_through", bsse.name());
                let about = format!("{word} gradient through each order{}", self.origin());
                self.out.array(&self.at(&name), &[length, atoms, 3], &rows, "hartree/bohr", &about)?;
                self.tell_missing(&name, self.units_of_derivatives(&missing))?;
            }
            let name = format!("{}/{word}_gradient", bsse.name());
            let about = format!("{word} gradient through all orders{}", self.origin());
            self.out.array(&self.at(&name), &[atoms, 3], &rows[(length - 1) * size..], "hartree/bohr", &about)?;
            self.tell_missing(&name, self.units_of_derivatives(&what.lacking(results)))?;
        }
        Ok(())
    }

    fn write_hessian(&mut self, bsse: Bsse, place: usize, results: &[Through]) -> Result<(), Error> {
        let size = 3 * self.of_frame().system.elements.len();
        for &what in self.asked() {
            let mut hessian = Vec::new();
            for through in results {
                self.add(&mut hessian, (what, place, through.order), |sums| &sums.hessian)?;
            }
            hessian.resize(size * size, Exact::default());
            let missing = what.lacking(results);
            let value = |sum: &Exact| if missing.is_empty() { sum.value() } else { f64::NAN };
            let values: Vec<f64> = hessian.iter().map(value).collect();
            let name = format!("{}/{}_hessian", bsse.name(), what.word());
            let about = format!("{} Hessian through all orders{}", what.word(), self.origin());
            self.out.array(&self.at(&name), &[size, size], &values, "hartree/bohr^2", &about)?;
            self.tell_missing(&name, self.units_of_derivatives(&missing))?;
        }
        Ok(())
    }
}

/// What a derivative is of.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Total,
    Interaction,
}

impl Of {
    fn word(self) -> &'static str {
        match self {
            Of::Total => "total",
            Of::Interaction => "interaction",
        }
    }

    fn sum(self, through: &Through) -> &Sum {
        match self {
            Of::Total => &through.total,
            Of::Interaction => &through.interaction,
        }
    }

    /// The tasks that are missing through all orders.
    fn lacking(self, results: &[Through]) -> Vec<usize> {
        results.last().map_or(Vec::new(), |through| self.sum(through).missing.clone())
    }
}
