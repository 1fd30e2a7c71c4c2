//! Does a section define the intended model, and are contradictions reported at the right key?
use super::*;
use crate::config::{Config, KindSchema};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `[ensemble]` with nothing but a model.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Section {
    model: ModelSection,
}

fn section(text: &str) -> Result<ModelSection, String> {
    let text = format!("[campaign]\nkind = \"ensemble\"\nseed = 3\noutput = \"r.h5\"\n[ensemble.model]\n{text}");
    let kinds = [KindSchema::new("ensemble", || schemars::schema_for!(Section))];
    let messages =
        |faults: crate::config::Faults| faults.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("\n");
    let config = Config::parse(Path::new("c.toml"), &text, &kinds).map_err(messages)?;
    Ok(config.section::<Section>("ensemble").map_err(messages)?.model)
}

const BIASED: &str = "
thermal_energy = 1.0
time_step = 0.05
steps = 2000
sample_every = 50
surface = { kind = \"double-well\", barrier = 6.0, difference = 1.0 }
opes = { coordinates = [\"x\"], barrier = 8.0, pace = 100 }
";

#[test]
fn defaults_are_those_of_plumed() {
    let model = Model::new(&section(BIASED).unwrap()).unwrap();
    let settings = &model.system.biasing.as_ref().unwrap().settings;
    let expected = crate::science::opes::Settings::new(crate::science::opes::Variant::Metad, 1.0, 8.0, 100, vec![None]);
    assert_eq!(*settings, expected);
    assert_eq!(model.columns()[..4], ["time", "x", "energy", "opes.bias"]);
    assert_eq!((model.rows(), model.cost()), (41, 2000));
    let flat = BIASED.replace("pace = 100", "biasfactor = \"inf\", sigma = [0.2]");
    let model = Model::new(&section(&flat).unwrap()).unwrap();
    assert_eq!(model.system.biasing.unwrap().settings.bias_factor, Some(f64::INFINITY));
}

#[test]
fn a_replica_has_rows_of_all_walkers_and_is_the_same_again() {
    let walkers = BIASED.replace("steps = 2000", "steps = 2000\nwalkers = 3");
    let model = Model::new(&section(&walkers).unwrap()).unwrap();
    let run = |number| model.run(CampaignSeed(3), number, &mut || true).unwrap().unwrap();
    let columns = run(5);
    assert_eq!((columns.len(), model.columns().len()), (9, 9));
    assert_eq!((columns[0].len() as u64, model.rows()), (123, 123));
    assert_eq!((columns[0][40], columns[0][41], columns[1][40], columns[1][41]), (0.0, 1.0, 100.0, 0.0));
    assert_eq!(columns, run(5));
    assert_ne!(columns, run(6));
    let mut asked = 0;
    let stopped = model.run(CampaignSeed(3), 5, &mut || {
        asked += 1;
        asked < 2
    });
    assert_eq!((stopped, asked), (Ok(None), 2));
}

#[test]
fn contradictions_are_reported_by_key() {
    let refused = |from: &str, to: &str| {
        assert!(BIASED.contains(from), "{from}");
        let fault = Model::new(&section(&BIASED.replace(from, to)).unwrap()).unwrap_err();
        (fault.key, fault.message)
    };
    for (from, to, key, text) in [
        ("[\"x\"]", "[\"y\"]", "opes.coordinates", "no coordinate `y`; its coordinates are x"),
        ("[\"x\"]", "[\"x\", \"x\"]", "opes.coordinates", "biased twice"),
        ("sample_every = 50", "sample_every = 30", "sample_every", "not a multiple of 30"),
        ("steps = 2000", "steps = 2000\nstart = [0.0, 1.0]", "start", "the surface has 1"),
        ("barrier = 8.0", "barrier = 0.8", "opes.biasfactor", "must be above 1"),
        ("pace = 100", "biasfactor = \"inf\"", "opes.sigma", "requires fixed widths"),
        ("pace = 100", "adaptive_sigma_stride = 10", "opes.adaptive_sigma_stride", "measure over more"),
        ("pace = 100", "sigma = [0.1], adaptive_sigma_stride = 10", "opes.adaptive_sigma_stride", "remove this key"),
        ("pace = 100", "sigma = [0.1, 0.2]", "opes.sigma", "2 widths for 1 variables"),
        ("pace = 100", "compression_threshold = 50", "opes.compression_threshold", "below the cutoff"),
    ] {
        let (found, message) = refused(from, to);
        assert!(found == key && message.contains(text), "{found}: {message}");
    }
}

#[test]
fn invalid_values_are_rejected_by_the_schema() {
    for (from, to, text) in [
        ("thermal_energy = 1.0", "thermal_energy = 0", "`thermal_energy` must be above 0"),
        ("double-well", "triple-well", "triple-well"),
        ("pace = 100", "paces = 100", "paces"),
        ("pace = 100", "biasfactor = \"none\"", "biasfactor"),
    ] {
        let message = section(&BIASED.replace(from, to)).unwrap_err();
        assert!(message.contains(text), "{message}");
    }
}

#[test]
fn a_walker_that_diverges_is_not_retried() {
    let wild = BIASED.replace("time_step = 0.05", "time_step = 5.0");
    let cause = Model::new(&section(&wild).unwrap()).unwrap().run(CampaignSeed(3), 0, &mut || true).unwrap_err();
    assert!(matches!(&cause, Cause::NotFinite(text) if text.contains("shorten the time step")), "{cause}");
    assert!(!cause.is_worth_retrying());
}
