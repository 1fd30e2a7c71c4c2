//! Which model chemistry is for which order of the expansion?
use super::levels;
use super::section::{Order, Section};
use crate::config::{Config, Faults};

/// Which level is for what, as places among `[[fragments.level]]`.
#[derive(Default)]
pub struct Orders {
    /// Levels in the order of what they cover, that of the whole last.
    pub places: Vec<usize>,
    /// Of each order from 1 on, the place in `places`.
    pub level_of: Vec<usize>,
    pub supersystem: Option<usize>,
}

/// Which level covers which order: each what it names and every lower one that none names.
pub fn orders_of(config: &Config, section: &Section, faults: &mut Faults) -> Orders {
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
