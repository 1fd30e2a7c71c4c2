//! Which ranks are still there?
//!
//! Rank 0 asks every rank for a sign of life from time to time, by an empty message, which a rank answers by another. A rank that does not
//! answer is lost; a rank that hears nothing of rank 0 for a while has lost it. At 10,000 ranks that is 670 questions and as many answers
//! a second, less than 0.5 % of rank 0's time.
use crate::comm::Rank;
use crate::process::ProcessIdentity;
use std::time::{Duration, Instant};

/// Rank 0 asks each rank after this time.
const QUESTION_INTERVAL: Duration = Duration::from_secs(15);
/// A rank that has not answered for this long is lost.
const ANSWER_LIMIT: Duration = Duration::from_secs(45);
/// A rank that has not heard of rank 0 for this long has lost it.
const ROOT_LIMIT: Duration = Duration::from_secs(60);
/// The most time that counts between two looks at the clock.
const LONGEST_STEP: Duration = Duration::from_secs(1);
/// Processes of the same node are looked at after this time.
const PROCESS_INTERVAL: Duration = Duration::from_millis(500);

/// The time for which a rank has listened. Where its main thread was busy or suspended, messages may be waiting: such time does not count.
#[derive(Debug, Default)]
struct Attention {
    listened: Duration,
    looked: Option<Duration>,
}

impl Attention {
    fn look(&mut self, now: Duration) -> Duration {
        let step = now.saturating_sub(self.looked.unwrap_or(now));
        self.looked = Some(now);
        self.listened += step.min(LONGEST_STEP);
        self.listened
    }
}

/// What rank 0 knows of the other ranks.
#[derive(Debug)]
pub struct RankLiveness {
    attention: Attention,
    /// Since when each rank owes an answer.
    asked: Vec<Option<Duration>>,
    /// The rank whose turn is next, and when it is.
    next: Rank,
    next_at: Duration,
}

/// What rank 0 has to do next.
#[derive(Debug, Default, PartialEq)]
pub struct Questions {
    pub ask: Vec<Rank>,
    /// Ranks that have not answered in time.
    pub silent: Vec<Rank>,
}

impl RankLiveness {
    /// Nothing has been asked yet of the ranks from 1 to `size`.
    pub fn new(size: usize) -> Self {
        Self { attention: Attention::default(), asked: vec![None; size], next: 1, next_at: Duration::ZERO }
    }

    /// Something was received of `rank`.
    pub fn heard(&mut self, rank: Rank) {
        self.asked[rank] = None;
    }

    /// Which ranks are to be asked, and which have not answered in time, of those whose turn has come by `now`.
    pub fn look(&mut self, now: Duration) -> Questions {
        let listened = self.attention.look(now);
        let mut questions = Questions::default();
        let others = self.asked.len().saturating_sub(1);
        while others > 0 && self.next_at <= listened {
            let rank = self.next;
            match self.asked[rank] {
                None => {
                    self.asked[rank] = Some(listened);
                    questions.ask.push(rank);
                }
                Some(since) if listened - since >= ANSWER_LIMIT => questions.silent.push(rank),
                Some(_) => {}
            }
            self.next = rank % others + 1;
            self.next_at += QUESTION_INTERVAL / others as u32;
        }
        questions
    }
}

/// What another rank knows of rank 0.
#[derive(Debug, Default)]
pub struct RootLiveness {
    attention: Attention,
    heard: Duration,
}

impl RootLiveness {
    /// Something was received of rank 0.
    pub fn heard(&mut self) {
        self.heard = self.attention.listened;
    }

    /// Whether nothing has been heard for too long.
    pub fn is_lost(&mut self, now: Duration) -> bool {
        self.attention.look(now) - self.heard >= ROOT_LIMIT
    }
}

/// The processes of ranks of the same node: that one has ended is known at once.
#[derive(Debug)]
pub struct ProcessWatch {
    processes: Vec<(Rank, ProcessIdentity)>,
    /// Ranks whose process had ended at the last look: their last messages may still have been under way.
    ended: Vec<Rank>,
    looked: Instant,
}

impl ProcessWatch {
    /// Watches these processes.
    pub fn new(processes: Vec<(Rank, ProcessIdentity)>) -> Self {
        Self { processes, ended: Vec::new(), looked: Instant::now() }
    }

    /// Ranks whose process had ended before the last look, each once.
    pub fn look(&mut self) -> Vec<Rank> {
        if self.looked.elapsed() < PROCESS_INTERVAL {
            return Vec::new();
        }
        self.looked = Instant::now();
        let lost = std::mem::take(&mut self.ended);
        self.processes.retain(|(rank, _)| !lost.contains(rank));
        self.ended =
            self.processes.iter().filter(|(_, process)| !process.is_running()).map(|(rank, _)| *rank).collect();
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Looks every half second from `begin` to `end`; who was asked, and who was found silent and when.
    fn listen(
        ranks: &mut RankLiveness,
        begin: f64,
        end: f64,
        answers: impl Fn(Rank) -> bool,
    ) -> (usize, Vec<(f64, Rank)>) {
        let (mut asked, mut silent) = (0, Vec::new());
        for half in (2.0 * begin) as u64..(2.0 * end) as u64 {
            let now = half as f64 / 2.0;
            let questions = ranks.look(s(now));
            asked += questions.ask.len();
            questions.ask.iter().filter(|&&rank| answers(rank)).for_each(|&rank| ranks.heard(rank));
            silent.extend(questions.silent.iter().map(|&rank| (now, rank)));
        }
        (asked, silent)
    }

    #[test]
    fn every_rank_is_asked_in_turn_and_one_that_does_not_answer_is_silent_within_a_minute() {
        let mut ranks = RankLiveness::new(6);
        assert_eq!(listen(&mut ranks, 0.0, 150.0, |_| true), (50, vec![]));
        let (_, silent) = listen(&mut ranks, 150.0, 215.0, |rank| rank != 3);
        assert!(matches!(silent[..], [(at, 3)] if (195.0..=210.0).contains(&at)), "{silent:?}");
        assert_eq!(RankLiveness::new(1).look(s(100.0)), Questions::default());
    }

    #[test]
    fn ten_thousand_ranks_cost_670_questions_a_second() {
        let (asked, _) = listen(&mut RankLiveness::new(10_000), 0.0, 60.0, |_| true);
        assert!((39_000..=41_000).contains(&asked), "{asked}");
    }

    #[test]
    fn time_in_which_a_rank_does_not_listen_is_nobodys_silence() {
        let mut ranks = RankLiveness::new(2);
        assert_eq!(ranks.look(s(0.0)).ask, [1]);
        assert_eq!(ranks.look(s(1000.0)), Questions::default());
        let mut root = RootLiveness::default();
        assert!(!root.is_lost(s(0.0)) && !root.is_lost(s(1000.0)));
        assert!((1001..1059).all(|second| !root.is_lost(s(f64::from(second)))));
        root.heard();
        assert!((1059..1118).all(|second| !root.is_lost(s(f64::from(second)))));
        assert!(root.is_lost(s(1118.0)));
    }
}
