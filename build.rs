//! Links the archive of HDF5 into the program, where the system has one.
//!
//! Debian's shared HDF5 brings thirty others along (curl, Kerberos, LDAP, ... for files in a cloud), which the loader of every rank would
//! look for and bind before `main`: most of the time that a rank takes to start, and on a cluster all of it from a file system that
//! hundreds of ranks share. An HDF5 of one's own, named by HDF5_DIR, is linked as it was asked for.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What an archive of HDF5 may need: the compression of datasets.
const NEEDED: [&str; 4] = ["-lsz", "-lz", "-ldl", "-lm"];
/// Everything of the library that a program uses is found in the archive, or else it does not link.
const PROBE: &str = "int H5open(void); int H5Fcreate(void); int H5Dwrite(void); int main(void) { return H5open() + H5Fcreate() + H5Dwrite(); }";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=HDF5_DIR");
    if std::env::var_os("HDF5_DIR").is_some() {
        return;
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo names a folder for output"));
    let Some(archive) = archive() else { return };
    if !links(&archive, &out) {
        return;
    }
    // `-lhdf5` takes the first of that name on the path: a folder that has nothing but the archive.
    let folder = out.join("hdf5");
    let link = folder.join("libhdf5.a");
    let _ = std::fs::remove_file(&link);
    if std::fs::create_dir_all(&folder).and_then(|()| std::os::unix::fs::symlink(&archive, &link)).is_ok() {
        println!("cargo::rustc-link-search=native={}", folder.display());
        NEEDED.iter().for_each(|library| println!("cargo::rustc-link-arg={library}"));
    }
}

/// The archive beside the shared library that `pkg-config` names.
fn archive() -> Option<PathBuf> {
    let told = Command::new("pkg-config").args(["--libs-only-L", "hdf5"]).stderr(Stdio::null()).output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let folder = told.split_whitespace().find_map(|word| word.strip_prefix("-L"))?;
    Some(Path::new(folder).join("libhdf5.a")).filter(|archive| archive.exists())
}

/// Whether a program links with the archive and nothing else.
fn links(archive: &Path, out: &Path) -> bool {
    let source = out.join("probe.c");
    let build = || {
        std::fs::write(&source, PROBE)?;
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
        compiler.arg(&source).arg(archive).args(NEEDED).arg("-o").arg(out.join("probe"));
        compiler.stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    build().is_ok_and(|status: std::process::ExitStatus| status.success())
}
