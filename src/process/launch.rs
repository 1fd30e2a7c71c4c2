//! How does the guard start a program, and what exactly kept it from starting?
use super::{
    command::{Command, Output, Stdin},
    environment,
    spawn::{Child, Failed},
    wire::{Refusal, Step},
};
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    sched::CpuSet,
    sys::memfd::{MFdFlags, memfd_create},
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

/// A program that runs, and the ends of the pipes that it writes into (none where a file takes the output).
pub struct Launched {
    pub pid: Pid,
    pub stdout: Option<File>,
    pub stderr: Option<File>,
}

/// All that a program needs to begin.
pub struct Ready {
    child: Child,
    /// The program's file.
    file: PathBuf,
    stdout: Option<File>,
    stderr: Option<File>,
}

/// Makes `command` ready to begin: its directory, input, output, variables and cores.
///
/// # Errors
/// Something of that is missing.
pub fn prepare(command: &Command) -> Result<Ready, Refusal> {
    let directory = command.directory.as_path();
    if command.argv.is_empty() {
        return Err(Refusal { step: Step::Program, errno: Errno::ENOENT as i32 });
    }
    enter(directory).map_err(refused(Step::Directory))?;
    let environment = environment::of_child(std::env::vars_os(), &command.unset, &command.set);
    let file = find_program(&command.argv[0], directory, &environment);
    let file = file.ok_or(Refusal { step: Step::Program, errno: Errno::ENOENT as i32 })?;
    let stdin = input(&command.stdin, directory).map_err(refused(Step::Stdin))?;
    let (stdout, read_stdout) = output(&command.stdout, directory).map_err(refused(Step::Stdout))?;
    let (stderr, read_stderr) = output(&command.stderr, directory).map_err(refused(Step::Stderr))?;
    let cores = command.cores.as_deref().map(mask).transpose();
    let cores = cores.map_err(|errno| Refusal { step: Step::Cores, errno: errno as i32 })?;
    let child = Child::new(&file, &command.argv, &environment, directory, [stdin, stdout, stderr], cores);
    let child = child.map_err(|_| Refusal { step: Step::Nul, errno: Errno::EINVAL as i32 })?;
    Ok(Ready { child, file: directory.join(file), stdout: read_stdout, stderr: read_stderr })
}

impl Ready {
    /// Starts the program as a child of this process and leader of its own process group.
    ///
    /// # Errors
    /// It cannot be started; nothing runs then.
    pub fn start(self) -> Result<Launched, Refusal> {
        let pid = self.child.spawn().map_err(|failed| not_started(&self.file, failed))?;
        Ok(Launched { pid, stdout: self.stdout, stderr: self.stderr })
    }
}

/// Whether a program can be started in `directory`.
fn enter(directory: &Path) -> io::Result<()> {
    if !directory.metadata()?.is_dir() {
        return Err(Errno::ENOTDIR.into());
    }
    Ok(access(directory, AccessFlags::X_OK)?)
}

/// What a program reads. Never one of the standard three descriptors, which the child overwrites one after another.
fn input(stdin: &Stdin, directory: &Path) -> io::Result<OwnedFd> {
    match stdin {
        Stdin::Null => Ok(File::open("/dev/null")?.into()),
        Stdin::File(path) => Ok(File::open(directory.join(path))?.into()),
        // A file in memory instead of a pipe: nobody has to feed it while the program writes.
        Stdin::Bytes(bytes) => {
            let mut file = File::from(memfd_create(c"stdin", MFdFlags::MFD_CLOEXEC)?);
            file.write_all(bytes)?;
            file.rewind()?;
            Ok(file.into())
        }
    }
}

/// Where a program writes, and the end of the pipe that its output is read from.
fn output(output: &Output, directory: &Path) -> io::Result<(OwnedFd, Option<File>)> {
    match output {
        Output::Captured | Output::Kept(_) => {
            let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
            fcntl(&read, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            Ok((write, Some(read.into())))
        }
        Output::File(path) => {
            let path = directory.join(path);
            File::create(&path)?;
            // Appended to, so that stdout and stderr may go into the same file.
            Ok((OpenOptions::new().append(true).open(path)?.into(), None))
        }
    }
}

fn mask(cores: &[usize]) -> Result<CpuSet, Errno> {
    let mut mask = CpuSet::new();
    cores.iter().try_for_each(|&core| mask.set(core))?;
    Ok(mask)
}

fn refused(step: Step) -> impl Fn(io::Error) -> Refusal {
    move |error| match error.raw_os_error() {
        Some(errno) => Refusal { step, errno },
        // The standard library refuses paths with NUL bytes itself and has no errno for it.
        None if error.kind() == ErrorKind::InvalidInput => Refusal { step: Step::Nul, errno: Errno::EINVAL as i32 },
        None => Refusal { step, errno: Errno::EIO as i32 },
    }
}

/// Why the program at `file` was not started: one errno stands for several causes.
fn not_started(file: &Path, failed: Failed) -> Refusal {
    let (step, errno) = match failed {
        Failed::Execute(Errno::ENOENT) if file.exists() => (Step::Interpreter, Errno::ENOENT),
        Failed::Execute(errno) | Failed::Begin(errno) => (Step::Program, errno),
        Failed::Directory(errno) => (Step::Directory, errno),
        Failed::Cores(errno) => (Step::Cores, errno),
    };
    Refusal { step, errno: errno as i32 }
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
