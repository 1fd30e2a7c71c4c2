//! Trajectories through the whole program: equal bits for every model and method, sweeps, growth to an error, and what is refused.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::{Reader, Writer};
use std::process::Command;
use support::{Campaign, simmpi};

const MODELS: [(&str, &str, f64); 12] = [
    ("spin-boson", "modes = 5, reorganization_energy = 0.1", 0.1),
    ("fmo", "modes_per_site = 3", 1.0),
    ("holstein", "sites = 3", 0.1),
    ("holstein-k", "sites = 4", 0.1),
    ("tully-1", "position = -2, momentum = 12", 4.0),
    ("tully-2", "position = -2, momentum = 20", 4.0),
    ("tully-3", "position = -2, momentum = 12, stop_beyond = 3", 4.0),
    ("avoided-crossing-a", "position = [-1, 0]", 0.002),
    ("avoided-crossing-b", "position = [-1, 0]", 0.002),
    ("avoided-crossing-c", "position = [-1, 0.5]", 0.002),
    (
        "linear-vibronic",
        "hamiltonian = [[0, [0.3, 0.1]], [[0.3, -0.1], 0.5]], frequencies = [1, 2], couplings = [[0, 0, 0, 0.3], [1, 0, 1, 0.2]]",
        0.1,
    ),
    (
        "linear-vibronic",
        "hamiltonian = [[0, 0.3], [0.3, 0.5]], frequencies = [1], couplings = [[0, 1, 1, 0.3]], sampling = \"wigner\"",
        0.1,
    ),
];

const ALGORITHMS: &str = r#"[[sweep]]
key = "trajectories.algorithm"
values = [
    { kind = "mean-field" },
    { kind = "fssh", gauge = "phase-coupling", frustrated = "reverse" },
    { kind = "fssh", initial_surface = "all", decoherence = "edc", edc_constant = 0.1 },
    { kind = "fssh", frustrated = "jasper-truhlar" },
    { kind = "ms-mash" },
]
"#;

/// A campaign of 12 trajectories with every algorithm.
fn of_model((kind, constants, step): (&str, &str, f64), integrator: &str, partition: &str) -> String {
    format!(
        "[campaign]\nkind = \"trajectories\"\nseed = 3\n[partition]\n{partition}\n[trajectories]\ncount = 12\nduration = {}\ntime_step = {step}\nsample_every = {}\nintegrator = \"{integrator}\"\ncorrelations = [\"populations\", \"coordinates\"]\nalgorithm = {{ kind = \"mean-field\" }}\nmodel = {{ kind = \"{kind}\", {constants} }}\n{ALGORITHMS}",
        20.0 * step,
        5.0 * step
    )
}

#[test]
fn every_model_and_method_gives_the_same_bits_on_any_ranks_and_batches() {
    for model in MODELS {
        for integrator in ["strang", "sequential"] {
            let of = |ranks: usize, partition: &str, tunables: &str| {
                let campaign = Campaign::with(simmpi(), &of_model(model, integrator, partition));
                let running = campaign.start_with(ranks, &[], &[("GLIBC_TUNABLES", tunables)]);
                running.end().expect(0, &["complete: 60 of 60"]);
                campaign.results()
            };
            let one = of(0, "batch_size = 12", "");
            assert!(one.len() > 5 * 20, "{}: {} datasets", model.0, one.len());
            // The C library's own choice of instructions must not matter either.
            let other =
                of(3, "batch_size = 1\nschedule = \"dynamic\"", "glibc.cpu.hwcaps=-AVX2,-AVX,-FMA,-FMA4,-AVX512F");
            assert!(one == other, "{}, {integrator}", model.0);
        }
    }
}

const TULLY: &str = "duration = 2000\ntime_step = 5\nsample_every = 500\nalgorithm = { kind = \"fssh\" }\nmodel = { kind = \"tully-1\", position = -4, momentum = 10.0 }\n";

fn campaign(keys: &str, rest: &str) -> String {
    format!("[campaign]\nkind = \"trajectories\"\n[trajectories]\n{keys}\n{rest}")
}

#[test]
fn a_point_of_a_sweep_is_the_campaign_with_its_value() {
    let sweep = "[[sweep]]\nkey = \"trajectories.model.momentum\"\nvalues = [10.0, 15]\n[[sweep]]\nkey = \"trajectories.integrator\"\nvalues = [\"strang\", \"sequential\"]\n";
    let swept = Campaign::with(simmpi(), &campaign(&format!("count = 20\n{TULLY}"), sweep));
    let planned =
        Command::new(&swept.program).arg("plan").arg(swept.path("config.toml")).arg("--ranks=2").output().unwrap();
    let planned = String::from_utf8_lossy(&planned.stdout).into_owned() + &String::from_utf8_lossy(&planned.stderr);
    assert!(planned.contains("stage trajectories momentum=15,integrator=sequential: 20 tasks"), "{planned}");
    swept.run(2, &[]).expect(0, &["complete: 80 of 80"]);
    let results = swept.results();
    for (momentum, integrator) in [("10.0", "strang"), ("10.0", "sequential"), ("15", "strang"), ("15", "sequential")] {
        let keys = format!("count = 20\nintegrator = \"{integrator}\"\n{}", TULLY.replace("10.0", momentum));
        let alone = Campaign::with(simmpi(), &campaign(&keys, ""));
        alone.run(0, &[]).expect(0, &[]);
        for (path, bits) in alone.results() {
            let inside = path.replace("/results/", &format!("/results/momentum={momentum},integrator={integrator}/"));
            assert!(results.get(&inside) == Some(&bits), "{inside}");
        }
    }
}

#[test]
fn trajectories_are_added_until_the_error_is_small_enough() {
    let with = |target: &str, most: u32| {
        let keys = format!("count = 20\nkeep = \"all\"\ntarget_stderr = {target}\nmax_count = {most}\n");
        campaign(&format!("{keys}{}", TULLY.replace("10.0", "20.0")), "")
    };
    let largest = |campaign: &Campaign| {
        let reader = simmpi::results::Reader::open_results(&campaign.path("results.h5")).unwrap();
        let errors: Vec<f64> = reader.array("/results/populations_stderr").unwrap();
        let rows = reader.shape("/results/trajectories/populations").unwrap()[0];
        (errors.into_iter().fold(0.0, f64::max), rows)
    };
    let grown = Campaign::with(simmpi(), &with("0.06", 2000));
    grown.run(2, &[]).expect(0, &["round 1", "complete"]);
    let (error, rows) = largest(&grown);
    assert!(error <= 0.06 && rows < 200, "{error} after {rows}");
    grown.run(2, &[]).expect(0, &["complete already"]);
    // A smaller error is asked for: what is done is kept, and the result is that of having asked at once.
    grown.write(&with("0.04", 2000));
    let said = grown.run(3, &[]).expect(0, &["complete"]).said;
    assert!(!said.contains("trajectories round 1:"), "{said}");
    let (error, rows) = largest(&grown);
    assert!(error <= 0.04 && rows > 100, "{error} after {rows}");
    let at_once = Campaign::with(simmpi(), &with("0.04", 2000));
    at_once.run(0, &[]).expect(0, &["complete"]);
    assert!(grown.results() == at_once.results());
    // What cannot be reached ends at max_count.
    let bounded = Campaign::with(simmpi(), &with("1e-9", 50));
    bounded.run(2, &[]).expect(0, &["complete: 50 of 50"]);
}

/// What `check` says of a configuration.
fn faults(keys: &str, rest: &str) -> String {
    let campaign = Campaign::with(simmpi(), &campaign(keys, rest));
    let output = Command::new(&campaign.program).arg("check").arg(campaign.path("config.toml")).output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn what_cannot_be_run_is_refused_with_what_to_do() {
    let times = "count = 4\nduration = 1\ntime_step = 0.1\nsample_every = 0.1\n";
    let vibronic = |rest: &str| {
        format!("{times}algorithm = {{ kind = \"fssh\" }}\nmodel = {{ kind = \"linear-vibronic\", {rest} }}\n")
    };
    let cases: [(String, &str, &[&str]); 14] = [
        (
            vibronic("hamiltonian = [[0, 0.3], [0.4, 0.5]], frequencies = [1]"),
            "",
            &["not Hermitian: element (1, 0) is [0.4, 0.0], (0, 1) is [0.3, 0.0]"],
        ),
        (vibronic("hamiltonian = [[0, 0.3]], frequencies = [1]"), "", &["square"]),
        (
            vibronic("hamiltonian = [[0]], frequencies = [1], couplings = [[1, 0, 0, 0.2], [0, 0, 3, 0.2]]"),
            "",
            &["mode 1 is out of range: there are 1", "element (0, 3) is out of range: there are 1 states"],
        ),
        (
            vibronic("hamiltonian = [[0, 0], [0, 1]], frequencies = [1], couplings = [[0, 0, 1, 0.2], [0, 1, 0, 0.2]]"),
            "",
            &["mode 0 couples (1, 0) twice"],
        ),
        (
            vibronic("frequencies = [0, -1]"),
            "",
            &["`hamiltonian` is not set", "frequency 0 is 0, but must be above 0", "frequency 1 is -1"],
        ),
        (
            format!(
                "{times}algorithm = {{ kind = \"ms-mash\" }}\nmodel = {{ kind = \"spin-boson\" }}\ninitial = {{ amplitudes = [[0.6, 0], [0.8, 0]] }}\n"
            ),
            "",
            &["ms-mash starts from one state"],
        ),
        (
            format!(
                "{times}algorithm = {{ kind = \"ms-mash\", frustrated = \"jasper-truhlar\" }}\nmodel = {{ kind = \"spin-boson\" }}\n"
            ),
            "",
            &["frustrated", "reverse"],
        ),
        (
            format!(
                "{times}algorithm = {{ kind = \"fssh\", decoherence = \"edc\" }}\nmodel = {{ kind = \"spin-boson\" }}\n"
            ),
            "",
            &["`edc_constant` is not set"],
        ),
        (
            format!(
                "{times}algorithm = {{ kind = \"fssh\", edc_decay = \"populations\" }}\nmodel = {{ kind = \"holstein-k\", sites = 5 }}\n"
            ),
            "",
            &["`edc_decay` only applies with decoherence = \"edc\"", "an even number of sites"],
        ),
        (
            format!(
                "{times}algorithm = {{ kind = \"mean-field\" }}\nmodel = {{ kind = \"avoided-crossing-a\", berry_force = true }}\n"
            ),
            "",
            &["mean-field has no active surface"],
        ),
        (
            format!(
                "{times}algorithm = {{ kind = \"mean-field\" }}\nmodel = {{ kind = \"holstein\", frequency = 40 }}\n"
            ),
            "",
            &["a step of 0.1 is unstable"],
        ),
        (
            format!(
                "{times}max_count = 3\nalgorithm = {{ kind = \"mean-field\" }}\nmodel = {{ kind = \"holstein\" }}\n"
            ),
            "",
            &["`max_count` only applies with `target_stderr`"],
        ),
        (
            format!(
                "{times}target_stderr = 0.1\nmax_count = 3\nalgorithm = {{ kind = \"mean-field\" }}\nmodel = {{ kind = \"holstein\" }}\n"
            ),
            "",
            &["`max_count` is less than `count`"],
        ),
        (
            format!("{times}algorithm = {{ kind = \"mean-field\" }}\nmodel = {{ kind = \"holstein\" }}\n"),
            "[[sweep]]\nkey = \"trajectories.model.coupling\"\nvalues = [0.1, \"x\", 0.1]\n[[sweep]]\nkey = \"trajectories.count\"\nvalues = [3]\n",
            &["`0.1` is listed twice", "`trajectories.count` cannot be swept"],
        ),
    ];
    for (keys, rest, expected) in cases {
        let said = faults(&keys, rest);
        expected.iter().for_each(|text| assert!(said.contains(text), "`{text}` is missing in:\n{said}"));
    }
    // Of a sweep each value is judged as if it stood at its key.
    let keys = format!("{times}algorithm = {{ kind = \"mean-field\" }}\nmodel = {{ kind = \"holstein\" }}\n");
    let said = faults(&keys, "[[sweep]]\nkey = \"trajectories.model.frequency\"\nvalues = [0.1, -3.0, \"x\"]\n");
    for text in ["must be above 0, found -3.0", "must be a number above 0, found the string"] {
        assert!(said.contains(text), "`{text}` is missing in:\n{said}");
    }
    let said = faults(&keys, "[[sweep]]\nkey = \"trajectories.model.frequenzy\"\nvalues = [0.1]\n");
    assert!(said.contains("unknown key `frequenzy`") && said.contains("did you mean `frequency`?"), "{said}");
}

/// A configuration of the user's own model with these keys.
fn own_model(keys: &str, model: &str) -> String {
    campaign(&format!("{keys}\nmodel = {{ kind = \"linear-vibronic\", {model} }}"), "")
}

#[test]
fn mean_field_keeps_the_norm_whatever_the_energies_and_qc_labs_scheme_says_where_it_does_not() {
    let times = "count = 4\nduration = 10\ntime_step = 0.01\nsample_every = 1\nalgorithm = { kind = \"mean-field\" }";
    let model = "frequencies = [1], couplings = [], hamiltonian = [[250, 120, 0], [120, 250, 1], [0, 1, -547]]";
    let text = own_model(times, model);
    let running = Campaign::with(simmpi(), &text);
    running.run(0, &[]).expect(0, &["complete: 4 of 4", "largest quantum energy x step is", "above 0.2"]);
    let populations: Vec<f64> =
        Reader::open_results(&running.path("results.h5")).unwrap().array("/results/populations").unwrap();
    // Two states far from the third: cos^2(120 t) but for parts of (1/800)^2.
    for (row, t) in populations.chunks(3).zip(0..) {
        let expected = (120.0 * f64::from(t)).cos().powi(2);
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-11 && (row[0] - expected).abs() < 2e-2, "{t}: {row:?}");
    }
    let sequential = own_model(
        &times.replace("count", "integrator = \"sequential\"\ncount"),
        "frequencies = [1], couplings = [], hamiltonian = [[0, 50], [50, 0]]",
    );
    let theirs = Campaign::with(simmpi(), &sequential);
    theirs.run(0, &[]).expect(2, &["4 failed", "the series of integrator = \"sequential\" loses the norm"]);
    let texts = ["the populations add up to 0.", "use time_step = ", "integrator = \"strang\""];
    theirs.tell_of_results("inspect", &[]).expect(0, &texts);
}

#[test]
fn zero_temperature_has_a_wigner_distribution_and_no_boltzmann_one() {
    let times = "count = 8\nduration = 1\ntime_step = 0.1\nsample_every = 1\nalgorithm = { kind = \"fssh\" }";
    for (kind, zero) in [
        ("spin-boson", "thermal_energy = 0, modes = 3"),
        ("fmo", "temperature_k = 0, modes_per_site = 2"),
        ("holstein", "thermal_energy = 0.0, sites = 3"),
        ("holstein-k", "thermal_energy = 0, sites = 4"),
        ("linear-vibronic", "thermal_energy = 0, hamiltonian = [[0]], frequencies = [2], couplings = [[0, 0, 0, 0.1]]"),
    ] {
        let of = |rest: &str| campaign(&format!("{times}\nmodel = {{ kind = \"{kind}\", {zero}{rest} }}"), "");
        let running = Campaign::with(simmpi(), &of(", sampling = \"wigner\""));
        running.run(0, &[]).expect(0, &["complete: 8 of 8"]);
        let reader = Reader::open_results(&running.path("results.h5")).unwrap();
        let energies: Vec<f64> = reader.array("/results/energy_classical").unwrap();
        assert!(energies.iter().all(|e| e.is_finite() && *e > 0.0), "{kind}: {energies:?}");
        let key = zero.split(' ').next().unwrap();
        let still = Campaign::with(simmpi(), &of(""));
        still.run(0, &[]).expect(78, &[&format!("`{key} = 0` with Boltzmann sampling"), "sampling = \"wigner\""]);
        let negative = Campaign::with(simmpi(), &of("").replace(&format!("{key} = 0"), &format!("{key} = -1")));
        negative.run(0, &[]).expect(78, &[&format!("`{key}` must be at least 0")]);
    }
}

#[test]
fn terms_of_second_order_are_refused_by_name() {
    let times = "count = 4\nduration = 1\ntime_step = 0.1\nsample_every = 1\nalgorithm = { kind = \"fssh\" }";
    let model = "hamiltonian = [[0]], frequencies = [1, 2], couplings = [[0, 0, 0, 0.1]]";
    for model in [
        model.replace("0.1]]", "0.1], [0, 1, 0, 0, -0.01]]"),
        format!("{model}, quadratic = [[0, 1, 0, 0, 0.1]]"),
        format!("{model}, bilinear_couplings = [[0, 1, 0, 0, 0.1]]"),
    ] {
        let refused = Campaign::with(simmpi(), &own_model(times, &model));
        refused.run(0, &[]).expect(78, &["couplings linear in one coordinate", "config.toml:"]);
    }
    for (name, shape) in [("couplings", [1usize, 5]), ("quadratic", [1, 5])] {
        let refused = Campaign::with(simmpi(), &own_model(times, "file = \"model.h5\""));
        let mut out = Writer::create(&refused.path("model.h5")).unwrap();
        out.array("hamiltonian", &[1, 1], &[0.0], "none", "energies").unwrap();
        out.array("frequencies", &[2], &[1.0, 2.0], "none", "frequencies").unwrap();
        out.array(name, &shape, &[0.0, 1.0, 0.0, 0.0, 0.1], "none", "couplings").unwrap();
        out.publish().unwrap();
        refused.run(0, &[]).expect(78, &["couplings linear in one coordinate", name]);
    }
}
