//! What do windows tell of themselves before they are run?
use super::{Placing, Recipe};
use crate::campaigns::pmf::Discard;
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::engines::InstalledProgram;
use crate::task::{Cause, Failure, Tasks};

/// What was understood, for `check`.
pub fn understood(recipe: &Recipe, program: Option<&InstalledProgram>) -> Vec<(String, String)> {
    let along = &recipe.along;
    let windows = match &recipe.placing {
        Placing::Even(count) => format!("{count} along {along}, evenly over its range"),
        Placing::Quantiles(count) => format!("{count} along {along}, as many frames between each two"),
        Placing::Given(centers) => format!("{} along {along}, at given centres", centers.len()),
    };
    let more = if recipe.adaptive {
        format!("; more where they do not overlap, {} at most", recipe.most)
    } else {
        String::new()
    };
    let restraint = match recipe.force_constant {
        Some(constant) => {
            let (given, unit) = (recipe.scale.given_constant(constant), recipe.scale.constant_unit());
            format!("{given} {unit}")
        }
        None => "as stiff as spreads of two thirds of the distances ask for".to_owned(),
    };
    let (steps, step_ps) = (recipe.steps(), recipe.mdp.time_step_ps());
    let every_ps = recipe.sample_every as f64 * step_ps;
    let length = format!("{steps} steps, {:.1} ps, a sample every {every_ps:.4} ps", steps as f64 * step_ps);
    let discarded = match recipe.discard {
        Discard::Until(until) => format!("before {until} ps"),
        Discard::Auto(_) => "what is before equilibrium".to_owned(),
    };
    let threads = match recipe.gromacs.cores() {
        1 => "1 thread each".to_owned(),
        threads => format!("{threads} threads each"),
    };
    let program = program.map_or_else(
        || format!("GROMACS, {threads}"),
        |InstalledProgram { path, version }| format!("GROMACS {version}, {}, {threads}", path.display()),
    );
    let free_energy = format!(
        "kT = {:.4} kJ/mol, {} bins, {} replicates for errors",
        recipe.thermal_energy(),
        recipe.bins,
        recipe.bootstrap
    );
    let lines = [
        ("windows", windows + &more),
        ("restraint", restraint),
        ("length of a window", length),
        ("discarded", discarded),
        ("folders", recipe.folder(0).display().to_string() + ", ..."),
        ("program", program),
        ("free energy", free_energy),
    ];
    lines.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// What `plan` tells.
pub fn foretold(recipe: &Recipe) -> Vec<String> {
    let steps = recipe.steps();
    let mut lines = vec![format!(
        "then {} windows of {steps} steps each, a task each: how fast they are, the first ones tell",
        recipe.placing.count()
    )];
    if recipe.adaptive {
        lines.push(format!("then windows between those that do not overlap, up to {} in all", recipe.most));
    }
    if recipe.bootstrap > 0 {
        lines.push(format!("then {} replicates of the bootstrap, in seconds", recipe.bootstrap));
    }
    lines
}

/// So many windows that are sure to come, for `plan`: where they stand, only the frames tell.
pub struct Foreseen(pub usize);

impl Stage for Foreseen {
    type Value = ();

    fn name(&self) -> &str {
        "windows"
    }

    fn tasks(&self) -> u64 {
        self.0 as u64
    }

    fn largest_batch(&self) -> u64 {
        1
    }

    fn can_be_sampled(&self) -> bool {
        false
    }

    fn run(&self, tasks: Tasks, _: &Context) -> Ran<()> {
        let cause = || Cause::Failed("where windows stand is not known yet".into());
        Ran { value: (), failed: tasks.iter().map(|task| (task, cause())).collect() }
    }

    fn empty(&self) {}

    fn merge(&self, (): &mut (), (): ()) -> Result<(), Error> {
        Ok(())
    }

    fn finish(&self, (): &(), failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, &())
    }
}
