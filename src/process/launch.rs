//! How does the supervisor start a program, and why did one not start?
use super::{
    command::{Command, Output, Stdin},
    environment,
    ipc::{LaunchFailure, LaunchStep},
    spawn::{Child, SpawnError},
};
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    sched::CpuSet,
    sys::{
        memfd::{MFdFlags, memfd_create},
        signal::Signal,
    },
    unistd::{AccessFlags, Pid, access, pipe2},
};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Seek, Write},
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

/// Where programs are searched without a PATH, as execvp(3) does.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A program that runs, and the reading ends of its output pipes (none where the output goes into a file).
pub struct Launched {
    pub pid: Pid,
    pub stdout: Option<File>,
    pub stderr: Option<File>,
}

/// A program that is ready to start.
pub struct Prepared {
    child: Child,
    /// The program's file.
    file: PathBuf,
    stdout: Option<File>,
    stderr: Option<File>,
}

/// Opens and looks up all that `command` needs to start: directory, program, input, output, environment and cores.
///
/// # Errors
/// One of them is missing or inaccessible.
pub fn prepare(command: &Command) -> Result<Prepared, LaunchFailure> {
    let directory = command.directory.as_path();
    if command.argv.is_empty() {
        return Err(LaunchFailure { step: LaunchStep::Program, errno: Errno::ENOENT as i32 });
    }
    check_directory(directory).map_err(failed_at(LaunchStep::Directory))?;
    let environment = environment::for_child(std::env::vars_os(), command.is_launcher, &command.unset, &command.set);
    let file = find_program(&command.argv[0], directory, &environment);
    let file = file.ok_or(LaunchFailure { step: LaunchStep::Program, errno: Errno::ENOENT as i32 })?;
    let stdin = input(&command.stdin, directory).map_err(failed_at(LaunchStep::Stdin))?;
    let (stdout, read_stdout) = output(&command.stdout, directory).map_err(failed_at(LaunchStep::Stdout))?;
    let (stderr, read_stderr) = output(&command.stderr, directory).map_err(failed_at(LaunchStep::Stderr))?;
    let cores = command.cores.as_deref().map(mask).transpose();
    let cores = cores.map_err(|errno| LaunchFailure { step: LaunchStep::Cores, errno: errno as i32 })?;
    // A launcher must have time to end its processes on other nodes.
    let death_signal = if command.is_launcher { Signal::SIGTERM } else { Signal::SIGKILL };
    let stdio = [stdin, stdout, stderr];
    let child = Child::new(&file, &command.argv, &environment, directory, stdio, cores, death_signal);
    let child = child.map_err(|_| LaunchFailure { step: LaunchStep::Nul, errno: Errno::EINVAL as i32 })?;
    Ok(Prepared { child, file: directory.join(file), stdout: read_stdout, stderr: read_stderr })
}

impl Prepared {
    /// Starts the program as a child of this process and leader of its own process group.
    ///
    /// # Errors
    /// It cannot be started; nothing runs then.
    pub fn start(self) -> Result<Launched, LaunchFailure> {
        let pid = self.child.spawn().map_err(|error| failure(&self.file, error))?;
        Ok(Launched { pid, stdout: self.stdout, stderr: self.stderr })
    }
}

/// Checks that a program can be started in `directory`.
fn check_directory(directory: &Path) -> io::Result<()> {
    if !directory.metadata()?.is_dir() {
        return Err(Errno::ENOTDIR.into());
    }
    Ok(access(directory, AccessFlags::X_OK)?)
}

/// Opens a program's input. The descriptor is never 0, 1 or 2, which the child overwrites one after another.
fn input(stdin: &Stdin, directory: &Path) -> io::Result<OwnedFd> {
    match stdin {
        Stdin::Null => Ok(File::open("/dev/null")?.into()),
        Stdin::File(path) => Ok(File::open(directory.join(path))?.into()),
        // A file in memory instead of a pipe, which would have to be fed while the program runs.
        Stdin::Bytes(bytes) => {
            let mut file = File::from(memfd_create(c"stdin", MFdFlags::MFD_CLOEXEC)?);
            file.write_all(bytes)?;
            file.rewind()?;
            Ok(file.into())
        }
    }
}

/// Opens a program's output, and the reading end of its pipe where it is captured.
fn output(output: &Output, directory: &Path) -> io::Result<(OwnedFd, Option<File>)> {
    match output {
        Output::Captured | Output::Tee(_) => {
            let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
            fcntl(&read, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            Ok((write, Some(read.into())))
        }
        Output::File(path) => {
            let path = directory.join(path);
            File::create(&path)?;
            // Opened for appending: stdout and stderr may share a file.
            Ok((OpenOptions::new().append(true).open(path)?.into(), None))
        }
    }
}

fn mask(cores: &[usize]) -> Result<CpuSet, Errno> {
    let mut mask = CpuSet::new();
    cores.iter().try_for_each(|&core| mask.set(core))?;
    Ok(mask)
}

fn failed_at(step: LaunchStep) -> impl Fn(io::Error) -> LaunchFailure {
    move |error| match error.raw_os_error() {
        Some(errno) => LaunchFailure { step, errno },
        // The standard library refuses paths with NUL bytes itself and has no errno for it.
        None if error.kind() == ErrorKind::InvalidInput => {
            LaunchFailure { step: LaunchStep::Nul, errno: Errno::EINVAL as i32 }
        }
        None => LaunchFailure { step, errno: Errno::EIO as i32 },
    }
}

/// Why the program at `file` was not started: ENOENT has several causes.
fn failure(file: &Path, error: SpawnError) -> LaunchFailure {
    let (step, errno) = match error {
        SpawnError::Execute(Errno::ENOENT) if file.exists() => (LaunchStep::Interpreter, Errno::ENOENT),
        SpawnError::Execute(errno) | SpawnError::Setup(errno) => (LaunchStep::Program, errno),
        SpawnError::Directory(errno) => (LaunchStep::Directory, errno),
        SpawnError::Cores(errno) => (LaunchStep::Cores, errno),
    };
    LaunchFailure { step, errno: errno as i32 }
}

/// The file of a program, searched in the PATH of its environment unless the name contains a slash; relative paths start at `directory`.
fn find_program(name: &OsStr, directory: &Path, environment: &BTreeMap<OsString, OsString>) -> Option<PathBuf> {
    // What contains a NUL byte is refused later.
    if name.as_bytes().iter().any(|byte| matches!(byte, b'/' | 0)) {
        return Some(name.into());
    }
    let path = environment.get(OsStr::new("PATH")).map_or(OsStr::new(DEFAULT_PATH), OsString::as_os_str);
    let files = std::env::split_paths(path).map(|folder| folder.join(name));
    let files: Vec<PathBuf> = files.filter(|file| directory.join(file).is_file()).collect();
    let is_executable = |file: &&PathBuf| access(&directory.join(file), AccessFlags::X_OK).is_ok();
    // One that may not be executed is returned too: the attempt tells why.
    files.iter().find(is_executable).or(files.first()).cloned()
}
