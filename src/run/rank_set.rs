//! A set of ranks: on how many hosts are they?
use std::collections::BTreeSet;

/// Ranks and the hosts that they run on, as numbers.
#[derive(Clone, Debug)]
pub struct RankSet {
    /// The host of every rank, in the set or not.
    host_of: Vec<usize>,
    contains: Vec<bool>,
    count: usize,
    /// Number of ranks in the set on each host, and of hosts with any.
    on_host: Vec<usize>,
    hosts: usize,
}

impl RankSet {
    /// All ranks, of which each runs on a host of this number.
    pub fn all(host_of: Vec<usize>) -> Self {
        let mut on_host = vec![0; host_of.iter().max().map_or(0, |last| last + 1)];
        host_of.iter().for_each(|&host| on_host[host] += 1);
        let hosts = on_host.iter().filter(|&&ranks| ranks > 0).count();
        Self { contains: vec![true; host_of.len()], count: host_of.len(), host_of, on_host, hosts }
    }

    /// The host of a rank, in the set or not.
    pub fn host_of(&self, rank: usize) -> usize {
        self.host_of[rank]
    }

    /// Whether a rank is in the set.
    pub fn contains(&self, rank: usize) -> bool {
        self.contains[rank]
    }

    /// The ranks, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.contains.len()).filter(|&rank| self.contains[rank])
    }

    /// Number of ranks.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds or removes a rank.
    pub fn set(&mut self, rank: usize, is_member: bool) {
        if self.contains[rank] == is_member {
            return;
        }
        self.contains[rank] = is_member;
        let on_host = &mut self.on_host[self.host_of[rank]];
        if is_member {
            (self.count, self.hosts) = (self.count + 1, self.hosts + usize::from(*on_host == 0));
            *on_host += 1;
        } else {
            *on_host -= 1;
            (self.count, self.hosts) = (self.count - 1, self.hosts - usize::from(*on_host == 0));
        }
    }

    /// Whether there is a rank on another host than these.
    pub fn has_host_besides(&self, hosts: &BTreeSet<usize>) -> bool {
        self.hosts > hosts.iter().filter(|&&host| self.on_host.get(host).is_some_and(|&ranks| ranks > 0)).count()
    }

    /// Whether there is another rank than these.
    pub fn has_rank_besides(&self, ranks: &BTreeSet<usize>) -> bool {
        self.count > ranks.iter().filter(|&&rank| self.contains[rank]).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_hosts_are_counted() {
        let mut set = RankSet::all(vec![0, 0, 1, 1]);
        let (none, both) = (BTreeSet::new(), BTreeSet::from([0, 1]));
        assert!(set.has_host_besides(&BTreeSet::from([0, 7])) && !set.has_host_besides(&both));
        assert!(set.has_rank_besides(&BTreeSet::from([0, 1, 2])));
        [2, 3, 3].iter().for_each(|&rank| set.set(rank, false));
        assert_eq!((set.count(), set.iter().collect::<Vec<_>>()), (2, vec![0, 1]));
        assert!(!set.has_host_besides(&BTreeSet::from([0])) && set.has_host_besides(&BTreeSet::from([1])));
        assert!(set.has_rank_besides(&BTreeSet::from([0, 2, 3])) && !set.has_rank_besides(&both));
        set.set(3, true);
        assert!(set.contains(3) && set.has_host_besides(&BTreeSet::from([0])));
        (0..4).for_each(|rank| set.set(rank, false));
        assert!(!set.has_host_besides(&none) && !set.has_rank_besides(&none));
    }
}
