//! How does any program with a QCSchema interface compute a molecule?
//!
//! `["prog", "{input}", "{output}"]` reads an `AtomicInput` (version 1) and writes an `AtomicResult`; `{threads}` and `{memory_mb}` stand for
//! its resources. It runs in a scratch folder. QCSchema has no place for embedding charges.
use super::{
    Calculation, Chemistry, Driver, Engine, Needs, ProgramRun, QcResult, QcSchemaResult, Resources, qcschema, refusal,
    verify,
};
use crate::engines::failure::ErrorPattern;
use crate::engines::locate::{self, InstalledProgram};
use crate::engines::text;
use crate::problem::Problem;
use crate::process::Supervisor;
use crate::task::Cause;
use std::ffi::OsString;
use std::path::Path;

const INPUT: &str = "input.json";
const OUTPUT: &str = "output.json";
/// The error messages of the program are unknown.
const ERROR_PATTERNS: &[ErrorPattern] = &[];

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Command {
    /// As in the configuration.
    argv: Vec<String>,
    /// With absolute paths of files.
    resolved: Vec<String>,
}

impl Command {
    /// The program and arguments `argv`. Words that name a file in `folder`, that of the configuration, become its absolute path.
    pub fn new<A: Into<String>>(argv: impl IntoIterator<Item = A>, folder: &Path) -> Self {
        let argv: Vec<String> = argv.into_iter().map(Into::into).collect();
        let resolve = |(position, word): (usize, &String)| locate::resolve_argument(position, word, folder);
        let resolved = argv.iter().enumerate().map(resolve).collect();
        Self { argv, resolved }
    }

    /// The command line for a calculation.
    fn command_line(&self, resources: &Resources) -> Vec<OsString> {
        let path = |name: &str| resources.scratch.join(name).to_string_lossy().into_owned();
        let values = [
            ("{input}", path(INPUT)),
            ("{output}", path(OUTPUT)),
            ("{threads}", resources.threads.max(1).to_string()),
            ("{memory_mb}", resources.memory_mb.to_string()),
        ];
        let fill = |word: &String| values.iter().fold(word.clone(), |word, (name, value)| word.replace(name, value));
        self.resolved.iter().map(|word| fill(word).into()).collect()
    }

    fn program_name(&self) -> &str {
        self.argv.first().map_or("command", String::as_str)
    }
}

impl Engine for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn refusals(&self, _: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Problem> {
        let mut refused = refusal::options("command", chemistry, |key| {
            format!("put the program's own option for `{key}` into keywords, which are passed on unchanged")
        });
        for placeholder in ["{input}", "{output}"] {
            if !self.argv.iter().skip(1).any(|word| word.contains(placeholder)) {
                let message = format!("the command has no placeholder {placeholder}");
                refused.push(Problem::at_key("command", message, "write it as [\"prog\", \"{input}\", \"{output}\"]"));
            }
        }
        if chemistry.method.trim().is_empty() {
            refused.push(refusal::no_method());
        }
        refused.extend(needs.point_charges.then(|| refusal::point_charges("the engine command")));
        refused
    }

    fn find(&self, _: &Supervisor) -> Result<Option<InstalledProgram>, Problem> {
        let help = "check `command`: its first word must be a program in PATH or a path relative to the configuration";
        locate::locate_with_scripts(&self.resolved, help).map(Some)
    }

    fn start_s(&self) -> f64 {
        0.1
    }

    fn run(&self, calculation: &Calculation, resources: &Resources) -> Result<QcResult, Cause> {
        verify::input(calculation)?;
        let run = ProgramRun { program: self.program_name(), calculation, resources, patterns: ERROR_PATTERNS };
        run.write(INPUT, &qcschema::atomic_input(calculation).to_string())?;
        let finished = run.execute(self.command_line(resources), &[], None)?;
        let output = run.path(OUTPUT);
        let parsed = text::read_limited(&output, qcschema::LIMIT).and_then(|bytes| QcSchemaResult::parse(&bytes));
        match parsed {
            Ok(parsed) if finished.exit.is_success() => {
                let result = parsed.result(calculation, ERROR_PATTERNS);
                let result = result.and_then(|result| verify::result(calculation, result));
                result.map_err(|cause| match parsed.error(ERROR_PATTERNS) {
                    Some(_) => run.labelled(cause),
                    None => run.unreadable(cause),
                })
            }
            // A failed program may still have written its error in QCSchema.
            Ok(parsed) => match parsed.error(ERROR_PATTERNS) {
                Some(cause) => Err(run.labelled(cause)),
                None => Err(run.failure(&finished, "", &finished.stdout.last_lines(20))),
            },
            Err(cause) if finished.exit.is_success() => Err(run.unreadable(cause)),
            Err(_) => Err(run.failure(&finished, "", &finished.stdout.last_lines(20))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn unsupported_options_are_refused() {
        let chemistry = Chemistry {
            method: "any".into(),
            scf_convergence: Some(1e-8),
            density_fitting: Some(false),
            ..Chemistry::default()
        };
        let engine = Command::new(["p", "{input}", "{output}"], Path::new("/"));
        let needs = Needs { point_charges: true, ..Needs::default() };
        let refused = engine.refusals(Driver::Energy, &chemistry, needs);
        let keys: Vec<_> = refused.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["density_fitting", "scf_convergence", "engine"]);
        assert!(refused[0].help.contains("keywords"));
    }
}
