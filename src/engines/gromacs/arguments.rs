//! Which arguments of `mdrun` are whose?
use super::Gromacs;

/// Arguments of `mdrun` that simmpi sets itself, or that would have it judge wrongly.
pub const TAKEN: &[&str] = &[
    "-s",
    "-deffnm",
    "-cpi",
    "-cpo",
    "-px",
    "-pf",
    "-c",
    "-g",
    "-confout",
    "-noconfout",
    "-append",
    "-noappend",
    "-nt",
    "-ntmpi",
    "-ntomp",
    "-pin",
    "-pinoffset",
    "-pinstride",
    "-gpu_id",
    "-maxh",
    "-nsteps",
    "-plumed",
    "-multidir",
];

/// Arguments of `mdrun` that say where, how fast and with how many words it computes, as threads do, and not what.
const STEERING: &[&str] = &[
    "-v",
    "-nov",
    "-stepout",
    "-cpt",
    "-cpnum",
    "-nocpnum",
    "-nb",
    "-pme",
    "-pmefft",
    "-bonded",
    "-update",
    "-gputasks",
    "-npme",
    "-ntomp_pme",
    "-dd",
    "-ddorder",
    "-dlb",
    "-tunepme",
    "-notunepme",
];

impl Gromacs {
    /// The arguments of `mdrun` that tell what is computed: those that may not change within a campaign.
    pub fn telling_args(&self) -> Vec<&str> {
        let mut is_steering = false;
        let mut telling = Vec::new();
        for word in &self.mdrun_args {
            // What follows an option up to the next is its value; numbers may be negative.
            if word.strip_prefix('-').is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())) {
                is_steering = STEERING.contains(&word.as_str());
            }
            if !is_steering {
                telling.push(word.as_str());
            }
        }
        telling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_steers_is_told_from_what_is_computed() {
        let words = "-cpt 5 -reprod -dd 2 1 1 -v -awh a.xvg -npme -1 -reseed -7 -stepout 9";
        let gromacs = Gromacs {
            binary: "gmx".into(),
            thread_mpi_ranks: 1,
            threads: 1,
            gpus: Vec::new(),
            replicas_per_gpu: 1,
            mdrun_args: words.split(' ').map(str::to_owned).collect(),
            unstable_factor: None,
        };
        assert_eq!(gromacs.telling_args(), ["-reprod", "-awh", "a.xvg", "-reseed", "-7"]);
    }
}
