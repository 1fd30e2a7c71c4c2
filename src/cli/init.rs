//! How does one begin?
use super::stop;
use crate::campaigns::Kind;
use crate::config::{KindSchema, full_schema, nearest};
use crate::run::exit::{Exit, Stop};
use crate::run::say;
use std::path::Path;

/// Writes the example of a kind of campaign; the files that it names into the working folder, where they are not there yet.
///
/// # Errors
/// There is no such kind, or a file cannot be written.
pub fn init(kinds: &[&'static dyn Kind], name: &str) -> Result<(), Stop> {
    let Some(kind) = kinds.iter().find(|kind| kind.name() == name) else {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let meant = nearest(name, names).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let known: String = kinds.iter().map(|kind| format!("\n  {:14} {}", kind.name(), kind.about())).collect();
        return stop(Exit::Usage, format!("there is no kind of campaign `{name}`{meant} Known kinds:{known}"));
    };
    for (file, bytes) in kind.example_files() {
        if !Path::new(file).exists() {
            let written = std::fs::write(file, bytes);
            written.map_err(|error| Stop::new(Exit::Output, format!("cannot write `{file}` here: {error}")))?;
            say::note(&format!("wrote `{file}`, which the example names"));
        }
    }
    say::line(kind.example().trim_end());
    Ok(())
}

/// Writes the JSON schema of configurations.
///
/// # Errors
/// None; the type is that of every command.
pub fn schema(kinds: &[&'static dyn Kind]) -> Result<(), Stop> {
    let schemas: Vec<_> = kinds.iter().map(|kind| KindSchema::new(kind.name(), || kind.schema())).collect();
    say::line(&format!("{:#}", full_schema(&schemas)));
    Ok(())
}
