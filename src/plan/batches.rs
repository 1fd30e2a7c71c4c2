//! How is a long list of batches kept in little memory?
use crate::task::{TaskId, Tasks};
use std::collections::VecDeque;

/// A queue of batches. Batches of equal size at equal distances are stored as one: ten million batches of one task, or every hundredth
/// of them, take a few bytes.
#[derive(Clone, Debug, Default)]
pub struct Batches {
    runs: VecDeque<Run>,
    len: usize,
}

/// Batches of equal size whose first tasks are `stride` apart.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: Tasks,
    /// Meaningless where there is one batch.
    stride: u64,
    count: u64,
}

impl Run {
    /// Adds a batch at the end; false where it does not fit.
    fn extend(&mut self, batch: Tasks) -> bool {
        if batch.count() != self.first.count() || batch.first <= self.first.first {
            return false;
        }
        let distance = batch.first - self.first.first;
        if self.count == 1 {
            self.stride = distance;
        }
        let fits = self.stride.checked_mul(self.count) == Some(distance);
        self.count += u64::from(fits);
        fits
    }

    fn iter(self) -> impl Iterator<Item = Tasks> {
        (0..self.count).map(move |k| self.first.shifted(k * self.stride))
    }
}

impl Batches {
    /// Number of batches.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All batches, in order.
    pub fn iter(&self) -> impl Iterator<Item = Tasks> + '_ {
        self.runs.iter().flat_map(|run| run.iter())
    }

    /// The last batch.
    pub fn last(&self) -> Option<Tasks> {
        self.runs.back().map(|run| run.first.shifted((run.count - 1) * run.stride))
    }

    /// Adds a batch at the end.
    pub fn push_back(&mut self, batch: Tasks) {
        self.len += 1;
        if self.runs.back_mut().is_some_and(|run| run.extend(batch)) {
            return;
        }
        if self.runs.is_empty() {
            // Often there is no other: schedules have a queue for each of up to a million costs.
            self.runs.reserve_exact(1);
        }
        self.runs.push_back(Run { first: batch, stride: 0, count: 1 });
    }

    /// Takes the first batch.
    pub fn pop_front(&mut self) -> Option<Tasks> {
        let run = self.runs.front_mut()?;
        let batch = run.first;
        (run.first, run.count) = (batch.shifted(run.stride), run.count - 1);
        if run.count == 0 {
            self.runs.pop_front();
        }
        self.len -= 1;
        Some(batch)
    }

    /// Takes the batch that starts with the task `first`, wherever it stands.
    pub fn extract(&mut self, first: TaskId) -> Option<Tasks> {
        let found = self.iter().find(|batch| batch.first == first)?;
        *self = self.iter().filter(|batch| batch.first != first).collect();
        Some(found)
    }

    /// Adds the batches of another queue at the end.
    pub fn append(&mut self, other: Batches) {
        self.len += other.len;
        self.runs.extend(other.runs);
    }
}

impl FromIterator<Tasks> for Batches {
    fn from_iter<I: IntoIterator<Item = Tasks>>(batches: I) -> Self {
        let mut queue = Self::default();
        batches.into_iter().for_each(|batch| queue.push_back(batch));
        queue
    }
}

impl PartialEq for Batches {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(list: &[(u64, u64)]) -> Vec<Tasks> {
        list.iter().map(|&(first, end)| Tasks::new(first, end)).collect()
    }

    #[test]
    fn whatever_is_pushed_comes_out_in_the_same_order() {
        let lists = [
            vec![],
            batches(&[(3, 5)]),
            batches(&[(0, 2), (2, 4), (4, 6), (6, 7), (7, 9), (1, 3), (20, 22), (25, 27), (30, 32), (36, 38)]),
            batches(&[(5, 6), (5, 6), (4, 5), (0, 1), (7, 8), (14, 15)]),
        ];
        for list in lists {
            let mut queue: Batches = list.iter().copied().collect();
            assert_eq!(
                (queue.len(), queue.last(), queue.is_empty()),
                (list.len(), list.last().copied(), list.is_empty())
            );
            assert_eq!(queue.iter().collect::<Vec<_>>(), list);
            let half = list.len() / 2;
            let mut taken: Vec<Tasks> = (0..half).filter_map(|_| queue.pop_front()).collect();
            queue.append(list[..half].iter().copied().collect());
            assert_eq!(queue.len(), list.len());
            taken.extend(std::iter::from_fn(|| queue.pop_front()));
            assert_eq!(taken, [&list[..], &list[..half]].concat());
        }
    }

    #[test]
    fn a_batch_is_taken_from_anywhere_and_the_others_stay_in_order() {
        let mut queue: Batches = Tasks::new(0, 10).split(2).collect();
        assert_eq!((queue.extract(4), queue.extract(4), queue.extract(3)), (Some(Tasks::new(4, 6)), None, None));
        assert_eq!(queue.iter().collect::<Vec<_>>(), batches(&[(0, 2), (2, 4), (6, 8), (8, 10)]));
        assert_eq!(queue.len(), 4);
    }

    #[test]
    fn equal_batches_at_equal_distances_are_one_run() {
        let ones: Batches = Tasks::new(0, 1_000_000).split(1).collect();
        let every_seventh: Batches = Tasks::new(3, 1_000_003).split(2).step_by(7).collect();
        let last_is_shorter: Batches = Tasks::new(0, 1001).split(2).collect();
        assert_eq!([&ones, &every_seventh, &last_is_shorter].map(|queue| queue.runs.len()), [1, 1, 2]);
    }
}
