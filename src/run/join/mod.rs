//! How do several jobs work on one campaign (`simmpi run --join`)?
//!
//! ```text
//! results.h5.journal/jobs/NAME.json         a job that works on the campaign, with its heartbeat
//! results.h5.journal/NAME-000/rank-*.jnl    what its ranks have recorded
//! results.h5.journal/leases/STAGE/*         which job runs which range of a stage's tasks
//! ```
//! The output lock is held while a job joins, and while one publishes. A job leases a range of tasks that takes it about a minute, runs it,
//! and leases the next. Where no range is free it takes over those of jobs that are gone, of which it runs what they have not recorded. When
//! all ranges are done every job reads what the others recorded, and has the stage's result; after the last stage the first one publishes.
//! A range that was done and whose records are lost (a node's crash) is taken over like one of a job that is gone.
mod jobs;
mod joined_stage;
mod leases;
mod publication;
mod refusal;

pub use jobs::{JobFile, Jobs, LivingJob, OutputLock, living, name_of};
pub use joined_stage::{JoinedStage, Step};
pub use publication::{Publisher, await_publication, leave_campaign};
pub use refusal::{acquire, refuse_beside, refuse_other_requests};
