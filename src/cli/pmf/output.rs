//! Which files does `pmf` write?
use super::PmfArgs;
use crate::campaigns::pmf::XvgFiles;
use crate::run::exit::{Exit, Stop};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The first words of an xvg of this program.
const MARK: &[u8] = b"# Written by simmpi";

pub struct OutputFiles {
    pub hdf5: PathBuf,
    pub xvg: XvgFiles,
}

impl OutputFiles {
    /// The files of a command line: with the names of gmx wham for its lists.
    ///
    /// # Errors
    /// Two HDF5 files are named.
    pub fn new(args: &PmfArgs) -> Result<Self, Stop> {
        let output = &args.output;
        let is_gromacs = args.lists.pull().is_some();
        let named = match &output.output {
            // As GROMACS completes names.
            Some(path) if is_gromacs && path.extension().is_none() => path.with_extension("xvg"),
            Some(path) => path.clone(),
            None => PathBuf::from("profile.xvg"),
        };
        let is_xvg = named.extension().is_some_and(|extension| extension == "xvg");
        if let (false, Some(other)) = (is_xvg, &output.hdf5) {
            let text = format!(
                "-o {} and --hdf5 {} are both HDF5 files: leave out one of them",
                named.display(),
                other.display()
            );
            return Err(Stop::new(Exit::Usage, text));
        }
        let hdf5 = match is_xvg {
            true => output.hdf5.clone().unwrap_or_else(|| named.with_extension("h5")),
            false => named.clone(),
        };
        let histograms = output.hist.clone().or_else(|| (is_gromacs && is_xvg).then(|| PathBuf::from("histo.xvg")));
        let xvg = XvgFiles {
            profile: is_xvg.then_some(named),
            histograms,
            errors: output.bsres.clone(),
            zero: output.zprof0,
        };
        if xvg.zero.is_some() && xvg.profile.is_none() && xvg.errors.is_none() {
            let text = "-zprof0 is the zero of an xvg, but none is written: name the output *.xvg (in the HDF5 file the minimum is zero)";
            return Err(Stop::new(Exit::Usage, text));
        }
        Ok(Self { hdf5, xvg })
    }

    /// Whether all xvg files may be written: none is that of another program.
    ///
    /// # Errors
    /// A file that exists is not an xvg of simmpi.
    pub fn check_xvg(&self) -> Result<(), Stop> {
        let files = [&self.xvg.profile, &self.xvg.histograms, &self.xvg.errors];
        match files.into_iter().flatten().find(|path| path.exists() && !is_own(path)) {
            Some(path) => {
                let text =
                    format!("`{}` was not written by simmpi: move it away, or replace it with --force", path.display());
                Err(Stop::new(Exit::Output, text))
            }
            None => Ok(()),
        }
    }
}

fn is_own(path: &Path) -> bool {
    let mut first = vec![0; MARK.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == MARK
}
