//! What the `execution` block of a ManyBodyInput asks for.
use super::*;
use crate::campaigns::fragments::input::{Execution, execution};
use crate::campaigns::kind::RequestedRanks;
use crate::config::Limits;

/// A ManyBodyInput with an `execution` block.
fn with_block(block: &Value) -> String {
    let mut input: Value = serde_json::from_str(&fixture("many_body_2.json")).unwrap();
    input["execution"] = block.clone();
    input.to_string()
}

fn read_block(block: Value) -> Option<Execution> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("m.json"), with_block(&block)).unwrap();
    let config = config_in(folder.path(), "input = \"m.json\"");
    execution(&config, &config.section("fragments").unwrap())
}

fn ranks(block: Value) -> Option<RequestedRanks> {
    read_block(block).unwrap().ranks
}

#[test]
fn the_block_sets_limits_and_asks_for_ranks() {
    let guide = json!({"parallel": true, "n_workers": 4, "executor_type": "multiprocessing",
        "timeout_per_task": 1800.0, "max_retries": 5});
    let execution = read_block(guide).unwrap();
    assert_eq!((execution.ranks, execution.max_retries), (Some(RequestedRanks::Number(4)), Some(5)));
    let mut limits = Limits::default();
    execution.adopt(&mut limits, |key| key == "max_retries");
    assert_eq!((limits.task_timeout_s, limits.max_retries), (Some(1800.0), 2));
    execution.adopt(&mut limits, |_| false);
    assert_eq!(limits.max_retries, 5);
}

#[test]
fn the_number_of_ranks_follows_from_workers_and_executor() {
    assert_eq!(ranks(json!({"n_workers": 3})), Some(RequestedRanks::Number(3)));
    assert_eq!(ranks(json!({"parallel": true})), Some(RequestedRanks::PhysicalCores));
    assert_eq!(ranks(json!({"parallel": true, "n_workers": null})), Some(RequestedRanks::PhysicalCores));
    assert_eq!(ranks(json!({"parallel": true, "executor_type": "MPI"})), None);
    assert_eq!(
        ranks(json!({"parallel": true, "n_workers": 2, "executor_type": "mpi"})),
        Some(RequestedRanks::Number(2))
    );
    for block in [json!({}), json!({"parallel": false}), json!({"parallel": true, "executor_type": "sequential"})] {
        assert_eq!(ranks(block), None);
    }
    assert_eq!(read_block(Value::Null), Some(Execution::default()));
}

#[test]
fn workers_without_effect_cause_a_warning() {
    for block in [json!({"parallel": false, "n_workers": 4}), json!({"n_workers": 4, "executor_type": "sequential"})] {
        let input = with_file("m.json", &with_block(&block), "input = \"m.json\"").unwrap();
        assert_eq!(ranks(block), None);
        expect_one(&input.warnings, &["execution.n_workers: 4 workers are not used", "remove n_workers"]);
    }
}

#[test]
fn what_cannot_be_honoured_is_refused_by_name() {
    for (block, texts) in [
        (json!({"n_workers": 0}), ["execution.n_workers: 0 workers", "or null"]),
        (json!({"n_workers": 2.5}), ["execution.n_workers: expected an integer", "correct the value"]),
        (json!({"timeout_per_task": -1.0}), ["execution.timeout_per_task: a time limit of -1 s", "no limit"]),
        (json!({"timeout_per_task": 1e300}), ["1e300 s is longer than any run", "no limit"]),
        (json!({"max_retries": 5_000_000_000_u64}), ["5000000000 retries are not possible", "from 0 on"]),
        (json!({"executor_type": "dask"}), ["unknown executor `dask`", "multiprocessing, mpi, sequential"]),
        (json!({"checkpoint_file": "x"}), ["execution.checkpoint_file: unsupported key", "the same command resumes"]),
        (json!({"timeout": 3}), ["execution.timeout: unknown key", "timeout_per_task"]),
        (json!([]), ["execution: expected an object", "correct the value"]),
    ] {
        expect(with_file("m.json", &with_block(&block), "input = \"m.json\""), &texts);
        assert_eq!(read_block(block), None);
    }
}
