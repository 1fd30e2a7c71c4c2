//! How are results written to the HDF5 file?
use super::derivative::Derivative;
use super::setup::{from_one, spaced};
use super::sums::{DerivativeSums, Derivatives, FragmentValues};
use super::{Frame, Setup, many_body_input, sums};
use crate::campaigns::stage::{Error, StageResult};
use crate::engines::InstalledProgram;
use crate::engines::qc::Driver;
use crate::results::{Writer, or_nan};
use crate::science::exact::Exact;
use crate::science::expansion::assembly::{self, OrderSums, Sum, TaskIndex};
use crate::science::expansion::{Bsse, Task};
use crate::units::BOHR_ANGSTROM;
use std::collections::BTreeSet;

/// What the input says of a campaign besides its setup.
#[derive(Clone, Debug, Default)]
pub struct InputNotes {
    /// The ManyBodyInput, where the input is one.
    pub many_body: Option<serde_json::Value>,
    /// Defaults that differ from those of the programs that a ManyBodyInput names.
    pub differences: Vec<String>,
}

/// Writes `/results`, with a group for each frame where there are several, and programs and options of levels below `/run`. Fails where the
/// file cannot be written, or a sum overflows.
pub fn write(
    setup: &Setup,
    found: &[Option<InstalledProgram>],
    done: &StageResult,
    input: &InputNotes,
    out: &mut Writer,
) -> Result<(), Error> {
    let values: FragmentValues = done.value()?;
    let mut energies = vec![None; setup.units.len()];
    values.energies.iter().for_each(|&(unit, energy)| energies[unit as usize] = Some(energy));
    for frame in 0..setup.frames.len() {
        let group = if setup.frames.len() == 1 { "/results".into() } else { format!("/results/frame={frame}") };
        FrameWriter::new((setup, frame), &values, &energies, &group, out).write()?;
        write_input((setup, &setup.frames[frame]), input, &group, out)?;
    }
    if !input.differences.is_empty() {
        let about = "defaults that differ from those in QCManyBody, by level";
        out.strings("/run/notes/differences", &input.differences, about)?;
    }
    write_levels(setup, found, &values, out)
}

/// Writes what a ManyBodyResult needs besides results.
fn write_input(
    (setup, frame): (&Setup, &Frame),
    input: &InputNotes,
    group: &str,
    out: &mut Writer,
) -> Result<(), Error> {
    if let Some(input) = many_body_input::describe(setup, frame, input.many_body.as_ref()) {
        let about = "the same as a ManyBodyInput of QCManyBody, JSON";
        out.strings(&format!("{group}/many_body_input"), &[input.to_string()], about)?;
    }
    if frame.system.lattice.is_none() {
        out.attribute(group, "nuclear_repulsion_energy", many_body_input::nuclear_repulsion(&frame.system))?;
    }
    Ok(())
}

/// Programs, options, retries and notes, below `/run`.
fn write_levels(
    setup: &Setup,
    found: &[Option<InstalledProgram>],
    values: &FragmentValues,
    out: &mut Writer,
) -> Result<(), Error> {
    let column = |text: fn(&InstalledProgram) -> String| {
        found.iter().map(|f| f.as_ref().map_or(String::new(), text)).collect::<Vec<_>>()
    };
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
    out.strings("/run/levels/path", &column(|found| found.path.display().to_string()), "program of the engine")?;
    out.strings("/run/levels/version", &column(|found| found.version.clone()), "version of the program")?;
    out.strings("/run/levels/effective", &effective, "options in effect as the program tells them, JSON")?;
    let (tasks, retries): (Vec<u64>, Vec<u64>) =
        values.retried.iter().map(|&(task, retries)| (task, u64::from(retries))).unzip();
    out.array("/run/retried/index", &[tasks.len()], &tasks, "none", "tasks that needed other keywords to converge")?;
    let about = "which of the level's retries converged, from 1";
    out.array("/run/retried/retry", &[retries.len()], &retries, "none", about)?;
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
    sums: &'a DerivativeSums,
    has_gradients: bool,
    /// The unit of each task of the frame, without displacement.
    units: Vec<usize>,
    tasks: Vec<Task>,
    energies: Vec<Option<f64>>,
    /// The units of each task, without or with displacement, that failed: its derivatives are missing then.
    failed_units: Vec<Vec<u64>>,
    group: &'a str,
    out: &'a mut Writer,
}

impl<'a> FrameWriter<'a> {
    /// `unit_energies` are those of all units, Eh.
    fn new(
        (setup, frame): (&'a Setup, usize),
        values: &'a FragmentValues,
        unit_energies: &[Option<f64>],
        group: &'a str,
        out: &'a mut Writer,
    ) -> Self {
        let has_gradients = setup.driver != Driver::Energy && !values.lacks_gradients;
        let (mut units, mut failed_units) = (Vec::new(), Vec::<Vec<u64>>::new());
        for (id, unit) in setup.units.iter().enumerate().filter(|(_, unit)| unit.frame == frame) {
            if unit.displacement.is_none() {
                units.push(id);
                failed_units.push(Vec::new());
            }
            // Displacements follow their task.
            if let (None, Some(failed)) = (unit_energies[id], failed_units.last_mut()) {
                failed.push(id as u64);
            }
        }
        let tasks = units.iter().map(|&id| setup.units[id].task.clone()).collect();
        let energies = units.iter().map(|&id| unit_energies[id]).collect();
        Self { setup, frame, sums: &values.sums, has_gradients, units, tasks, energies, failed_units, group, out }
    }

    fn current_frame(&self) -> &'a Frame {
        &self.setup.frames[self.frame]
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.group)
    }

    fn write(&mut self) -> Result<(), Error> {
        self.write_tasks()?;
        self.write_cell()?;
        let expansion = &self.current_frame().expansion;
        let results = assembly::energies(expansion, &self.tasks, &self.energies)?;
        let known = TaskIndex::new(&self.tasks);
        for (k, &bsse) in expansion.bsse.iter().enumerate() {
            self.write_energies(bsse, &results[k])?;
            self.write_clusters(bsse, &known)?;
        }
        if self.setup.driver != Driver::Energy {
            let with_derivatives = |(energy, failed): (&Option<f64>, &Vec<u64>)| energy.filter(|_| failed.is_empty());
            let known: Vec<Option<f64>> = self.energies.iter().zip(&self.failed_units).map(with_derivatives).collect();
            let derived = assembly::energies(expansion, &self.tasks, &known)?;
            for (k, &bsse) in expansion.bsse.iter().enumerate() {
                if self.has_gradients {
                    self.write_derivative(Derivative::Gradient, (bsse, k), &derived[k])?;
                }
                if self.setup.driver == Driver::Hessian {
                    self.write_derivative(Derivative::Hessian, (bsse, k), &derived[k])?;
                }
            }
        }
        let returned = results[0].last().and_then(|through| match expansion.total {
            true => through.total.value(),
            false => through.interaction.value(),
        });
        self.out.attribute(self.group, "return_energy", returned.unwrap_or(f64::NAN))?;
        self.out.attribute(self.group, "atoms", self.current_frame().system.elements.len() as u64)?;
        Ok(self.out.text_attribute(self.group, "returned_bsse", expansion.bsse[0].name())?)
    }

    /// Cell and positions of a periodic frame, with its molecules made whole.
    fn write_cell(&mut self) -> Result<(), Error> {
        let system = &self.current_frame().system;
        let Some(lattice) = &system.lattice else { return Ok(()) };
        let angstrom = |rows: &[[f64; 3]]| rows.as_flattened().iter().map(|x| x * BOHR_ANGSTROM).collect::<Vec<_>>();
        let (positions, rows) = (angstrom(&system.positions), angstrom(lattice.rows()));
        let about = "fragments made whole and put next to one another; in a cluster each is at the image nearest to the first one";
        self.out.array(&self.path("positions"), &[system.elements.len(), 3], &positions, "angstrom", about)?;
        let along: Vec<&str> = (0..3).filter(|&k| lattice.is_periodic()[k]).map(|k| ["a", "b", "c"][k]).collect();
        let about = format!("vectors of the cell in rows, periodic along {}", along.join(", "));
        Ok(self.out.array(&self.path("cell"), &[3, 3], &rows, "angstrom", &about)?)
    }

    fn write_tasks(&mut self) -> Result<(), Error> {
        let listed = |fragments: &[u16]| spaced(&from_one(fragments).into());
        let expansion = &self.current_frame().expansion;
        let labels: Vec<String> = self.units.iter().map(|&id| self.setup.label(id)).collect();
        let levels: Vec<&str> =
            self.tasks.iter().map(|task| self.setup.levels[usize::from(task.level)].name.as_str()).collect();
        let order: Vec<u64> = self.tasks.iter().map(|task| task.real.len() as u64).collect();
        let real: Vec<String> = self.tasks.iter().map(|task| listed(&task.real)).collect();
        let basis: Vec<String> = self.tasks.iter().map(|task| listed(&expansion.basis_of(task))).collect();
        let energies = or_nan(self.energies.iter().copied());
        let about = "level, real fragments, fragments of the basis, from 1";
        self.out.strings(&self.path("tasks/label"), &labels, about)?;
        self.out.strings(&self.path("tasks/level"), &levels, "level of the task")?;
        self.out.array(&self.path("tasks/order"), &[order.len()], &order, "none", "number of real fragments")?;
        self.out.strings(&self.path("tasks/real"), &real, "fragments with nuclei and electrons, from 1, JSON")?;
        self.out.strings(&self.path("tasks/basis"), &basis, "fragments with basis functions, from 1, JSON")?;
        self.out.array(&self.path("tasks/energy"), &[energies.len()], &energies, "hartree", "energy of the task")?;
        let missing: Vec<usize> = (0..self.tasks.len()).filter(|&task| self.energies[task].is_none()).collect();
        self.write_missing("tasks/energy", self.units_of_energies(&missing))
    }

    /// Writes the units that a dataset lacks, if any.
    fn write_missing(&mut self, name: &str, mut units: Vec<u64>) -> Result<(), Error> {
        units.sort_unstable();
        units.dedup();
        if units.is_empty() {
            return Ok(());
        }
        Ok(self.out.list_attribute(&self.path(name), "missing", &units)?)
    }

    /// The units that an energy lacks where it lacks some of the frame's tasks.
    fn units_of_energies(&self, tasks: &[usize]) -> Vec<u64> {
        tasks.iter().map(|&task| self.units[task] as u64).collect()
    }

    /// The units that a derivative lacks where it lacks some of the frame's tasks: these, or some of their displacements.
    fn units_of_derivatives(&self, tasks: &[usize]) -> Vec<u64> {
        tasks.iter().flat_map(|&task| self.failed_units[task].clone()).collect()
    }

    fn write_energies(&mut self, bsse: Bsse, results: &[OrderSums]) -> Result<(), Error> {
        let total = "total energy through each order; NaN where it was not asked for";
        self.write_series(bsse, "total_energy", results, |through| &through.total, total)?;
        let interaction = "energy through each order less that of the first";
        self.write_series(bsse, "interaction_energy", results, |through| &through.interaction, interaction)?;
        let contribution = "energy that each order adds";
        self.write_series(bsse, "contribution", results, |through| &through.contribution, contribution)
    }

    /// Writes a value of each order, `[orders]`; orders without one are NaN.
    fn write_series(
        &mut self,
        bsse: Bsse,
        what: &str,
        results: &[OrderSums],
        of: fn(&OrderSums) -> &Sum,
        about: &str,
    ) -> Result<(), Error> {
        let length = results.last().map_or(0, |through| through.order);
        let (mut values, mut missing) = (vec![None; length], Vec::new());
        // Without totals, counterpoise has no single fragments in their own basis, hence only interactions.
        let lacks_totals = bsse == Bsse::Cp && !self.current_frame().expansion.total;
        for through in results {
            let has_value =
                !lacks_totals || what == "interaction_energy" || (what == "contribution" && through.order > 1);
            if has_value {
                values[through.order - 1] = of(through).value();
                missing.extend(&of(through).missing);
            }
        }
        let name = format!("{}/{what}", bsse.name());
        self.out.array(&self.path(&name), &[length], &or_nan(values), "hartree", about)?;
        self.write_missing(&name, self.units_of_energies(&missing))
    }

    /// Writes the contribution of each pair and triple.
    fn write_clusters(&mut self, bsse: Bsse, known: &TaskIndex) -> Result<(), Error> {
        let Frame { system, expansion } = self.current_frame();
        let (mut fragments, mut energies, mut distances, mut missing) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for order in [2, 3] {
            if order > expansion.max_order() || expansion.is_interaction_only {
                continue;
            }
            for term in assembly::cluster_terms(expansion, known, &self.energies, bsse, order)? {
                let members: Vec<usize> = term.fragments.iter().map(|&fragment| fragment.into()).collect();
                distances.push(system.diameter(&members) * BOHR_ANGSTROM);
                energies.push(term.energy.value());
                missing.extend(term.energy.missing);
                let mut row = [-1; 3];
                row.iter_mut().zip(&term.fragments).for_each(|(entry, &fragment)| *entry = i64::from(fragment));
                fragments.extend(row);
            }
        }
        let dataset = |name: &str| format!("{}/clusters/{name}", bsse.name());
        let count = energies.len();
        let about = "fragments of each pair and triple, from 0; -1 behind those of a pair";
        self.out.array(&self.path(&dataset("fragments")), &[count, 3], &fragments, "none", about)?;
        let about = "the cluster's own term: what it adds to those of its sub-clusters";
        self.out.array(&self.path(&dataset("energy")), &[count], &or_nan(energies), "hartree", about)?;
        let about = "smallest distance between atoms of two fragments, the largest of them for a triple";
        self.out.array(&self.path(&dataset("distance")), &[count], &distances, "angstrom", about)?;
        self.write_missing(&dataset("energy"), self.units_of_energies(&missing))
    }

    /// The quantities whose derivatives are written.
    fn quantities(&self) -> &'static [Quantity] {
        if self.current_frame().expansion.total {
            &[Quantity::Total, Quantity::Interaction]
        } else {
            &[Quantity::Interaction]
        }
    }

    /// Adds the derivatives of an order's contribution to a quantity.
    fn add(
        &self,
        into: &mut Vec<Exact>,
        (quantity, bsse, order): (Quantity, usize, usize),
        of: fn(&Derivatives) -> &Vec<Exact>,
    ) -> Result<(), Error> {
        if (quantity == Quantity::Total || order > 1)
            && let Some(sums) = self.sums.slots.get(&(self.frame, bsse, order))
        {
            sums::add_all(into, of(sums))?;
        }
        Ok(())
    }

    /// How derivatives were computed, where not by the program itself.
    fn origin(&self) -> String {
        let of_task = |task: &Task| self.setup.differences(task);
        let used: BTreeSet<&str> = self.tasks.iter().filter_map(|task| of_task(task).about()).collect();
        used.into_iter().map(|about| format!("; {about}")).collect()
    }

    /// Writes the derivative of each quantity, that of the first one through each order, too.
    fn write_derivative(
        &mut self,
        derivative: Derivative,
        (bsse, index): (Bsse, usize),
        results: &[OrderSums],
    ) -> Result<(), Error> {
        let (name, unit) = (derivative.name(), derivative.unit());
        let shape = derivative.shape(self.current_frame().system.elements.len());
        let size = shape.iter().product();
        let length = results.last().map_or(0, |through| through.order);
        let what = if derivative == Derivative::Gradient { "gradient" } else { "Hessian" };
        for &quantity in self.quantities() {
            let (mut rows, mut sums, mut missing) = (vec![f64::NAN; length * size], Vec::new(), Vec::new());
            for through in results {
                self.add(&mut sums, (quantity, index, through.order), derivative.sums())?;
                sums.resize(size, Exact::default());
                let lacking = &quantity.sum(through).missing;
                if lacking.is_empty() {
                    let row = &mut rows[(through.order - 1) * size..through.order * size];
                    row.iter_mut().zip(&sums).for_each(|(value, sum)| *value = sum.value());
                }
                missing.extend(lacking);
            }
            let word = quantity.name();
            if quantity == self.quantities()[0] {
                let name = format!("{}/{name}_through", bsse.name());
                let about = format!("{word} {what} through each order{}", self.origin());
                self.out.array(&self.path(&name), &[&[length], &shape[..]].concat(), &rows, unit, &about)?;
                self.write_missing(&name, self.units_of_derivatives(&missing))?;
            }
            let name = format!("{}/{word}_{name}", bsse.name());
            let about = format!("{word} {what} through all orders{}", self.origin());
            self.out.array(&self.path(&name), &shape, &rows[(length - 1) * size..], unit, &about)?;
            self.write_missing(&name, self.units_of_derivatives(&quantity.missing(results)))?;
        }
        Ok(())
    }
}

/// What is differentiated.
#[derive(Clone, Copy, PartialEq)]
enum Quantity {
    Total,
    Interaction,
}

impl Quantity {
    fn name(self) -> &'static str {
        match self {
            Quantity::Total => "total",
            Quantity::Interaction => "interaction",
        }
    }

    fn sum(self, through: &OrderSums) -> &Sum {
        match self {
            Quantity::Total => &through.total,
            Quantity::Interaction => &through.interaction,
        }
    }

    /// The tasks that are missing through all orders.
    fn missing(self, results: &[OrderSums]) -> Vec<usize> {
        results.last().map_or(Vec::new(), |through| self.sum(through).missing.clone())
    }
}
