//! The command `pmf`: the potential of mean force of existing umbrella windows.
mod arguments;
mod gmx_options;
mod output;

pub use arguments::PmfArgs;
pub use gmx_options::translated;

use crate::campaigns::pmf::{self, LoadError, WindowList, XvgFiles, inputs};
use crate::config::{Config, Faults};
use crate::engines::md::gromacs;
use crate::process::Supervisor;
use crate::run::console;
use crate::run::exit::{Exit, Stop};
use output::OutputFiles;

/// Analyses windows, and writes the result with figures beside it. The exit code is that of an incomplete result if windows do not overlap.
///
/// # Errors
/// The list of windows or a file that it names is invalid, or the output cannot be written.
pub fn pmf(args: &PmfArgs) -> Result<Exit, Stop> {
    let output = OutputFiles::new(args)?;
    let list = windows(args)?.with_output(args.output.unit, args.output.output_coordinate_unit);
    list.summary().iter().for_each(|line| console::line(line));
    let input = pmf::load(list).map_err(|refusal| match refusal {
        LoadError::Configuration(faults) => Stop::from(faults),
        LoadError::Input(faults) => invalid_input(faults),
    })?;
    if !args.output.force {
        pmf::check_output(&output.hdf5, &input.fingerprint).map_err(|refused| Stop::because(Exit::Output, &refused))?;
        output.check_xvg()?;
    }
    console::warnings(&input.warnings);
    let problem = input.umbrella.problem().map_err(|error| Stop::because(Exit::Input, &error))?;
    let analysis = input.umbrella.analysis(&problem, &input.replicates(&problem));
    let xvg = output.xvg.contents(&analysis).map_err(|refused| Stop::because(Exit::Input, &refused))?;
    let closed = input.write(&analysis, &output.hdf5)?;
    // Drawn while the disk writes.
    let drawn = (!args.output.no_figures).then(|| analysis.draw());
    closed.publish()?;
    XvgFiles::write(&xvg)
        .map_err(|(path, error)| Stop::new(Exit::Output, format!("cannot write `{}`: {error}", path.display())))?;
    analysis.summary().iter().for_each(|line| console::line(line));
    analysis.notes().iter().for_each(|line| console::line(&format!("note: {line}")));
    analysis.warnings().iter().for_each(|line| console::line(&format!("warning: {line}")));
    xvg.iter().for_each(|(path, _)| console::line(&format!("written: {}", path.display())));
    console::line(&format!("written: {}", output.hdf5.display()));
    let failed = |error| Stop::because(Exit::Output, &error);
    for (name, figure) in drawn.transpose().map_err(failed)?.unwrap_or_default() {
        let path = output.hdf5.with_extension(format!("{name}.svg"));
        figure.write(&path).map_err(failed)?;
        console::line(&format!("drawn: {}", path.display()));
    }
    Ok(if analysis.is_connected() { Exit::Complete } else { Exit::SomeFailed })
}

/// The windows of the command line.
///
/// # Errors
/// All faults of the lists.
pub fn windows(args: &PmfArgs) -> Result<WindowList, Stop> {
    if let Some(path) = &args.windows {
        let text = Config::read(path).map_err(|error| Stop::because(Exit::Configuration, &error))?;
        return Ok(pmf::parse(path, &text)?);
    }
    let options = args.list_options();
    let list = match (args.lists.pull(), &args.lists.metadata) {
        (Some(lists), _) => {
            // Started before any thread; it runs `gmx dump`.
            let supervisor = Supervisor::start().map_err(|error| Stop::because(Exit::Internal, &error))?;
            let gmx = gromacs::find_gmx(args.lists.gmx.as_deref());
            if let (Some(_), Err(problem)) = (&args.lists.gmx, &gmx) {
                return Err(Stop::because(Exit::Usage, problem));
            }
            let read = gmx.as_ref().map(|gmx| |path: &_| gromacs::read_run_input(&supervisor, gmx, path));
            match read {
                Ok(read) => inputs::read_pull(&lists, &options, Ok(&read)),
                Err(problem) => inputs::read_pull(&lists, &options, Err(problem.clone())),
            }
        }
        (None, Some(metadata)) => inputs::read_metadata(metadata, &options),
        (None, None) => inputs::read_plumed(&args.lists.plumed, &args.lists.plumed_file, &options),
    };
    list.map_err(invalid_input)
}

fn invalid_input(faults: Faults) -> Stop {
    Stop { exit: Exit::Input, ..Stop::from(faults) }
}
