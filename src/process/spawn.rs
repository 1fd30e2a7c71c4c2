//! How does a program begin without a copy of the guard?
//!
//! `fork` copies the guard's tables of memory and has it fault on every page that it writes afterwards: a third of the processor time
//! that a short program costs in all (measured: 2.1 ms with it, 1.3 ms without, for /bin/true). Here the child shares the guard's memory until it executes, and the guard waits for that, as
//! `vfork` does it (clone(2), CLONE_VM and CLONE_VFORK). What runs in between is a handful of system calls.
use super::turn;
use nix::{
    errno::Errno,
    libc::{self, c_char, c_int, c_void},
    sched::CpuSet,
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    ffi::{CString, OsStr, OsString},
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
    ptr,
};

/// What the child needs between its beginning and the program's.
pub struct Child {
    argv: Vec<CString>,
    environment: Vec<CString>,
    directory: CString,
    /// Standard input, output and error.
    pub stdio: [OwnedFd; 3],
    pub cores: Option<CpuSet>,
}

/// A name, variable or path holds a NUL byte.
#[derive(Debug)]
pub struct Nul;

/// What a child could not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Take its place: group, signals, descriptors.
    Begin(Errno),
    /// Enter its directory.
    Directory(Errno),
    /// Be bound to its cores.
    Cores(Errno),
    /// Execute the program.
    Execute(Errno),
}

/// The child's stack: `execvpe` builds paths on it, of at most two times PATH_MAX, and the arguments of a script without an interpreter.
const STACK: usize = 64 * 1024;

unsafe extern "C" {
    /// Where `execvpe` finds PATH.
    static mut environ: *const *const c_char;
}

impl Child {
    /// A child that is to execute `argv` in `directory` with these variables alone.
    ///
    /// # Errors
    /// One of them holds a NUL byte.
    pub fn new(
        argv: &[OsString],
        environment: &BTreeMap<OsString, OsString>,
        directory: &Path,
        stdio: [OwnedFd; 3],
        cores: Option<CpuSet>,
    ) -> Result<Self, Nul> {
        let text = |text: &OsStr| CString::new(text.as_bytes()).map_err(|_| Nul);
        let variable = |(key, value): (&OsString, &OsString)| {
            CString::new([key.as_bytes(), b"=", value.as_bytes()].concat()).map_err(|_| Nul)
        };
        Ok(Self {
            argv: argv.iter().map(|word| text(word)).collect::<Result<_, _>>()?,
            environment: environment.iter().map(variable).collect::<Result<_, _>>()?,
            directory: text(directory.as_os_str())?,
            stdio,
            cores,
        })
    }

    /// Begins the program as leader of its own process group. All signals must be blocked, so that none is handled in the memory that
    /// both share.
    ///
    /// # Errors
    /// It could not begin; nothing runs then.
    pub fn spawn(&self) -> Result<Pid, Failed> {
        let pointers = |texts: &[CString]| -> Vec<*const c_char> {
            texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
        };
        let (argv, environment) = (pointers(&self.argv), pointers(&self.environment));
        // A script without an interpreter has `execvpe` put all arguments on the stack once more.
        let mut stack = vec![0u64; (STACK + 16 * argv.len()) / 8];
        let mut begin = Begin {
            argv: &argv,
            environment: &environment,
            directory: self.directory.as_ptr(),
            stdio: [0, 1, 2].map(|k| self.stdio[k].as_raw_fd()),
            cores: self.cores.as_ref(),
            guard: Pid::this(),
            failed: None,
        };
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let top = stack.as_mut_ptr_range().end as usize & !15;
        // SAFETY: the child runs `enter` on a stack of its own with `begin`, which both live until the child has executed or ended:
        // CLONE_VFORK makes this thread wait for that. The child calls only what is async-signal-safe, and this process has one thread
        // and all signals blocked.
        let pid = unsafe {
            let before = environ;
            let pid = libc::clone(enter, top as *mut c_void, flags, (&raw mut begin).cast());
            environ = before;
            pid
        };
        if pid < 0 {
            return Err(Failed::Execute(Errno::last()));
        }
        match begin.failed {
            None => Ok(Pid::from_raw(pid)),
            Some(failed) => {
                let _ = nix::sys::wait::waitpid(Pid::from_raw(pid), None);
                Err(failed)
            }
        }
    }
}

/// What the child reads, and writes where it fails.
struct Begin<'a> {
    argv: &'a [*const c_char],
    environment: &'a [*const c_char],
    directory: *const c_char,
    stdio: [RawFd; 3],
    cores: Option<&'a CpuSet>,
    guard: Pid,
    failed: Option<Failed>,
}

/// The child's life until it executes.
extern "C" fn enter(begin: *mut c_void) -> c_int {
    // SAFETY: `spawn` hands over its own `Begin`, which nobody else touches until this process has executed or ended.
    let begin = unsafe { &mut *begin.cast::<Begin>() };
    // SAFETY: system calls with pointers to what lives in `begin`.
    begin.failed = Some(unsafe { begin.execute() });
    // SAFETY: ends the child alone, without exit handlers.
    unsafe { libc::_exit(127) }
}

impl Begin<'_> {
    /// Becomes the program, or says what went wrong. Allocates nothing and takes no lock.
    ///
    /// # Safety
    /// To be called in a child of [`Child::spawn`] alone.
    unsafe fn execute(&self) -> Failed {
        let is_well = |outcome: c_int| if outcome < 0 { Err(Errno::last()) } else { Ok(()) };
        // SAFETY: every pointer is to live memory, lists end with null.
        unsafe {
            let take_place = || {
                turn::be_usual();
                is_well(libc::setpgid(0, 0))?;
                // The guard blocks every signal and its mask would be inherited; so would be what Rust ignores.
                let mut none = std::mem::zeroed::<libc::sigset_t>();
                is_well(libc::sigemptyset(&mut none))?;
                is_well(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
                // The guard may have died before the line above.
                if libc::getppid() != self.guard.as_raw() {
                    return Err(Errno::ESRCH);
                }
                for (to, &from) in (0..).zip(&self.stdio) {
                    is_well(libc::dup2(from, to))?;
                }
                if libc::signal(libc::SIGPIPE, libc::SIG_DFL) == libc::SIG_ERR {
                    return Err(Errno::last());
                }
                is_well(libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut()))
            };
            if let Some(mask) = self.cores {
                let bound = libc::sched_setaffinity(0, size_of::<CpuSet>(), ptr::from_ref(mask).cast());
                if let Err(errno) = is_well(bound) {
                    return Failed::Cores(errno);
                }
            }
            if let Err(errno) = is_well(libc::chdir(self.directory)) {
                return Failed::Directory(errno);
            }
            if let Err(errno) = take_place() {
                return Failed::Begin(errno);
            }
            environ = self.environment.as_ptr();
            libc::execvpe(self.argv[0], self.argv.as_ptr(), self.environment.as_ptr());
            Failed::Execute(Errno::last())
        }
    }
}
