//! Ensembles of any program: errors before anything runs, failures of programs, and what is kept.
#![allow(clippy::unwrap_used)]
mod support;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::replicas::{reader, strings};
use support::skip::skip;
use support::{Campaign, reference, simmpi};

/// A campaign whose replicas run `script` by sh; `keys` are those of `[ensemble]`, `sections` follow `[ensemble.command]`.
fn campaign(keys: &str, script: &str, sections: &str) -> Campaign {
    Campaign::with(simmpi(), &config(keys, script, sections))
}

fn config(keys: &str, script: &str, sections: &str) -> String {
    format!(
        "[campaign]\nkind = \"ensemble\"\nseed = 7\n[ensemble]\nengine = \"command\"\n{keys}\n[ensemble.command]\n\
         argv = [\"sh\", \"-c\", '''{script}''', \"sh\", \"{{seed}}\"]\n{sections}\n"
    )
}

/// Seeds and folders as most campaigns have them.
fn seeds_and_folders(seeds: &str) -> String {
    format!("seeds = \"{seeds}\"\ndirectory = \"replicas/{{seed}}\"")
}

/// Status and error of every replica.
fn outcomes(campaign: &Campaign) -> Vec<(String, String)> {
    let [status, error] = ["status", "error"].map(|name| strings(campaign, &format!("/run/tasks/{name}")));
    let tasks = reader(campaign).array::<u64>("/run/tasks/index").unwrap();
    let mut rows: Vec<(u64, (String, String))> = tasks.into_iter().zip(status.into_iter().zip(error)).collect();
    rows.sort();
    rows.into_iter().map(|(_, row)| row).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Lines of a file that programs add to.
fn lines(campaign: &Campaign, name: &str) -> Vec<String> {
    fs::read_to_string(campaign.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// How many processes have `token` in their command lines.
fn count(token: &str) -> usize {
    let holds = |pid: PathBuf| {
        fs::read(pid.join("cmdline")).is_ok_and(|line| line.windows(token.len()).any(|part| part == token.as_bytes()))
    };
    fs::read_dir("/proc").unwrap().flatten().filter(|entry| holds(entry.path())).count()
}

#[test]
fn the_example_runs_as_it_is_and_its_columns_are_the_same_on_any_number_of_ranks() {
    let printed = Command::new(simmpi()).args(["init", "ensemble"]).output().unwrap();
    let example = String::from_utf8(printed.stdout).unwrap().replace("ensemble.h5", "results.h5");
    let one = Campaign::with(simmpi(), &example);
    one.run(0, &[]).expect(0, &["8 of 8 tasks done, 0 failed"]);
    let three = Campaign::with(simmpi(), &example);
    three.run(3, &[]).expect(0, &["8 of 8 tasks done"]);
    assert_eq!(one.results(), three.results());
    let file = reader(&one);
    assert_eq!(file.array::<u64>("/results/seeds").unwrap(), (1..=8).collect::<Vec<_>>());
    let group = "/results/collected/walk.dat/position";
    let offsets: Vec<u64> = file.array(&format!("{group}/offsets")).unwrap();
    assert_eq!(offsets, (0..=8).map(|k| 1001 * k).collect::<Vec<_>>());
    let values: Vec<f64> = file.array(&format!("{group}/values")).unwrap();
    let third = text(&one.path("ensemble/3/walk.dat"));
    let own: Vec<f64> =
        third.lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(values[2002..3003], own[..]);
    assert_ne!(values[..1001], values[1001..2002], "seeds differ");
    let seconds: Vec<f64> = file.array("/run/replicas/seconds").unwrap();
    assert!(seconds.iter().all(|s| *s > 0.0 && *s < 60.0), "{seconds:?}");
}

#[test]
fn a_replica_finds_its_files_and_variables_in_its_folder_and_leaves_what_it_prints() {
    let script =
        "echo out $1 $FRICTION $OMP_NUM_THREADS; cat in/run.txt data.bin; echo err >&2; env | grep -c OMPI_COMM";
    let files = "environment = { FRICTION = \"f{gamma}\" }\n[ensemble.variables]\ngamma = 2.5\ntemperatures = [300, 310]\n\
        [ensemble.files]\n\"in/run.txt\" = \"run.txt.j2\"\n\"data.bin\" = \"data.bin\"";
    let campaign = campaign(&seeds_and_folders("5,9"), script, files);
    fs::write(campaign.path("run.txt.j2"), "T={{ temperatures[replica] }} seed={{ seed }} <&>\n").unwrap();
    fs::write(campaign.path("data.bin"), "bytes\n").unwrap();
    // The launcher's variables are not there, and grep finds none: exit code 1 is what fails.
    campaign.write(&text(&campaign.path("config.toml")).replace("grep -c OMPI_COMM", "grep -c OMPI_COMM || true"));
    campaign.run(2, &[]).expect(0, &[]);
    assert_eq!(text(&campaign.path("replicas/5/stdout.txt")), "out 5 f2.5 1\nT=300 seed=5 <&>\nbytes\n0\n");
    assert_eq!(text(&campaign.path("replicas/9/stdout.txt")), "out 9 f2.5 1\nT=310 seed=9 <&>\nbytes\n0\n");
    assert_eq!(text(&campaign.path("replicas/9/stderr.txt")), "err\n");
}

#[test]
fn invalid_configurations_are_rejected_before_anything_runs() {
    let plain = |keys: &str| config(keys, "touch ../../ran", "");
    let with = |sections: &str| config(&seeds_and_folders("1-4"), "touch ../../ran", sections);
    let cases: &[(String, &[&str])] = &[
        (plain(""), &["`seeds` is not set", "count"]),
        (plain("seeds = \"1-4\"\ncount = 4"), &["`seeds` and `count` are both set"]),
        (plain("seeds = \"1-x\""), &["`1-x` is neither a number nor a range"]),
        (plain("seeds = [3, 4, 3]"), &["seed 3 is given twice, for replicas 0 and 2"]),
        (
            plain("seeds = \"1-4\"\ndirectory = \"replicas\""),
            &["replicas 0 and 1 (seeds 1 and 2) have the same folder"],
        ),
        (plain("seeds = \"1-4\"\ndirectory = \"r/{sede}\""), &["`sede` is undefined", "there are seed, replica"]),
        (plain("seeds = \"1-4\"\ndirectory = \"../{seed}\""), &["cannot be the folder of a replica"]),
        (
            plain(&seeds_and_folders("1-4")).replace("\"{seed}\"]", "\"7\"]"),
            &["would compute the same", "use {seed} in argv"],
        ),
        (with("[ensemble.files]\n\"a\" = \"a.j2\""), &["`", "a.j2`: line 2: `kapa` is undefined", "kappa"]),
        (with("[ensemble.files]\n\"../a\" = \"config.toml\""), &["`../a` is outside the folder of the replica"]),
        (with("[ensemble.files]\n\"a\" = \"absent\""), &["file not found"]),
        (with("[ensemble.variables]\nseed = 3"), &["`seed` is a reserved name"]),
        (with("[[ensemble.collect]]\nfile = \"a\"\ncolumns = [\"x\", \"x\"]"), &["column x is listed twice"]),
        (with("threads = 4096"), &["4096 threads on"]),
        (
            with("").replace("\"sh\", \"-c\"", "\"no-such-program\", \"-c\""),
            &["`no-such-program` was not found in PATH"],
        ),
        (
            with("").replace("engine = \"command\"", "engine = \"model\""),
            &["requires the section [ensemble.model]", "requires engine ="],
        ),
        (
            with("[[ensemble.free_energy]]\ncvs = [\"phi\"]\nbias = \"opes.bias\"\ndiscard_ps = 1.0"),
            &["no collected file has the columns phi, opes.bias, time", "`temperature_k` is not set"],
        ),
        (
            with("").replace("engine = \"command\"", "engine = \"gromacs\""),
            &["requires the section [ensemble.gromacs]"],
        ),
    ];
    for (config, said) in cases {
        let campaign = Campaign::with(
            simmpi(),
            &config.replace("[ensemble.files]", "[ensemble.variables]\nkappa = 1\n[ensemble.files]"),
        );
        fs::write(campaign.path("a.j2"), "{{ kappa }}\n{{ kapa }}\n").unwrap();
        campaign.run(0, &[]).expect(78, said);
        assert!(!campaign.path("replicas").exists() && !campaign.path("ran").exists(), "{config}");
    }
}

#[test]
fn foreign_files_and_those_of_other_campaigns_are_not_touched() {
    let campaign = campaign(&seeds_and_folders("1-3"), "echo $1", "");
    fs::create_dir_all(campaign.path("replicas/2")).unwrap();
    fs::write(campaign.path("replicas/2/thesis.tex"), "all of it").unwrap();
    campaign.run(0, &[]).expect(78, &["replicas/2` contain files that do not belong to the replicas"]);
    campaign.run(0, &["--fresh"]).expect(78, &["replicas/2`"]);
    assert_eq!(text(&campaign.path("replicas/2/thesis.tex")), "all of it");
    fs::remove_dir_all(campaign.path("replicas")).unwrap();
    campaign.run(0, &[]).expect(0, &["3 of 3 tasks done"]);
    // The same folders under other inputs, for another result.
    let other =
        config(&seeds_and_folders("1-3"), "echo other $1", "").replace("seed = 7", "seed = 7\noutput = \"other.h5\"");
    campaign.write(&other);
    campaign.run(0, &[]).expect(78, &["replicas/1`", "--fresh"]);
    assert_eq!(text(&campaign.path("replicas/1/stdout.txt")), "1\n");
    campaign.run(0, &["--fresh"]).expect(0, &["3 of 3 tasks done"]);
    assert_eq!(text(&campaign.path("replicas/1/stdout.txt")), "other 1\n");
}

#[test]
fn every_failure_is_reported_and_other_replicas_finish() {
    let token = format!("8640{}", std::process::id());
    let script = format!(
        "case $1 in\n1) kill -SEGV $$;;\n2) echo sorry >&2; exit 3;;\n3) exit 0;;\n4) echo begun; sleep {token};;\n\
         5) trap '' TERM; setsid sleep {token} & (setsid sh -c 'sleep {token}' &); while :; do sleep 0.05; echo alive; done;;\n\
         6) yes xxxxxxxxxxxxxxx | head -c 1000000000 >&2; echo end >&2; exit 4;;\n7) printf '\\377\\376\\n' >&2; exit 5;;\nesac\ntouch done"
    );
    let campaign = campaign(
        &format!("{}\nstall_timeout_s = 3.0", seeds_and_folders("0-7")),
        &script,
        "produces = [\"done\"]\n[limits]\nmax_retries = 0\ntask_timeout_s = 10.0",
    );
    campaign.run(2, &[]).expect(2, &["1 of 8 tasks done, 7 failed"]);
    let outcomes = outcomes(&campaign);
    let expected = [
        ("done", ""),
        ("failed", "sh of seed 1 killed by SIGSEGV"),
        ("failed", "exit code 3: sorry"),
        ("failed", "ended with exit code 0, but left no `done`"),
        ("failed", "no longer printed or wrote anything for 3 s"),
        ("failed", "ran past its limit of 10 s"),
        ("failed", "exit code 4"),
        ("failed", "exit code 5: \u{fffd}\u{fffd}"),
    ];
    for (k, (status, error)) in expected.iter().enumerate() {
        // `exit 3` of replica 3 leaves nothing to `touch`.
        assert!(outcomes[k].0 == *status && outcomes[k].1.contains(error), "{k}: {:?}", outcomes[k]);
    }
    let kept = fs::metadata(campaign.path("replicas/6/stderr.txt")).unwrap().len();
    assert!(kept > 100_000 && kept < 200_000, "{kept}");
    assert!(text(&campaign.path("replicas/6/stderr.txt")).ends_with("end\n"));
    assert_eq!(fs::read(campaign.path("replicas/7/stderr.txt")).unwrap(), b"\xff\xfe\n");
    assert_eq!(count(&token), 0, "nothing is left behind");
}

#[test]
fn a_retried_replica_starts_in_an_empty_folder_or_continues() {
    let script = "echo $1 >> ../../tries; ls > seen; touch half; [ $(grep -c . ../../tries) -gt 1 ]";
    let fresh = campaign(&seeds_and_folders("1-1"), script, "");
    fresh.run(0, &[]).expect(0, &["1 of 1 tasks done"]);
    assert_eq!((lines(&fresh, "tries").len(), text(&fresh.path("replicas/1/seen"))), (2, "seen\n".into()));
    let on = campaign(&seeds_and_folders("1-1"), script, "again = \"continue\"");
    on.run(0, &[]).expect(0, &["1 of 1 tasks done"]);
    assert!(text(&on.path("replicas/1/seen")).contains("half"));
}

#[test]
fn seeds_may_be_appended_and_finished_replicas_are_kept() {
    let script = "echo $1 >> ../../ran; printf '0 %s\\n1 %s\\n' $1 $1 > x.dat";
    let columns = "[[ensemble.collect]]\nfile = \"x.dat\"\ncolumns = [1]";
    let campaign = campaign(&seeds_and_folders("1-3"), script, columns);
    campaign.run(2, &[]).expect(0, &["3 of 3"]);
    campaign.run(2, &[]).expect(0, &["is complete already"]);
    campaign.write(&config(&seeds_and_folders("1-3,10,11"), script, columns));
    campaign.run(2, &[]).expect(0, &["3 done before", "5 of 5"]);
    let mut ran = lines(&campaign, "ran");
    ran.sort();
    assert_eq!(ran, ["1", "10", "11", "2", "3"]);
    let values: Vec<f64> = reader(&campaign).array("/results/collected/x.dat/1/values").unwrap();
    assert_eq!(values, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 10.0, 10.0, 11.0, 11.0]);
    campaign.write(&config(&seeds_and_folders("2-6"), script, columns));
    campaign.run(0, &[]).expect(78, &["ensemble.seeds: entry 0 is 2, but was 1"]);
    campaign.write(&config(&seeds_and_folders("1-2"), script, columns));
    campaign.run(0, &[]).expect(78, &["ensemble.seeds = 2 is less than the earlier 5"]);
}

#[test]
fn short_programs_follow_each_other_and_a_drain_runs_none_of_them_twice() {
    let campaign = campaign(&seeds_and_folders("1-300"), "echo $1 >> ../../ran; sleep 0.01", "");
    let ran = || fs::read_to_string(campaign.path("ran")).map_or(0, |text| text.lines().count());
    let since = Instant::now();
    let running = campaign.start(2, &[]);
    while ran() < 60 {
        assert!(since.elapsed() < support::LIMIT, "nothing runs");
        std::thread::sleep(Duration::from_millis(5));
    }
    campaign.ask_to_drain(&running);
    running.end().expect(75, &["stopping: asked to stop", "0 failed"]);
    assert!(ran() < 300, "it ran to its end before it was asked");
    campaign.run(2, &[]).expect(0, &["300 of 300 tasks done, 0 failed"]);
    let wall_s = since.elapsed().as_secs_f64();
    let mut seeds: Vec<usize> = lines(&campaign, "ran").iter().map(|seed| seed.parse().unwrap()).collect();
    seeds.sort();
    assert_eq!(seeds, (1..=300).collect::<Vec<_>>());
    // That a program was ready and waited is not counted as its time.
    let busy: Vec<f64> = reader(&campaign).array("/run/ranks/busy_s").unwrap();
    assert!(busy.iter().all(|busy| *busy > 0.5 && *busy < wall_s), "{busy:?} in {wall_s} s");
}

#[test]
fn a_free_energy_may_be_added_or_changed_when_the_replicas_are_done() {
    let script = "echo $1 >> ../../ran; k=0; echo '#! FIELDS time x bias' > COLVAR; \
        while [ $k -lt 40 ]; do echo $k $((k * $1 % 7)) 0 >> COLVAR; k=$((k + 1)); done";
    let columns = "[[ensemble.collect]]\nfile = \"COLVAR\"\ncolumns = [\"x\", \"bias\"]\n";
    let wanted = |grid: usize| {
        let asked = "[[ensemble.free_energy]]\ncvs = [\"x\"]\nbias = \"bias\"\ntemperature_k = 300.0\n";
        format!("{columns}{asked}grid = {grid}\n")
    };
    let campaign = campaign(&seeds_and_folders("1-3"), script, columns);
    campaign.run(2, &[]).expect(0, &["3 of 3"]);
    for grid in [5, 7] {
        campaign.write(&config(&seeds_and_folders("1-3"), script, &wanted(grid)));
        campaign.run(1, &[]).expect(0, &["3 of 3 tasks done"]);
        let bins: Vec<f64> = reader(&campaign).array("/results/free_energy/x/free_energy").unwrap();
        assert_eq!(bins.len(), grid);
        campaign.run(1, &[]).expect(0, &["is complete already"]);
    }
    assert_eq!(lines(&campaign, "ran").len(), 3, "no replica was run again");
}

#[test]
fn a_missing_column_fails_its_replica_and_has_no_values() {
    let script = "[ $1 = 2 ] && exit 0; printf '#! FIELDS time d/x\\n0 1\\n1 2\\n1 3\\n2 4\\n' > COLVAR";
    let columns = "[limits]\nmax_retries = 0\n[[ensemble.collect]]\nfile = \"COLVAR\"\ncolumns = [\"d/x\"]";
    let campaign = campaign(&seeds_and_folders("1-3"), script, columns);
    campaign.run(0, &[]).expect(2, &["2 of 3 tasks done, 1 failed"]);
    assert!(outcomes(&campaign)[1].1.contains("COLVAR"), "{:?}", outcomes(&campaign));
    let file = reader(&campaign);
    let group = "/results/collected/COLVAR/d%2Fx";
    assert_eq!(file.array::<u64>(&format!("{group}/offsets")).unwrap(), [0, 3, 3, 6]);
    assert_eq!(file.array::<f64>(&format!("{group}/values")).unwrap(), [1.0, 3.0, 4.0, 1.0, 3.0, 4.0]);
    assert!(file.array::<f64>("/run/replicas/seconds").unwrap()[1].is_nan());
}

#[test]
fn derived_seeds_and_replicas_without_folders() {
    let campaign = campaign("count = 4", "echo $1 >> seeds", "");
    campaign.run(2, &[]).expect(0, &["4 of 4"]);
    let mut told = lines(&campaign, "seeds");
    let mut seeds: Vec<String> =
        reader(&campaign).array::<u64>("/results/seeds").unwrap().iter().map(u64::to_string).collect();
    told.sort();
    seeds.sort();
    assert_eq!(told, seeds);
    assert!(!campaign.path("stdout.txt").exists());
}

#[test]
fn a_drain_stops_programs_that_can_continue_and_waits_for_others() {
    let script = "trap 'echo stopped >> ../../log; exit 1' TERM; echo begun $1 >> ../../log; \
        while [ ! -e ../../open ]; do sleep 0.05; done; echo ended >> ../../log";
    let on = campaign(&seeds_and_folders("1-4"), script, "again = \"continue\"");
    let running = on.start(2, &[]);
    let since = Instant::now();
    while lines(&on, "log").len() < 2 {
        assert!(since.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    on.ask_to_drain(&running);
    running.end().expect(75, &["0 of 4 tasks are done, 0 failed, 4 are left"]);
    assert_eq!(lines(&on, "log").iter().filter(|line| *line == "stopped").count(), 2);
    fs::write(on.path("open"), "").unwrap();
    on.run(2, &[]).expect(0, &["4 of 4 tasks done, 0 failed"]);
    assert_eq!(lines(&on, "log").iter().filter(|line| *line == "ended").count(), 4);
}

#[test]
fn stagger_s_delays_the_first_starts_of_ranks() {
    let campaign = campaign(&format!("{}\nstagger_s = 0.7", seeds_and_folders("1-2")), "date +%s.%N > began", "");
    campaign.run(2, &[]).expect(0, &[]);
    let began = |seed: &str| text(&campaign.path(&format!("replicas/{seed}/began"))).trim().parse::<f64>().unwrap();
    let apart = (began("1") - began("2")).abs();
    assert!(apart > 0.4, "{apart}");
}

#[test]
fn a_full_disk_in_one_replicas_folder_is_its_own_fault() {
    let campaign = campaign(
        &seeds_and_folders("1-3"),
        "head -c 4000000 /dev/zero > big || exit 7",
        "again = \"continue\"\n[limits]\nmax_retries = 1",
    );
    let folder = campaign.path("replicas/2");
    fs::create_dir_all(&folder).unwrap();
    let options = "size=1m";
    if let Err(error) = mount(Some("tmpfs"), &folder, Some("tmpfs"), MsFlags::empty(), Some(options)) {
        skip(&format!("a small file system cannot be mounted here: {error}"));
        return;
    }
    let ended = campaign.run(0, &[]);
    umount2(&folder, MntFlags::MNT_DETACH).unwrap();
    ended.expect(2, &["2 of 3 tasks done, 1 failed"]);
    let (status, error) = &outcomes(&campaign)[1];
    assert!(status == "failed" && error.contains("short of memory or disk"), "{error}");
}

/// The energy of Mueller and Brown (Theor. Chim. Acta 53, 75, 1979).
fn mueller_brown(x: f64, y: f64) -> f64 {
    let terms = [
        (-200.0, -1.0, 0.0, -10.0, 1.0, 0.0),
        (-100.0, -1.0, 0.0, -10.0, 0.0, 0.5),
        (-170.0, -6.5, 11.0, -6.5, -0.5, 1.5),
        (15.0, 0.7, 0.6, 0.7, -1.0, 1.0),
    ];
    let term = |(height, a, b, c, x0, y0): (f64, f64, f64, f64, f64, f64)| {
        height * f64::exp(a * (x - x0) * (x - x0) + b * (x - x0) * (y - y0) + c * (y - y0) * (y - y0))
    };
    terms.into_iter().map(term).sum()
}

#[test]
fn the_model_gives_the_exact_free_energy_and_the_same_bits_on_any_number_of_ranks() {
    let example = include_str!("../examples/ensemble-model.toml").replace("ensemble-model.h5", "results.h5");
    let campaign = Campaign::with(simmpi(), &example);
    campaign.run(2, &[]).expect(0, &["8 of 8 tasks done"]);
    let file = reader(&campaign);
    let group = "/results/free_energy/x";
    let centers: Vec<f64> = file.array(&format!("{group}/coordinate")).unwrap();
    let found: Vec<f64> = file.array(&format!("{group}/free_energy")).unwrap();
    let errors: Vec<f64> = file.array(&format!("{group}/free_energy_stderr")).unwrap();
    let (kt, width) = (15.0, 2.7 / 54.0);
    // The probability of a bin, by quadrature.
    let weight = |center: f64| -> f64 {
        let along =
            |x: f64| (0..800).map(|k| f64::exp(-mueller_brown(x, -1.0 + 0.005 * f64::from(k)) / kt)).sum::<f64>();
        (0..20).map(|k| along(center + width * ((f64::from(k) + 0.5) / 20.0 - 0.5))).sum()
    };
    let exact: Vec<f64> = centers.iter().map(|center| -kt * weight(*center).ln()).collect();
    let least = exact.iter().copied().fold(f64::INFINITY, f64::min);
    let mut worst = 0.0f64;
    for ((found, exact), error) in found.iter().zip(&exact).zip(&errors) {
        if exact - least < 8.0 * kt {
            worst = worst.max((found - (exact - least)).abs() / kt);
            assert!(*error > 0.0 && *error < 0.2 * kt, "{error}");
        }
    }
    println!("largest difference where F < 8 kT: {worst:.3} kT");
    assert!(worst < 0.2, "{worst} kT");
    let difference = file.array::<f64>(&format!("{group}/difference")).unwrap()[0];
    let of = |is_right: bool| centers.iter().filter(|x| (**x > 0.2) == is_right).map(|x| weight(*x)).sum::<f64>();
    let expected = -kt * (of(true) / of(false)).ln();
    assert!((difference - expected).abs() < 0.2 * kt, "{difference} and not {expected}");
    // A shorter one, on other numbers of ranks.
    let short = example.replace("500_000", "20_000").replace("1000.0", "10.0");
    let results: Vec<_> = [0, 1, 3]
        .into_iter()
        .map(|ranks| {
            let campaign = Campaign::with(simmpi(), &short);
            campaign.run(ranks, &[]).expect(0, &["8 of 8 tasks done"]);
            campaign.results()
        })
        .collect();
    assert!(results[0] == results[1] && results[1] == results[2]);
}

#[test]
fn free_energies_of_real_replicas_come_from_their_columns() {
    let files = [101, 102, 103, 104].map(|seed| reference::file(&format!("md/opes/ala2_campaign/{seed}/COLVAR")));
    let folder = files[0].ancestors().nth(2).unwrap();
    let sections = "[[ensemble.collect]]\nfile = \"COLVAR\"\ncolumns = [\"time\", \"phi\", \"opes.bias\"]\n\
        [[ensemble.free_energy]]\ncvs = [\"phi\"]\nbias = \"opes.bias\"\ntemperature_k = 300.0\ndiscard_ps = 500.0\n\
        period = [6.283185307179586]\nregions = [[[0.0, 3.141592653589793]], [[-3.141592653589793, 0.0]]]";
    let campaign = campaign(&seeds_and_folders("101-104"), &format!("cp {}/$1/COLVAR .", folder.display()), sections);
    campaign.run(2, &[]).expect(0, &["4 of 4 tasks done"]);
    let file = reader(&campaign);
    let number = |name: &str| file.array::<f64>(&format!("/results/free_energy/phi/{name}")).unwrap();
    let (difference, single) = (number("difference")[0], number("difference_of_replicas"));
    assert!((difference - 9.3).abs() < 0.1, "{difference}");
    assert!(single.len() == 4 && single.iter().all(|value| (8.75..9.75).contains(value)), "{single:?}");
    assert!((0.05..0.4).contains(&number("difference_stderr")[0]));
    assert_eq!((number("coordinate").len(), number("free_energy").len()), (60, 60));
}
