//! Trajectories in parts, and frames that a restart repeated: each time counts once, in every format and on any number of ranks.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::md::{Frame, Trajectory};
use simmpi::results::Reader;
use std::fs;
use std::path::Path;
use support::frames::{synthetic, write_gro, write_pdb, write_trr, write_xtc};
use support::{Campaign, simmpi};

/// Writes a trajectory in the format of its extension.
fn write(path: &Path, frames: &[Frame]) {
    match path.extension().unwrap().to_str().unwrap() {
        "xtc" => write_xtc(path, frames, 1e3),
        "trr" => write_trr(path, frames),
        "gro" => write_gro(path, frames),
        _ => write_pdb(path, frames),
    }
}

/// Components of files that are written beside the configuration.
fn campaign(files: &[(&str, &[Frame])], keys: &str) -> Campaign {
    let names: Vec<String> = files.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let trajectory = if let [one] = &names[..] { one.clone() } else { format!("[{}]", names.join(", ")) };
    let config = format!(
        "[campaign]\nkind = \"umbrella\"\nseed = 3\noutput = \"results.h5\"\n[umbrella]\ntrajectory = {trajectory}\n\
         structure = \"s.gro\"\nstop_after = \"pca\"\n{keys}\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    files.iter().for_each(|(name, frames)| write(&campaign.path(name), frames));
    write_gro(&campaign.path("s.gro"), &files[0].1[..1]);
    campaign
}

/// The values below `/results`, to compare bits.
fn values(campaign: &Campaign) -> Vec<Vec<u64>> {
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let of = |name: &str| -> Vec<u64> {
        reader.array::<f64>(&format!("/results/pca/{name}")).unwrap().into_iter().map(f64::to_bits).collect()
    };
    ["eigenvalues", "eigenvectors", "mean", "projection", "time"].map(of).to_vec()
}

fn run(campaign: &Campaign, ranks: usize) -> (Vec<Vec<u64>>, String) {
    let ended = campaign.run(ranks, &[]).expect(0, &["complete"]);
    (values(campaign), ended.said)
}

#[test]
fn a_trajectory_in_two_parts_gives_the_same_bits_as_the_whole() {
    // Of few frames, which one task takes, and of many chunks.
    for (atoms, count, keys) in [(20, 60, ""), (60, 1300, "align_to = \"average\"")] {
        let frames = synthetic(atoms, count);
        for ends in [["xtc", "xtc"], ["trr", "trr"], ["gro", "gro"], ["pdb", "pdb"]] {
            if count > 1000 && ends[0] != "trr" {
                continue;
            }
            let whole = format!("w.{}", ends[0]);
            let (expected, said) = run(&campaign(&[(&whole, &frames)], keys), 0);
            assert!(!said.contains("warning"), "{said}");
            let [first, second] = [format!("a.{}", ends[0]), format!("b.{}", ends[1])];
            let cut = 2 * count / 3;
            for ranks in if count > 1000 { vec![0, 1, 3] } else { vec![0] } {
                let parts = campaign(&[(&first, &frames[..cut]), (&second, &frames[cut..])], keys);
                let (found, said) = run(&parts, ranks);
                assert_eq!(found, expected, "{ends:?} on {ranks} ranks");
                assert!(!said.contains("warning"), "{said}");
            }
        }
    }
}

#[test]
fn parts_that_wildcards_match_are_in_the_order_of_their_times() {
    let frames = synthetic(20, 60);
    let (expected, _) = run(&campaign(&[("w.xtc", &frames)], ""), 0);
    // By name, the tenth part comes before the second.
    let parts = campaign(
        &[("run.part1.xtc", &frames[..20]), ("run.part10.xtc", &frames[38..]), ("run.part2.xtc", &frames[20..40])],
        "",
    );
    let config = fs::read_to_string(parts.path("config.toml")).unwrap();
    let list = config.lines().find(|line| line.starts_with("trajectory")).unwrap();
    for pattern in ["trajectory = \"run.part*.xtc\"", "trajectory = [\"run.part?.xtc\", \"run.part10.xtc\"]"] {
        fs::write(parts.path("config.toml"), config.replace(list, pattern)).unwrap();
        let ended =
            parts.run(2, &["--fresh", "--force"]).expect(0, &["complete", "2 earlier frames from there on count"]);
        assert_eq!((values(&parts), ended.said.matches("time goes back").count()), (expected.clone(), 1), "{pattern}");
    }
    fs::write(parts.path("config.toml"), config.replace(list, "trajectory = \"walk*.xtc\"")).unwrap();
    parts.run(0, &["--fresh", "--force"]).expect(78, &["config.toml:6:", "walk*.xtc` matches no file"]);
}

#[test]
fn frames_that_a_restart_repeated_count_once_in_every_format() {
    let frames = synthetic(20, 40);
    // The run blew up before it was restarted.
    let mut before = frames[..30].to_vec();
    before[25..].iter_mut().for_each(|frame| frame.positions[3][0] += 5.0);
    let again = [&before[..], &frames[25..]].concat();
    for end in ["xtc", "trr", "gro"] {
        let name = format!("t.{end}");
        let (expected, _) = run(&campaign(&[(&name, &frames)], ""), 0);
        for parts in [
            vec![(name.clone(), &again[..])],
            vec![(name.clone(), &before[..]), (format!("u.{end}"), &frames[25..])],
            vec![
                (name.clone(), &before[..10]),
                (format!("u.{end}"), &before[10..]),
                (format!("v.{end}"), &frames[25..]),
            ],
        ] {
            let parts: Vec<(&str, &[Frame])> = parts.iter().map(|(name, frames)| (&**name, *frames)).collect();
            let (found, said) = run(&campaign(&parts, ""), 2);
            assert_eq!(found, expected, "{end}, {} files", parts.len());
            assert_eq!(said.matches("time goes back to 50 ps at frame").count(), 1, "{said}");
            assert!(said.contains("5 earlier frames from there on count as repeated"), "{said}");
        }
    }
    // Times are stored otherwise in another format.
    let (_, said) = run(&campaign(&[("a.xtc", &frames[..30]), ("b.gro", &frames[29..])], ""), 0);
    assert!(said.contains("time goes back to 58 ps at frame 0 of `b.gro`: 1 earlier frame from there on"), "{said}");
}

#[test]
fn a_frame_at_the_end_of_a_run_and_the_beginning_of_the_next_counts_once() {
    let frames = synthetic(20, 40);
    let mut all = Vec::new();
    (0..13).for_each(|run| all.extend_from_slice(&frames[3 * run..3 * run + 4]));
    let campaign = campaign(&[("t.trr", &all)], "");
    let (_, said) = run(&campaign, 0);
    assert_eq!(said.matches("warning").count(), 1, "{said}");
    assert!(said.contains("time goes back 12 times, first to 6 ps at frame 4 of `t.trr`: 12 earlier frames"), "{said}");
    let time: Vec<f64> =
        Reader::open_results(&campaign.path("results.h5")).unwrap().array("/results/pca/time").unwrap();
    assert_eq!(time, (0..40).map(|k| 2.0 * f64::from(k)).collect::<Vec<_>>());
}

#[test]
fn frames_without_times_all_count() {
    let mut frames = synthetic(20, 12);
    for (name, time) in [("t.xtc", Some(0.0)), ("t.gro", None), ("t.gro", Some(0.0)), ("t.pdb", None)] {
        frames.iter_mut().for_each(|frame| frame.time_ps = time);
        let campaign = campaign(&[(name, &frames)], "");
        let (_, said) = run(&campaign, 0);
        assert!(!said.contains("warning"), "{said}");
        let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
        assert_eq!(reader.shape("/results/pca/projection").unwrap()[0], 12, "{name}");
    }
}

#[test]
fn two_runs_in_one_file_and_files_in_a_wrong_order_are_refused() {
    let frames = synthetic(20, 60);
    let mut both = frames[..20].to_vec();
    (20..40).for_each(|k| both.extend([frames[k].clone(), frames[k - 8].clone()]));
    for name in ["t.xtc", "t.trr", "t.gro"] {
        campaign(&[(name, &both)], "").expect_told(&[
            "time goes back 20 times",
            "first to 24 ps at frame 21",
            "two programs",
        ]);
    }
    let wrong = campaign(&[("a.xtc", &frames[30..]), ("b.xtc", &frames[..35])], "");
    wrong.expect_told(&["begins at 0 ps, not later than", "(60 ps)", "in the order of their times"]);
    campaign(&[("a.xtc", &frames), ("b.xtc", &frames)], "").expect_told(&["independent runs cannot be joined"]);
    let fewer: Vec<Frame> = synthetic(19, 60);
    let fewer: Vec<Frame> = fewer[30..].to_vec();
    campaign(&[("a.xtc", &frames[..30]), ("b.xtc", &fewer)], "").expect_told(&["frame 0 of", "has 19 atoms"]);
    let missing = campaign(&[("a.xtc", &frames[..30]), ("b.xtc", &frames[30..])], "");
    fs::remove_file(missing.path("b.xtc")).unwrap();
    missing.expect_told(&["b.xtc` not found"]);
}

#[test]
fn an_error_of_a_frame_names_its_file_and_its_number_there() {
    let frames = synthetic(20, 40);
    let mut second = frames[20..].to_vec();
    second[7].positions[2][1] = f32::NAN;
    let campaign = campaign(&[("a.trr", &frames[..22]), ("b.trr", &second)], "");
    campaign.run(0, &[]).expect(65, &["atom 2 of frame 7 of", "b.trr"]);
    let trajectory = Trajectory::join(&[campaign.path("a.trr"), campaign.path("b.trr")]).unwrap();
    assert_eq!((trajectory.frames(), trajectory.left_out()), (40, 2));
    assert_eq!(trajectory.origin(19).1, 19);
    assert_eq!(trajectory.origin(20), (&*campaign.path("b.trr"), 0));
}

#[test]
fn an_exchanged_part_is_another_campaign() {
    let frames = synthetic(20, 40);
    let campaign = campaign(&[("a.trr", &frames[..20]), ("b.trr", &frames[20..])], "");
    campaign.run(0, &[]).expect(0, &["complete"]);
    campaign.run(0, &[]).expect(0, &["is complete already"]);
    write_trr(&campaign.path("b.trr"), &frames[20..39]);
    let ended = campaign.run(0, &[]);
    assert!(ended.code != 0 && ended.said.contains("trajectory"), "{}", ended.said);
}
