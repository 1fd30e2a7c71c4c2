//! Does MPI have to look for a network?
//!
//! Where all ranks of Open MPI are on one node they talk through shared memory, whatever is found. Looking for a fabric takes 0.17 of the
//! 0.34 s that a job of two ranks takes to start and end (measured, 4.1.4 of Debian, on a node without one).

/// The variable by which Open MPI is told how messages travel.
const VARIABLE: &str = "OMPI_MCA_pml";
/// The engine that knows shared memory.
const ENGINE: &str = "ob1";

/// Has Open MPI not look for a network where none is needed and the user has said nothing of it. To be called before MPI starts, and
/// before this process has a second thread.
pub fn spare() {
    let variable = |name: &str| std::env::var(name).ok();
    let file = || {
        let home = std::env::var_os("HOME")?;
        std::fs::read_to_string(std::path::Path::new(&home).join(".openmpi/mca-params.conf")).ok()
    };
    if is_to_be_spared(variable, file) {
        // SAFETY: this process has one thread.
        unsafe { std::env::set_var(VARIABLE, ENGINE) };
    }
}

fn is_to_be_spared(variable: impl Fn(&str) -> Option<String>, file: impl FnOnce() -> Option<String>) -> bool {
    let ranks = variable("OMPI_COMM_WORLD_SIZE");
    let is_one_node = ranks.is_some() && ranks == variable("OMPI_COMM_WORLD_LOCAL_SIZE");
    // Every choice of a transport is the user's word, by `mpirun --mca` too.
    let is_chosen = ["pml", "mtl", "btl"].iter().any(|kind| variable(&format!("OMPI_MCA_{kind}")).is_some());
    let is_in_file = |text: String| {
        let mut keys = text.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim().to_owned());
        keys.any(|key| ["pml", "mtl", "btl"].contains(&key.as_str()))
    };
    is_one_node && !is_chosen && !file().is_some_and(is_in_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spared(variables: &[(&str, &str)], file: Option<&str>) -> bool {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string());
        is_to_be_spared(variable, || file.map(str::to_owned))
    }

    #[test]
    fn a_network_is_not_looked_for_where_all_ranks_are_on_one_node_and_nothing_is_said_of_it() {
        let (size, local) = (("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_LOCAL_SIZE", "4"));
        assert!(spared(&[size, local], None));
        assert!(spared(&[size, local], Some("# pml = ucx\ncoll = ^hcoll\n")));
        assert!(!spared(&[size, ("OMPI_COMM_WORLD_LOCAL_SIZE", "2")], None));
        assert!(!spared(&[size, local, ("OMPI_MCA_pml", "ucx")], None));
        assert!(!spared(&[size, local], Some("pml = ucx\n")));
        assert!(!spared(&[("PMI_SIZE", "4")], None));
    }
}
