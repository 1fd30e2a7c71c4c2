//! How often does a biased simulation write a checkpoint?
use std::time::Duration;

const LONGEST_INTERVAL: Duration = Duration::from_secs(300);
/// Checkpoints within the time left in the allocation.
const CHECKPOINTS: u32 = 10;

/// Time between checkpoints with `left` until the end of the allocation. It is short, since PLUMED writes no STATE for the last step of a
/// run: the next run may have to continue from an earlier checkpoint.
pub fn checkpoint_interval(left: Option<Duration>) -> Duration {
    left.map_or(LONGEST_INTERVAL, |left| (left / CHECKPOINTS).min(LONGEST_INTERVAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_come_at_a_tenth_of_the_time_left_and_at_least_every_five_minutes() {
        assert_eq!(checkpoint_interval(None), Duration::from_secs(300));
        assert_eq!(checkpoint_interval(Some(Duration::from_secs(600))), Duration::from_secs(60));
        assert_eq!(checkpoint_interval(Some(Duration::from_secs(86_400))), Duration::from_secs(300));
    }
}
