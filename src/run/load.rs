//! Reads a configuration and makes the campaign that it describes.
use super::exit::{Exit, Stop};
use crate::campaigns::campaign::{Campaign, Declaration, StartSupervisor};
use crate::campaigns::{Kind, RequestedRanks};
use crate::config::{Config, Error as ConfigError, Faults, Inputs, KindSchema, Schedule, Uneven, flatten};
use crate::journal::Manifest;
use crate::plan::PartitionSettings;
use std::path::{Path, PathBuf};

/// A configuration and the campaign that it describes.
pub struct Loaded {
    pub config: Config,
    pub campaign: Box<dyn Campaign>,
    pub kind: &'static dyn Kind,
}

/// A campaign whose programs were found, with its declaration.
pub struct Configured {
    pub config: Config,
    pub campaign: Box<dyn Campaign>,
    pub kind: &'static dyn Kind,
    pub declared: Declaration,
}

/// Loads the campaign of a configuration, whose `path` relative paths start from. Of the files that it names `inputs` are known.
///
/// # Errors
/// It has faults: all of them are reported.
pub fn load_text(path: &Path, text: String, inputs: Inputs, kinds: &[&'static dyn Kind]) -> Result<Loaded, Stop> {
    let (config, kind) = parse(path, &text, inputs, kinds)?;
    let campaign = kind.load(&config)?;
    Ok(Loaded { config, campaign, kind })
}

/// The number of ranks that the configuration at `path`, or a file that it names, asks for. What is wrong with them is reported elsewhere.
pub fn requested_ranks(path: &Path, kinds: &[&'static dyn Kind]) -> Option<RequestedRanks> {
    let text = Config::read(path).ok()?;
    let (config, kind) = parse(path, &text, Inputs::default(), kinds).ok()?;
    kind.requested_ranks(&config)
}

/// The configuration in `text`, or that it amounts to where it is a file of another program, and its kind.
fn parse(
    path: &Path,
    text: &str,
    inputs: Inputs,
    kinds: &[&'static dyn Kind],
) -> Result<(Config, &'static dyn Kind), Faults> {
    let translation = kinds.iter().find_map(|kind| kind.translate(path, text));
    let schemas: Vec<_> = kinds.iter().map(|kind| KindSchema::new(kind.name(), || kind.schema())).collect();
    let mut config = match translation {
        Some(translation) => Config::translated(path, text, translation),
        None => Config::parse(path, text, &schemas)?,
    };
    config.inputs = inputs;
    let kind = kinds.iter().find(|kind| kind.name() == config.campaign.kind);
    let kind = *kind.expect("a configuration is parsed against the kinds' own names");
    if config.has_sweep() && !kind.can_sweep() {
        let message = format!("a campaign of kind \"{}\" has no sweeps", kind.name());
        let help = "remove [[sweep]]: write a configuration for each point";
        return Err(config.fault("sweep", message, help).into());
    }
    kind.adopt_limits(&mut config);
    Ok((config, kind))
}

/// Loads the campaign of a configuration file, finds the programs that its tasks need, and gets its declaration.
///
/// # Errors
/// A file cannot be read, the configuration has faults (all of them are reported), or a program is not found.
pub fn load_with_programs(
    path: &Path,
    supervisor: &StartSupervisor,
    kinds: &[&'static dyn Kind],
) -> Result<Configured, Stop> {
    let text = Config::read(path).map_err(|error: ConfigError| Stop::because(Exit::Input, &error))?;
    let Loaded { config, mut campaign, kind } = load_text(path, text, Inputs::default(), kinds)?;
    campaign.find_programs(supervisor)?;
    let declared = campaign.declare()?;
    Ok(Configured { config, campaign, kind, declared })
}

impl Configured {
    /// The path of the result file.
    pub fn output(&self) -> PathBuf {
        self.config.resolve(&self.config.campaign.output)
    }

    /// Everything that determines the campaign's results, and what may change between runs.
    pub fn manifest(&self) -> Manifest {
        let declared = &self.declared;
        let section = serde_json::json!({ self.kind.name(): declared.identity });
        let mut identity = flatten(&section);
        identity.insert("campaign.kind".into(), self.kind.name().into());
        identity.insert("campaign.seed".into(), self.config.campaign.seed.into());
        identity.insert("simmpi version".into(), env!("CARGO_PKG_VERSION").into());
        Manifest {
            identity,
            extensible: declared.extensible.map(|(key, value)| (key.to_owned(), value)),
            requests: declared.requests.clone(),
            post_processing: declared.post_processing.clone(),
            readings: declared.reading.iter().cloned().collect(),
        }
    }

    /// How stages are divided, by the configuration and the defaults of the kind.
    pub fn partition(&self) -> PartitionSettings {
        let (uneven, schedule) = self.kind.default_schedule();
        let partition = &self.config.partition;
        PartitionSettings {
            batch_size: partition.batch_size,
            idle: partition.uneven.unwrap_or(uneven) == Uneven::Idle,
            dynamic: partition.schedule.unwrap_or(schedule) == Schedule::Dynamic,
        }
    }
}
