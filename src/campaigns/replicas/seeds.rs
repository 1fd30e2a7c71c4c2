//! Which seeds do replicas have?
use crate::seed::{CampaignSeed, Purpose};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// The largest number of replicas: more are certainly a mistake.
pub const MAX_REPLICAS: u64 = 10_000_000;

/// Seeds of all replicas
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Seeds {
    /// One or several ranges
    Range(String),
    /// A list
    List(Vec<u64>),
}

/// Why seeds are invalid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("`{part}` is neither a number nor a range like 0-15")]
    Syntax { part: String },
    #[error("the range {first}-{last} runs backwards")]
    Backwards { first: u64, last: u64 },
    #[error("more than {MAX_REPLICAS} seeds")]
    TooMany,
    #[error("no seed is given")]
    Empty,
    #[error("seed {seed} is given twice, for replicas {first} and {second}")]
    Repeated { seed: u64, first: usize, second: usize },
}

/// The seeds of a configuration.
///
/// # Errors
/// They are not numbers, too many, or one is repeated.
pub fn parse(seeds: &Seeds) -> Result<Vec<u64>, Error> {
    let all = match seeds {
        Seeds::List(list) => list.clone(),
        Seeds::Range(text) => {
            let mut all = Vec::new();
            for part in text.split(',') {
                let (first, last) = range(part)?;
                if (last - first).saturating_add(all.len() as u64) >= MAX_REPLICAS {
                    return Err(Error::TooMany);
                }
                all.extend(first..=last);
            }
            all
        }
    };
    if all.is_empty() {
        return Err(Error::Empty);
    }
    refuse_repeated(&all)?;
    Ok(all)
}

fn range(part: &str) -> Result<(u64, u64), Error> {
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| Error::Syntax { part: part.trim().to_owned() });
    let (first, last) = match part.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(part)?, number(part)?),
    };
    if last < first { Err(Error::Backwards { first, last }) } else { Ok((first, last)) }
}

fn refuse_repeated(seeds: &[u64]) -> Result<(), Error> {
    let mut indices = HashMap::with_capacity(seeds.len());
    for (second, &seed) in seeds.iter().enumerate() {
        if let Some(first) = indices.insert(seed, second) {
            return Err(Error::Repeated { seed, first, second });
        }
    }
    Ok(())
}

/// `count` distinct seeds derived from that of the campaign, 31 bits each, never 0. A larger count begins with the seeds of a smaller one.
pub fn derived(campaign: CampaignSeed, count: u64) -> Vec<u64> {
    let mut used = HashSet::new();
    let mut seeds = Vec::with_capacity(count.min(MAX_REPLICAS) as usize);
    for replica in 0..count.min(MAX_REPLICAS) {
        let mut stream = campaign.stream(replica, Purpose::ReplicaSeed);
        let free = std::iter::repeat_with(|| (stream.uniform() * (1u64 << 31) as f64) as u64)
            .find(|&seed| seed > 0 && used.insert(seed));
        seeds.extend(free);
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range_of(text: &str) -> Result<Vec<u64>, Error> {
        parse(&Seeds::Range(text.into()))
    }

    #[test]
    fn ranges_and_lists_give_seeds_in_their_order() {
        assert_eq!(range_of("0-3"), Ok(vec![0, 1, 2, 3]));
        assert_eq!(range_of("7, 100-101 ,3"), Ok(vec![7, 100, 101, 3]));
        assert_eq!(parse(&Seeds::List(vec![5, 2])), Ok(vec![5, 2]));
    }

    #[test]
    fn invalid_seeds_are_rejected() {
        assert_eq!(range_of("a-3"), Err(Error::Syntax { part: "a-3".into() }));
        assert_eq!(range_of("-3"), Err(Error::Syntax { part: "-3".into() }));
        assert_eq!(range_of("5-3"), Err(Error::Backwards { first: 5, last: 3 }));
        assert_eq!(range_of("0-3,2"), Err(Error::Repeated { seed: 2, first: 2, second: 4 }));
        assert_eq!(range_of("0-18446744073709551615"), Err(Error::TooMany));
        assert_eq!(parse(&Seeds::List(vec![])), Err(Error::Empty));
    }

    #[test]
    fn derived_seeds_are_frozen_and_a_larger_count_begins_as_a_smaller_one() {
        let few = derived(CampaignSeed(7), 3);
        let many = derived(CampaignSeed(7), 2000);
        assert_eq!(few, many[..3]);
        assert!(many.iter().all(|&seed| 0 < seed && seed < 1 << 31));
        assert_eq!(many.iter().collect::<HashSet<_>>().len(), 2000);
        assert_eq!(few, FROZEN);
        assert_ne!(derived(CampaignSeed(8), 3), few);
    }

    const FROZEN: [u64; 3] = [122568847, 1350430692, 226402892];
}
