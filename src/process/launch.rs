//! How does the guard start a program, and what exactly kept it from starting?
use super::{
    command::{Command, Output, Stdin},
    environment,
    wire::{Refusal, Step},
};
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    sched::{CpuSet, sched_setaffinity},
    sys::{
        memfd::{MFdFlags, memfd_create},
        prctl,
        signal::{SigSet, Signal},
    },
    unistd::{AccessFlags, Pid, access, getppid},
};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Seek, Write},
    os::{fd::OwnedFd, unix::ffi::OsStrExt, unix::process::CommandExt},
    path::Path,
    process::{Command as Program, Stdio},
};

/// A program that runs, and the ends of the pipes that it writes into (none where a file takes the output).
pub struct Launched {
    pub pid: Pid,
    pub stdout: Option<File>,
    pub stderr: Option<File>,
}

/// Starts `command` as a child of this process and leader of its own process group.
///
/// # Errors
/// Something that the command needs is missing; nothing runs then.
pub fn launch(command: &Command) -> Result<Launched, Refusal> {
    let (Some(name), directory) = (command.argv.first(), command.directory.as_path()) else {
        return Err(Refusal { step: Step::Program, errno: Errno::ENOENT as i32 });
    };
    enter(directory).map_err(refused(Step::Directory))?;
    let environment = environment::of_child(std::env::vars_os(), &command.unset, &command.set);
    let mut program = Program::new(name);
    program
        .args(&command.argv[1..])
        .current_dir(directory)
        .env_clear()
        .envs(&environment)
        .stdin(input(&command.stdin, directory).map_err(refused(Step::Stdin))?)
        .stdout(output(&command.stdout, directory).map_err(refused(Step::Stdout))?)
        .stderr(output(&command.stderr, directory).map_err(refused(Step::Stderr))?)
        .process_group(0);
    prepare(&mut program, command.cores.as_deref())?;
    let mut child = program.spawn().map_err(|error| not_started(command, &environment, &error))?;
    Ok(Launched {
        pid: Pid::from_raw(child.id() as i32),
        stdout: child
            .stdout
            .take()
            .map(|pipe| without_waiting(pipe.into()))
            .transpose()
            .map_err(refused(Step::Stdout))?,
        stderr: child
            .stderr
            .take()
            .map(|pipe| without_waiting(pipe.into()))
            .transpose()
            .map_err(refused(Step::Stderr))?,
    })
}

/// Whether a program can be started in `directory`.
fn enter(directory: &Path) -> io::Result<()> {
    if !directory.metadata()?.is_dir() {
        return Err(Errno::ENOTDIR.into());
    }
    Ok(access(directory, AccessFlags::X_OK)?)
}

fn input(stdin: &Stdin, directory: &Path) -> io::Result<Stdio> {
    match stdin {
        Stdin::Null => Ok(Stdio::null()),
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

fn output(output: &Output, directory: &Path) -> io::Result<Stdio> {
    match output {
        Output::Captured | Output::Kept(_) => Ok(Stdio::piped()),
        Output::File(path) => {
            let path = directory.join(path);
            File::create(&path)?;
            // Appended to, so that stdout and stderr may go into the same file.
            Ok(OpenOptions::new().append(true).open(path)?.into())
        }
    }
}

/// What the child does between fork and exec.
fn prepare(program: &mut Program, cores: Option<&[usize]>) -> Result<(), Refusal> {
    let guard = Pid::this();
    let mask = cores.map(mask).transpose().map_err(|errno| Refusal { step: Step::Cores, errno: errno as i32 })?;
    let between = move || {
        // The guard blocks every signal and its mask would be inherited.
        SigSet::empty().thread_set_mask()?;
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        // The guard may have died before the line above.
        if getppid() != guard {
            return Err(Errno::ESRCH.into());
        }
        Ok(mask.as_ref().map_or(Ok(()), |mask| sched_setaffinity(Pid::from_raw(0), mask))?)
    };
    // SAFETY: only system calls, which are async-signal-safe; nothing is allocated and no lock taken.
    unsafe { program.pre_exec(between) };
    Ok(())
}

fn mask(cores: &[usize]) -> Result<CpuSet, Errno> {
    let mut mask = CpuSet::new();
    cores.iter().try_for_each(|&core| mask.set(core))?;
    Ok(mask)
}

fn without_waiting(pipe: OwnedFd) -> io::Result<File> {
    fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(File::from(pipe))
}

fn refused(step: Step) -> impl Fn(io::Error) -> Refusal {
    move |error| match error.raw_os_error() {
        Some(errno) => Refusal { step, errno },
        // The standard library refuses NUL bytes itself and has no errno for it.
        None if error.kind() == ErrorKind::InvalidInput => Refusal { step: Step::Nul, errno: Errno::EINVAL as i32 },
        None => Refusal { step, errno: Errno::EIO as i32 },
    }
}

/// Why exec failed: one errno stands for several causes.
fn not_started(command: &Command, environment: &BTreeMap<OsString, OsString>, error: &io::Error) -> Refusal {
    let step = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT) if is_there(command, environment) => Step::Interpreter,
        Some(Errno::EINVAL) if command.cores.is_some() => Step::Cores,
        _ => Step::Program,
    };
    refused(step)(match error.raw_os_error() {
        Some(errno) => io::Error::from_raw_os_error(errno),
        None => error.kind().into(),
    })
}

/// Whether the program's file exists, in PATH or at the place that its name gives.
fn is_there(command: &Command, environment: &BTreeMap<OsString, OsString>) -> bool {
    let Some(name) = command.argv.first() else { return false };
    if name.as_bytes().contains(&b'/') {
        return command.directory.join(name).exists();
    }
    let path = environment.get(OsStr::new("PATH")).map(OsString::as_os_str).unwrap_or_default();
    std::env::split_paths(path).any(|directory| command.directory.join(directory).join(name).exists())
}
