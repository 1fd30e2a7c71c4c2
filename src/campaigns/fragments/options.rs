//! Which expansion does the section request?
use super::section::Order;
use super::{Section, levels};
use crate::config::Checker;
use crate::engines::qc::Driver;
use crate::science::expansion::{Bsse, Supersystem};
use crate::units::BOHR_ANGSTROM;

/// The requested expansion, with all defaults.
pub struct ExpansionOptions {
    pub driver: Driver,
    pub bsse: Vec<Bsse>,
    pub max_order: usize,
    /// Whether totals are returned, not interactions.
    pub total: bool,
    pub is_interaction_only: bool,
    /// Of pairs, triples, ..., bohr.
    pub cutoffs: Vec<f64>,
    /// Charges of each fragment's atoms, elementary charges.
    pub embedding: Option<Vec<Vec<f64>>>,
    pub coverage: LevelCoverage,
}

/// The options of a section; what is wrong with them is added to `check`.
pub fn resolve(section: &Section, system: &Supersystem, check: &mut Checker) -> ExpansionOptions {
    let fragments = system.fragments.len();
    let driver = section.driver.unwrap_or(Driver::Energy);
    let mut bsse = Vec::new();
    section.bsse.clone().unwrap_or_else(|| vec![Bsse::Cp]).into_iter().for_each(|treatment| {
        if !bsse.contains(&treatment) {
            bsse.push(treatment);
        }
    });
    let options = ExpansionOptions {
        driver,
        max_order: section.max_order.unwrap_or(0),
        total: section.total.unwrap_or(driver != Driver::Energy),
        is_interaction_only: section.supersystem_interaction_only.unwrap_or(false),
        cutoffs: section.cutoffs_angstrom.iter().flatten().map(|cutoff| cutoff / BOHR_ANGSTROM).collect(),
        embedding: section.embedding_charges.clone(),
        coverage: level_coverage(section, check),
        bsse,
    };
    match section.max_order {
        None => check.refuse(
            "max_order",
            "`max_order` is missing",
            "set the largest number of fragments that are computed together",
        ),
        Some(order) if order > fragments => check.refuse(
            "max_order",
            format!("max_order = {order} exceeds the number of fragments, {fragments}"),
            "lower it; through all fragments the expansion gives the energy of the whole cluster",
        ),
        Some(_) => {}
    }
    if options.is_interaction_only {
        check_interaction_only(&options, fragments, check);
    }
    if options.coverage.supersystem.is_some() && options.max_order == fragments {
        let message = "a level for the supersystem adds nothing to an expansion through all fragments";
        check.refuse("max_order", message, "lower max_order, or remove the level of the supersystem");
    }
    check_cutoffs(&options, section, check);
    if options.embedding.is_some() && options.driver != Driver::Energy {
        let message = "derivatives would lack the forces on and from the embedding charges";
        check.refuse("embedding_charges", message, "set driver = \"energy\", or remove the charges");
    }
    options
}

fn check_interaction_only(options: &ExpansionOptions, fragments: usize, check: &mut Checker) {
    let key = "supersystem_interaction_only";
    if options.max_order != fragments {
        let message =
            format!("intermediate orders are skipped, so max_order must be {fragments}, the number of fragments");
        check.refuse(key, message, "set max_order to it, or remove this key");
    }
    if options.bsse.contains(&Bsse::Vmfc) {
        check.refuse(key, "vmfc needs every order", "remove vmfc from bsse, or remove this key");
    }
    if !options.cutoffs.is_empty() {
        check.refuse("cutoffs_angstrom", "cutoffs have no effect with supersystem_interaction_only", "remove it");
    }
}

fn check_cutoffs(options: &ExpansionOptions, section: &Section, check: &mut Checker) {
    let cutoffs = section.cutoffs_angstrom.as_deref().unwrap_or(&[]);
    if let Some(index) = cutoffs.iter().position(|cutoff| cutoff.is_nan() || *cutoff <= 0.0) {
        let message = format!("the cutoff of order {} is {}, but must be positive", index + 2, cutoffs[index]);
        check.refuse(
            &format!("cutoffs_angstrom.{index}"),
            message,
            "give lengths in angstrom, for pairs, triples, ...",
        );
    }
    if cutoffs.len() + 1 > options.max_order.max(1) {
        let message = format!(
            "there are {} cutoffs, but only the orders from 2 to max_order = {} can have one",
            cutoffs.len(),
            options.max_order
        );
        check.refuse("cutoffs_angstrom", message, "give one for pairs, one for triples, ...");
    }
}

/// Which level covers which order.
#[derive(Default)]
pub struct LevelCoverage {
    /// Indices among `[[fragments.level]]`, by ascending order; that of the supersystem last.
    pub levels: Vec<usize>,
    /// Of each order from 1 on, the index in `levels`.
    pub level_of_order: Vec<usize>,
    /// The index in `levels`.
    pub supersystem: Option<usize>,
}

/// The order that each level covers: that of its key and every lower one that no other level covers.
fn level_coverage(section: &Section, check: &mut Checker) -> LevelCoverage {
    let mut refuse = |index: usize, key: &str, message: String, help: &str| {
        check.refuse(&format!("level.{index}.{key}"), message, help);
    };
    let max_order = section.max_order.unwrap_or(1);
    let (mut highest, mut supersystem) = (Vec::new(), None);
    for (index, level) in section.level.iter().enumerate() {
        match level.order {
            Some(Order::Supersystem(_)) if supersystem.is_some() => {
                refuse(index, "order", "two levels are for the supersystem".into(), "remove one of them");
            }
            Some(Order::Supersystem(_)) => supersystem = Some(index),
            Some(Order::Of(order)) => highest.push((order, index)),
            None => highest.push((max_order, index)),
        }
    }
    highest.sort_unstable();
    for pair in highest.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let message = format!("two levels are for order {}", pair[1].0);
        refuse(pair[1].1, "order", message, "give each its own highest order with `order`");
    }
    let names: Vec<String> = section.level.iter().map(levels::default_name).collect();
    for (index, name) in names.iter().enumerate().filter(|(index, name)| names[..*index].contains(name)) {
        let message = format!("two levels have the name \"{name}\"");
        refuse(index, "name", message, "give each a `name`, or use one level with the higher order");
    }
    match highest.last() {
        None => {
            let help = "add a [[fragments.level]] with engine, method and basis";
            check.refuse("level", "no level covers the orders of the expansion", help);
        }
        Some(&(order, index)) if section.max_order.is_some() && order != max_order => {
            let message = format!("levels cover orders up to {order}, but max_order = {max_order}");
            refuse(index, "order", message, "make them equal");
        }
        Some(_) => {}
    }
    let mut coverage = LevelCoverage::default();
    for (level, &(order, index)) in highest.iter().enumerate() {
        coverage.levels.push(index);
        coverage.level_of_order.resize(order.min(max_order).max(coverage.level_of_order.len()), level);
    }
    if let Some(index) = supersystem {
        coverage.supersystem = Some(coverage.levels.len());
        coverage.levels.push(index);
    }
    coverage
}
