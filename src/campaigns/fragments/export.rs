//! How are results exported for programs that read those of QCManyBody?
//!
//! As a ManyBodyResult with QCManyBody's names of properties: of QCSchema 2 where the input is, of QCSchema 1 otherwise. QCManyBody's models
//! read it where all is complete. Properties that could not be computed are NaN in the file, which JSON does not have: they are omitted and
//! listed in `missing`, for which the models have no place; there is no model of a partial result.
use super::many_body_input::schema_version;
use crate::campaigns::export::{about, nested};
use crate::results::{ArrayValues, Error, Reader};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The results of a fragment campaign: one result, or one for each frame in `frames`.
pub fn export(reader: &Reader) -> Result<Value, Error> {
    let mut about = about(reader)?;
    if let Ok(notes) = reader.strings("/run/notes/differences") {
        about["notes"] = notes.into();
    }
    if reader.has("/results/tasks") {
        return Ok(Expansion::open(reader, "/results")?.result(&about)?.into());
    }
    let mut frames = Map::new();
    for name in reader.groups("/results")? {
        let folder = format!("/results/{name}");
        if reader.has(&format!("{folder}/tasks")) {
            frames.insert(name, Expansion::open(reader, &folder)?.result(&about)?.into());
        }
    }
    Ok(
        json!({ "schema_name": "simmpi_manybodyresults", "schema_version": 1, "frames": frames, "extras": { "simmpi": about } }),
    )
}

/// An expansion in a result file.
struct Expansion<'a> {
    reader: &'a Reader,
    folder: &'a str,
    tasks: Vec<Task>,
    /// Orders of the tasks; others in between were not requested.
    task_sizes: BTreeSet<usize>,
    /// The campaign as a ManyBodyInput; none where it cannot be one, and in older files.
    input: Option<Value>,
}

struct Task {
    level: String,
    real: Value,
    basis: Value,
    /// None where the task failed.
    energy: Option<f64>,
}

impl Task {
    /// The label as QCManyBody writes it: `["level", [1], [1, 2]]`.
    fn label(&self) -> String {
        let spaced = |list: &Value| list.to_string().replace(',', ", ");
        format!("[{}, {}, {}]", Value::from(self.level.as_str()), spaced(&self.real), spaced(&self.basis))
    }
}

/// Properties by name, and the names of those that are missing.
#[derive(Default)]
struct Properties {
    values: Map<String, Value>,
    missing: Vec<String>,
}

impl Properties {
    /// Adds a property of `shape`, unless a number in it is NaN; it is missing then if it was requested.
    fn add(&mut self, name: String, numbers: &[f64], shape: &[usize], is_requested: bool) {
        if numbers.iter().all(|x| x.is_finite()) {
            self.values.insert(name, nested(&mut numbers.iter().map(|&x| x.into()), shape));
        } else if is_requested {
            self.missing.push(name);
        }
    }
}

/// Values of each order.
struct ByOrder {
    numbers: Vec<f64>,
    /// Of the value of one order.
    shape: Vec<usize>,
    /// Whether some of them could not be computed.
    is_partial: bool,
}

impl ByOrder {
    fn max_order(&self) -> usize {
        self.numbers.len() / self.size()
    }

    fn size(&self) -> usize {
        self.shape.iter().product::<usize>().max(1)
    }

    fn value(&self, order: usize) -> &[f64] {
        &self.numbers[(order - 1) * self.size()..order * self.size()]
    }

    fn difference(&self, order: usize, lower: usize) -> Vec<f64> {
        self.value(order).iter().zip(self.value(lower)).map(|(a, b)| a - b).collect()
    }
}

impl<'a> Expansion<'a> {
    fn open(reader: &'a Reader, folder: &'a str) -> Result<Self, Error> {
        let text = |name: &str| reader.strings(&format!("{folder}/tasks/{name}"));
        let list = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
        let (levels, real, basis) = (text("level")?, text("real")?, text("basis")?);
        let energies = reader.array::<f64>(&format!("{folder}/tasks/energy"))?;
        let rows = levels.into_iter().zip(real.iter().map(list)).zip(basis.iter().map(list)).zip(energies);
        let finite = |energy: f64| Some(energy).filter(|energy| energy.is_finite());
        let task = |(((level, real), basis), energy)| Task { level, real, basis, energy: finite(energy) };
        let tasks: Vec<Task> = rows.map(task).collect();
        let task_sizes = tasks.iter().map(|task| task.real.as_array().map_or(0, Vec::len)).collect();
        let input = reader.strings(&format!("{folder}/many_body_input")).unwrap_or_default();
        let input = input.first().and_then(|text| serde_json::from_str(text).ok());
        Ok(Self { reader, folder, tasks, task_sizes, input })
    }

    fn result(&self, about: &Value) -> Result<Map<String, Value>, Error> {
        let mut properties = Properties::default();
        self.add_counts(&mut properties)?;
        for bsse in
            ["cp", "nocp", "vmfc"].into_iter().filter(|bsse| self.reader.has(&format!("{}/{bsse}", self.folder)))
        {
            self.add_energies(bsse, &mut properties)?;
            self.add_derivatives(bsse, &mut properties)?;
        }
        let returned = self.add_returned(&mut properties)?;
        let component = |task: &Task| Some((task.label(), json!({ "return_energy": task.energy? })));
        let components: Map<String, Value> = self.tasks.iter().filter_map(component).collect();
        let Properties { values, missing } = properties;
        let is_complete = about["complete"] == json!(true) && self.tasks.iter().all(|task| task.energy.is_some());
        let mut result = Map::new();
        let mut put = |key: &str, value: Value| drop(result.insert(key.to_owned(), value));
        put("success", is_complete.into());
        put("return_result", returned);
        put("properties", values.into());
        let creator = json!({ "creator": "simmpi", "version": about["simmpi_version"], "routine": "simmpi export" });
        put("provenance", creator);
        put("extras", json!({ "simmpi": about }));
        self.input.iter().for_each(|input| put("input_data", input.clone()));
        match &self.input {
            Some(input) if is_complete && missing.is_empty() => {
                add_for_models(&mut result, input, components);
            }
            _ => {
                put("schema_name", "qcschema_manybodyresult".into());
                put("schema_version", 1.into());
                put("missing", missing.into());
                put("component_properties", components.into());
                put("component_results", self.outcomes().into());
            }
        }
        Ok(result)
    }

    /// Whether each task succeeded, and its energy.
    fn outcomes(&self) -> Map<String, Value> {
        let outcome = |task: &Task| {
            let outcome = match task.energy {
                Some(energy) => json!({ "success": true, "return_result": energy }),
                None => json!({ "success": false }),
            };
            (task.label(), outcome)
        };
        self.tasks.iter().map(outcome).collect()
    }

    fn add_counts(&self, properties: &mut Properties) -> Result<(), Error> {
        let levels: BTreeSet<&str> = self.tasks.iter().map(|task| task.level.as_str()).collect();
        let of_basis = |task: &'_ Task| task.basis.as_array().cloned().unwrap_or_default();
        let fragments = self.tasks.iter().flat_map(of_basis).filter_map(|n| n.as_u64()).max();
        let mut put = |name: &str, count: Option<u64>| {
            properties.values.extend(count.map(|count| (name.to_owned(), count.into())));
        };
        put("calcinfo_nmc", Some(levels.len() as u64));
        put("calcinfo_nfr", fragments);
        put("calcinfo_natom", self.atoms()?);
        put("calcinfo_nmbe", Some(self.tasks.len() as u64));
        if let Some(energy) = self.attribute("nuclear_repulsion_energy")? {
            properties.add("nuclear_repulsion_energy".to_owned(), &[energy], &[], false);
        }
        Ok(())
    }

    /// The number of atoms, from an attribute or the shape of a gradient.
    fn atoms(&self) -> Result<Option<u64>, Error> {
        if let Some(count) = self.attribute("atoms")? {
            return Ok(Some(count as u64));
        }
        let paths = ["cp", "nocp", "vmfc"].into_iter().flat_map(|bsse| {
            ["total_gradient", "interaction_gradient"].map(|name| format!("{}/{bsse}/{name}", self.folder))
        });
        let shapes = paths.filter_map(|path| self.reader.shape(&path));
        Ok(shapes.filter_map(|shape| shape.first().copied()).next().map(|count| count as u64))
    }

    /// A numeric attribute of the results.
    fn attribute(&self, name: &str) -> Result<Option<f64>, Error> {
        Ok(self.reader.attributes(self.folder)?.get(name).and_then(|array| match &array.values {
            ArrayValues::Float(numbers) => numbers.first().copied(),
            ArrayValues::Signed(numbers) => numbers.first().map(|&n| n as f64),
            ArrayValues::Unsigned(numbers) => numbers.first().map(|&n| n as f64),
            ArrayValues::Complex(_) | ArrayValues::Text(_) => None,
        }))
    }

    fn by_order(&self, bsse: &str, name: &str) -> Result<Option<ByOrder>, Error> {
        let path = format!("{}/{bsse}/{name}", self.folder);
        let Some(shape) = self.reader.shape(&path) else { return Ok(None) };
        let is_partial = self.reader.attributes(&path)?.get("missing").is_some_and(|list| list.shape != [0]);
        let numbers = self.reader.array(&path)?;
        Ok(Some(ByOrder { numbers, shape: shape[1..].to_vec(), is_partial }))
    }

    fn add_energies(&self, bsse: &str, properties: &mut Properties) -> Result<(), Error> {
        for kind in ["total", "interaction"] {
            let Some(mut energies) = self.by_order(bsse, &format!("{kind}_energy"))? else { continue };
            if kind == "interaction" && self.is_embedded() {
                // Tasks have different charges.
                continue;
            }
            if kind == "total" && bsse == "cp" && energies.numbers.iter().all(|energy| energy.is_nan()) {
                energies = self.counterpoise_totals()?.unwrap_or(energies);
            }
            let name = format!("{bsse}_corrected_{kind}_energy");
            for order in 1..=energies.max_order() {
                let is_requested = energies.is_partial && self.task_sizes.contains(&order);
                properties.add(format!("{name}_through_{order}_body"), energies.value(order), &[], is_requested);
            }
            // Through the highest order.
            properties.add(name, energies.value(energies.max_order()), &[], energies.is_partial);
        }
        let Some(contributions) = self.by_order(bsse, "contribution")? else { return Ok(()) };
        // Between single fragments and the whole cluster, the last contribution is the interaction.
        let highest = if self.keyword("supersystem_ie_only") == Some(&json!(true)) { 2 } else { usize::MAX };
        for order in 2..=contributions.max_order().min(highest) {
            let is_requested = contributions.is_partial && self.task_sizes.contains(&order);
            let name = format!("{bsse}_corrected_{order}_body_contribution_to_energy");
            properties.add(name, contributions.value(order), &[], is_requested);
        }
        Ok(())
    }

    /// Total energies with counterpoise where only interactions were requested, but single fragments were computed for `nocp`.
    fn counterpoise_totals(&self) -> Result<Option<ByOrder>, Error> {
        let monomers = self.by_order("nocp", "total_energy")?.map(|energies| energies.value(1)[0]);
        let interactions = self.by_order("cp", "interaction_energy")?;
        Ok(monomers.zip(interactions).map(|(monomers, interactions)| {
            let numbers = interactions.numbers.iter().map(|energy| monomers + energy).collect();
            ByOrder { numbers, ..interactions }
        }))
    }

    /// Whether tasks have embedding charges.
    fn is_embedded(&self) -> bool {
        self.keyword("embedding_charges").and_then(Value::as_object).is_some_and(|charges| !charges.is_empty())
    }

    /// A keyword of the ManyBodyInput.
    fn keyword(&self, name: &str) -> Option<&Value> {
        self.input.as_ref()?.pointer(&format!("/specification/keywords/{name}"))
    }

    fn add_derivatives(&self, bsse: &str, properties: &mut Properties) -> Result<(), Error> {
        let has_interaction = self.reader.has(&format!("{}/{bsse}/interaction_energy", self.folder));
        for derivative in ["gradient", "hessian"] {
            let mut has_totals = false;
            for kind in ["total", "interaction"] {
                let path = format!("{}/{bsse}/{kind}_{derivative}", self.folder);
                let Some(shape) = self.reader.shape(&path) else { continue };
                let numbers = self.reader.array::<f64>(&path)?;
                properties.add(format!("{bsse}_corrected_{kind}_{derivative}"), &numbers, &shape, true);
                if std::mem::replace(&mut has_totals, kind == "total") {
                    // Those through each order are totals.
                    continue;
                }
                let Some(through) = self.by_order(bsse, &format!("{derivative}_through"))? else { continue };
                self.add_through(bsse, derivative, (kind, has_interaction), &through, properties);
            }
        }
        Ok(())
    }

    /// Adds derivatives through each order; those of interactions and of single orders are differences of these.
    fn add_through(
        &self,
        bsse: &str,
        derivative: &str,
        (kind, has_interaction): (&str, bool),
        through: &ByOrder,
        properties: &mut Properties,
    ) {
        let is_known = |order: &usize| through.value(*order).iter().all(|x| x.is_finite());
        for order in 1..=through.max_order() {
            let is_requested = through.is_partial && self.task_sizes.contains(&order);
            let name = |kind: &str| format!("{bsse}_corrected_{kind}_{derivative}_through_{order}_body");
            properties.add(name(kind), through.value(order), &through.shape, is_requested);
            if kind == "total" && has_interaction {
                properties.add(name("interaction"), &through.difference(order, 1), &through.shape, is_requested);
                if order == through.max_order() {
                    let best = format!("{bsse}_corrected_interaction_{derivative}");
                    properties.add(best, &through.difference(order, 1), &through.shape, is_requested);
                }
            }
            // A supersystem contributes what exceeds the highest order before it. With only single fragments and the whole cluster there
            // is no such contribution: the difference is the interaction.
            let lower = (1..order).rev().find(|lower| self.task_sizes.contains(lower));
            if let Some(lower) = lower.filter(|&lower| lower + 1 == order || (2..order).any(|order| is_known(&order))) {
                let name = format!("{bsse}_corrected_{order}_body_contribution_to_{derivative}");
                properties.add(name, &through.difference(order, lower), &through.shape, is_requested);
            }
        }
    }

    /// Adds the returned energy and derivatives, and returns the highest derivative.
    fn add_returned(&self, properties: &mut Properties) -> Result<Value, Error> {
        let attributes = self.reader.attributes(self.folder)?;
        let bsse = match attributes.get("returned_bsse").map(|array| &array.values) {
            Some(ArrayValues::Text(texts)) => texts.first().cloned().unwrap_or_default(),
            _ => String::new(),
        };
        if let Some(energy) = self.attribute("return_energy")? {
            properties.add("return_energy".to_owned(), &[energy], &[], true);
        }
        let mut returned = properties.values.get("return_energy").cloned().unwrap_or_default();
        for derivative in ["gradient", "hessian"] {
            for kind in ["total", "interaction"] {
                let path = format!("{}/{bsse}/{kind}_{derivative}", self.folder);
                let Some(shape) = self.reader.shape(&path) else { continue };
                let name = format!("return_{derivative}");
                properties.add(name.clone(), &self.reader.array::<f64>(&path)?, &shape, true);
                returned = properties.values.get(&name).cloned().unwrap_or_default();
                // Totals are there only where they are returned; interactions may be there, too.
                break;
            }
        }
        Ok(returned)
    }
}

/// Adds what QCManyBody's models of the input's version of QCSchema require. The full results of tasks are not kept.
fn add_for_models(result: &mut Map<String, Value>, input: &Value, components: Map<String, Value>) {
    let version = schema_version(input);
    let mut put = |key: &str, value: Value| drop(result.insert(key.to_owned(), value));
    put("schema_version", version.into());
    if version == 2 {
        put("schema_name", "qcschema_many_body_result".into());
        put("molecule", input["molecule"].clone());
        put("cluster_properties", components.into());
        put("cluster_results", json!({}));
        put("native_files", json!({}));
    } else {
        put("schema_name", "qcschema_manybodyresult".into());
        put("component_properties", components.into());
        put("component_results", json!({}));
    }
}

#[cfg(test)]
mod tests;
