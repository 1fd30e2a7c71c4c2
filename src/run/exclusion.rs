//! What happens when a rank fails what others can do?
use super::console;
use super::exit::{Exit, Stop};
use super::ledger::Ledger;
use super::rank::Rank;
use super::rank_failures::Streak;
use super::retries::Retries;
use super::root::Root;
use super::stage_run::StageRun;

impl Root {
    /// The tasks of a stage that failed in earlier runs and have attempts left: they are tried again. Where jobs work together each does that
    /// with the tasks that it leases.
    pub fn resume_retries(&self, ledger: &mut Ledger) -> Retries {
        let settings = &self.settings;
        let mut retries = Retries::new(settings.max_retries, settings.exclude_after, &self.hosts);
        self.retired.iter().for_each(|&rank| retries.retire(rank));
        self.excluded.keys().for_each(|&rank| _ = retries.exclude(rank));
        if settings.join.is_some() {
            return retries;
        }
        let count = match settings.only {
            // They are left, for a run of all tasks.
            Some(_) => {
                Retries::new(settings.max_retries, settings.exclude_after, &self.hosts).resume_journalled(ledger)
            }
            None => retries.resume_journalled(ledger),
        };
        if count > 0 && settings.only.is_none() {
            let name = &ledger.current.spec().name;
            console::line(&format!(
                "{name}: {count} tasks failed before and are tried again, as often as is left of limits.max_retries"
            ));
        }
        retries
    }

    /// The ranks that accept no tasks.
    pub fn out_of_use(&self) -> impl Iterator<Item = usize> + '_ {
        self.retired.iter().chain(self.excluded.keys()).copied()
    }

    /// Excludes ranks that have failed several tasks in a row of which others were done by other ranks. Stops where the last rank that is left
    /// does the same.
    ///
    /// # Errors
    /// MPI fails.
    pub fn exclude_bad_ranks(&mut self, rank: &mut Rank, stage: &mut StageRun) -> Result<(), Stop> {
        while let Some(bad) = stage.retries.next_to_exclude() {
            let Some((streak, outcome)) = stage.retries.exclude(bad) else { continue };
            stage.follow(&outcome);
            stage.assignments.exclude(bad);
            let text = describe(bad, &self.hosts[bad], &streak);
            console::warning(&format!(
                "warning: {text}; it is excluded, and what it failed is tried again by other ranks"
            ));
            self.excluded.insert(bad, text);
        }
        if self.excluded.is_empty() {
            return Ok(());
        }
        match stage.retries.streak_of_only_rank() {
            Some((only, streak)) => {
                let text = describe(only, &self.hosts[only], streak);
                let text = format!("{text}; the others are excluded, so that no rank is left on which tasks succeed");
                let remedy = "fix this, then rerun with --retry-failed";
                stage.stop(rank, Stop::new(Exit::Resumable, text).with_remedy(remedy))
            }
            None => Ok(()),
        }
    }
}

/// What a rank has failed while others succeeded, in one line.
fn describe(rank: usize, host: &str, streak: &Streak) -> String {
    let cause = streak.cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let count = streak.tasks.len();
    format!(
        "rank {rank} on {host} failed {count} tasks in a row while other ranks succeeded, the last one because: {cause}"
    )
}
