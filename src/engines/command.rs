//! How does any program that speaks QCSchema compute a job?
//!
//! `["prog", "{input}", "{output}"]` reads an `AtomicInput` (version 1) and writes an `AtomicResult`; `{threads}` and
//! `{memory_mb}` stand for what it may use. It works in a folder of its own and finds embedding charges nowhere.
use super::call::Call;
use super::ending::Sign;
use super::qcschema::{self, Written};
use super::{Answer, Chemistry, Driver, Engine, Found, Job, Missing, Needs, Refusal, Site};
use super::{find, refuse, text, verify};
use crate::process::Guard;
use crate::task::Cause;
use std::ffi::OsString;
use std::path::Path;

const INPUT: &str = "input.json";
const OUTPUT: &str = "output.json";
/// Nothing is known of what the program says.
const SIGNS: &[Sign] = &[];

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Command {
    /// As given, for messages.
    argv: Vec<String>,
    /// With files found where they are.
    words: Vec<String>,
}

impl Command {
    /// The program and arguments `argv`. Words that name a file in `folder`, that of the configuration, are that file
    /// wherever the program runs.
    pub fn new<A: Into<String>>(argv: impl IntoIterator<Item = A>, folder: &Path) -> Self {
        let argv: Vec<String> = argv.into_iter().map(Into::into).collect();
        let words = argv.iter().enumerate().map(|(place, word)| in_folder(place, word, folder)).collect();
        Self { argv, words }
    }

    /// The command line for a site.
    fn line(&self, site: &Site) -> Vec<OsString> {
        let path = |name: &str| site.scratch.join(name).to_string_lossy().into_owned();
        let values = [
            ("{input}", path(INPUT)),
            ("{output}", path(OUTPUT)),
            ("{threads}", site.threads.max(1).to_string()),
            ("{memory_mb}", site.memory_mb.to_string()),
        ];
        let fill = |word: &String| values.iter().fold(word.clone(), |word, (name, value)| word.replace(name, value));
        self.words.iter().map(|word| fill(word).into()).collect()
    }

    fn name_of_program(&self) -> &str {
        self.argv.first().map_or("command", String::as_str)
    }
}

/// A word as a path where it is one. A program's name without a slash is looked for in PATH, never beside the
/// configuration.
pub fn in_folder(place: usize, word: &str, folder: &Path) -> String {
    let path = folder.join(word);
    let is_searched = place == 0 && !word.contains('/');
    match !is_searched && path.is_file() {
        true => std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned(),
        false => word.to_owned(),
    }
}

impl Engine for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn refusals(&self, _: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Refusal> {
        let mut refused = refuse::options("command", chemistry, |key| {
            format!("put what the program calls `{key}` into keywords, which it is handed as they are")
        });
        for placeholder in ["{input}", "{output}"] {
            if !self.argv.iter().skip(1).any(|word| word.contains(placeholder)) {
                let message = format!("the command has no {placeholder}");
                refused.push(refuse::key("command", message, "write it as [\"prog\", \"{input}\", \"{output}\"]"));
            }
        }
        if chemistry.method.trim().is_empty() {
            refused.push(refuse::key("method", "there is no method", "name one, as in `method = \"mp2\"`"));
        }
        refused.extend(needs.point_charges.then(|| refuse::point_charges("a command")));
        refused
    }

    fn find(&self, _: &Guard) -> Result<Option<Found>, Missing> {
        let help = "check `command`: its first word is a program of PATH or a path beside the configuration";
        find::locate_with_scripts(&self.words, help).map(Some)
    }

    fn start_s(&self) -> f64 {
        0.1
    }

    fn run(&self, job: &Job, site: &Site) -> Result<Answer, Cause> {
        verify::question(job)?;
        let call = Call { program: self.name_of_program(), job, site, signs: SIGNS };
        call.write(INPUT, &qcschema::input(job).to_string())?;
        let finished = call.run(self.line(site), &[], None)?;
        let output = call.path(OUTPUT);
        let written = text::whole(&output, qcschema::LIMIT).and_then(|bytes| Written::parse(&bytes));
        match written {
            Ok(written) if finished.exit.is_success() => {
                let answer = written.answer(job, SIGNS).and_then(|answer| verify::answer(job, answer));
                answer.map_err(|cause| match written.error(SIGNS) {
                    Some(_) => call.named(cause),
                    None => call.unread(cause),
                })
            }
            // A program that fails may still have said why, as QCSchema has it.
            Ok(written) => match written.error(SIGNS) {
                Some(cause) => Err(call.named(cause)),
                None => Err(call.failure(&finished, "", &finished.stdout.last_lines(20))),
            },
            Err(cause) if finished.exit.is_success() => Err(call.unread(cause)),
            Err(_) => Err(call.failure(&finished, "", &finished.stdout.last_lines(20))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn placeholders_are_required() {
        let chemistry = Chemistry { method: "any".into(), ..Chemistry::default() };
        let refused = |argv: &[&str]| {
            let engine = Command::new(argv.iter().copied(), Path::new("/"));
            engine.refusals(Driver::Energy, &chemistry, Needs::default()).len()
        };
        assert_eq!(refused(&["prog", "{input}", "--to={output}"]), 0);
        assert_eq!(refused(&["prog", "{input}"]), 1);
        assert_eq!(refused(&[]), 2);
    }

    #[test]
    fn keys_that_nobody_reads_are_refused() {
        let chemistry = Chemistry {
            method: "any".into(),
            scf_convergence: Some(1e-8),
            density_fitting: Some(false),
            ..Chemistry::default()
        };
        let engine = Command::new(["p", "{input}", "{output}"], Path::new("/"));
        let needs = Needs { point_charges: true, ..Needs::default() };
        let refused = engine.refusals(Driver::Energy, &chemistry, needs);
        let keys: Vec<_> = refused.iter().map(|refusal| refusal.key).collect();
        assert_eq!(keys, ["density_fitting", "scf_convergence", "engine"]);
        assert!(refused[0].help.contains("keywords"));
    }

    #[test]
    fn files_beside_the_configuration_are_found_from_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["run.py", "sh"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let engine = Command::new(["sh", "run.py", "{input}", "-x"], folder.path());
        let script = folder.path().join("run.py").to_string_lossy().into_owned();
        assert_eq!(engine.words, ["sh", &script, "{input}", "-x"]);
        assert_eq!(Command::new(["./sh"], folder.path()).words, [folder.path().join("sh").to_string_lossy()]);
    }
}
