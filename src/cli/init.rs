//! The commands `init` and `schema`: print an example configuration, or the schema of all of them.
use crate::campaigns::Kind;
use crate::config::{KindSchema, full_schema, nearest};
use crate::run::console;
use crate::run::exit::{Exit, Stop};
use std::path::Path;

/// Prints the example configuration of a kind of campaign, and writes the files it refers to into the working directory unless they exist.
///
/// # Errors
/// The kind is unknown, or a file cannot be written.
pub fn init(kinds: &[&'static dyn Kind], name: &str) -> Result<(), Stop> {
    let Some(kind) = kinds.iter().find(|kind| kind.name() == name) else {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let suggestion = nearest(name, names).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let known: String = kinds.iter().map(|kind| format!("\n  {:14} {}", kind.name(), kind.about())).collect();
        return Err(Stop::new(
            Exit::Usage,
            format!("unknown kind of campaign `{name}`{suggestion}\nknown kinds:{known}"),
        ));
    };
    for (file, bytes) in kind.example_files() {
        if !Path::new(file).exists() {
            let written = std::fs::write(file, bytes);
            written.map_err(|error| {
                Stop::new(Exit::Output, format!("cannot write `{file}` to the working directory: {error}"))
            })?;
            console::warning(&format!("wrote `{file}`, which the example uses"));
        }
    }
    console::line(kind.example().trim_end());
    Ok(())
}

/// Prints the JSON schema of configurations.
///
/// # Errors
/// None.
pub fn schema(kinds: &[&'static dyn Kind]) -> Result<(), Stop> {
    let schemas: Vec<_> = kinds.iter().map(|kind| KindSchema::new(kind.name(), || kind.schema())).collect();
    console::line(&format!("{:#}", full_schema(&schemas)));
    Ok(())
}
