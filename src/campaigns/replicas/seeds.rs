//! Which seeds are derived from that of a campaign?
use crate::seed::{CampaignSeed, Purpose};
use std::collections::HashSet;

/// The largest number of replicas: more are certainly a mistake.
pub const MAX_REPLICAS: u64 = 10_000_000;

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
