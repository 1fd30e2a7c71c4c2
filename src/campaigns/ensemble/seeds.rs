//! Which seed has each replica?
use super::section::Seeds;
use crate::seed::{CampaignSeed, Purpose};
use std::collections::HashSet;

/// More replicas than this are certainly a mistake.
pub const MOST: u64 = 10_000_000;

/// What is wrong with seeds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("`{part}` is neither a number nor a range like 0-15")]
    Form { part: String },
    #[error("the range {first}-{last} runs backwards")]
    Backwards { first: u64, last: u64 },
    #[error("there are more than {MOST} seeds")]
    TooMany,
    #[error("there is no seed")]
    Empty,
    #[error("seed {seed} is given twice, for replicas {first} and {second}")]
    Twice { seed: u64, first: usize, second: usize },
}

/// The seeds that a section gives.
///
/// # Errors
/// They are no numbers, too many, or one is given twice.
pub fn given(seeds: &Seeds) -> Result<Vec<u64>, Error> {
    let all = match seeds {
        Seeds::List(list) => list.clone(),
        Seeds::Range(text) => {
            let mut all = Vec::new();
            for part in text.split(',') {
                let (first, last) = range(part)?;
                if (last - first).saturating_add(all.len() as u64) >= MOST {
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
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| Error::Form { part: part.trim().to_owned() });
    let (first, last) = match part.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(part)?, number(part)?),
    };
    if last < first { Err(Error::Backwards { first, last }) } else { Ok((first, last)) }
}

fn refuse_repeated(seeds: &[u64]) -> Result<(), Error> {
    let mut places = std::collections::HashMap::with_capacity(seeds.len());
    for (second, &seed) in seeds.iter().enumerate() {
        if let Some(first) = places.insert(seed, second) {
            return Err(Error::Twice { seed, first, second });
        }
    }
    Ok(())
}

/// Seeds for `count` replicas that derive from the campaign's: 31 bits, never 0, none twice. Those of a larger count begin with those
/// of a smaller one.
pub fn derived(campaign: CampaignSeed, count: u64) -> Vec<u64> {
    let mut taken = HashSet::new();
    let mut seeds = Vec::with_capacity(count.min(MOST) as usize);
    for replica in 0..count.min(MOST) {
        let mut stream = campaign.stream(replica, Purpose::ReplicaSeed);
        let free = std::iter::repeat_with(|| (stream.uniform() * (1u64 << 31) as f64) as u64)
            .find(|&seed| seed > 0 && taken.insert(seed));
        seeds.extend(free);
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range_of(text: &str) -> Result<Vec<u64>, Error> {
        given(&Seeds::Range(text.into()))
    }

    #[test]
    fn ranges_and_lists_are_seeds_in_their_order() {
        assert_eq!(range_of("0-3"), Ok(vec![0, 1, 2, 3]));
        assert_eq!(range_of("7, 100-101 ,3"), Ok(vec![7, 100, 101, 3]));
        assert_eq!(given(&Seeds::List(vec![5, 2])), Ok(vec![5, 2]));
    }

    #[test]
    fn what_is_no_seed_is_told() {
        assert_eq!(range_of("a-3"), Err(Error::Form { part: "a-3".into() }));
        assert_eq!(range_of("-3"), Err(Error::Form { part: "-3".into() }));
        assert_eq!(range_of("5-3"), Err(Error::Backwards { first: 5, last: 3 }));
        assert_eq!(range_of("0-3,2"), Err(Error::Twice { seed: 2, first: 2, second: 4 }));
        assert_eq!(range_of("0-18446744073709551615"), Err(Error::TooMany));
        assert_eq!(given(&Seeds::List(vec![])), Err(Error::Empty));
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
