//! What tests need to run campaigns under mpirun and to look at what they leave.
#![allow(dead_code, clippy::unwrap_used)]
pub mod ala2;
pub mod analysis;
pub mod frames;
pub mod reference;
pub mod replicas;
pub mod skip;
pub mod standing;

use serde_json::Value;
use simmpi::results::{Complex, Reader};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A faulty MPI program hangs: no run in the tests takes longer.
pub const LIMIT: Duration = Duration::from_secs(90);

/// The program `simmpi`.
pub fn simmpi() -> PathBuf {
    env!("CARGO_BIN_EXE_simmpi").into()
}

/// simmpi with the campaigns of the tests.
pub fn test_campaigns() -> PathBuf {
    let path = simmpi().parent().unwrap().join("examples/test-campaigns");
    assert!(path.exists(), "build it first: cargo build --example test-campaigns");
    path
}

/// The launcher that fits the MPI library of this build.
pub fn mpirun() -> String {
    std::env::var("SIMMPI_MPIRUN").unwrap_or_else(|_| "mpirun".into())
}

/// The numbers of an array, nested or not.
pub fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub said: String,
}

impl Ended {
    /// Checks the exit code and that everything in `texts` was said.
    pub fn expect(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, code, "it said:\n{}", self.said);
        texts.iter().for_each(|text| assert!(self.said.contains(text), "`{text}` is missing in:\n{}", self.said));
        self
    }
}

/// A program that runs.
pub struct Running {
    pub child: Child,
    said: PathBuf,
}

/// A folder with a configuration.
pub struct Campaign {
    pub folder: tempfile::TempDir,
    pub program: PathBuf,
}

impl Campaign {
    /// A campaign of the tests' own kinds.
    pub fn new(config: &str) -> Self {
        Self::with(test_campaigns(), config)
    }

    /// A campaign for `program`.
    pub fn with(program: PathBuf, config: &str) -> Self {
        let campaign = Self { folder: tempfile::tempdir().unwrap(), program };
        campaign.write(config);
        campaign
    }

    pub fn write(&self, config: &str) {
        fs::write(self.path("config.toml"), config).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it on `ranks`; 0 is without a launcher.
    pub fn start(&self, ranks: usize, args: &[&str]) -> Running {
        self.start_with(ranks, args, &[])
    }

    pub fn start_with(&self, ranks: usize, args: &[&str], environment: &[(&str, &str)]) -> Running {
        self.start_as("said.txt", ranks, args, environment)
    }

    /// Starts one of several runs, which says what it says into the file `said`.
    pub fn start_as(&self, said: &str, ranks: usize, args: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut command = match ranks {
            0 => Command::new(&self.program),
            _ => {
                let mut command = Command::new(mpirun());
                if is_open_mpi() {
                    command.args(["--oversubscribe", "--bind-to", "none"]);
                }
                command.args(["-n", &ranks.to_string()]).arg(&self.program);
                command
            }
        };
        let said = self.path(said);
        let file = fs::File::create(&said).unwrap();
        command.arg("run").arg(self.path("config.toml")).args(args).envs(environment.iter().copied());
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).process_group(0);
        Running { child: command.spawn().unwrap(), said }
    }

    /// That `simmpi check` refuses the configuration with these texts, blanks made even.
    pub fn expect_told(&self, texts: &[&str]) {
        let output = Command::new(&self.program).arg("check").arg(self.path("config.toml")).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{}", String::from_utf8_lossy(&output.stdout));
        let told = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        texts.iter().for_each(|text| assert!(told.contains(text), "`{text}` is missing in:\n{told}"));
    }

    /// What a command of simmpi says of the configuration.
    pub fn tell(&self, command: &str, arguments: &[&str]) -> Ended {
        self.tell_of(command, "config.toml", arguments)
    }

    /// What a command of simmpi says of the result file, whether it is there or not.
    pub fn tell_of_results(&self, command: &str, arguments: &[&str]) -> Ended {
        self.tell_of(command, "results.h5", arguments)
    }

    /// What a command of simmpi says of a file.
    pub fn tell_of(&self, command: &str, file: &str, arguments: &[&str]) -> Ended {
        let output = Command::new(&self.program).arg(command).arg(self.path(file)).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        Ended { code: output.status.code().unwrap(), said: String::from_utf8_lossy(&said).into_owned() }
    }

    /// Runs it on `ranks` to its end.
    pub fn run(&self, ranks: usize, args: &[&str]) -> Ended {
        self.start(ranks, args).end()
    }

    /// Sends SIGKILL to a rank.
    pub fn kill(&self, rank: usize) {
        let pid = nix::unistd::Pid::from_raw(self.ranks()[&rank]);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    }

    /// The processes of its ranks, by rank.
    pub fn ranks(&self) -> BTreeMap<usize, i32> {
        let config = self.path("config.toml").display().to_string();
        let mut found = BTreeMap::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let text = |name: &str| fs::read(entry.path().join(name)).map(|b| String::from_utf8_lossy(&b).into_owned());
            let (Ok(line), Ok(environment)) = (text("cmdline"), text("environ")) else { continue };
            let is_launcher = !line.starts_with(self.program.to_str().unwrap());
            if is_launcher || !line.contains(&config) {
                continue;
            }
            let rank = environment.split('\0').find_map(|variable| {
                variable.strip_prefix("OMPI_COMM_WORLD_RANK=").or_else(|| variable.strip_prefix("PMI_RANK="))
            });
            // A rank has threads and may have children of the same name; the eldest is the rank itself.
            let rank = rank.map_or(0, |rank| rank.parse().unwrap());
            found.entry(rank).and_modify(|eldest: &mut i32| *eldest = (*eldest).min(pid)).or_insert(pid);
        }
        found
    }

    /// Sends SIGUSR1: to Open MPI's launcher, which passes it on, but to one rank under MPICH. Its launcher (Hydra 4.0) loses the
    /// ranks' exit codes one time in five once it has passed a signal on, those of any program; a rank that is asked asks the others.
    pub fn ask_to_drain(&self, running: &Running) {
        let usr1 = nix::sys::signal::Signal::SIGUSR1;
        if is_open_mpi() {
            return running.signal(usr1);
        }
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.ranks()[&1]), usr1).unwrap();
    }

    /// Waits until the journal holds at least `bytes` of records.
    pub fn wait_for_records(&self, bytes: u64) {
        let folder = self.path("results.h5.journal");
        let since = Instant::now();
        let size = || {
            let files = simmpi::journal::files(&folder).unwrap_or_default();
            files.iter().map(|file| fs::metadata(file).map_or(0, |m| m.len()).saturating_sub(48)).sum::<u64>()
        };
        while size() < bytes {
            assert!(since.elapsed() < LIMIT, "no record appeared in the journal");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All numbers below /results, bit by bit.
    pub fn results(&self) -> BTreeMap<String, Vec<u64>> {
        results_of(&self.path("results.h5"))
    }
}

impl Running {
    /// Sends a signal to the launcher.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Sends a signal to the launcher and all that it has started in its process group.
    pub fn signal_group(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::killpg(nix::unistd::Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Waits for the end, at most for [`LIMIT`].
    pub fn end(mut self) -> Ended {
        let since = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                use std::os::unix::process::ExitStatusExt;
                break status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            }
            if since.elapsed() > LIMIT {
                let group = nix::unistd::Pid::from_raw(self.child.id() as i32);
                let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
                let _ = self.child.wait();
                panic!("it hangs; it said:\n{}", fs::read_to_string(&self.said).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        Ended { code, said: String::from_utf8_lossy(&fs::read(&self.said).unwrap()).into_owned() }
    }
}

/// Whether the launcher is Open MPI's.
pub fn is_open_mpi() -> bool {
    let version = Command::new(mpirun()).arg("--version").output().expect("mpirun is installed");
    String::from_utf8_lossy(&version.stdout).contains("open-mpi.org")
}

/// All numbers below /results of a file, bit by bit.
pub fn results_of(path: &Path) -> BTreeMap<String, Vec<u64>> {
    let reader = Reader::open_results(path).unwrap();
    let mut found = BTreeMap::new();
    for item in reader.items().unwrap().into_iter().filter(|item| item.path.starts_with("/results")) {
        let bits = if reader.is_complex(&item.path) {
            let numbers: Vec<Complex> = reader.array(&item.path).unwrap();
            numbers.iter().flat_map(|z| [z.r.to_bits(), z.i.to_bits()]).collect()
        } else {
            let texts = || reader.strings(&item.path).unwrap().join("\n").into_bytes();
            match reader.array::<f64>(&item.path) {
                Ok(numbers) => numbers.iter().map(|x| x.to_bits()).collect(),
                Err(_) => texts().into_iter().map(u64::from).collect(),
            }
        };
        found.insert(item.path, bits);
    }
    assert!(!found.is_empty());
    found
}
