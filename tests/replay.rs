//! A file of initial conditions: what is taken from it, and what of it is refused.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::{Reader, Writer};
use std::path::Path;
use support::{Campaign, simmpi};

const SPIN_BOSON: &str = "[campaign]\nkind = \"trajectories\"\n[trajectories]\nduration = 0.2\ntime_step = 0.1\nsample_every = 0.1\nalgorithm = { kind = \"fssh\" }\nmodel = { kind = \"spin-boson\", modes = 3 }\ninitial = { file = \"initial.h5\" }\n";

fn write_coordinates(path: &Path, rows: usize, value: f64) {
    let mut out = Writer::create(path).unwrap();
    out.array("q", &[rows, 3], &vec![value; 3 * rows], "none", "positions").unwrap();
    out.array("p", &[rows, 3], &vec![0.0; 3 * rows], "none", "momenta").unwrap();
    out.publish().unwrap();
}

#[test]
fn an_initial_file_that_was_changed_or_does_not_fit_is_refused() {
    let campaign = Campaign::with(simmpi(), SPIN_BOSON);
    campaign.run(0, &[]).expect(78, &["initial.h5", "there is no such file"]);
    write_coordinates(&campaign.path("initial.h5"), 6, 0.1);
    campaign.run(2, &[]).expect(0, &["complete: 6 of 6"]);
    write_coordinates(&campaign.path("initial.h5"), 6, 0.2);
    campaign.run(2, &[]).expect(73, &["trajectories.initial.file: was"]);
    campaign.write(&SPIN_BOSON.replace("modes = 3", "modes = 4"));
    campaign.run(2, &["--force"]).expect(78, &["`q` has shape [6, 3], but must have [6, 4]"]);
    campaign.write(&SPIN_BOSON.replace("duration", "count = 8\nduration"));
    campaign.run(2, &["--force"]).expect(78, &["count is 8, but the initial file has 6 rows"]);
}

#[test]
fn a_trajectory_that_is_no_number_fails_alone() {
    let campaign = Campaign::with(simmpi(), &SPIN_BOSON.replace("initial = {", "keep = \"all\"\ninitial = {"));
    write_coordinates(&campaign.path("initial.h5"), 6, 0.1);
    let clean = campaign.path("initial.h5");
    let mut q = vec![0.1; 18];
    q[7] = f64::NAN;
    let mut out = Writer::create(&clean).unwrap();
    out.array("q", &[6, 3], &q, "none", "positions").unwrap();
    out.array("p", &[6, 3], &[0.0; 18], "none", "momenta").unwrap();
    out.publish().unwrap();
    campaign.run(2, &[]).expect(2, &["1 failed"]);
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let mean: Vec<f64> = reader.array("/results/populations").unwrap();
    assert!(mean.iter().all(|p| p.is_finite()));
    let single: Vec<f64> = reader.array("/results/trajectories/populations").unwrap();
    let rows: Vec<bool> = single.chunks(single.len() / 6).map(|row| row.iter().all(|p| p.is_finite())).collect();
    assert_eq!(rows, [true, true, false, true, true, true]);
}
