//! Which fragments have the charges and multiplicities of the comment lines?
//!
//! They are assigned where only one assignment is possible, and compared with the keys of the section where these specify the same.
use super::{ChargeSpec, Cluster, SelectionSpec, Sourced, Statement, formula, list, lowest_multiplicity, ranges};
use crate::config::Faults;

/// Fragments that a message lists.
const MAX_LISTED: usize = 8;

/// Assigns the charges and multiplicities of the comments to fragments. Fails where comments contradict keys or one another, or do not
/// specify which fragment has a charge.
pub fn assign(cluster: &mut Cluster, fragments: &[Vec<usize>]) -> Result<(), Faults> {
    let statements = std::mem::take(&mut cluster.statements);
    check_frames(cluster, &statements)?;
    for statement in &statements {
        let assigner = Assigner { statement, fragments };
        assigner.check_unclear(cluster)?;
        assigner.assign_charges(cluster)?;
        assigner.assign_multiplicities(cluster)?;
        assigner.assign_spin(cluster)?;
        assigner.add_remarks(cluster);
    }
    Ok(())
}

fn has_key<T>(values: Option<&Sourced<T>>) -> bool {
    values.is_some_and(Sourced::is_from_key)
}

/// All frames have the same charges and multiplicities, unless keys specify them.
fn check_frames(cluster: &Cluster, statements: &[Statement]) -> Result<(), Faults> {
    let [first, second, ..] = statements else { return Ok(()) };
    let any = |is: fn(&ChargeSpec) -> bool| statements.iter().any(|statement| is(&statement.spec));
    let lacks_charges = !has_key(cluster.charges.as_ref()) && any(ChargeSpec::has_charges);
    let lacks_multiplicities = !has_key(cluster.multiplicities.as_ref()) && any(ChargeSpec::has_multiplicities);
    if !lacks_charges && !lacks_multiplicities {
        return Ok(());
    }
    let message = format!(
        "frames specify different charges or multiplicities: `{}`, but `{}` in {}",
        second.comment, first.comment, first.location
    );
    let help = "write frames of different charges to files of their own, or set `charges` and `multiplicities`";
    Err(second.fault(message, help).into())
}

/// A statement and the fragments that it may be about.
struct Assigner<'s, 'a> {
    statement: &'s Statement<'a>,
    /// The atoms of each.
    fragments: &'s [Vec<usize>],
}

impl<'a> Assigner<'_, 'a> {
    fn check_unclear(&self, cluster: &Cluster) -> Result<(), Faults> {
        let is_resolved = |text: &&String| {
            let lower = text.to_ascii_lowercase();
            match ["mult", "spin", "uhf", "unpaired"].iter().any(|word| lower.contains(word)) {
                true => has_key(cluster.multiplicities.as_ref()),
                false => has_key(cluster.charges.as_ref()),
            }
        };
        let Some(unclear) = self.statement.spec.unclear.iter().find(|text| !is_resolved(text)) else { return Ok(()) };
        let message = format!("`{unclear}` seems to specify a charge or a multiplicity, but cannot be interpreted");
        let help =
            format!("correct it, or set `charges` and `multiplicities`, one of each for {}", self.names(cluster));
        Err(self.statement.fault(message, help).into())
    }

    /// All fragments by number and formula.
    fn names(&self, cluster: &Cluster) -> String {
        let shown = self.fragments.iter().take(MAX_LISTED).enumerate();
        let shown: Vec<_> = shown.map(|(k, atoms)| format!("{k} ({})", formula(&cluster.elements, atoms))).collect();
        let more = if self.fragments.len() > MAX_LISTED { ", ..." } else { "" };
        format!("fragments {}{more}", shown.join(", "))
    }

    fn is_odd(&self, cluster: &Cluster, fragment: usize) -> bool {
        cluster.nuclear_charge(&self.fragments[fragment]) % 2 == 1
    }

    /// The fragments that a selection consists of.
    fn selected(&self, selection: &SelectionSpec) -> Result<Vec<usize>, Faults> {
        let atoms = selection.atoms.as_deref().unwrap_or_default();
        let is_selected = |atom: &usize| atoms.binary_search(atom).is_ok();
        let whole: Vec<usize> =
            (0..self.fragments.len()).filter(|&k| self.fragments[k].iter().all(is_selected)).collect();
        if whole.iter().map(|&k| self.fragments[k].len()).sum::<usize>() == atoms.len() {
            return Ok(whole);
        }
        let (name, atoms) = (&selection.name, ranges(atoms));
        let message = format!("selection_{name} (atoms {atoms}, counted from 0) does not consist of whole fragments");
        Err(self.statement.fault(message, self.fragments_help()).into())
    }

    /// The key that makes the selections the fragments.
    fn fragments_help(&self) -> String {
        let selections = self.statement.spec.selections.iter();
        let atoms: Vec<String> = selections.filter_map(|selection| selection.atoms.as_deref()).map(list).collect();
        format!("set fragments = {}, if the selections are to be the fragments", list(&atoms))
    }

    /// The charges of a group of fragments with a total `charge`, where only one assignment is possible, and whether it was inferred.
    fn divide(&self, cluster: &Cluster, group: &[usize], charge: i32) -> Option<(Vec<i32>, bool)> {
        let all_to = |owner: usize| group.iter().map(|&k| if k == owner { charge } else { 0 }).collect();
        let odd: Vec<usize> = group.iter().copied().filter(|&k| self.is_odd(cluster, k)).collect();
        match (charge, group, &odd[..]) {
            (0, ..) => Some((vec![0; group.len()], false)),
            (_, [owner], _) => Some((all_to(*owner), false)),
            (-1 | 1, _, [owner]) => Some((all_to(*owner), true)),
            _ => None,
        }
    }

    fn assign_charges(&self, cluster: &mut Cluster<'a>) -> Result<(), Faults> {
        let spec = &self.statement.spec;
        if let Some(total) = spec.charge {
            cluster.charge = Some(self.statement.sourced(total));
        }
        if has_key(cluster.charges.as_ref()) {
            return self.compare_charges(cluster);
        }
        let mut charges = vec![None; self.fragments.len()];
        let mut is_inferred = false;
        for selection in &spec.selections {
            let Some(charge) = selection.charge else { continue };
            if selection.atoms.is_none() && charge != 0 {
                let message = format!("charge_{}={charge} has no selection of atoms", selection.name);
                return Err(self.unassigned(cluster, message, None));
            }
            let group = self.selected(selection)?;
            let divided = self.divide(cluster, &group, charge);
            let (divided, inferred) = divided.ok_or_else(|| {
                let message = format!("charge_{}={charge} is that of several fragments together", selection.name);
                self.unassigned(cluster, message, None)
            })?;
            group.iter().zip(divided).for_each(|(&k, charge)| charges[k] = Some(charge));
            is_inferred |= inferred;
        }
        // As many as atoms are those of atoms.
        if let Some(list) = spec.charges.as_ref().filter(|list| list.len() != cluster.elements.len()) {
            if list.len() != charges.len() {
                let message = format!("{} charges for {} fragments", list.len(), charges.len());
                return Err(self.statement.fault(message, "set `charges`, one for each fragment").into());
            }
            charges = list.iter().copied().map(Some).collect();
        }
        let rest: Vec<usize> = (0..charges.len()).filter(|&k| charges[k].is_none()).collect();
        if rest.len() < charges.len() || spec.charge.is_some_and(|charge| charge != 0) {
            is_inferred |= self.assign_rest(cluster, &mut charges, &rest)?;
            let charges: Vec<i32> = charges.into_iter().flatten().collect();
            if is_inferred {
                self.warn_of_inferred(cluster, &charges);
            }
            cluster.charges = Some(self.statement.sourced(charges));
        }
        Ok(())
    }

    /// Assigns the rest of the total charge to the fragments without a specified one; whether that had to be inferred.
    fn assign_rest(&self, cluster: &Cluster, charges: &mut [Option<i32>], rest: &[usize]) -> Result<bool, Faults> {
        let assigned: i32 = charges.iter().flatten().sum();
        let left = match self.statement.spec.charge {
            Some(total) => total.saturating_sub(assigned),
            None if rest.iter().any(|&k| self.is_odd(cluster, k)) => {
                let message = "some fragments have a charge, but not all others can be neutral".to_owned();
                return Err(self.unassigned(cluster, message, None));
            }
            None => 0,
        };
        let divided = self.divide(cluster, rest, left).filter(|_| left == 0 || !rest.is_empty());
        let (divided, is_inferred) = divided.ok_or_else(|| {
            let total = assigned.saturating_add(left);
            let message = format!("charge {total} is specified, but not which fragment has it");
            self.unassigned(cluster, message, Some(total))
        })?;
        rest.iter().zip(divided).for_each(|(&k, charge)| charges[k] = Some(charge));
        Ok(is_inferred)
    }

    /// A charge without a fragment.
    fn unassigned(&self, cluster: &Cluster, message: String, total: Option<i32>) -> Faults {
        let sum = total.map(|total| format!(", which add up to {total}")).unwrap_or_default();
        let zeros = list(&vec![0; self.fragments.len()]);
        let help = format!("set charges = {zeros} with the charges of {}{sum}", self.names(cluster));
        self.statement.fault(message, help).into()
    }

    fn warn_of_inferred(&self, cluster: &mut Cluster, charges: &[i32]) {
        let charged = charges.iter().enumerate().filter(|(_, charge)| **charge != 0);
        let owners: Vec<_> = charged
            .map(|(k, charge)| format!("{charge} to fragment {k} ({})", formula(&cluster.elements, &self.fragments[k])))
            .collect();
        let message =
            format!("charge assigned: {}, because only there the number of electrons is odd", owners.join(", "));
        let help = format!("set charges = {} to confirm it", list(charges));
        cluster.warnings.push(self.statement.fault(message, help).warning());
    }

    /// Whether the key `charges` agrees with the comment; totals are compared once fragments are known.
    fn compare_charges(&self, cluster: &Cluster) -> Result<(), Faults> {
        // A wrong number of charges is reported elsewhere.
        let of_key = cluster.charges.as_ref().filter(|charges| charges.value.len() == self.fragments.len());
        let Some(key) = of_key else { return Ok(()) };
        let refuse = |k: Option<usize>, specified: String, found: String| {
            let message = format!("{} specifies {specified}, but `charges` {found}", self.statement.location);
            let indices: Vec<usize> = k.into_iter().collect();
            Err(key.fault(&indices, message, "correct `charges`, or the comment").into())
        };
        for selection in &self.statement.spec.selections {
            let Some(charge) = selection.charge else { continue };
            let group = match selection.atoms {
                Some(_) => self.selected(selection)?,
                None if key.value.contains(&charge) => continue,
                None => {
                    return refuse(None, format!("charge_{}={charge}", selection.name), "does not have it".to_owned());
                }
            };
            let found: i32 = group.iter().map(|&k| key.value[k]).sum();
            if found != charge {
                let specified = format!("charge {charge} of fragment {}", ranges(&group));
                return refuse(group.first().copied(), specified, format!("gives {found}"));
            }
        }
        match &self.statement.spec.charges {
            Some(charges) if charges.len() == key.value.len() && *charges != key.value => {
                refuse(None, format!("charges {}", list(charges)), format!("gives {}", list(&key.value)))
            }
            _ => Ok(()),
        }
    }

    fn assign_multiplicities(&self, cluster: &mut Cluster<'a>) -> Result<(), Faults> {
        let spec = &self.statement.spec;
        if let Some(total) = spec.multiplicity {
            cluster.multiplicity = Some(self.statement.sourced(total));
        }
        let of_key = cluster.multiplicities.as_ref().filter(|key| key.value.len() == self.fragments.len());
        let mut found = of_key.map_or_else(|| self.lowest(cluster), |key| key.value.clone());
        let has_key = has_key(cluster.multiplicities.as_ref());
        let refuse = |message: String, found: &[u32]| {
            let now = list(found);
            let help = format!("set `multiplicities`, one for each fragment, or correct the comment; now {now}");
            Err(self.statement.fault(message, help).into())
        };
        let mut is_specified = false;
        for selection in &spec.selections {
            let Some(multiplicity) = selection.multiplicity else { continue };
            let group = if selection.atoms.is_some() { self.selected(selection)? } else { Vec::new() };
            let high_spin = 1 + group.iter().map(|&k| found[k].saturating_sub(1)).sum::<u32>();
            match group[..] {
                [k] if !has_key => found[k] = multiplicity,
                _ if !group.is_empty() && high_spin == multiplicity => {}
                _ => {
                    let name = &selection.name;
                    let message =
                        format!("multiplicity {multiplicity} of selection `{name}` is not that of its fragments");
                    return refuse(message, &found);
                }
            }
            is_specified = true;
        }
        if let Some(specified) = &spec.multiplicities {
            if specified.len() != found.len() || (has_key && *specified != found) {
                return refuse(format!("multiplicities {} do not fit", list(specified)), &found);
            }
            (found, is_specified) = (specified.clone(), true);
        }
        if is_specified && !has_key {
            cluster.multiplicities = Some(self.statement.sourced(found));
        }
        Ok(())
    }

    /// The lowest multiplicities that charges allow.
    fn lowest(&self, cluster: &Cluster) -> Vec<u32> {
        let charge =
            |k: usize| cluster.charges.as_ref().and_then(|charges| charges.value.get(k)).map_or(0, |&c| i64::from(c));
        let lowest = |(k, atoms): (usize, &Vec<usize>)| lowest_multiplicity(cluster.nuclear_charge(atoms) - charge(k));
        self.fragments.iter().enumerate().map(lowest).collect()
    }

    /// Uses a spin of all atoms where every possible convention (S, 2S, 2S + 1) gives the same multiplicity, or that of the key.
    fn assign_spin(&self, cluster: &mut Cluster<'a>) -> Result<(), Faults> {
        let Some(spin) = self.statement.spec.spin else { return Ok(()) };
        let of_key = cluster.multiplicities.as_ref().map(|key| key.value.clone());
        let high_spin =
            1 + of_key.unwrap_or_else(|| self.lowest(cluster)).iter().map(|m| m.saturating_sub(1)).sum::<u32>();
        let is_possible = |m: &f64| m.fract() == 0.0 && *m >= 1.0 && *m as u32 % 2 == high_spin % 2;
        let conventions = [2.0 * spin + 1.0, spin + 1.0, spin];
        let mut possible: Vec<u32> = conventions.into_iter().filter(is_possible).map(|m| m as u32).collect();
        possible.dedup();
        match possible[..] {
            [only] => cluster.multiplicity = Some(self.statement.sourced(only)),
            _ if cluster.multiplicities.is_some() && possible.contains(&high_spin) => {}
            _ => {
                let message = format!("`spin={spin}` may be S, 2S or the multiplicity");
                let (lowest, names) = (list(&self.lowest(cluster)), self.names(cluster));
                let help = format!("set multiplicities = {lowest}, 2S + 1 of {names}");
                return Err(self.statement.fault(message, help).into());
            }
        }
        Ok(())
    }

    /// Adds warnings of what was not used, and the statement itself to the notes.
    fn add_remarks(&self, cluster: &mut Cluster) {
        let Statement { location, comment, spec, .. } = self.statement;
        let has_keys = has_key(cluster.charges.as_ref()) && has_key(cluster.multiplicities.as_ref());
        if let Some((charge, multiplicity)) = spec.hint.filter(|_| !has_keys) {
            let message = format!("`{charge} {multiplicity}` may be a charge and a multiplicity; it was not used");
            let help = format!("set `charges` and `multiplicities`, one of each for {}", self.names(cluster));
            cluster.warnings.push(self.statement.fault(message, help).warning());
        }
        let is_divided = |selection: &&SelectionSpec| self.selected(selection).is_ok_and(|group| group.len() > 1);
        if let Some(selection) = spec.selections.iter().filter(|_| cluster.fragments.is_none()).find(is_divided) {
            let message = format!("selection_{} is several fragments, which are found by bonds", selection.name);
            cluster.warnings.push(self.statement.fault(message, self.fragments_help()).warning());
        }
        if spec.has_charges() || spec.has_multiplicities() {
            cluster.notes.push(("stated".to_owned(), format!("`{comment}` ({location})")));
        }
    }
}
