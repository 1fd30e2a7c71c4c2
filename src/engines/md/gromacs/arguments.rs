//! Which arguments of `mdrun` may users set, and which of them determine the results?

/// Arguments of `mdrun` that simmpi sets itself, or with which it could not tell whether a simulation is finished.
#[rustfmt::skip]
pub const RESERVED_MDRUN_ARGS: &[&str] = &[
    "-s", "-deffnm", "-cpi", "-cpo", "-px", "-pf", "-c", "-g", "-confout", "-noconfout", "-append",
    "-noappend", "-nt", "-ntmpi", "-ntomp", "-pin", "-pinoffset", "-pinstride", "-gpu_id", "-maxh",
    "-nsteps", "-plumed", "-multidir",
];

/// Arguments of `mdrun` that affect performance and output only, not what is computed.
#[rustfmt::skip]
const PERFORMANCE_ARGS: &[&str] = &[
    "-v", "-nov", "-stepout", "-cpt", "-cpnum", "-nocpnum", "-nb", "-pme", "-pmefft", "-bonded", "-update",
    "-gputasks", "-npme", "-ntomp_pme", "-dd", "-ddorder", "-dlb", "-tunepme", "-notunepme",
];

/// The arguments of `mdrun` that determine the results: they must not change within a campaign.
pub fn identity_args(mdrun_args: &[String]) -> Vec<&str> {
    let mut is_performance = false;
    let mut kept = Vec::new();
    for word in mdrun_args {
        // Words up to the next option are values; numbers may be negative.
        if word.strip_prefix('-').is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())) {
            is_performance = PERFORMANCE_ARGS.contains(&word.as_str());
        }
        if !is_performance {
            kept.push(word.as_str());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arguments_that_determine_results_are_kept() {
        let words = "-cpt 5 -reprod -dd 2 1 1 -v -awh a.xvg -npme -1 -reseed -7 -stepout 9";
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        assert_eq!(identity_args(&words), ["-reprod", "-awh", "a.xvg", "-reseed", "-7"]);
    }
}
