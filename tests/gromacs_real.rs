//! Ensembles by GROMACS itself, where it is installed.
#![allow(clippy::unwrap_used)]
mod support;

use std::fs;
use support::ala2::{campaign_of_ala2, replicas_of_gromacs};
use support::replicas::{kill_rank, reader, wait_until, working_in};
use support::skip::are_installed;
use support::{Campaign, is_open_mpi};

/// The distance of the methyl groups at both ends of alanine dipeptide, biased by GROMACS's own adaptive weight histogram.
const AWH: &str = "\npull = yes\npull-ngroups = 2\npull-group1-name = left\npull-group2-name = right\npull-ncoords = 1\n\
    pull-coord1-type = external-potential\npull-coord1-potential-provider = AWH\npull-coord1-geometry = distance\n\
    pull-coord1-groups = 1 2\npull-nstxout = 100\npull-nstfout = 0\nawh = yes\nawh-potential = convolved\nawh-seed = {{ seed }}\n\
    awh-nstout = 10000\nawh-nbias = 1\nawh1-ndim = 1\nawh1-error-init = 5\nawh1-dim1-coord-index = 1\nawh1-dim1-start = 0.40\n\
    awh1-dim1-end = 0.80\nawh1-dim1-force-constant = 20000\nawh1-dim1-diffusion = 0.001\n";

#[test]
fn an_adaptive_bias_goes_on_where_its_checkpoint_was() {
    let keys = "index = \"ends.ndx\"\nmdrun_args = [\"-cpt\", \"0.005\"]\n[[ensemble.collect]]\nfile = \"run_pullx.xvg\"\ncolumns = [0, 1]";
    let Some(campaign) = replicas_of_gromacs(200_000, keys) else { return };
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&config.replace("101-108", "101-102"));
    fs::write(
        campaign.path("ends.ndx"),
        "[ System ]\n1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22\n[ left ]\n1\n[ right ]\n19\n",
    )
    .unwrap();
    let mdp = fs::read_to_string(campaign.path("run.mdp.j2")).unwrap();
    fs::write(campaign.path("run.mdp.j2"), mdp.clone() + &AWH.replace("{{ seed }}", "-1")).unwrap();
    campaign.run(0, &[]).expect(78, &["`awh-seed = -1` makes GROMACS seed from the clock"]);
    fs::write(campaign.path("run.mdp.j2"), mdp + AWH).unwrap();
    let running = campaign.start(2, &[]);
    wait_until(|| [101, 102].iter().all(|seed| campaign.path(&format!("replicas/{seed}/run.cpt")).is_file()));
    kill_rank(&campaign, running, 1);
    wait_until(|| working_in(&campaign.path("replicas")) == 0);
    // On a busy machine one may have been done by then.
    let has_ended = |seed: &i32| campaign.path(&format!("replicas/{seed}/run.gro")).exists();
    let stopped: Vec<i32> = [101, 102].into_iter().filter(|seed| !has_ended(seed)).collect();
    assert!(!stopped.is_empty());
    campaign.run(2, &[]).expect(0, &["2 of 2 tasks done, 0 failed"]);
    let file = reader(&campaign);
    let column =
        |name: &str| -> Vec<f64> { file.array(&format!("/results/collected/run_pullx.xvg/{name}/values")).unwrap() };
    // Every 0.2 ps from 0 to 400 ps once, for each replica.
    let times: Vec<f64> = (0..=2000).map(|k| f64::from(k) * 0.2).collect();
    for replica in column("0").chunks(2001) {
        assert!(replica.iter().zip(&times).all(|(a, b)| (a - b).abs() < 1e-3), "{replica:?}");
    }
    let distances = column("1");
    assert_eq!(distances.len(), 4002);
    assert_ne!(distances[..2001], distances[2001..], "seeds differ");
    // The bias drives the ends over its whole range: without it they are closer than 0.5 nm for 0.2 % of the time (measured).
    let part = |is_in: fn(&f64) -> bool| distances.iter().filter(|x| is_in(x)).count() as f64 / 4002.0;
    assert!(part(|x| *x < 0.5) > 0.05 && part(|x| *x > 0.6) > 0.05, "{} {}", part(|x| *x < 0.5), part(|x| *x > 0.6));
    for seed in stopped {
        let log = fs::read_to_string(campaign.path(&format!("replicas/{seed}/run.log"))).unwrap();
        assert!(log.contains("Restarting from checkpoint, appending to previous log file."), "replica {seed}");
    }
}

/// Checks what eight real replicas leave.
fn check_real(campaign: &Campaign, steps: u64) {
    let file = reader(campaign);
    assert_eq!(file.array::<u64>("/results/seeds").unwrap(), (101..=108).collect::<Vec<_>>());
    let numbers = |name: &str| file.array::<f64>(&format!("/run/replicas/{name}")).unwrap();
    assert!(numbers("ns_per_day").iter().all(|speed| *speed > 1.0), "{:?}", numbers("ns_per_day"));
    assert_eq!(numbers("last_step"), [steps as f64; 8]);
    let energies = numbers("potential_energy");
    assert!(energies.iter().all(|energy| (-120.0..60.0).contains(energy)), "{energies:?}");
    assert!(energies.windows(2).all(|pair| pair[0] != pair[1]), "seeds differ: {energies:?}");
    for seed in 101..=108 {
        let folder = campaign.path(&format!("replicas/{seed}"));
        let mdp = fs::read_to_string(folder.join("run.mdp")).unwrap();
        assert!(
            mdp.contains(&format!("ld-seed         = {seed}\n"))
                && mdp.contains(&format!("gen-seed        = {seed}\n"))
        );
        assert!(folder.join("run.gro").is_file());
        let backups =
            fs::read_dir(&folder).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().starts_with('#'));
        assert_eq!(backups.count(), 0);
    }
}

#[test]
fn eight_real_replicas_give_the_same_energies_on_two_and_four_ranks() {
    let (Some(two), Some(four)) = (replicas_of_gromacs(10_000, ""), replicas_of_gromacs(10_000, "")) else { return };
    two.run(2, &[]).expect(0, &["8 of 8 tasks done, 0 failed"]);
    check_real(&two, 10_000);
    four.run(4, &[]).expect(0, &["8 of 8 tasks done, 0 failed"]);
    check_real(&four, 10_000);
    let energies = |campaign: &Campaign| reader(campaign).array::<f64>("/run/replicas/potential_energy").unwrap();
    assert_eq!(energies(&two), energies(&four));
    // What `gmx energy` says of the same run.
    let folder = two.path("replicas/103");
    let mut energy = std::process::Command::new("sh");
    let asked =
        energy.args(["-c", "echo Potential | gmx energy -f run.edr -o pot.xvg"]).current_dir(&folder).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let table = fs::read_to_string(folder.join("pot.xvg")).unwrap();
    let last: f64 = table.lines().last().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((last - energies(&two)[2]).abs() < 1e-3 * last.abs().max(1.0), "{last} and {}", energies(&two)[2]);
}

#[test]
fn real_replicas_go_on_from_their_checkpoints_when_a_rank_was_killed() {
    let Some(campaign) = replicas_of_gromacs(120_000, "mdrun_args = [\"-cpt\", \"0.005\"]") else { return };
    let running = campaign.start(2, &[]);
    let checkpoints =
        || (101..=108).filter(|seed| campaign.path(&format!("replicas/{seed}/run_prev.cpt")).is_file()).count();
    wait_until(|| checkpoints() >= 2);
    kill_rank(&campaign, running, 1);
    wait_until(|| working_in(&campaign.path("replicas")) == 0);
    let begun: Vec<u64> = (101..=108)
        .filter(|seed| {
            campaign.path(&format!("replicas/{seed}/run.log")).is_file()
                && !campaign.path(&format!("replicas/{seed}/run.gro")).is_file()
        })
        .collect();
    assert!(!begun.is_empty());
    campaign.run(2, &[]).expect(0, &["8 of 8 tasks done, 0 failed"]);
    check_real(&campaign, 120_000);
    for seed in begun {
        let log = fs::read_to_string(campaign.path(&format!("replicas/{seed}/run.log"))).unwrap();
        assert!(log.contains("Restarting from checkpoint, appending to previous log file."), "replica {seed}");
        // Steps in the log go back by no more than what the checkpoint lacked, and none is told twice.
        let mut steps: Vec<u64> = log
            .lines()
            .zip(log.lines().skip(1))
            .filter(|(header, _)| header.split_whitespace().eq(["Step", "Time"]))
            .filter_map(|(_, row)| row.split_whitespace().next()?.parse().ok())
            .collect();
        let all = steps.len();
        steps.dedup();
        assert!(all - steps.len() <= 1 && steps.is_sorted(), "replica {seed}: {steps:?}");
    }
}

#[test]
fn the_mpi_build_runs_replicas_alone_and_by_a_launcher() {
    if !are_installed(&["gmx_mpi"]) {
        return;
    }
    let keys = "binary = \"gmx_mpi\"\nmdrun_args = [\"-cpt\", \"0.005\"]";
    let Some(alone) = replicas_of_gromacs(10_000, keys) else { return };
    alone.run(2, &[]).expect(0, &["8 of 8 tasks done, 0 failed"]);
    check_real(&alone, 10_000);
    let log =
        |campaign: &Campaign, seed| fs::read_to_string(campaign.path(&format!("replicas/{seed}/run.log"))).unwrap();
    assert!(log(&alone, 101).contains("Using 1 MPI process\n"));
    if !is_open_mpi() {
        return support::skip::skip("gmx_mpi is built for Open MPI, whose mpirun is not this build's");
    }
    let launcher = "launcher = [\"mpirun\", \"--oversubscribe\", \"--bind-to\", \"none\", \"-n\", \"{ranks}\"]";
    let Some(launched) = replicas_of_gromacs(10_000, &format!("{keys}\nranks = 2\n{launcher}")) else { return };
    launched.run(2, &[]).expect(0, &["8 of 8 tasks done, 0 failed"]);
    check_real(&launched, 10_000);
    assert!(log(&launched, 108).contains("Using 2 MPI processes\n"));
}

#[test]
fn replicas_of_the_mpi_build_go_on_from_their_checkpoints_when_a_rank_was_killed() {
    if !are_installed(&["gmx_mpi"]) {
        return;
    }
    let keys = "binary = \"gmx_mpi\"\nmdrun_args = [\"-cpt\", \"0.005\"]";
    // Several seconds, so that neither is done when the rank is killed after its second checkpoint.
    let Some(campaign) = replicas_of_gromacs(600_000, keys) else { return };
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&config.replace("101-108", "101-102"));
    let running = campaign.start(2, &[]);
    wait_until(|| (101..=102).any(|seed| campaign.path(&format!("replicas/{seed}/run_prev.cpt")).is_file()));
    kill_rank(&campaign, running, 1);
    wait_until(|| working_in(&campaign.path("replicas")) == 0);
    campaign.run(2, &[]).expect(0, &["2 of 2 tasks done, 0 failed"]);
    let log = |seed| fs::read_to_string(campaign.path(&format!("replicas/{seed}/run.log"))).unwrap();
    assert!((101..=102).any(|seed| log(seed).contains("Restarting from checkpoint, appending to previous log file.")));
}

#[test]
fn windows_are_sampled_by_the_mpi_build() {
    if !are_installed(&["gmx", "gmx_mpi"]) {
        return;
    }
    let keys = "selection = \"not name H*\"\nalign_to = \"average\"\nwindows = 4\nsteps = 500\nsample_every_steps = 10";
    let by = |binary: &str| campaign_of_ala2(&format!("{keys}\nbinary = \"{binary}\""));
    let (mpi, threads) = (by("gmx_mpi"), by("gmx"));
    mpi.run(2, &[]).expect(0, &["0 failed"]);
    threads.run(2, &[]).expect(0, &["0 failed"]);
    assert_eq!(mpi.results(), threads.results(), "one rank computes the same in both builds");
}
