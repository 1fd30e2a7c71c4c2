//! Ranks on which programs fail that work elsewhere: they are excluded, and nothing is lost.
#![allow(clippy::unwrap_used)]
mod support;

use nix::sys::signal::Signal;
use simmpi::results::Reader;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::ala2::{campaign_of_ala2, has_gromacs, numbers};
use support::replicas::{strings, wait_until};
use support::{Campaign, Ended, simmpi};

/// Shell commands that set `rank` to the rank that starts this program: the parent is its supervisor, which was started with its environment.
const RANK: &str =
    r"rank=$(tr '\000' '\n' < /proc/$PPID/environ | sed -n 's/^OMPI_COMM_WORLD_RANK=//p; s/^PMI_RANK=//p' | head -n 1)";

/// Replicas that run the shell `script`, which finds its seed in $1, its rank in $rank and the campaign's folder in ../..; it writes a value
/// unless it ends before. `keys` are other sections.
fn replicas(count: u32, keys: &str, script: &str) -> Campaign {
    let config = format!(
        "[campaign]\nkind = \"ensemble\"\nseed = 1\noutput = \"results.h5\"\n{keys}\n[ensemble]\nseeds = \"1-{count}\"\n\
         directory = \"replicas/{{seed}}\"\nengine = \"command\"\n[ensemble.command]\nargv = [\"sh\", \"../../replica.sh\", \"{{seed}}\"]\n\
         [[ensemble.collect]]\nfile = \"out.dat\"\ncolumns = [0, 1]\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    let script =
        format!("{RANK}\necho \"$1 $rank\" >> ../../starts.log\n{script}\nprintf '0 %s\\n1 %s\\n' $1 $1 > out.dat\n");
    fs::write(campaign.path("replica.sh"), script).unwrap();
    campaign
}

/// Fails where `condition` holds, as on a node with a full /tmp.
fn fails_if(condition: &str) -> String {
    format!("if {condition}; then echo 'cannot write to /tmp' >&2; exit 1; fi\nsleep 0.4")
}

/// The number of programs that a rank has started.
fn starts(campaign: &Campaign, rank: usize) -> usize {
    let log = fs::read_to_string(campaign.path("starts.log")).unwrap();
    log.lines().filter(|line| line.ends_with(&format!(" {rank}"))).count()
}

/// Checks that rank 1 was excluded, and that this was said once.
fn expect_excluded(campaign: &Campaign, ended: &Ended, cause: &str) {
    let said: Vec<&str> = ended.said.lines().filter(|line| line.contains("excluded")).collect();
    assert_eq!(said.len(), 1, "{}", ended.said);
    let host = &strings(campaign, "/run/ranks/host")[1];
    let expected = [&format!("rank 1 on {host} failed"), "tasks in a row while other ranks succeeded", cause];
    expected.iter().for_each(|text| assert!(said[0].contains(*text), "`{text}` is missing in: {}", said[0]));
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    assert_eq!(reader.array::<u8>("/run/ranks/excluded").unwrap(), [0, 1]);
    let because = strings(campaign, "/run/ranks/excluded_because");
    assert!(because[0].is_empty() && because[1].contains(cause), "{because:?}");
}

#[test]
fn all_tasks_are_done_by_the_good_rank_under_any_schedule() {
    let reference = replicas(20, "", "");
    reference.run(2, &[]).expect(0, &["20 of 20 tasks done"]);
    for keys in ["", "[partition]\nschedule = \"static\"", "[partition]\nbatch_size = 5", "[limits]\nmax_retries = 0"] {
        let campaign = replicas(20, keys, &fails_if("[ \"$rank\" = 1 ]"));
        let ended = campaign.run(2, &[]).expect(0, &["complete: 20 of 20 tasks done, 0 failed"]);
        expect_excluded(&campaign, &ended, "cannot write to /tmp");
        assert!((3..=5).contains(&starts(&campaign, 1)), "{} starts, {keys}", starts(&campaign, 1));
        assert_eq!(starts(&campaign, 0), 20, "{keys}");
        assert_eq!(campaign.results(), reference.results(), "{keys}");
        assert!(strings(&campaign, "/run/tasks/status").iter().all(|status| status == "done"));
        // One row for each task, of the rank that has done it, with all attempts.
        let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
        assert_eq!(reader.array::<u64>("/run/tasks/rank").unwrap(), [0; 20]);
        let attempts: u64 = reader.array::<u64>("/run/tasks/attempts").unwrap().iter().sum();
        assert_eq!(attempts, 20 + starts(&campaign, 1) as u64);
    }
}

#[test]
fn a_rank_that_becomes_bad_in_the_middle_is_excluded_too() {
    for keys in ["", "[partition]\nschedule = \"static\""] {
        let campaign = replicas(24, keys, &fails_if("[ \"$rank\" = 1 -a $(grep -c ' 1$' ../../starts.log) -gt 3 ]"));
        let ended = campaign.run(2, &[]).expect(0, &["complete: 24 of 24 tasks done, 0 failed"]);
        expect_excluded(&campaign, &ended, "cannot write to /tmp");
        assert!((6..=9).contains(&starts(&campaign, 1)), "{} starts, {keys}", starts(&campaign, 1));
    }
}

#[test]
fn a_run_on_bad_ranks_alone_stops_and_is_continued_elsewhere() {
    for keys in ["", "[partition]\nschedule = \"static\"", "[limits]\nmax_retries = 0"] {
        let campaign = replicas(20, keys, &fails_if("[ ! -e ../../repaired ]"));
        let ended = campaign.run(2, &[]).expect(75, &["failed alike", "cannot write to /tmp", "--retry-failed"]);
        assert!(!ended.said.contains("excluded"), "{}", ended.said);
        assert!(starts(&campaign, 0) + starts(&campaign, 1) <= 12);
        fs::write(campaign.path("repaired"), "").unwrap();
        campaign.run(2, &["--retry-failed"]).expect(0, &["complete: 20 of 20 tasks done, 0 failed"]);
    }
}

#[test]
fn a_run_whose_last_rank_turns_bad_as_well_stops_and_has_lost_nothing() {
    let bad = "[ ! -e ../../repaired ] && [ \"$rank\" = 1 -o $(grep -c ' 0$' ../../starts.log) -gt 6 ]";
    for (retries, args) in [(2, &[][..]), (0, &["--retry-failed"])] {
        let campaign = replicas(20, &format!("[limits]\nmax_retries = {retries}"), &fails_if(bad));
        let ended =
            campaign.run(2, &[]).expect(75, &["rank 1 on", "rank 0 on", "no rank is left on which tasks succeed"]);
        assert!(starts(&campaign, 0) <= 12, "{}", ended.said);
        fs::write(campaign.path("repaired"), "").unwrap();
        campaign.run(2, args).expect(0, &["complete: 20 of 20 tasks done, 0 failed"]);
    }
}

#[test]
fn no_rank_is_excluded_where_that_is_not_wanted_or_there_is_no_other() {
    let campaign =
        replicas(8, "[limits]\nexclude_after = 0\nmax_retries = 0", &fails_if("[ \"$rank\" = 1 -a $1 != 1 ]"));
    let ended = campaign.run(2, &[]).expect(2, &[" failed, in "]);
    assert!(!ended.said.contains("excluded"), "{}", ended.said);
    assert_eq!((starts(&campaign, 0) + starts(&campaign, 1), starts(&campaign, 1) >= 4), (8, true));
    let campaign = replicas(6, "[limits]\nmax_retries = 1", &fails_if("[ $1 != 1 ]"));
    let ended = campaign.run(1, &[]).expect(2, &["1 of 6 tasks done, 5 failed"]);
    assert!(!ended.said.contains("excluded"), "{}", ended.said);
    assert_eq!(starts(&campaign, 0), 1 + 2 * 5);
}

#[test]
fn tasks_that_fail_everywhere_are_tried_on_both_ranks_and_exclude_none() {
    for keys in ["", "[partition]\nschedule = \"static\""] {
        let campaign = replicas(16, keys, &fails_if("[ $1 -ge 6 -a $1 -le 11 ]"));
        let ended = campaign.run(2, &[]).expect(2, &["10 of 16 tasks done, 6 failed", "seed 6 and 5 more like it"]);
        assert!(!ended.said.contains("excluded"), "{}", ended.said);
        let log = fs::read_to_string(campaign.path("starts.log")).unwrap();
        for seed in 6..=11 {
            let ranks: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix(&format!("{seed} "))).collect();
            assert!(ranks.len() == 3 && ranks.contains(&"0") && ranks.contains(&"1"), "seed {seed}: {ranks:?}");
        }
        let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
        let attempts: u64 = reader.array::<u64>("/run/tasks/attempts").unwrap().iter().sum();
        assert_eq!(attempts, 10 + 6 * 3);
    }
}

#[test]
fn attempts_that_are_left_when_a_run_stops_are_made_when_it_goes_on() {
    // Seeds 2 and 4 fail twice; a third failure would be final.
    let script = "if [ $1 = 2 -o $1 = 4 ] && [ $(grep -c \"^$1 \" ../../starts.log) -le 2 ]; then echo no licence >&2; exit 1; fi\n\
                  [ -e ../../repaired ] || sleep 1";
    for ranks in [0, 2] {
        let campaign = replicas(8, "", script);
        let running = campaign.start(ranks, &[]);
        wait_until(|| {
            let log = fs::read_to_string(campaign.path("starts.log")).unwrap_or_default();
            log.lines().any(|line| line.starts_with("2 ")) && log.lines().count() >= 3
        });
        match ranks {
            0 => running.signal(Signal::SIGUSR1),
            _ => campaign.ask_to_drain(&running),
        }
        running.end().expect(75, &["asked to stop by SIGUSR1", "0 failed"]);
        fs::write(campaign.path("repaired"), "").unwrap();
        campaign.run(ranks, &[]).expect(0, &["complete: 8 of 8 tasks done, 0 failed"]);
    }
}

#[test]
fn what_a_killed_job_had_failed_is_tried_again_by_another() {
    let script = "if [ $1 = 2 ]; then case $(grep -c '^2 ' ../../starts.log) in 1) exit 1;; 2) touch ../../hangs; sleep 60;; esac; fi\nsleep 0.2";
    let campaign = replicas(6, "", script);
    let killed = campaign.start_as("killed.txt", 1, &["--join", "--wait", "60s"], &[]);
    wait_until(|| campaign.path("hangs").exists());
    killed.signal_group(Signal::SIGKILL);
    killed.end();
    let other = campaign.start_as("other.txt", 1, &["--join", "--wait", "60s"], &[]);
    other.end().expect(0, &["complete: 6 of 6 tasks done, 0 failed"]);
    let log = fs::read_to_string(campaign.path("starts.log")).unwrap();
    assert_eq!(log.lines().filter(|line| line.starts_with("2 ")).count(), 3);
}

/// Writes the energy of a molecule for the QCSchema input $1 into $2: minus the number of its atoms.
const FRAGMENT: &str = r#"n=$(grep -o '"He"' "$1" | wc -l)
sleep 0.2
echo "{\"success\": true, \"return_result\": -$n.5, \"properties\": {\"return_energy\": -$n.5}}" > "$2"
"#;

#[test]
fn fragments_are_computed_by_the_good_rank() {
    let atoms: String = (0..6).map(|k| format!("He {} 0 0\n", 4 * k)).collect();
    let campaign = |schedule: &str, bad: &str| {
        let config = format!(
            "[campaign]\nkind = \"fragments\"\n[partition]\nschedule = \"{schedule}\"\n[fragments]\natoms = \"\"\"\n{atoms}\"\"\"\n\
             bsse = [\"nocp\"]\nmax_order = 2\n[[fragments.level]]\nengine = \"command\"\nmethod = \"any\"\n\
             command = [\"sh\", \"fragment.sh\", \"{{input}}\", \"{{output}}\"]\n"
        );
        let campaign = Campaign::with(simmpi(), &config);
        let fails = format!("{RANK}\nif {bad}; then echo 'no space' >&2; exit 1; fi\n");
        fs::write(campaign.path("fragment.sh"), fails + FRAGMENT).unwrap();
        campaign
    };
    let reference = campaign("dynamic", "false");
    reference.run(2, &[]).expect(0, &["21 of 21 tasks done"]);
    for schedule in ["dynamic", "static"] {
        let campaign = campaign(schedule, "[ \"$rank\" = 1 ]");
        let ended = campaign.run(2, &[]).expect(0, &["complete: 21 of 21 tasks done, 0 failed"]);
        expect_excluded(&campaign, &ended, "no space");
        assert_eq!(campaign.results(), reference.results());
    }
}

#[test]
fn windows_are_run_by_the_good_rank() {
    if !has_gromacs() {
        return;
    }
    let keys = "selection = \"not name H*\"\nalign_to = \"average\"\ncomponents = 3\nwindows = 6\nsteps = 2000\nbinary = \"bin/gmx\"\n\
                [limits]\nexclude_after = 2\n[partition]\nschedule = \"dynamic\"";
    let campaign = campaign_of_ala2(keys);
    fs::create_dir(campaign.path("bin")).unwrap();
    let script = format!(
        "#!/bin/sh\n{RANK}\ncase \"$rank $PWD $*\" in 1*results.windows*mdrun*) echo 'Fatal error:' >&2; echo 'no driver' >&2; exit 1;; esac\n\
         exec gmx \"$@\"\n"
    );
    fs::write(campaign.path("bin/gmx"), script).unwrap();
    fs::set_permissions(campaign.path("bin/gmx"), fs::Permissions::from_mode(0o755)).unwrap();
    let ended = campaign.run(2, &[]).expect(0, &["0 failed"]);
    expect_excluded(&campaign, &ended, "no driver");
    assert_eq!(numbers(&campaign, "windows/index"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}
