//! Which nodes of a graph are connected?

/// Connected components of a graph of `n` nodes with these edges, each in ascending order, ordered by their first nodes.
pub fn connected_sets(n: usize, edges: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut roots: Vec<usize> = (0..n).collect();
    for (one, other) in edges {
        let (one, other) = (root_of(&mut roots, one), root_of(&mut roots, other));
        roots[one.max(other)] = one.min(other);
    }
    let mut sets = vec![Vec::new(); n];
    (0..n).for_each(|node| sets[root_of(&mut roots, node)].push(node));
    sets.retain(|set| !set.is_empty());
    sets
}

/// The first node of the set to which `node` belongs (union-find with path halving).
fn root_of(roots: &mut [usize], mut node: usize) -> usize {
    while roots[node] != node {
        roots[node] = roots[roots[node]];
        node = roots[node];
    }
    node
}
