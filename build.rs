//! Links the archive of HDF5 into the program, where the system has one.
//!
//! Debian's shared HDF5 brings thirty others along (curl, Kerberos, LDAP, ... for files in a cloud), which the loader of every rank would
//! look for and bind before `main`: most of the time that a rank takes to start, and on a cluster all of it from a file system that
//! hundreds of ranks share. An HDF5 of one's own, named by HDF5_DIR, is linked as it was asked for.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What an archive of HDF5 may need, behind it: the compression of datasets, and what every system has.
const COMPRESSION: [&str; 3] = ["sz", "aec", "z"];
const SYSTEM: [&str; 2] = ["dl", "m"];
/// Everything of the library that a program uses is found in the archives, or else it does not link.
const PROBE: &str = "int H5open(void); int H5Fcreate(void); int H5Dwrite(void); int main(void) { return H5open() + H5Fcreate() + H5Dwrite(); }";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=HDF5_DIR");
    if std::env::var_os("HDF5_DIR").is_some() {
        return;
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo names a folder for output"));
    let Some(hdf5) = hdf5() else { return };
    // `-lhdf5` takes the first of that name on the path: a folder that has nothing but archives.
    let folder = out.join("archives");
    let others = COMPRESSION.iter().filter_map(|name| Some((*name, archive(name)?)));
    let is_there = [("hdf5", hdf5)].into_iter().chain(others).all(|(name, archive)| link(&archive, &folder, name));
    let libraries: Vec<String> = COMPRESSION.iter().chain(&SYSTEM).map(|name| format!("-l{name}")).collect();
    if is_there && links(&out, &folder, &libraries) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        libraries.iter().for_each(|library| println!("cargo::rustc-link-arg={library}"));
    }
}

/// The archive beside the shared library that `pkg-config` names.
fn hdf5() -> Option<PathBuf> {
    let told = Command::new("pkg-config").args(["--libs-only-L", "hdf5"]).stderr(Stdio::null()).output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let folder = told.split_whitespace().find_map(|word| word.strip_prefix("-L"))?;
    Some(Path::new(folder).join("libhdf5.a")).filter(|archive| archive.exists())
}

/// An archive where the compiler looks for libraries.
fn archive(name: &str) -> Option<PathBuf> {
    let told = compiler().arg(format!("-print-file-name=lib{name}.a")).stderr(Stdio::null()).output().ok()?;
    let path = PathBuf::from(String::from_utf8(told.stdout).ok()?.trim());
    Some(path).filter(|path| path.is_absolute() && path.exists())
}

/// Puts an archive into a folder.
fn link(archive: &Path, folder: &Path, name: &str) -> bool {
    let link = folder.join(format!("lib{name}.a"));
    let _ = std::fs::remove_file(&link);
    std::fs::create_dir_all(folder).and_then(|()| std::os::unix::fs::symlink(archive, link)).is_ok()
}

/// Whether a program links with the archives.
fn links(out: &Path, folder: &Path, libraries: &[String]) -> bool {
    let source = out.join("probe.c");
    let build = || {
        std::fs::write(&source, PROBE)?;
        let mut compiler = compiler();
        compiler.arg(&source).arg("-L").arg(folder).arg("-lhdf5").args(libraries).arg("-o").arg(out.join("probe"));
        compiler.stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    build().is_ok_and(|status: std::process::ExitStatus| status.success())
}

fn compiler() -> Command {
    Command::new(std::env::var_os("CC").unwrap_or("cc".into()))
}
