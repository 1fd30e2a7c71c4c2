//! What is a kind of campaign?
use super::{campaign::Campaign, export};
use crate::config::{Config, Faults, Schedule, Translation, Uneven};
use crate::results;
use std::path::Path;

/// A number of ranks that an input file asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedRanks {
    Number(usize),
    /// One for each physical core.
    PhysicalCores,
}

/// A kind of campaign, `campaign.kind` of the configuration.
pub trait Kind: Sync {
    /// The kind's name, which is also its section's.
    fn name(&self) -> &'static str;
    /// One line about it.
    fn about(&self) -> &'static str;
    /// A commented configuration that runs as it is, for `simmpi init`.
    fn example(&self) -> &'static str;
    /// The files that its example names: names and contents.
    fn example_files(&self) -> &'static [(&'static str, &'static [u8])] {
        &[]
    }
    /// The JSON schema of its section.
    fn schema(&self) -> schemars::Schema;
    /// The defaults of `partition.uneven` and `partition.schedule`.
    fn default_schedule(&self) -> (Uneven, Schedule);
    /// Whether its keys may be swept ([`Config::points`]).
    fn can_sweep(&self) -> bool {
        false
    }

    /// What the file of another program at `path`, with this `text`, amounts to as a campaign of this kind; none where it is no such file.
    fn translate(&self, _path: &Path, _text: &str) -> Option<Translation> {
        None
    }

    /// Sets the limits that files named by the configuration specify and it does not. What is wrong with them is reported by
    /// [`load`](Kind::load).
    fn adopt_limits(&self, _config: &mut Config) {}

    /// The number of ranks that a file named by the configuration asks for.
    fn requested_ranks(&self, _config: &Config) -> Option<RequestedRanks> {
        None
    }

    /// The campaign that the configuration describes.
    ///
    /// # Errors
    /// Every fault of the section.
    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults>;

    /// The results of a file of this kind as JSON, for `simmpi export`: by default everything below `/results` as it is.
    ///
    /// # Errors
    /// The file cannot be read.
    fn export(&self, results: &results::Reader) -> Result<serde_json::Value, results::Error> {
        export::everything(results)
    }
}
