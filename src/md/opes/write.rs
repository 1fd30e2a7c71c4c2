//! How is a STATE file written, from which PLUMED restarts a bias?
use super::block::Block;
use super::error::Error;
use crate::science::opes::State;
use std::fmt::Write;
use std::path::Path;

/// The text of a STATE file with `state` at `time`, in PLUMED's unit of time. All other settings, such as the bias factor and the domains
/// of the variables, are copied verbatim from `like`, the text of a STATE or KERNELS file (`path` in messages).
///
/// # Errors
/// `like` is no such text.
pub fn state_text(path: &Path, like: &str, state: &State, time: f64) -> Result<String, Error> {
    let block = Block::last(path, like)?;
    let variables = block.variables()?;
    let mut text = "#! FIELDS time".to_owned();
    variables.iter().for_each(|name| text.push_str(&format!(" {name}")));
    variables.iter().for_each(|name| text.push_str(&format!(" sigma_{name}")));
    text.push_str(" height\n");
    let sums = [
        ("zed", format!("{:e}", state.zed)),
        ("sum_weights", format!("{:e}", state.sum_weights)),
        ("sum_weights2", format!("{:e}", state.sum_weights2)),
        ("counter", state.counter.to_string()),
    ];
    let is_sum = |name: &str| sums.iter().any(|(known, _)| *known == name);
    let mut set = |name: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "#! SET {name} {value}");
    };
    for (name, value) in block.settings().filter(|(name, _)| !is_sum(name)) {
        match name {
            "action" => set(name, &value.replace("_kernels", "_state")),
            _ => set(name, value),
        }
    }
    sums.iter().for_each(|(name, value)| set(name, value));
    for kernel in &state.kernels {
        let numbers = kernel.center.iter().chain(&kernel.sigma).chain([&kernel.height]);
        let _ = write!(text, " {time}");
        numbers.for_each(|number| text.push_str(&format!(" {number:e}")));
        text.push('\n');
    }
    Ok(text)
}
