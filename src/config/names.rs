//! Which key was meant?

/// Other programs' names for what our keys say: QC Lab's, QCManyBody's, GROMACS' and gmx wham's, HyperQueue's.
const PEERS: &[(&str, &[&str])] = &[
    ("num_trajs", &["count"]),
    ("num_trajectories", &["count"]),
    ("ntraj", &["count"]),
    ("n_traj", &["count"]),
    ("tmax", &["duration"]),
    ("t_max", &["duration"]),
    ("total_time", &["duration"]),
    ("dt", &["time_step"]),
    ("dt_update", &["time_step"]),
    ("timestep", &["time_step"]),
    ("dt_collect", &["sample_every"]),
    ("dt_output", &["sample_every"]),
    ("nstxout", &["sample_every"]),
    ("kBT", &["thermal_energy"]),
    ("kbt", &["thermal_energy"]),
    ("temperature", &["temperature_k", "thermal_energy"]),
    ("temp", &["temperature_k", "thermal_energy"]),
    ("ref_t", &["temperature_k"]),
    ("T", &["temperature_k", "thermal_energy"]),
    ("l_reorg", &["reorganization_energy", "reorganization_energy_per_cm"]),
    ("lambda", &["reorganization_energy", "reorganization_energy_per_cm"]),
    ("W", &["characteristic_frequency"]),
    ("w_c", &["characteristic_frequency_per_cm", "characteristic_frequency"]),
    ("E", &["bias"]),
    ("V", &["coupling"]),
    ("A", &["modes"]),
    ("N", &["modes_per_site", "sites", "modes"]),
    ("num_modes", &["modes"]),
    ("boson_mass", &["mass"]),
    ("phonon_mass", &["mass"]),
    ("g", &["coupling"]),
    ("w", &["frequency"]),
    ("J", &["hopping"]),
    ("periodic_boundary", &["periodic"]),
    ("init_position", &["position"]),
    ("init_momentum", &["momentum"]),
    ("gauge_fixing", &["gauge"]),
    ("fssh_deterministic", &["initial_surface"]),
    ("reverse_frustrated_hops", &["frustrated"]),
    ("msmash_max_hops", &["max_hops"]),
    ("msmash_num_bisections", &["bisections"]),
    ("type", &["kind"]),
    ("name", &["kind"]),
    ("max_nbody", &["max_order"]),
    ("nbody", &["max_order"]),
    ("bsse_type", &["bsse"]),
    ("return_total_data", &["total"]),
    ("levels", &["level"]),
    ("model", &["method"]),
    ("program", &["engine"]),
    ("nsteps", &["steps"]),
    ("n_steps", &["steps"]),
    ("bs", &["bootstrap"]),
    ("nBootstrap", &["bootstrap"]),
    ("random_seed", &["seed"]),
    ("rng_seed", &["seed"]),
    ("gen_seed", &["seed", "seeds"]),
    ("out", &["output"]),
    ("outfile", &["output"]),
    ("output_file", &["output"]),
    ("filename", &["output"]),
    ("batch", &["batch_size"]),
    ("chunk_size", &["batch_size"]),
    ("time_limit", &["walltime_s", "task_timeout_s"]),
    ("walltime", &["walltime_s"]),
    ("timeout", &["task_timeout_s"]),
    ("task_timeout", &["task_timeout_s"]),
    ("retries", &["max_retries"]),
    ("max_fails", &["max_failures"]),
    ("max-fails", &["max_failures"]),
    ("memory", &["memory_mb"]),
    ("mem", &["memory_mb"]),
];

/// The candidate that a writer of `word` most likely meant: another program's name for it, or a misspelling.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let find = |name: &str| candidates.iter().find(|candidate| **candidate == name).copied();
    let same = |a: &str, b: &str| a.replace('-', "_").eq_ignore_ascii_case(&b.replace('-', "_"));
    if let Some(found) = candidates.iter().find(|candidate| same(candidate, word)) {
        return Some(found);
    }
    let peers = PEERS.iter().find(|(peer, _)| *peer == word).map_or(&[][..], |(_, ours)| ours);
    if let Some(found) = peers.iter().find_map(|name| find(name)) {
        return Some(found);
    }
    // A prefix is an abbreviation; otherwise a third of the letters may be wrong.
    let extends = |candidate: &&&str| word.len() >= 3 && candidate.starts_with(word);
    let close = || {
        let distances = candidates.iter().map(|candidate| (strsim::osa_distance(word, candidate), candidate));
        distances.filter(|(distance, c)| *distance <= (c.len().max(word.len()) / 3).max(1)).min_by_key(|(d, _)| *d)
    };
    candidates.iter().find(extends).or_else(|| close().map(|(_, candidate)| candidate)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_abbreviations_and_the_peers_names_are_understood() {
        let keys = ["count", "duration", "time_step", "sample_every", "thermal_energy"];
        assert_eq!(nearest("num_trajs", &keys), Some("count"));
        assert_eq!(nearest("tmax", &keys), Some("duration"));
        assert_eq!(nearest("kBT", &keys), Some("thermal_energy"));
        assert_eq!(nearest("cuont", &keys), Some("count"));
        assert_eq!(nearest("time-step", &keys), Some("time_step"));
        assert_eq!(nearest("thermal", &keys), Some("thermal_energy"));
        assert_eq!(nearest("quux", &keys), None);
    }
}
