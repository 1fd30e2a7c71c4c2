//! What will the MPI library do in this environment? Asked before MPI starts, since a failing MPI_Init prints pages and ends the process.
use super::launcher::Launcher;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use std::env::var_os;
use std::fs;
use std::io::IoSliceMut;
use std::path::{Path, PathBuf};

/// Name and version of the MPI library on one line. Open MPI's text contains NUL bytes.
pub fn name() -> String {
    let text = mpi::environment::library_version().unwrap_or_default();
    text.split(['\0', '\n', ',']).next().unwrap_or_default().trim().replace("MPICH Version:\t", "MPICH ")
}

/// The major version of Open MPI; none for another library.
fn open_mpi_version() -> Option<u32> {
    let name = name();
    let version = name.strip_prefix("Open MPI")?.trim_start_matches([' ', 'v']).split('.').next()?;
    version.parse().ok()
}

/// Whether MPI_Init of Open MPI would fail under this launcher: it needs PMIx, which `mpirun` offers and others may. Other libraries
/// start alone where they find no interface.
pub fn would_fail(launcher: &Launcher) -> bool {
    let Some(version) = open_mpi_version() else { return false };
    if launcher.name == "Open MPI's mpirun" || var_os("PMIX_RANK").is_some() {
        return false;
    }
    match launcher.name {
        // Started alone under these.
        "MPICH's mpirun" | "mpirun_rsh" => false,
        _ if version > 4 => true,
        "Flux" => var_os("FLUX_PMI_LIBRARY_PATH").is_none(),
        _ => !may_use_pmi(),
    }
}

/// Whether Open MPI 4 may have been built with another interface than PMIx: so it has where its components cannot be listed.
fn may_use_pmi() -> bool {
    let components: Vec<String> = component_folders().iter().flat_map(|folder| file_names(folder)).collect();
    let is_pmi = |name: &String| ["mca_pmix_s1.", "mca_pmix_s2.", "mca_pmix_cray."].iter().any(|p| name.starts_with(p));
    !components.iter().any(|name| name.starts_with("mca_pmix_")) || components.iter().any(is_pmi)
}

/// The file of the loaded MPI library itself.
pub fn path() -> Option<PathBuf> {
    loaded().into_iter().find(|path| is_named(path, &["libmpi.so", "libmpich.so", "libmpi_ibm.so"]))
}

fn loaded() -> Vec<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines().filter_map(|line| Some(PathBuf::from(&line[line.find('/')?..]))).collect()
}

fn is_named(path: &Path, prefixes: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Where the loaded Open MPI may have its components: `openmpi` beside the library, or below that as on Debian.
fn component_folders() -> Vec<PathBuf> {
    let core = loaded().into_iter().find(|path| is_named(path, &["libopen-pal."]));
    let Some(beside) = core.and_then(|path| Some(path.parent()?.join("openmpi"))) else {
        return Vec::new();
    };
    let below = file_names(&beside.join("lib")).into_iter().map(|name| beside.join("lib").join(name));
    below.chain([beside.clone()]).collect()
}

fn file_names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Variables that are to be set before MPI starts: where processes may not read one another's memory, as in many containers, Open MPI
/// reports every larger message on the terminal, unless it is told to copy by shared memory. A choice of the user's stays.
pub fn missing_settings(launcher: &Launcher) -> Option<(&'static str, &'static str)> {
    let version = open_mpi_version().filter(|_| launcher.size > 1)?;
    let setting = match version {
        0..=4 => ("OMPI_MCA_btl_vader_single_copy_mechanism", "none"),
        _ => ("OMPI_MCA_smsc", "^cma"),
    };
    let is_chosen = var_os(setting.0).is_some() || has_chosen_in_file();
    (!is_chosen && !can_read_memory()).then_some(setting)
}

/// Whether the user's file of parameters for Open MPI says how shared memory is copied.
fn has_chosen_in_file() -> bool {
    let file = var_os("HOME").map(|home| Path::new(&home).join(".openmpi/mca-params.conf"));
    file.and_then(|file| fs::read_to_string(file).ok())
        .is_some_and(|text| text.contains("single_copy") || text.contains("smsc"))
}

/// Tries to read a number of this process the way Open MPI reads those of others: containers forbid the call altogether.
fn can_read_memory() -> bool {
    let (written, mut read) = ([7_u8; 8], [0_u8; 8]);
    let remote = [RemoteIoVec { base: written.as_ptr() as usize, len: written.len() }];
    let count = process_vm_readv(nix::unistd::getpid(), &mut [IoSliceMut::new(&mut read)], &remote);
    count == Ok(written.len()) && read == written
}
