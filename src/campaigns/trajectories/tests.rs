use super::campaign::TrajectoryCampaign;
use super::stage::TrajectoryWorkload;
use super::sums::Sums;
use super::*;
use crate::campaigns::campaign::{Next, RecordedBatch, RecordedValues, Visit};
use crate::campaigns::stage::{Context, Error, Stage, StageResult, Workload};
use crate::config::KindSchema;
use crate::journal::codec;
use crate::results::{Complex, Reader, Writer};
use crate::science::dynamics::LANES;
use crate::seed::CampaignSeed;
use crate::task::{Cause, Tasks};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A campaign whose configuration would stand in `folder`: `keys` of [trajectories], then whole sections.
fn load(folder: &Path, keys: &str, sections: &str) -> Result<TrajectoryCampaign, Faults> {
    let text = format!("[campaign]\nkind = \"trajectories\"\n[trajectories]\n{keys}\n{sections}\n");
    let kinds = [KindSchema::new("trajectories", || Trajectories.schema())];
    let config = Config::parse(&folder.join("config.toml"), &text, &kinds)?;
    load::load(&config)
}

const TIMES: &str = "duration = 1.0\ntime_step = 0.05\nsample_every = 0.25";
const MEAN_FIELD: &str = "[trajectories.algorithm]\nkind = \"mean-field\"\n";
const FSSH: &str = "[trajectories.algorithm]\nkind = \"fssh\"\n";
const SPIN_BOSON: &str = "[trajectories.model]\nkind = \"spin-boson\"\nmodes = 5\nreorganization_energy = 0.3\n";
const TULLY: &str = "[trajectories.model]\nkind = \"tully-1\"\nposition = -1.0\n";

fn faults_of(keys: &str, sections: &str) -> String {
    load(Path::new("."), keys, sections).err().map_or(String::new(), |faults| faults.render(false))
}

/// The work of a campaign's first stage.
fn first_work(campaign: &TrajectoryCampaign) -> TrajectoryWorkload {
    let setup = Arc::clone(&campaign.sweep().points()[0].setup);
    TrajectoryWorkload { tasks: Tasks::new(0, setup.count), setup }
}

fn first_stage(campaign: &mut TrajectoryCampaign) -> Stage {
    match campaign.advance(None).unwrap() {
        Next::Run(stage) => stage,
        Next::Complete => panic!("the campaign has no stage"),
    }
}

fn run(work: &mut TrajectoryWorkload, tasks: Tasks) -> (Sums, Vec<(u64, Cause)>) {
    let halt = AtomicBool::new(false);
    let computed = work.run(tasks, &Context::solitary(CampaignSeed(5), &halt));
    (computed.value, computed.failed)
}

/// An initial file of five rows for [`SPIN_BOSON`] and [`TIMES`], row 3 spoilt by `value`.
fn initial_file(folder: &Path, value: f64) {
    let mut out = Writer::create(&folder.join("initial.h5")).unwrap();
    let mut z: Vec<Complex> =
        (0..25).map(|k| Complex { r: 0.1 * f64::from(k), i: 1.0 - 0.05 * f64::from(k) }).collect();
    z[3 * 5 + 1].r = value;
    out.array("z", &[5, 5], &z, "none", "").unwrap();
    let c: Vec<Complex> = (0..10).map(|k| Complex { r: f64::from(k % 2), i: 0.0 }).collect();
    out.array("wavefunction", &[5, 2], &c, "none", "").unwrap();
    out.publish().unwrap();
}

#[test]
fn all_faults_are_reported_together() {
    let rendered = faults_of(
        "count = 5\nduration = 1.03\ntime_step = 0.07\nsample_every = 0.25\ntime_unit = \"fs\"",
        &format!("{FSSH}{SPIN_BOSON}[trajectories.initial]\nstate = 2\nfile = \"nothing.h5\""),
    );
    for text in [
        "duration = 1.03 is not a whole multiple of sample_every = 0.25",
        "use 1 or 1.25",
        "sample_every = 0.25 is not a whole multiple of time_step = 0.07",
        "`trajectories.time_unit` only applies to the model fmo",
        "state 2 is out of range: the model has 2 states",
        "nothing.h5",
    ] {
        assert!(rendered.contains(text), "`{text}` is not in\n{rendered}");
    }
}

#[test]
fn steps_that_are_unstable_are_refused_and_poor_ones_warned_of() {
    let with = |step: f64, integrator: &str| {
        let keys = format!(
            "count = 1\nduration = {0}\ntime_step = {step}\nsample_every = {0}\nintegrator = \"{integrator}\"",
            10.0 * step
        );
        load(Path::new("."), &keys, &format!("{MEAN_FIELD}{SPIN_BOSON}"))
    };
    // The fastest of five modes has the frequency 0.1 tan(81 degrees) = 0.631.
    assert!(with(0.01, "strang").unwrap().declare().unwrap().warnings.is_empty());
    let rendered = with(0.5, "strang").unwrap().declare().unwrap().warnings.render(false);
    assert!(rendered.contains("0.316") && rendered.contains("largest quantum energy x step is"), "{rendered}");
    let rendered = with(0.1, "sequential").unwrap().declare().unwrap().warnings.render(false);
    assert!(rendered.contains("loses the norm"), "{rendered}");
    for (step, integrator) in [(5.5, "strang"), (4.7, "sequential"), (f64::from(1 << 20), "sequential")] {
        let rendered = with(step, integrator).err().map_or(String::new(), |faults| faults.render(false));
        assert!(rendered.contains("unstable"), "{step} {integrator}: {rendered}");
    }
}

#[test]
fn what_is_the_default_and_what_is_spelt_out_are_the_same_campaign() {
    let sections = format!("{FSSH}{TULLY}");
    let plain = load(Path::new("."), &format!("count = 3\n{TIMES}"), &sections).unwrap();
    let spelt = format!("{sections}[trajectories.initial]\nstate = 0\nbasis = \"adiabatic\"");
    let spelt = load(Path::new("."), &format!("count = 4\nkeep = \"mean\"\n{TIMES}"), &spelt).unwrap();
    let (plain, spelt) = (plain.declare().unwrap(), spelt.declare().unwrap());
    assert_eq!(plain.identity, spelt.identity);
    assert_eq!(plain.extensible, Some(("trajectories.count", 3)));
    assert_eq!(spelt.extensible, Some(("trajectories.count", 4)));
}

#[test]
fn any_division_into_batches_gives_the_same_sums() {
    for sections in [format!("{FSSH}{SPIN_BOSON}"), format!("{MEAN_FIELD}{TULLY}")] {
        let mut campaign = load(Path::new("."), &format!("count = 40\n{TIMES}"), &sections).unwrap();
        let mut work = first_work(&campaign);
        let stage = first_stage(&mut campaign);
        let whole = codec::encode(&run(&mut work, Tasks::new(0, 40)).0).unwrap();
        let halt = AtomicBool::new(false);
        let context = Context::solitary(CampaignSeed(5), &halt);
        for size in [1, 7, LANES as u64 + 1] {
            let (mut worker, mut reducer) = (stage.worker(), stage.reducer(None).unwrap());
            let batches: Vec<Tasks> = Tasks::new(0, 40).split(size).collect();
            for batch in batches.into_iter().rev() {
                assert!(worker.run(batch, &context).is_empty());
                worker.keep().unwrap();
                reducer.add(&worker.end_batch().unwrap()).unwrap();
            }
            assert!(reducer.total().unwrap() == whole, "batches of {size}");
        }
    }
}

#[test]
fn an_initial_condition_that_is_not_finite_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let sections = format!("{FSSH}{SPIN_BOSON}[trajectories.initial]\nfile = \"initial.h5\"");
    let sums = |value: f64| {
        initial_file(folder.path(), value);
        let campaign = load(folder.path(), TIMES, &sections).unwrap();
        assert_eq!(campaign.declare().unwrap().extensible, Some(("trajectories.count", 5)));
        run(&mut first_work(&campaign), Tasks::new(0, 5))
    };
    let (healthy, failed) = sums(0.3);
    assert_eq!((healthy.used, failed.len()), (5, 0));
    for (value, text) in [(f64::NAN, "is NaN at t = 0 hbar/energy unit"), (1e120, "exceeds")] {
        let (sums, failed) = sums(value);
        let [(3, Cause::NotFinite(rendered))] = &failed[..] else { panic!("{failed:?}") };
        assert!(rendered.contains(text), "{rendered}");
        assert_eq!(sums.used, 4);
        assert!(sums.quantum.means(4).iter().all(|mean| mean.is_some_and(f64::is_finite)));
    }
}

#[test]
fn an_initial_file_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    initial_file(folder.path(), 0.3);
    let rendered = |keys: &str, model: &str| {
        let sections = format!("{FSSH}{model}[trajectories.initial]\nfile = \"initial.h5\"");
        load(folder.path(), keys, &sections).err().map_or(String::new(), |faults| faults.render(false))
    };
    assert_eq!(rendered(TIMES, SPIN_BOSON), "");
    assert!(
        rendered(&format!("count = 6\n{TIMES}"), SPIN_BOSON).contains("count is 6, but the initial file has 5 rows")
    );
    let shape = rendered(TIMES, TULLY);
    assert!(shape.contains("`z` has shape [5, 5], but must have [5, 1]"), "{shape}");
    let mut out = Writer::create(&folder.path().join("initial.h5")).unwrap();
    out.array("q", &[1, 5], &[0.0; 5], "none", "").unwrap();
    out.array("p", &[1, 5], &[0.0; 5], "none", "").unwrap();
    out.array("wavefunction", &[1, 2], &[Complex { r: 1.0, i: 0.5 }; 2], "none", "").unwrap();
    out.publish().unwrap();
    assert!(rendered(TIMES, SPIN_BOSON).contains("of row 0 is 2.5, not 1"));
}

/// The recorded values of a campaign in one batch.
struct OneBatch(Vec<u8>);

impl RecordedValues for OneBatch {
    fn for_each(&mut self, _stage: usize, visit: &mut Visit) -> Result<(), Error> {
        visit(RecordedBatch { tasks: Tasks::new(0, 5), failed: &[], bytes: &self.0 })
    }
}

#[test]
fn every_dataset_has_its_shape_units_and_description() {
    let folder = tempfile::tempdir().unwrap();
    for (sections, has_channels, has_surfaces) in
        [(format!("{FSSH}{TULLY}"), true, true), (format!("{MEAN_FIELD}{SPIN_BOSON}"), false, false)]
    {
        let mut campaign = load(folder.path(), &format!("count = 5\nkeep = \"all\"\n{TIMES}"), &sections).unwrap();
        let (sums, _) = run(&mut first_work(&campaign), Tasks::new(0, 5));
        let sums = codec::encode(&sums).unwrap();
        let stage = first_stage(&mut campaign);
        let next = campaign.advance(Some(StageResult::new(&stage.spec, Vec::new(), sums.clone()))).unwrap();
        assert!(matches!(next, Next::Complete));
        let path = folder.path().join("results.h5");
        let mut out = Writer::create(&path).unwrap();
        campaign.write(&mut OneBatch(sums), &mut out).unwrap();
        out.publish().unwrap();
        let reader = Reader::open(&path).unwrap();
        for item in reader.items().unwrap() {
            assert!(item.units.is_some() && item.description.is_some(), "{}", item.path);
        }
        let shape = |name: &str| reader.shape(&format!("/results/{name}"));
        for (name, wanted) in [
            ("populations", vec![5, 2]),
            ("populations_adiabatic", vec![5, 2]),
            ("density_matrix", vec![5, 2, 2]),
            ("energy_classical", vec![5]),
            ("energy_quantum", vec![5]),
            ("energy_total", vec![5]),
            ("hops", vec![2]),
        ] {
            assert_eq!(shape(name), Some(wanted.clone()), "{name}");
            assert_eq!(shape(&format!("{name}_stderr")), Some(wanted), "{name}_stderr");
        }
        assert_eq!((shape("time"), shape("energy_drift")), (Some(vec![5]), Some(vec![2])));
        assert_eq!(shape("surface_channels"), has_channels.then(|| vec![3, 2]));
        assert_eq!(shape("surface_channels_stderr"), has_channels.then(|| vec![3, 2]));
        assert_eq!(shape("surface_fractions"), has_surfaces.then(|| vec![5, 2]));
        assert_eq!(shape("trajectories/populations"), Some(vec![5, 5, 2]));
        assert_eq!(shape("trajectories/density_matrix"), Some(vec![5, 5, 2, 2]));
        assert_eq!(shape("trajectories/energy_quantum"), Some(vec![5, 5]));
        assert_eq!(shape("trajectories/active_surface"), has_surfaces.then(|| vec![5, 5]));
        // The mean is that of the single trajectories.
        let single: Vec<f64> = reader.array("/results/trajectories/energy_quantum").unwrap();
        let mean: Vec<f64> = reader.array("/results/energy_quantum").unwrap();
        for (sample, mean) in mean.iter().enumerate() {
            let direct = single.iter().skip(sample).step_by(5).sum::<f64>() / 5.0;
            assert!((mean - direct).abs() < 1e-14 * (1.0 + mean.abs()));
        }
    }
}
