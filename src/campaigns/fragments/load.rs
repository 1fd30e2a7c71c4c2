//! Does a section describe an expansion that can be run?
use super::cores;
use super::images;
use super::input::{self, Input};
use super::levels::{Level, Solver};
use super::orders::{Orders, orders_of};
use super::section::Section;
use super::told::{identity, understood_of};
use super::{FragmentCampaign, Frame, Setup, Unit};
use crate::config::{Config, Faults};
use crate::engines::{Driver, Needs};
use crate::science::expansion::{Basis, Bsse, Expansion, Kept, Supersystem};
use crate::units::BOHR_ANGSTROM;
use std::sync::Arc;

/// What the section asks for, with every default filled in.
pub struct Wanted {
    pub driver: Driver,
    pub bsse: Vec<Bsse>,
    pub max_order: usize,
    pub total: bool,
    pub is_interaction_only: bool,
    /// Bohr.
    pub cutoffs: Vec<f64>,
    pub embedding: Option<Vec<Vec<f64>>>,
    pub orders: Orders,
}

/// The campaign that the configuration describes.
///
/// # Errors
/// Every fault that only the science can see.
pub fn load(config: &Config) -> Result<FragmentCampaign, Faults> {
    let section: Section = config.section("fragments")?;
    let input = input::read(config, section)?;
    let places = input.places.clone();
    campaign(config, input).map_err(|faults| places.relocate(config, faults))
}

/// The campaign of an input; faults of levels are those of the section's keys, even where a file gave them.
fn campaign(config: &Config, input: Input) -> Result<FragmentCampaign, Faults> {
    let understood = input.understood();
    let Input { supersystems, section, places, mut warnings, digest, gathered, .. } = input;
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
    let images = images::find(config, &frames, &wanted, &gathered)?;
    warnings.extend(images::left_out(config, &images, &gathered));
    levels.sort_by_key(|level| wanted.orders.places.iter().position(|&place| place == level.place));
    let setup = Setup::new(frames, levels, wanted.driver, wanted.embedding.clone());
    check_levels(config, &setup)?;
    warn_of_records(config, &setup, &mut warnings);
    let mut doubts = Faults::default();
    doubts.extend(cores::warnings(config, &setup));
    warnings.extend(places.relocate(config, doubts));
    let identity = identity(&wanted, &section, &setup, &digest);
    let mut understood = understood_of(&wanted, &setup, &places, understood);
    understood.extend(images::understood(&images));
    let found = setup.levels.iter().map(|_| None).collect();
    let setup = Arc::new(setup);
    Ok(FragmentCampaign { config: config.clone(), setup, places, found, identity, understood, warnings })
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
    let mut elements = setup.frames[0].system.elements.clone();
    elements.sort_unstable();
    elements.dedup();
    for (k, level) in setup.levels.iter().enumerate() {
        let units = || setup.units.iter().filter(move |unit| usize::from(unit.task.level) == k);
        let needs = Needs {
            elements: &elements,
            ghosts: units().any(|unit| unit.task.basis != Basis::Own),
            point_charges: setup.embedding.is_some(),
            open_shells: units().any(|unit| is_open(unit.frame, &unit.task.real)),
        };
        level.refusals(config, setup.driver, needs, &mut faults);
        if let Solver::Embedded(engine) = &level.solver {
            let lacking = engine.lacking(&setup.frames[0].system.elements);
            let names: Vec<&str> = lacking.iter().map(|element| element.symbol()).collect();
            if !names.is_empty() {
                let message = format!("the basis set has no functions for {}", names.join(", "));
                let help = "take a set that has them, or read one with `basis_file`";
                let key = if level.chemistry.basis.is_some() { "basis" } else { "basis_file" };
                faults.push(config.fault(&format!("fragments.level.{}.{key}", level.place), message, help));
            }
        }
    }
    faults.into_result(())
}

/// Says how many tasks will fail for want of a record.
fn warn_of_records(config: &Config, setup: &Setup, warnings: &mut Faults) {
    for (k, level) in setup.levels.iter().enumerate() {
        let Solver::Recorded(recorded) = &level.solver else { continue };
        let of_level: Vec<usize> =
            (0..setup.units.len()).filter(|&place| usize::from(setup.units[place].task.level) == k).collect();
        let has = |place: usize| {
            let Unit { frame, task, .. } = &setup.units[place];
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
