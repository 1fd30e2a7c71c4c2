//! Does a section describe an expansion that can be run?
use super::input::{self, Input};
use super::levels::{self, Level, Solver, word};
use super::section::{LevelSection, Order, Section};
use super::{FragmentCampaign, Frame, Setup};
use crate::config::{Config, Faults};
use crate::engines::{Driver, Needs};
use crate::science::expansion::{Basis, Bsse, Expansion, Kept, Supersystem, assembly};
use crate::units::BOHR_ANGSTROM;
use std::sync::Arc;

/// What the section asks for, with every default filled in.
struct Wanted {
    driver: Driver,
    bsse: Vec<Bsse>,
    max_order: usize,
    total: bool,
    is_interaction_only: bool,
    /// Bohr.
    cutoffs: Vec<f64>,
    embedding: Option<Vec<Vec<f64>>>,
    orders: Orders,
}

/// Which level is for what, as places among `[[fragments.level]]`.
#[derive(Default)]
struct Orders {
    /// Levels in the order of what they cover, that of the whole last.
    places: Vec<usize>,
    /// Of each order from 1 on, the place in `places`.
    level_of: Vec<usize>,
    supersystem: Option<usize>,
}

/// The campaign that the configuration describes.
///
/// # Errors
/// Every fault that only the science can see.
pub fn load(config: &Config) -> Result<FragmentCampaign, Faults> {
    let section: Section = config.section("fragments")?;
    let input = input::read(config, section)?;
    let understood = input.understood();
    let Input { supersystems, section, mut warnings, digest } = input;
    let mut faults = Faults::default();
    let wanted = wanted(config, &section, &supersystems[0], &mut faults);
    let mut levels = Vec::new();
    for (place, level) in section.level.iter().enumerate() {
        match Level::new(config, place, level) {
            Ok(level) => levels.push(level),
            Err(more) => faults.extend(more),
        }
    }
    faults.into_result(())?;
    let frames = frames_of(config, &wanted, supersystems)?;
    let levels = in_order(levels, &wanted.orders.places);
    let setup = Setup::new(frames, levels, wanted.driver, wanted.embedding.clone());
    check_levels(config, &setup)?;
    warn_of_records(config, &setup, &mut warnings);
    let identity = identity(&wanted, &section, &setup, &digest);
    let (understood, foretold) = (understood_of(&wanted, &setup, understood), foretold_of(&wanted, &setup));
    let found = setup.levels.iter().map(|_| None).collect();
    Ok(FragmentCampaign {
        config: config.clone(),
        setup: Arc::new(setup),
        found,
        identity,
        understood,
        foretold,
        warnings,
    })
}

fn in_order(levels: Vec<Level>, places: &[usize]) -> Vec<Level> {
    let mut levels: Vec<Level> = levels;
    levels.sort_by_key(|level| places.iter().position(|&place| place == level.place));
    levels
}

fn wanted(config: &Config, section: &Section, system: &Supersystem, faults: &mut Faults) -> Wanted {
    let fragments = system.fragments.len();
    let driver = section.driver.unwrap_or(Driver::Energy);
    let mut bsse = Vec::new();
    section.bsse.clone().unwrap_or_else(|| vec![Bsse::Cp]).into_iter().for_each(|treatment| {
        if !bsse.contains(&treatment) {
            bsse.push(treatment);
        }
    });
    let wanted = Wanted {
        driver,
        max_order: section.max_order.unwrap_or(0),
        total: section.total.unwrap_or(driver != Driver::Energy),
        is_interaction_only: section.supersystem_interaction_only.unwrap_or(false),
        cutoffs: section.cutoffs_angstrom.iter().flatten().map(|cutoff| cutoff / BOHR_ANGSTROM).collect(),
        embedding: section.embedding_charges.clone(),
        orders: orders_of(config, section, faults),
        bsse,
    };
    let mut refuse = |key: &str, message: String, help: &str| {
        faults.push(config.fault(&format!("fragments.{key}"), message, help));
    };
    match section.max_order {
        None => refuse(
            "max_order",
            "`max_order` is missing".into(),
            "give the largest number of fragments computed together",
        ),
        Some(order) if order > fragments => refuse(
            "max_order",
            format!("max_order = {order} is more than the {fragments} fragments that there are"),
            "lower it; through all fragments the expansion is the energy of the whole",
        ),
        Some(_) => {}
    }
    if wanted.is_interaction_only {
        check_interaction_only(&wanted, fragments, &mut refuse);
    }
    if wanted.orders.supersystem.is_some() && wanted.max_order == fragments {
        let message = "a level for the supersystem adds nothing to an expansion through all fragments";
        refuse("max_order", message.into(), "lower max_order, or remove the level of the supersystem");
    }
    check_cutoffs(&wanted, section, &mut refuse);
    check_embedding(&wanted, &mut refuse);
    wanted
}

fn check_interaction_only(wanted: &Wanted, fragments: usize, refuse: &mut impl FnMut(&str, String, &str)) {
    let key = "supersystem_interaction_only";
    if wanted.max_order != fragments {
        let message =
            format!("intermediate orders are skipped, so max_order must be {fragments}, the number of fragments");
        refuse(key, message, "set max_order to it, or remove this key");
    }
    if wanted.bsse.contains(&Bsse::Vmfc) {
        refuse(key, "vmfc has no use for it: it needs every order".into(), "take vmfc out of bsse, or remove this key");
    }
    if !wanted.cutoffs.is_empty() {
        refuse("cutoffs_angstrom", "there are no orders to cut with supersystem_interaction_only".into(), "remove it");
    }
}

fn check_cutoffs(wanted: &Wanted, section: &Section, refuse: &mut impl FnMut(&str, String, &str)) {
    let cutoffs = section.cutoffs_angstrom.as_deref().unwrap_or(&[]);
    if let Some(place) = cutoffs.iter().position(|cutoff| cutoff.is_nan() || *cutoff <= 0.0) {
        let message = format!("the cutoff of order {} is {}, not a positive length", place + 2, cutoffs[place]);
        refuse(&format!("cutoffs_angstrom.{place}"), message, "give lengths in angstrom, for pairs, triples, ...");
    }
    if cutoffs.len() + 1 > wanted.max_order.max(1) {
        let message = format!(
            "{} cutoffs are given, but max_order = {} has orders 2 to it only",
            cutoffs.len(),
            wanted.max_order
        );
        refuse("cutoffs_angstrom", message, "give one for pairs, one for triples, ...");
    }
}

fn check_embedding(wanted: &Wanted, refuse: &mut impl FnMut(&str, String, &str)) {
    if wanted.embedding.is_none() {
        return;
    }
    let key = "embedding_charges";
    if wanted.driver != Driver::Energy {
        let message = "derivatives would lack the forces on and from the charges".into();
        refuse(key, message, "ask for energies, or remove the charges");
    }
}

/// Which level covers which order: each what it names and every lower one that none names.
fn orders_of(config: &Config, section: &Section, faults: &mut Faults) -> Orders {
    let mut refuse = |place: usize, key: &str, message: String, help: &str| {
        faults.push(config.fault(&format!("fragments.level.{place}.{key}"), message, help));
    };
    let max_order = section.max_order.unwrap_or(1);
    let (mut covering, mut orders) = (Vec::new(), Orders::default());
    for (place, level) in section.level.iter().enumerate() {
        match level.order {
            Some(Order::Supersystem(_)) if orders.supersystem.is_some() => {
                refuse(place, "order", "there are two levels for the supersystem".into(), "remove one of them");
            }
            Some(Order::Supersystem(_)) => orders.supersystem = Some(place),
            Some(Order::Of(order)) => covering.push((order, place)),
            None => covering.push((max_order, place)),
        }
    }
    covering.sort_unstable();
    for pair in covering.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let message = format!("two levels are for order {}", pair[1].0);
        refuse(pair[1].1, "order", message, "give each its own highest order with `order`");
    }
    let names: Vec<String> = section.level.iter().map(levels::name_of).collect();
    for (place, name) in names.iter().enumerate().filter(|(place, name)| names[..*place].contains(name)) {
        let message = format!("two levels are called \"{name}\"");
        refuse(place, "name", message, "give them names, or one level with the higher order");
    }
    match covering.last() {
        None => {
            let help = "add a [[fragments.level]] with engine, method and basis";
            faults.push(config.fault("fragments.level", "there is no level for the orders of the expansion", help));
        }
        Some(&(order, place)) if section.max_order.is_some() && order != max_order => {
            let message = format!("levels cover orders up to {order}, but max_order = {max_order}");
            refuse(place, "order", message, "make them agree: neither is taken to be the one that is meant");
        }
        Some(_) => {}
    }
    for (level, &(order, place)) in covering.iter().enumerate() {
        orders.places.push(place);
        orders.level_of.resize(order.min(max_order).max(orders.level_of.len()), level);
    }
    if let Some(place) = orders.supersystem {
        orders.supersystem = Some(orders.places.len());
        orders.places.push(place);
    }
    orders
}

fn frames_of(config: &Config, wanted: &Wanted, supersystems: Vec<Supersystem>) -> Result<Vec<Frame>, Faults> {
    let frame = |system: Supersystem| {
        let fragments = system.fragments.len();
        let kept = match (wanted.is_interaction_only, wanted.cutoffs.is_empty()) {
            (true, _) => Ok(Kept::ends(fragments)),
            (false, true) => Kept::all(fragments, wanted.max_order),
            (false, false) => Kept::within(&system, wanted.max_order, &wanted.cutoffs),
        };
        let expansion = Expansion {
            kept: kept?,
            bsse: wanted.bsse.clone(),
            level_of: wanted.orders.level_of.clone(),
            supersystem: wanted.orders.supersystem,
            total: wanted.total,
            is_interaction_only: wanted.is_interaction_only,
        };
        Ok(Frame { system, expansion })
    };
    let frames: Result<Vec<Frame>, crate::science::expansion::TooMany> = supersystems.into_iter().map(frame).collect();
    frames.map_err(|error| {
        config
            .fault("fragments.max_order", error.to_string(), "clusters grow as powers of the number of fragments")
            .into()
    })
}

/// What every level's engine cannot do of what its tasks ask.
fn check_levels(config: &Config, setup: &Setup) -> Result<(), Faults> {
    let mut faults = Faults::default();
    let is_open = |frame: usize, real: &[u16]| {
        let fragments = &setup.frames[frame].system.fragments;
        real.iter().any(|&fragment| fragments[usize::from(fragment)].multiplicity != 1)
    };
    for (k, level) in setup.levels.iter().enumerate() {
        let tasks = || setup.tasks.iter().filter(move |(_, task)| usize::from(task.level) == k);
        let needs = Needs {
            ghosts: tasks().any(|(_, task)| task.basis != Basis::Own),
            point_charges: setup.embedding.is_some(),
            open_shells: tasks().any(|(frame, task)| is_open(*frame, &task.real)),
        };
        level.refusals(config, setup.driver, needs, &mut faults);
    }
    faults.into_result(())
}

/// Says how many tasks will fail for want of a record.
fn warn_of_records(config: &Config, setup: &Setup, warnings: &mut Faults) {
    for (k, level) in setup.levels.iter().enumerate() {
        let Solver::Recorded(recorded) = &level.solver else { continue };
        let of_level: Vec<usize> =
            (0..setup.tasks.len()).filter(|&place| usize::from(setup.tasks[place].1.level) == k).collect();
        let has = |place: usize| {
            let (frame, task) = &setup.tasks[place];
            recorded.has((*frame, &task.real, &setup.frames[*frame].expansion.basis_of(task)))
        };
        let absent: Vec<usize> = of_level.iter().copied().filter(|&place| !has(place)).collect();
        if let Some(&first) = absent.first() {
            let message = format!(
                "{} of {} tasks have no record, the first of them {}",
                absent.len(),
                of_level.len(),
                setup.label(first)
            );
            let help = "results that need them will be NaN";
            warnings.push(config.fault(&format!("fragments.level.{}.file", level.place), message, help).warning());
        }
    }
}

/// Everything that determines results, but for versions of programs. The order that the last level covers may grow with max_order.
fn identity(wanted: &Wanted, section: &Section, setup: &Setup, digest: &str) -> serde_json::Value {
    let levels = setup.levels.iter().enumerate().map(|(k, level)| {
        let LevelSection { method, basis, reference, frozen_core, density_fitting, scf_convergence, keywords, .. } =
            &section.level[level.place];
        let first = wanted.orders.level_of.iter().position(|&of| of == k).map(|order| order + 1);
        let file = match &level.solver {
            Solver::Recorded(recorded) => recorded.digest().into(),
            Solver::Program(_) => serde_json::Value::Null,
        };
        serde_json::json!({
            "name": level.name, "first_order": first, "engine": level.engine_name(), "method": method, "basis": basis,
            "reference": word(reference), "frozen_core": frozen_core, "density_fitting": density_fitting,
            "scf_convergence": scf_convergence, "keywords": keywords, "file": file,
            "command": section.level[level.place].command, "program": section.level[level.place].program,
        })
    });
    serde_json::json!({
        "molecule": digest, "fragments": section.fragments, "charges": section.charges,
        "multiplicities": section.multiplicities, "driver": word(&wanted.driver), "bsse": wanted.bsse, "total": wanted.total,
        "supersystem_interaction_only": wanted.is_interaction_only, "cutoffs_angstrom": section.cutoffs_angstrom,
        "embedding_charges": wanted.embedding, "level": levels.collect::<Vec<_>>(),
    })
}

fn understood_of(wanted: &Wanted, setup: &Setup, of_input: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut lines = of_input;
    let treatments: Vec<&str> = wanted.bsse.iter().map(|bsse| bsse.name()).collect();
    let returned = if wanted.total { "total" } else { "interaction" };
    lines.push(("returned".into(), format!("{returned} {}, {}", word(&wanted.driver), treatments[0])));
    lines.push(("superposition error".into(), treatments.join(", ")));
    lines.push(("orders".into(), format!("1 to {}", wanted.max_order)));
    for (k, level) in setup.levels.iter().enumerate() {
        let orders: Vec<String> = (1..=wanted.max_order)
            .filter(|&order| wanted.orders.level_of.get(order - 1) == Some(&k))
            .map(|order| order.to_string())
            .collect();
        let orders = if orders.is_empty() { "the supersystem".into() } else { format!("order {}", orders.join(", ")) };
        let tasks = setup.tasks.iter().filter(|(_, task)| usize::from(task.level) == k).count();
        let text = format!("{} for {orders}: {tasks} tasks, {} threads each", level.engine_name(), level.threads);
        lines.push((format!("level {}", level.name), text));
    }
    lines
}

fn foretold_of(wanted: &Wanted, setup: &Setup) -> Vec<String> {
    let Frame { expansion, .. } = &setup.frames[0];
    let tasks: Vec<_> = setup.tasks.iter().filter(|(frame, _)| *frame == 0).map(|(_, task)| task.clone()).collect();
    let times = assembly::amplification(expansion, &tasks);
    let mut lines = vec![format!(
        "errors of tasks are magnified up to {times:.0} times in the result: for 1e-6 Eh converge tasks to {:.0e} Eh",
        1e-6 / times.max(1.0)
    )];
    if !wanted.cutoffs.is_empty() {
        let fragments = expansion.fragments();
        if let Ok(kept) = Kept::all(fragments, wanted.max_order) {
            let all = Expansion { kept, ..expansion.clone() }.tasks().len() * setup.frames.len();
            lines.push(format!("cutoffs save {} of {all} tasks", all - setup.tasks.len()));
        }
        lines.push(
            "under cutoffs, cp clusters keep the basis of all fragments, vmfc clusters those of the kept ones".into(),
        );
    }
    lines
}
