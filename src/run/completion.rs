//! What happens when all stages are complete?
use super::console;
use super::exit::{Exit, Stop};
use super::failures::grouped;
use super::join::{self, OutputLock, Publisher};
use super::publish::{Publication, Totals, publish};
use super::root::Root;
use super::session::{RootSession, Session};
use super::worker::{self, StageEnd};
use crate::journal::{self, Lock};

/// The most causes of failures that the end of a run lists.
const MAX_CAUSES: usize = 5;

impl Session {
    /// Writes the result on rank 0, or lets another job do it; the other ranks send values until it has.
    ///
    /// # Errors
    /// The result cannot be written.
    pub fn publish(&mut self) -> Result<Exit, Stop> {
        let Some(RootSession { root, manifest, .. }) = &mut self.root else {
            return match worker::run_worker(&mut self.rank, None)? {
                StageEnd::Finish(exit) => Ok(exit),
                StageEnd::Complete(_) => Ok(Exit::Internal),
            };
        };
        let output = root.settings.output.clone();
        let mut publisher = match (&mut root.lock, &root.settings.join) {
            (OutputLock::Joined(job), Some((_, wait))) => {
                let await_publication = || join::await_publication(job, &output, manifest, *wait);
                Some(self.rank.meanwhile(await_publication, |_| Ok(false))??)
            }
            _ => None,
        };
        let exit = match &mut publisher {
            Some(Publisher::AnotherJob { failed }) => {
                console::line(&format!("complete: another job wrote the results to {}", output.display()));
                if *failed == 0 { Exit::Complete } else { Exit::SomeFailed }
            }
            Some(Publisher::ThisJob(lock)) => self.write_results(Some(lock))?,
            None => self.write_results(None)?,
        };
        let exported = self.root.as_ref().and_then(|session| session.exported.clone());
        let exit = match &exported {
            Some(file) => self.rank.meanwhile(|| file.write(exit), |_| Ok(false))?,
            None => exit,
        };
        if let Some(RootSession { root, .. }) = &self.root
            && let OutputLock::Joined(job) = &root.lock
        {
            join::leave_campaign(job, &output, root.keeps_journal())?;
        }
        Ok(exit)
    }

    /// Writes the result, on rank 0, which holds `lock` for it where several jobs work on the campaign.
    fn write_results(&mut self, mut lock: Option<&mut Lock>) -> Result<Exit, Stop> {
        let Some(RootSession { root, manifest, reproducibility, places, started, .. }) = &mut self.root else {
            return Ok(Exit::Internal);
        };
        let (output, mut stages) = (root.settings.output.clone(), std::mem::take(&mut root.closed));
        let publication = Publication {
            output: &output,
            config: &self.opened.config,
            campaign: self.opened.campaign.as_mut(),
            needs_values: root.settings.needs_values,
            manifest,
            reproducibility: *reproducibility,
            places,
            lost: self.rank.comm.lost().collect(),
            excluded: root.excluded.clone(),
            stages: &mut stages,
        };
        let mut beat = || match (root.beat()?, &mut lock) {
            (true, Some(lock)) => Ok(lock.beat()?),
            _ => Ok(()),
        };
        let published = publish(&mut self.rank, publication, &mut beat);
        root.closed = stages;
        let totals = published?;
        let exit = if totals.failed == 0 { Exit::Complete } else { Exit::SomeFailed };
        let kept = match (&root.lock, root.keeps_journal()) {
            (_, true) => {
                root.state.set_complete(exit);
                ", journal kept"
            }
            (OutputLock::Exclusive(_), false) => {
                journal::discard(&journal::folder_of(&root.settings.output))?;
                ""
            }
            // Other jobs may be reading it.
            (OutputLock::Joined(_), false) => "",
        };
        report(root, &totals, started.elapsed().as_secs_f64(), kept);
        Ok(exit)
    }
}

/// Says how many tasks are done, where the results are, and why tasks failed.
fn report(root: &Root, totals: &Totals, seconds: f64, kept: &str) {
    let Totals { tasks, done, failed, unread } = *totals;
    console::line(&format!(
        "complete: {done} of {tasks} tasks done, {failed} failed, in {}; results in {}{kept}",
        console::duration(seconds),
        root.settings.output.display(),
    ));
    grouped(&root.failed_tasks(), MAX_CAUSES).iter().for_each(|line| console::line(&format!("  {line}")));
    if unread > 0 {
        console::line(&format!(
            "{unread} of the {failed} that failed ran, and only their files cannot be read: after a correction the same command \
             reads them, and runs nothing again"
        ));
    }
}
