//! Which combinations of fragments exist?

/// Fragment numbers in ascending order.
pub type Cluster = Box<[u16]>;

/// Every set of `size` of the fragments `0..fragments`, in lexicographic order.
pub fn combinations(fragments: usize, size: usize) -> impl Iterator<Item = Cluster> {
    let mut next: Option<Vec<u16>> = (size <= fragments).then(|| (0..size as u16).collect());
    std::iter::from_fn(move || {
        let given = next.clone()?;
        next = successor(given.clone(), fragments);
        Some(given.into_boxed_slice())
    })
}

/// The set after `set` in lexicographic order.
fn successor(mut set: Vec<u16>, fragments: usize) -> Option<Vec<u16>> {
    let size = set.len();
    let position = (0..size).rev().find(|&k| (set[k] as usize) < fragments - size + k)?;
    let first = set[position] + 1;
    (position..size).zip(first..).for_each(|(k, fragment)| set[k] = fragment);
    Some(set)
}

/// Every non-empty subset of `cluster`, including itself.
pub fn subsets(cluster: &[u16]) -> impl Iterator<Item = Cluster> + '_ {
    (1u64..1 << cluster.len()).map(|mask| {
        let is_in = |k: &usize| mask >> k & 1 == 1;
        (0..cluster.len()).filter(is_in).map(|k| cluster[k]).collect()
    })
}

/// The number of subsets of `size` elements of a set of `n`; none if it overflows.
pub fn binomial(n: usize, size: usize) -> Option<i64> {
    let Some(rest) = n.checked_sub(size) else { return Some(0) };
    let value =
        (1..=size.min(rest) as i128).try_fold(1i128, |value, k| Some(value.checked_mul(n as i128 - k + 1)? / k))?;
    i64::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_distinct_and_as_many_as_the_binomial_coefficient() {
        for (fragments, size) in [(6, 3), (5, 5), (4, 1), (3, 4), (2, 0)] {
            let sets: Vec<Cluster> = combinations(fragments, size).collect();
            assert_eq!(Some(sets.len() as i64), binomial(fragments, size));
            assert!(sets.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(sets.iter().all(|set| set.windows(2).all(|pair| pair[0] < pair[1])));
        }
        assert_eq!(binomial(64, 3), Some(41_664));
        assert_eq!(binomial(1000, 500), None);
    }

    #[test]
    fn a_set_of_three_has_seven_subsets() {
        let mut found: Vec<Cluster> = subsets(&[2, 5, 9]).collect();
        found.sort_by_key(|set| (set.len(), set.clone()));
        let expected: [&[u16]; 7] = [&[2], &[5], &[9], &[2, 5], &[2, 9], &[5, 9], &[2, 5, 9]];
        assert_eq!(found.iter().map(|set| &**set).collect::<Vec<_>>(), expected);
    }
}
