//! Results of few tasks as they are exported.
use super::*;
use crate::results::Writer;
use std::path::Path;

/// The results of three fragments with `orders` as a campaign writes them; `write` adds those of treatments.
fn exported(tasks: &[(&str, &str, f64)], write: impl Fn(&mut Writer)) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.h5");
    let mut out = Writer::create(&path).unwrap();
    for (name, text) in
        [("simmpi_version", "0.1.0"), ("campaign_kind", "fragments"), ("fingerprint", "f"), ("config", "c")]
    {
        out.text_attribute("/", name, text).unwrap();
    }
    for name in ["seed", "tasks_total", "tasks_done", "tasks_failed"] {
        out.attribute("/", name, 3_u64).unwrap();
    }
    out.attribute("/", "complete", 1_u8).unwrap();
    write_tasks(&mut out, tasks);
    write(&mut out);
    out.publish().unwrap();
    read(&path)
}

fn read(path: &Path) -> Value {
    export(&Reader::open_results(path).unwrap()).unwrap()
}

fn write_tasks(out: &mut Writer, tasks: &[(&str, &str, f64)]) {
    let column = |of: fn(&(&str, &str, f64)) -> String| tasks.iter().map(of).collect::<Vec<_>>();
    out.strings("/results/tasks/level", &column(|_| "hf/\"x\"".to_owned()), "level").unwrap();
    out.strings("/results/tasks/real", &column(|task| task.0.to_owned()), "real").unwrap();
    out.strings("/results/tasks/basis", &column(|task| task.1.to_owned()), "basis").unwrap();
    let energies: Vec<f64> = tasks.iter().map(|task| task.2).collect();
    out.array("/results/tasks/energy", &[tasks.len()], &energies, "Eh", "energy").unwrap();
}

fn write_numbers(out: &mut Writer, name: &str, shape: &[usize], numbers: &[f64], missing: &[u64]) {
    let path = format!("/results/{name}");
    out.array(&path, shape, numbers, "Eh", "about").unwrap();
    if !missing.is_empty() {
        out.list_attribute(&path, "missing", missing).unwrap();
    }
}

fn write_returned(out: &mut Writer, bsse: &str, energy: f64) {
    out.text_attribute("/results", "returned_bsse", bsse).unwrap();
    out.attribute("/results", "return_energy", energy).unwrap();
}

const MONOMERS_AND_PAIR: [(&str, &str, f64); 4] =
    [("[1]", "[1]", -1.0), ("[2]", "[2]", -2.0), ("[1,2]", "[1,2]", -3.5), ("[1]", "[1,2]", -1.1)];

#[test]
fn energies_have_qcmanybodys_names() {
    let found = exported(&MONOMERS_AND_PAIR, |out| {
        write_numbers(out, "nocp/total_energy", &[2], &[-3.0, -3.5], &[]);
        write_numbers(out, "nocp/interaction_energy", &[2], &[0.0, -0.5], &[]);
        write_numbers(out, "nocp/contribution", &[2], &[-3.0, -0.5], &[]);
        write_numbers(out, "cp/interaction_energy", &[2], &[0.0, -0.3], &[]);
        write_numbers(out, "cp/contribution", &[2], &[0.0, -0.3], &[]);
        write_returned(out, "cp", -0.3);
    });
    let wanted = json!({
        "calcinfo_nmc": 1, "calcinfo_nfr": 2, "calcinfo_nmbe": 4,
        "cp_corrected_interaction_energy_through_1_body": 0.0,
        "cp_corrected_interaction_energy_through_2_body": -0.3,
        "cp_corrected_interaction_energy": -0.3,
        "cp_corrected_2_body_contribution_to_energy": -0.3,
        "nocp_corrected_total_energy_through_1_body": -3.0,
        "nocp_corrected_total_energy_through_2_body": -3.5,
        "nocp_corrected_total_energy": -3.5,
        "nocp_corrected_interaction_energy_through_1_body": 0.0,
        "nocp_corrected_interaction_energy_through_2_body": -0.5,
        "nocp_corrected_interaction_energy": -0.5,
        "nocp_corrected_2_body_contribution_to_energy": -0.5,
        "return_energy": -0.3,
    });
    assert_eq!(found["properties"], wanted);
    assert_eq!((&found["return_result"], &found["success"]), (&json!(-0.3), &json!(true)));
    assert_eq!((&found["schema_name"], &found["missing"]), (&json!("qcschema_manybodyresult"), &json!([])));
    let label = "[\"hf/\\\"x\\\"\", [1], [1, 2]]";
    assert_eq!(found["component_properties"][label], json!({ "return_energy": -1.1 }));
}

#[test]
fn missing_properties_are_omitted_and_listed_if_requested() {
    let mut tasks = MONOMERS_AND_PAIR;
    tasks[2].2 = f64::NAN;
    let found = exported(&tasks, |out| {
        // A supersystem of four fragments: order 3 was not requested.
        write_numbers(out, "nocp/total_energy", &[3], &[-3.0, f64::NAN, f64::NAN], &[2]);
        write_numbers(out, "nocp/contribution", &[3], &[-3.0, f64::NAN, f64::NAN], &[2]);
        write_returned(out, "nocp", f64::NAN);
    });
    assert_eq!(
        found["missing"],
        json!([
            "nocp_corrected_total_energy_through_2_body",
            "nocp_corrected_total_energy",
            "nocp_corrected_2_body_contribution_to_energy",
            "return_energy",
        ])
    );
    assert_eq!(found["properties"]["nocp_corrected_total_energy_through_1_body"], json!(-3.0));
    assert_eq!((&found["success"], &found["return_result"]), (&json!(false), &Value::Null));
    let pair = "[\"hf/\\\"x\\\"\", [1, 2], [1, 2]]";
    assert_eq!(found["component_results"][pair], json!({ "success": false }));
    assert!(found["component_properties"].get(pair).is_none());
}

#[test]
fn gradients_come_with_their_differences() {
    let through = [1.0, 0.0, 0.0, 2.0, 0.0, 0.0, /* through pairs */ 1.5, 0.0, 0.0, 1.0, 0.0, 0.25];
    let found = exported(&MONOMERS_AND_PAIR, |out| {
        write_numbers(out, "nocp/interaction_energy", &[2], &[0.0, -0.5], &[]);
        write_numbers(out, "nocp/total_gradient", &[2, 3], &through[6..], &[]);
        write_numbers(out, "nocp/gradient_through", &[2, 2, 3], &through, &[]);
        write_numbers(out, "nocp/total_hessian", &[1, 1], &[0.5], &[]);
        write_returned(out, "nocp", -3.5);
    });
    let property = |name: &str| found["properties"][name].clone();
    let pairs = json!([[1.5, 0.0, 0.0], [1.0, 0.0, 0.25]]);
    assert_eq!(property("calcinfo_natom"), json!(2));
    assert_eq!(property("nocp_corrected_total_gradient"), pairs);
    assert_eq!(property("return_gradient"), pairs);
    assert_eq!(found["return_result"], json!([[0.5]]));
    assert_eq!(property("nocp_corrected_total_gradient_through_2_body"), pairs);
    let difference = json!([[0.5, 0.0, 0.0], [-1.0, 0.0, 0.25]]);
    assert_eq!(property("nocp_corrected_interaction_gradient"), difference);
    assert_eq!(property("nocp_corrected_2_body_contribution_to_gradient"), difference);
    assert_eq!(
        property("nocp_corrected_interaction_gradient_through_1_body"),
        json!([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    );
}
