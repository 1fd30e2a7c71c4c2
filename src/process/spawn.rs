//! How does a program start without a copy of the supervisor's memory?
//!
//! `fork` copies the page tables, and the supervisor then faults on every page that it writes: a third of the processor time of a short
//! program (/bin/true: 2.1 ms with it, 1.3 ms without). So the child shares the supervisor's memory until it executes, and the supervisor
//! waits for that, as with `vfork` (clone(2), CLONE_VM and CLONE_VFORK). In between runs a handful of system calls.
use super::scheduling;
use nix::{
    errno::Errno,
    libc::{self, c_char},
    sched::{CloneFlags, CpuSet, clone, sched_setaffinity},
    sys::{
        prctl,
        signal::{SigSet, Signal},
        wait::waitpid,
    },
    unistd::{Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, setpgid},
};
use std::{
    collections::BTreeMap,
    ffi::{CString, NulError, OsStr, OsString},
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::Path,
    ptr,
};

/// Size of the child's stack, bytes: for the system calls before it executes.
const STACK: usize = 64 * 1024;

/// All that a child needs to become a program.
pub struct Child {
    /// The program's file, relative to `directory` unless absolute.
    file: CString,
    argv: Vec<CString>,
    environment: Vec<CString>,
    directory: CString,
    /// Standard input, output and error.
    stdio: [OwnedFd; 3],
    cores: Option<CpuSet>,
    /// The signal that it gets when the supervisor dies.
    death_signal: Signal,
}

/// The step at which starting a program failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// Creating the child, or setting its process group, signals and descriptors.
    Setup(Errno),
    /// Changing to its directory.
    Directory(Errno),
    /// Binding it to its cores.
    Cores(Errno),
    /// Executing the program's file.
    Execute(Errno),
}

impl Child {
    /// A child that is to execute `file` in `directory` with the arguments `argv` and exactly these environment variables.
    ///
    /// # Errors
    /// One of the strings contains a NUL byte.
    pub fn new(
        file: &Path,
        argv: &[OsString],
        environment: &BTreeMap<OsString, OsString>,
        directory: &Path,
        stdio: [OwnedFd; 3],
        cores: Option<CpuSet>,
        death_signal: Signal,
    ) -> Result<Self, NulError> {
        let text = |text: &OsStr| CString::new(text.as_bytes());
        let variable =
            |(key, value): (&OsString, &OsString)| CString::new([key.as_bytes(), b"=", value.as_bytes()].concat());
        Ok(Self {
            file: text(file.as_os_str())?,
            argv: argv.iter().map(|word| text(word)).collect::<Result<_, _>>()?,
            environment: environment.iter().map(variable).collect::<Result<_, _>>()?,
            directory: text(directory.as_os_str())?,
            stdio,
            cores,
            death_signal,
        })
    }

    /// Starts the program as leader of its own process group; a file that is no executable format is run by the shell, as execvp(3) does.
    /// All signals must be blocked: none may be handled in the memory that both processes share.
    ///
    /// # Errors
    /// The program could not be started; no child is left then.
    pub fn spawn(mut self) -> Result<Pid, SpawnError> {
        match self.clone_and_execute() {
            Err(SpawnError::Execute(Errno::ENOEXEC)) => {
                let file = std::mem::replace(&mut self.file, c"/bin/sh".into());
                self.argv.splice(..1, [self.file.clone(), file]);
                self.clone_and_execute()
            }
            spawned => spawned,
        }
    }

    fn clone_and_execute(&self) -> Result<Pid, SpawnError> {
        let pointers = |texts: &[CString]| -> Vec<*const c_char> {
            texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
        };
        let (argv, environment) = (pointers(&self.argv), pointers(&self.environment));
        let (supervisor, mut failure, mut stack) = (Pid::this(), None, vec![0; STACK]);
        let child = Box::new(|| {
            failure = self.set_up(supervisor).err();
            if failure.is_none() {
                // SAFETY: the lists end with a null pointer, and `self` owns what they point to.
                unsafe { libc::execve(self.file.as_ptr(), argv.as_ptr(), environment.as_ptr()) };
                failure = Some(SpawnError::Execute(Errno::last()));
            }
            127
        });
        let flags = CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK;
        // SAFETY: CLONE_VFORK makes this thread, the only one, wait until the child has executed or ended: until then its stack and all
        // that it borrows live. The child makes system calls alone, and neither allocates nor takes a lock.
        let pid = unsafe { clone(child, &mut stack, flags, Some(libc::SIGCHLD)) }.map_err(SpawnError::Setup)?;
        match failure {
            None => Ok(pid),
            Some(failure) => {
                let _ = waitpid(pid, None);
                Err(failure)
            }
        }
    }

    /// All that the child does before it executes.
    fn set_up(&self, supervisor: Pid) -> Result<(), SpawnError> {
        if let Some(cores) = &self.cores {
            sched_setaffinity(Pid::from_raw(0), cores).map_err(SpawnError::Cores)?;
        }
        chdir(self.directory.as_c_str()).map_err(SpawnError::Directory)?;
        self.detach(supervisor).map_err(SpawnError::Setup)
    }

    /// Puts the child into a process group of its own, with the program's descriptors and no signal blocked.
    fn detach(&self, supervisor: Pid) -> nix::Result<()> {
        scheduling::restore_default_policy();
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
        prctl::set_pdeathsig(self.death_signal)?;
        // The supervisor may have died before the line above.
        if Pid::parent() != supervisor {
            return Err(Errno::ESRCH);
        }
        let [stdin, stdout, stderr] = &self.stdio;
        dup2_stdin(stdin)?;
        dup2_stdout(stdout)?;
        dup2_stderr(stderr)?;
        SigSet::empty().thread_set_mask()
    }
}
