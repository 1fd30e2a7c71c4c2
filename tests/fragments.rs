//! The expansion against QCManyBody 0.8.0 (`case_*`, outside the repository) and PySCF (`ref_*`), through configuration, recorded tasks,
//! ranks, journal and HDF5.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::{Value, json};
use simmpi::results::Reader;
use std::collections::BTreeSet;
use std::fs;
use support::{Campaign, flat, reference, simmpi};

/// The molecule of a reference file as a QCSchema molecule.
fn molecule(given: &Value) -> Value {
    let geometry = given.get("geometry").unwrap_or(&given["geometry_bohr"]);
    json!({"schema_name": "qcschema_molecule", "schema_version": 2, "symbols": given["symbols"], "geometry": geometry,
        "fragments": given["fragments"], "fragment_charges": given["fragment_charges"],
        "fragment_multiplicities": given["fragment_multiplicities"]})
}

/// Recorded tasks as the engine reads them, with the energy and the gradient under the given names.
fn records(tasks: &Value, level: Option<&str>, energy: &str, gradient: &str) -> Vec<Value> {
    let record = |task: &Value| {
        let mut record = json!({"level": level.map_or(task["level"].clone(), Value::from), "real": task["real_fragments"],
            "basis": task["basis_fragments"], "energy": task[energy]});
        for (ours, theirs) in [("gradient", gradient), ("hessian", "hessian")] {
            if let Some(values) = task.get(theirs) {
                record[ours] = values.clone();
            }
        }
        record
    };
    tasks.as_array().unwrap().iter().map(record).collect()
}

/// A campaign that assembles recorded tasks; `levels` are (order, name).
fn campaign(molecule: &Value, records: &[Value], keys: &str, levels: &[(String, String)]) -> Campaign {
    let mut config = format!("[campaign]\nkind = \"fragments\"\n[fragments]\nmolecule = \"molecule.json\"\n{keys}\n");
    for (order, name) in levels {
        let order = if order == "supersystem" { "\"supersystem\"" } else { order };
        config += &format!(
            "[[fragments.level]]\norder = {order}\nname = \"{name}\"\nengine = \"recorded\"\nfile = \"tasks.json\"\n"
        );
    }
    let campaign = Campaign::with(simmpi(), &config);
    fs::write(campaign.path("molecule.json"), molecule.to_string()).unwrap();
    fs::write(campaign.path("tasks.json"), Value::from(records).to_string()).unwrap();
    campaign
}

/// Levels as (highest order, name), from QCManyBody's (order: name).
fn levels(given: &Value) -> Vec<(String, String)> {
    let mut levels: Vec<(String, String)> = Vec::new();
    for (order, name) in given.as_object().unwrap() {
        let name = name.as_str().unwrap().to_owned();
        levels.retain(|(_, other)| *other != name);
        levels.push((order.clone(), name));
    }
    levels
}

/// Compares energies, gradients and Hessians of QCManyBody with those of the file.
fn compare(name: &str, properties: &Value, file: &Reader, tolerance: f64) -> usize {
    let mut compared = 0;
    for (property, expected) in properties.as_object().unwrap() {
        let Some((bsse, rest)) = property.split_once("_corrected_").or_else(|| {
            let (bsse, rest) = property.split_once('_')?;
            rest.contains("body_contribution").then_some((bsse, rest))
        }) else {
            continue;
        };
        let Some(found) = find(file, bsse, rest) else { continue };
        let expected = flat(expected);
        assert_eq!(found.len(), expected.len(), "{name} {property}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= tolerance, "{name} {property}: {found} and not {expected}");
        }
        compared += 1;
    }
    compared
}

/// A property of QCManyBody in the result file; none where simmpi does not write it.
fn find(file: &Reader, bsse: &str, property: &str) -> Option<Vec<f64>> {
    let read = |item: &str| file.array::<f64>(&format!("/results/{bsse}/{item}")).ok();
    let at = |values: Vec<f64>, order: usize| vec![values[order - 1]];
    let (kind, order) = match property.split_once("_through_") {
        Some((kind, order)) => (kind, Some(order.trim_end_matches("_body").parse::<usize>().unwrap())),
        None => (property, None),
    };
    if let Some((order, _)) = kind.split_once("_body_contribution_to_energy") {
        return Some(at(read("contribution")?, order.parse().unwrap()));
    }
    match (kind, order) {
        ("total_energy" | "interaction_energy", Some(order)) => Some(at(read(kind)?, order)),
        ("total_energy" | "interaction_energy", None) => Some(vec![*read(kind)?.last().unwrap()]),
        ("total_gradient", Some(order)) => {
            let rows = read("gradient_through")?;
            let size = read("total_gradient")?.len();
            Some(rows[(order - 1) * size..order * size].to_vec())
        }
        ("total_gradient" | "total_hessian" | "interaction_gradient" | "interaction_hessian", None) => read(kind),
        _ => None,
    }
}

fn list(names: &Value) -> String {
    names.to_string()
}

/// The highest order of a level other than the supersystem's.
fn max_order(levels: &[(String, String)]) -> usize {
    levels.iter().filter_map(|(order, _)| order.parse().ok()).max().unwrap()
}

#[test]
fn recorded_tasks_give_the_values_of_qcmanybody() {
    for name in ["multi_energy_2b", "multi_ss_energy_1b", "single_energy_3b", "single_gradient_2b", "single_hessian_2b"]
    {
        let Some(case) = reference::foreign_json(&format!("qcmanybody/case_h2o3_{name}.json")) else { continue };
        let levels = levels(&case["levels"]);
        let keys = format!(
            "driver = {}\nbsse = {}\nmax_order = {}\ntotal = {}\nsupersystem_interaction_only = {}",
            case["driver"],
            list(&case["bsse_type"]),
            max_order(&levels),
            case["return_total_data"],
            case["supersystem_ie_only"]
        );
        let records = records(&case["tasks"], None, "energy", "gradient");
        let campaign = campaign(&molecule(&case["molecule"]), &records, &keys, &levels);
        campaign.run(2, &[]).expect(0, &["complete"]);
        let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
        assert_eq!(file.attribute::<u64>("tasks_total").unwrap(), records.len() as u64, "{name}");
        let expected = &case["expected_from_qcmanybody_0_8_0"];
        let compared = compare(name, &expected["properties"], &file, 1e-9);
        assert!(compared >= 18, "{name}: {compared} properties");
    }
}

#[test]
fn tasks_of_pyscf_give_the_same_expansions() {
    for (name, reference) in reference::all_json("qcmanybody", "ref_") {
        let of = |level, energy, gradient| records(&reference["tasks"], Some(level), energy, gradient);
        let mut all = of("rhf", "rhf_energy", "rhf_gradient");
        all.extend(of("mp2", "mp2_energy", "mp2_gradient"));
        let driver = if reference["tasks"][0].get("rhf_gradient").is_some() { "gradient" } else { "energy" };
        for (set, expected) in reference["expected"].as_object().unwrap() {
            let single = json!({ reference["max_nbody"].to_string(): set });
            let levels = levels(expected.get("levels").unwrap_or(&single));
            let keys = format!(
                "driver = \"{driver}\"\nbsse = {}\nmax_order = {}\ntotal = true",
                list(&reference["bsse_type"]),
                max_order(&levels)
            );
            let campaign = campaign(&molecule(&reference["molecule"]), &all, &keys, &levels);
            campaign.run(0, &[]).expect(0, &["complete"]);
            let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
            if let Some(tasks) = expected.get("ntasks") {
                assert_eq!(file.attribute::<u64>("tasks_total").unwrap(), tasks.as_u64().unwrap(), "{name} {set}");
            }
            let compared = compare(&format!("{name} {set}"), expected, &file, 1e-9);
            assert!(compared >= 20, "{name} {set}: {compared} properties");
        }
    }
}

/// Helium atoms on a line, and records of invented energies and gradients for all orders up to 3 and all treatments.
fn invented(fragments: usize) -> (Value, Vec<Value>) {
    let geometry: Vec<[f64; 3]> = (0..fragments).map(|k| [4.0 * k as f64, (k % 3) as f64, 0.1 * k as f64]).collect();
    let molecule = json!({"symbols": vec!["He"; fragments], "geometry_bohr": geometry,
        "fragments": (0..fragments).map(|k| [k]).collect::<Vec<_>>(),
        "fragment_charges": vec![0; fragments], "fragment_multiplicities": vec![1; fragments]});
    let mut sets: Vec<Vec<usize>> = (1..=fragments).map(|a| vec![a]).collect();
    sets.extend((1..=fragments).flat_map(|a| (a + 1..=fragments).map(move |b| vec![a, b])));
    let pairs: Vec<Vec<usize>> = sets.iter().filter(|set| set.len() == 2).cloned().collect();
    sets.extend(pairs.iter().flat_map(|pair| (pair[1] + 1..=fragments).map(|c| vec![pair[0], pair[1], c])));
    let mut seen = BTreeSet::new();
    let mut records = Vec::new();
    for set in &sets {
        for mask in 1..1 << set.len() {
            let real: Vec<usize> = (0..set.len()).filter(|k| mask >> k & 1 == 1).map(|k| set[k]).collect();
            for basis in [set.clone(), real.clone(), (1..=fragments).collect()] {
                if !seen.insert((real.clone(), basis.clone())) {
                    continue;
                }
                let x: usize = real.iter().map(|a| a * a).product::<usize>() + basis.iter().sum::<usize>();
                let energy = -2.86 * real.len() as f64 + (x as f64 * 0.37).sin() * 1e-3;
                let gradient: Vec<[f64; 3]> =
                    basis.iter().map(|&a| [0, 1, 2].map(|c| ((x + a + c) as f64).cos())).collect();
                records.push(
                    json!({"level": "any", "real": real, "basis": basis, "energy": energy, "gradient": gradient}),
                );
            }
        }
    }
    (molecule, records)
}

fn invented_campaign(fragments: usize, keys: &str, order: usize) -> Campaign {
    let (given, records) = invented(fragments);
    campaign(&molecule(&given), &records, keys, &[(order.to_string(), "any".to_owned())])
}

/// Everything below `/results`, bit by bit.
fn bits(campaign: &Campaign) -> Vec<(String, Vec<u64>)> {
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let items = file.items().unwrap().into_iter().filter(|item| item.path.starts_with("/results"));
    let numbers = items.filter_map(|item| {
        let values = file.array::<f64>(&item.path).ok()?;
        Some((item.path, values.into_iter().map(f64::to_bits).collect()))
    });
    numbers.collect()
}

const ALL: &str = "driver = \"gradient\"\nbsse = [\"cp\", \"nocp\", \"vmfc\"]\ncutoffs_angstrom = [9.0]";

#[test]
fn results_are_equal_to_the_last_bit_on_any_number_of_ranks() {
    let keys = format!("{ALL}\nmax_order = 3");
    let one = invented_campaign(9, &keys, 3);
    one.run(1, &[]).expect(0, &[]);
    let expected = bits(&one);
    assert!(expected.len() > 10);
    for (ranks, partition) in
        [(2, ""), (3, "schedule = \"static\""), (4, "batch_size = 1"), (2, "schedule = \"static\"\nbatch_size = 7")]
    {
        let other = invented_campaign(9, &keys, 3);
        let config = fs::read_to_string(other.path("config.toml")).unwrap();
        other.write(&format!("[partition]\n{partition}\n{config}"));
        other.run(ranks, &[]).expect(0, &[]);
        assert_eq!(bits(&other), expected, "{ranks} ranks, {partition}");
    }
}

#[test]
fn a_larger_order_reuses_every_task() {
    for driver in ["energy", "gradient"] {
        let keys = |order: usize| ALL.replace("gradient", driver) + &format!("\nmax_order = {order}");
        let fresh = invented_campaign(8, &keys(3), 3);
        fresh.run(2, &[]).expect(0, &[]);
        let grown = invented_campaign(8, &keys(2), 2);
        grown.run(2, &[]).expect(0, &[]);
        let before: u64 = Reader::open_results(&grown.path("results.h5")).unwrap().attribute("tasks_done").unwrap();
        let config = fs::read_to_string(fresh.path("config.toml")).unwrap();
        grown.write(&config);
        grown.run(3, &[]).expect(0, &[&format!("{before} done before")]);
        assert_eq!(bits(&grown), bits(&fresh), "{driver}");
    }
}

#[test]
fn results_without_the_failed_task_are_written() {
    let (given, mut records) = invented(5);
    let is_gone = |record: &Value| record["real"] == json!([2, 4]) && record["basis"] == json!([2, 4]);
    let gone = records.iter().position(is_gone).unwrap();
    let taken = records.remove(gone);
    let levels = [("3".to_owned(), "any".to_owned())];
    let keys = "bsse = [\"nocp\", \"cp\"]\nmax_order = 3\ntotal = true";
    let campaign = campaign(&molecule(&given), &records, keys, &levels);
    campaign.run(2, &[]).expect(2, &["warning: 1 of 50 tasks have no record", "[\"any\", [2, 4], [2, 4]]"]);
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let nocp = file.array::<f64>("/results/nocp/total_energy").unwrap();
    assert_eq!(nocp.iter().map(|value| value.is_nan()).collect::<Vec<_>>(), [false, true, true]);
    assert!(file.array::<f64>("/results/cp/total_energy").unwrap().iter().all(|value| value.is_finite()));
    let errors = file.strings("/run/tasks/error").unwrap();
    assert_eq!(errors.iter().filter(|error| error.contains("no entry for this task")).count(), 1);
    let labels = file.strings("/run/tasks/label").unwrap();
    assert_eq!(labels.len(), 50);
    // The file of records is part of what the campaign is, so that correcting it makes another campaign.
    records.push(taken);
    fs::write(campaign.path("tasks.json"), Value::from(records).to_string()).unwrap();
    campaign.run(2, &["--retry-failed"]).expect(73, &["fragments.level.0.file"]);
    campaign.run(2, &["--force"]).expect(0, &[]);
}

#[test]
fn an_interrupted_campaign_is_resumed() {
    let keys = format!("{ALL}\nmax_order = 3");
    let whole = invented_campaign(9, &keys, 3);
    whole.run(2, &[]).expect(0, &[]);
    let stopped = invented_campaign(9, &keys, 3);
    for task in ["0", "17", "101"] {
        stopped.run(1, &["--only", task]).expect(75, &[]);
    }
    stopped.run(3, &[]).expect(0, &["3 done before"]);
    assert_eq!(bits(&stopped), bits(&whole));
}
