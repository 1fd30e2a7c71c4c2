//! Which model chemistry covers which order of the expansion?
use super::levels;
use super::section::{Order, Section};
use crate::config::{Config, Faults};

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
pub fn level_coverage(config: &Config, section: &Section, faults: &mut Faults) -> LevelCoverage {
    let mut refuse = |index: usize, key: &str, message: String, help: &str| {
        faults.push(config.fault(&format!("fragments.level.{index}.{key}"), message, help));
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
            faults.push(config.fault("fragments.level", "no level covers the orders of the expansion", help));
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
