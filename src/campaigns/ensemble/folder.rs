//! Do the folders of all replicas belong to this campaign?
use super::setup::Setup;
use crate::campaigns::replicas::folder::{Owner, REPLICA_MARK, clear, owner_of, set_aside_line};
use crate::campaigns::replicas::{Inputs, is_finished, remove_record};
use crate::config::{Config, Faults};
use std::io;
use std::path::Path;

/// Foreign folders that a message lists by name.
const MAX_LISTED: usize = 5;

/// Checks that no folder is foreign.
///
/// # Errors
/// Some are.
pub fn reject_foreign(config: &Config, setup: &Setup) -> Result<(), Faults> {
    check_folders(config, setup, |_, owner| Ok(owner != Owner::Foreign))
}

/// Checks that all folders belong to this campaign or are unowned. For a `fresh` start those of earlier replicas are removed, or set aside if
/// programs have finished in them; a line about the latter is returned.
///
/// # Errors
/// Some do not, or one cannot be removed.
pub fn claim_folders(config: &Config, setup: &Setup, fresh: bool) -> Result<Vec<String>, Faults> {
    if fresh && setup.section.directory.is_none() && setup.engine.is_program() {
        remove_shared_records(config, setup)?;
    }
    let mut aside = Vec::new();
    check_folders(config, setup, |folder, owner| match owner {
        Owner::This | Owner::Other if fresh => {
            aside.extend(clear(folder, is_finished(folder))?);
            Ok(true)
        }
        Owner::This | Owner::Nobody => Ok(true),
        Owner::Other | Owner::Foreign => Ok(false),
    })?;
    Ok(set_aside_line(&aside).into_iter().collect())
}

fn remove_shared_records(config: &Config, setup: &Setup) -> Result<(), Faults> {
    setup.claims.iter().try_for_each(remove_record).map_err(|error| {
        let message = format!("cannot remove the records of earlier replicas: {error}");
        config.fault("ensemble", message, "make the folder of the configuration writable").into()
    })
}

/// Checks the folder of every replica by `is_free`, and reports those that fail.
fn check_folders(
    config: &Config,
    setup: &Setup,
    mut is_free: impl FnMut(&Path, Owner) -> io::Result<bool>,
) -> Result<(), Faults> {
    if setup.section.directory.is_none() {
        return Ok(());
    }
    let mut foreign = Vec::new();
    for Inputs { folder, digest, .. } in &setup.claims {
        match owner_of(folder, REPLICA_MARK, digest).and_then(|owner| is_free(folder, owner)) {
            Ok(true) => {}
            Ok(false) => foreign.push(format!("`{}`", folder.display())),
            Err(error) => foreign.push(format!("`{}` ({error})", folder.display())),
        }
    }
    if foreign.is_empty() {
        return Ok(());
    }
    let more =
        if foreign.len() > MAX_LISTED { format!(" and {} more", foreign.len() - MAX_LISTED) } else { String::new() };
    foreign.truncate(MAX_LISTED);
    let message =
        format!("{}{more} contain files that do not belong to the replicas of this campaign", foreign.join(", "));
    let help = "use other folders, or remove these; --fresh removes folders of earlier replicas, and renames those of finished ones";
    Err(config.fault("ensemble.directory", message, help).into())
}
