//! Which arguments may users set, and which of them determine the results?
use super::program::Gromacs;
use crate::problem::Problem;

/// Arguments of `mdrun` that simmpi sets itself, or with which it could not tell whether a simulation is finished.
#[rustfmt::skip]
const RESERVED_MDRUN_ARGS: &[&str] = &[
    "-s", "-deffnm", "-cpi", "-cpo", "-px", "-pf", "-c", "-g", "-confout", "-noconfout", "-append",
    "-noappend", "-nt", "-ntmpi", "-ntomp", "-pin", "-pinoffset", "-pinstride", "-gpu_id", "-maxh",
    "-nsteps", "-plumed", "-multidir",
];

/// Arguments of `grompp` that simmpi sets itself.
const RESERVED_GROMPP_ARGS: &[&str] = &["-f", "-o", "-po", "-c", "-p", "-n", "-t"];

/// Arguments of `mdrun` that affect performance and output only, not what is computed.
#[rustfmt::skip]
const PERFORMANCE_ARGS: &[&str] = &[
    "-v", "-nov", "-stepout", "-cpt", "-cpnum", "-nocpnum", "-nb", "-pme", "-pmefft", "-bonded", "-update",
    "-gputasks", "-npme", "-ntomp_pme", "-dd", "-ddorder", "-dlb", "-tunepme", "-notunepme", "-pin", "-pinoffset", "-pinstride",
];

/// Of these, what a launcher leaves to users: simmpi does not know the cores of its processes.
const PINNING_ARGS: &[&str] = &["-pin", "-pinoffset", "-pinstride"];

impl Gromacs {
    /// The arguments of `mdrun` that determine the results: they must not change within a campaign.
    pub fn identity_args(&self) -> Vec<&str> {
        let mut is_performance = false;
        let mut kept = Vec::new();
        for word in &self.mdrun_args {
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

    /// Problems of arguments that simmpi sets itself, and of the `further` ones of `mdrun` that a campaign sets.
    pub fn reserved_arguments(&self, further: &[&str]) -> Vec<Problem> {
        let of_mdrun = [RESERVED_MDRUN_ARGS, further].concat();
        let of_both =
            [("mdrun_args", &self.mdrun_args, &of_mdrun[..]), ("grompp_args", &self.grompp_args, RESERVED_GROMPP_ARGS)];
        let mut found = Vec::new();
        for (key, args, reserved) in of_both {
            let is_reserved =
                |word: &str| reserved.contains(&word) && (self.launcher.is_none() || !PINNING_ARGS.contains(&word));
            for (index, word) in args.iter().enumerate().filter(|(_, word)| is_reserved(word)) {
                let help = "remove it: simmpi sets it from the keys of this section and the run parameters";
                found.push(Problem::at_key(format!("{key}.{index}"), format!("`{word}` is reserved"), help));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arguments_that_determine_results_are_kept() {
        let words = "-cpt 5 -reprod -dd 2 1 1 -v -awh a.xvg -npme -1 -reseed -7 -stepout 9";
        let words: Vec<&str> = words.split(' ').collect();
        let gromacs: Gromacs = serde_json::from_value(serde_json::json!({ "mdrun_args": words })).unwrap();
        assert_eq!(gromacs.identity_args(), ["-reprod", "-awh", "a.xvg", "-reseed", "-7"]);
    }
}
