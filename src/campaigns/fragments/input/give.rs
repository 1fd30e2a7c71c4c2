//! Which fragments have the charges and multiplicities that comments state?
//!
//! What is stated is used where it can mean one thing only, and compared with the section's keys where these say it already.
use super::cluster::{Cluster, formula, list, lowest_multiplicity, ranges};
use super::origin::Given;
use super::stated::{Part, Stated};
use super::statement::Statement;
use crate::config::Faults;

/// Gives the fragments what the comments state.
///
/// # Errors
/// Comments contradict keys or one another, or do not say which fragment has a charge.
pub fn give(cluster: &mut Cluster, fragments: &[Vec<usize>]) -> Result<(), Faults> {
    let statements = std::mem::take(&mut cluster.statements);
    check_frames(cluster, &statements)?;
    for statement in &statements {
        let giver = Giver { statement, fragments };
        giver.check_unclear(cluster)?;
        giver.give_charges(cluster)?;
        giver.give_multiplicities(cluster)?;
        giver.give_spin(cluster)?;
        giver.remark(cluster);
    }
    Ok(())
}

/// Whether charges are given by a key, and multiplicities.
fn are_by_key(cluster: &Cluster) -> (bool, bool) {
    (
        cluster.charges.as_ref().is_some_and(Given::is_by_key),
        cluster.multiplicities.as_ref().is_some_and(Given::is_by_key),
    )
}

/// All frames have the same fragments, charges and multiplicities.
fn check_frames(cluster: &Cluster, statements: &[Statement]) -> Result<(), Faults> {
    let [first, second, ..] = statements else { return Ok(()) };
    let (has_charges, has_multiplicities) = are_by_key(cluster);
    let any = |is: fn(&Stated) -> bool| statements.iter().any(|statement| is(&statement.stated));
    let lacks_charges = !has_charges && any(Stated::has_charges);
    let lacks_multiplicities = !has_multiplicities && any(Stated::has_multiplicities);
    if !lacks_charges && !lacks_multiplicities {
        return Ok(());
    }
    let message = format!(
        "frames state different charges or multiplicities: `{}`, but `{}` in {}",
        second.comment, first.comment, first.place
    );
    let help = "put frames of different charges into files of their own, or write `charges` and `multiplicities`";
    Err(second.fault(message, help).into())
}

/// A statement and the fragments that it is about.
struct Giver<'s, 'a> {
    statement: &'s Statement<'a>,
    fragments: &'s [Vec<usize>],
}

impl<'a> Giver<'_, 'a> {
    fn check_unclear(&self, cluster: &Cluster) -> Result<(), Faults> {
        let (has_charges, has_multiplicities) = are_by_key(cluster);
        let is_answered = |text: &&String| {
            let is_of_spin =
                ["mult", "spin", "uhf", "unpaired"].iter().any(|word| text.to_ascii_lowercase().contains(word));
            if is_of_spin { has_multiplicities } else { has_charges }
        };
        let Some(unclear) = self.statement.stated.unclear.iter().find(|text| !is_answered(text)) else { return Ok(()) };
        let message = format!("`{unclear}` seems to state a charge or a multiplicity, but cannot be understood");
        let help =
            format!("correct it, or write `charges` and `multiplicities`, one of each for {}", self.all(cluster));
        Err(self.statement.fault(message, help).into())
    }

    /// All fragments by number and formula.
    fn all(&self, cluster: &Cluster) -> String {
        let shown = self.fragments.iter().take(8).enumerate();
        let shown: Vec<_> = shown.map(|(k, atoms)| format!("{k} ({})", formula(&cluster.elements, atoms))).collect();
        let more = if self.fragments.len() > 8 { ", ..." } else { "" };
        format!("fragments {}{more}", shown.join(", "))
    }

    fn nuclei(&self, cluster: &Cluster, fragment: usize) -> i64 {
        self.fragments[fragment].iter().map(|&atom| i64::from(cluster.elements[atom].number())).sum()
    }

    /// The fragments that a selection is made of.
    fn selected(&self, part: &Part) -> Result<Vec<usize>, Faults> {
        let atoms = part.atoms.as_deref().unwrap_or_default();
        let has = |atom: &usize| atoms.binary_search(atom).is_ok();
        let whole: Vec<usize> = (0..self.fragments.len()).filter(|&k| self.fragments[k].iter().all(has)).collect();
        if whole.iter().map(|&k| self.fragments[k].len()).sum::<usize>() == atoms.len() {
            return Ok(whole);
        }
        let message = format!(
            "selection_{} (atoms {}, counted from 0) does not consist of whole fragments",
            part.name,
            ranges(atoms)
        );
        Err(self.statement.fault(message, self.fragments_help()).into())
    }

    /// What makes the selections the fragments.
    fn fragments_help(&self) -> String {
        let parts = &self.statement.stated.parts;
        let atoms: Vec<String> = parts.iter().filter_map(|part| part.atoms.as_ref()).map(|atoms| list(atoms)).collect();
        format!("write fragments = {}, if the selections are to be the fragments", list(&atoms))
    }

    /// The charges of some fragments that have `charge` together, where it can be only in one way, and whether that was inferred.
    fn divide(&self, cluster: &Cluster, group: &[usize], charge: i32) -> Option<(Vec<i32>, bool)> {
        let alone = |owner: usize| group.iter().map(|&k| if k == owner { charge } else { 0 }).collect();
        if charge == 0 {
            return Some((vec![0; group.len()], false));
        }
        if let [owner] = group {
            return Some((alone(*owner), false));
        }
        let odd: Vec<usize> = group.iter().copied().filter(|&k| self.nuclei(cluster, k) % 2 == 1).collect();
        match odd[..] {
            [owner] if charge.abs() == 1 => Some((alone(owner), true)),
            _ => None,
        }
    }

    fn give_charges(&self, cluster: &mut Cluster<'a>) -> Result<(), Faults> {
        let stated = &self.statement.stated;
        if let Some(total) = stated.charge {
            cluster.charge = Some(self.statement.given(total));
        }
        if are_by_key(cluster).0 {
            return self.compare_charges(cluster);
        }
        let mut shares = vec![None; self.fragments.len()];
        let mut is_inferred = false;
        for part in &stated.parts {
            let Some(charge) = part.charge else { continue };
            if part.atoms.is_none() && charge != 0 {
                let what = format!("charge_{}={charge} is stated, but not of which atoms", part.name);
                return Err(self.no_owner(cluster, what, None));
            }
            let group = self.selected(part)?;
            let divided = self.divide(cluster, &group, charge);
            let (charges, inferred) = divided.ok_or_else(|| {
                let what = format!("charge_{}={charge} is stated of several fragments together", part.name);
                self.no_owner(cluster, what, None)
            })?;
            group.iter().zip(charges).for_each(|(&k, charge)| shares[k] = Some(charge));
            is_inferred |= inferred;
        }
        if let Some(charges) = stated.charges.as_ref().filter(|charges| charges.len() != cluster.elements.len()) {
            if charges.len() != shares.len() {
                let message = format!("{} charges are stated for {} fragments", charges.len(), shares.len());
                return Err(self.statement.fault(message, "write `charges`, one for each fragment").into());
            }
            shares = charges.iter().copied().map(Some).collect();
        }
        let rest: Vec<usize> = (0..shares.len()).filter(|&k| shares[k].is_none()).collect();
        if rest.len() < shares.len() || stated.charge.is_some_and(|charge| charge != 0) {
            is_inferred |= self.give_rest(cluster, &mut shares, &rest)?;
            let charges: Vec<i32> = shares.into_iter().flatten().collect();
            if is_inferred {
                self.warn_of_inferred(cluster, &charges);
            }
            cluster.charges = Some(self.statement.given(charges));
        }
        Ok(())
    }

    /// Gives fragments without a stated charge what is left of the total; whether that had to be inferred.
    fn give_rest(&self, cluster: &Cluster, shares: &mut [Option<i32>], rest: &[usize]) -> Result<bool, Faults> {
        let given: i32 = shares.iter().flatten().sum();
        let left = match self.statement.stated.charge {
            Some(total) => total.saturating_sub(given),
            None if rest.iter().any(|&k| self.nuclei(cluster, k) % 2 == 1) => {
                let what = "a charge is stated of some fragments, but of none of the others".to_owned();
                return Err(self.no_owner(cluster, what, None));
            }
            None => 0,
        };
        let divided = self.divide(cluster, rest, left).filter(|_| left == 0 || !rest.is_empty());
        let (charges, is_inferred) = divided.ok_or_else(|| {
            let what = format!("charge {} is stated, but not which fragment has it", given.saturating_add(left));
            self.no_owner(cluster, what, Some(given.saturating_add(left)))
        })?;
        rest.iter().zip(charges).for_each(|(&k, charge)| shares[k] = Some(charge));
        Ok(is_inferred)
    }

    fn no_owner(&self, cluster: &Cluster, what: String, total: Option<i32>) -> Faults {
        let sum = total.map(|total| format!(", that add up to {total}")).unwrap_or_default();
        let all = self.all(cluster);
        let zeros = list(&vec![0; self.fragments.len()]);
        let help = format!("write charges = {zeros} with the charges of {all}{sum}");
        self.statement.fault(what, help).into()
    }

    fn warn_of_inferred(&self, cluster: &mut Cluster, charges: &[i32]) {
        let owners = charges.iter().enumerate().filter(|(_, charge)| **charge != 0);
        let named = |(k, charge): (usize, &i32)| {
            format!("{charge} was given to fragment {k} ({})", formula(&cluster.elements, &self.fragments[k]))
        };
        let named: Vec<_> = owners.map(named).collect();
        let message = format!("the stated charge {}: only there the number of electrons is odd", named.join(", "));
        let help = format!("write charges = {} to confirm it", list(charges));
        cluster.warnings.push(self.statement.fault(message, help).warning());
    }

    /// Whether the key `charges` says what is stated; totals are compared with all others.
    fn compare_charges(&self, cluster: &Cluster) -> Result<(), Faults> {
        let Some(given) = &cluster.charges else { return Ok(()) };
        if given.value.len() != self.fragments.len() {
            // Told elsewhere.
            return Ok(());
        }
        let stated = &self.statement.stated;
        let refuse = |k: Option<usize>, stated: String, found: String| {
            let message = format!("{} states {stated}, but `charges` {found}", self.statement.place);
            Err(given.fault(&k.into_iter().collect::<Vec<_>>(), message, "correct `charges`, or the comment").into())
        };
        for part in &stated.parts {
            let Some(charge) = part.charge else { continue };
            let group = match part.atoms {
                Some(_) => self.selected(part)?,
                None if given.value.contains(&charge) => continue,
                None => return refuse(None, format!("charge_{}={charge}", part.name), "has none such".to_owned()),
            };
            let found: i32 = group.iter().map(|&k| given.value[k]).sum();
            if found != charge {
                let of = format!("charge {charge} of fragment {}", ranges(&group));
                return refuse(group.first().copied(), of, format!("gives {found}"));
            }
        }
        match &stated.charges {
            Some(charges) if charges.len() == given.value.len() && *charges != given.value => {
                refuse(None, format!("charges {}", list(charges)), format!("gives {}", list(&given.value)))
            }
            _ => Ok(()),
        }
    }

    fn give_multiplicities(&self, cluster: &mut Cluster<'a>) -> Result<(), Faults> {
        let stated = &self.statement.stated;
        if let Some(total) = stated.multiplicity {
            cluster.multiplicity = Some(self.statement.given(total));
        }
        let mut found = self.lowest(cluster);
        if let Some(by_key) = cluster.multiplicities.as_ref().filter(|given| given.value.len() == found.len()) {
            found.clone_from(&by_key.value);
        }
        let has_key = are_by_key(cluster).1;
        let mut is_stated = false;
        for part in &stated.parts {
            let Some(multiplicity) = part.multiplicity else { continue };
            let group = if part.atoms.is_some() { self.selected(part)? } else { Vec::new() };
            let together = 1 + group.iter().map(|&k| found[k].saturating_sub(1)).sum::<u32>();
            match group[..] {
                [k] if !has_key => (found[k], is_stated) = (multiplicity, true),
                _ if !group.is_empty() && together == multiplicity => is_stated = true,
                _ => return Err(self.refuse_multiplicity(part, multiplicity, &found)),
            }
        }
        if let Some(list_of) = &stated.multiplicities {
            if list_of.len() != found.len() || (has_key && *list_of != found) {
                let message = format!("multiplicities {} are stated", list(list_of));
                let help = format!(
                    "write `multiplicities`, one for each fragment, or correct the comment; now {}",
                    list(&found)
                );
                return Err(self.statement.fault(message, help).into());
            }
            (found, is_stated) = (list_of.clone(), true);
        }
        if is_stated && !has_key {
            cluster.multiplicities = Some(self.statement.given(found));
        }
        Ok(())
    }

    fn refuse_multiplicity(&self, part: &Part, multiplicity: u32, found: &[u32]) -> Faults {
        let message =
            format!("multiplicity {multiplicity} is stated of part `{}`, which is not what fragments have", part.name);
        let help =
            format!("write `multiplicities`, one for each fragment, or correct the comment; now {}", list(found));
        self.statement.fault(message, help).into()
    }

    /// The lowest multiplicities that charges allow.
    fn lowest(&self, cluster: &Cluster) -> Vec<u32> {
        let charge =
            |k: usize| cluster.charges.as_ref().and_then(|given| given.value.get(k)).map_or(0, |&c| i64::from(c));
        (0..self.fragments.len()).map(|k| lowest_multiplicity(self.nuclei(cluster, k) - charge(k))).collect()
    }

    /// A spin of all atoms is taken where each convention that is possible means the same, or the key's.
    fn give_spin(&self, cluster: &mut Cluster<'a>) -> Result<(), Faults> {
        let Some(spin) = self.statement.stated.spin else { return Ok(()) };
        let by_key = cluster.multiplicities.as_ref().map(|given| given.value.clone());
        let unpaired: u32 = by_key.unwrap_or_else(|| self.lowest(cluster)).iter().map(|m| m.saturating_sub(1)).sum();
        // As S, 2 S and 2 S + 1.
        let meant = [2.0 * spin + 1.0, spin + 1.0, spin];
        let is_possible = |m: &f64| m.fract() == 0.0 && *m >= 1.0 && (*m as u32 % 2) == (1 + unpaired) % 2;
        let mut meant: Vec<u32> = meant.into_iter().filter(is_possible).map(|m| m as u32).collect();
        meant.dedup();
        match meant[..] {
            [only] => cluster.multiplicity = Some(self.statement.given(only)),
            _ if cluster.multiplicities.is_some() && meant.contains(&(1 + unpaired)) => {}
            _ => {
                let message = format!("`spin={spin}` may be S, 2S or the multiplicity");
                let help =
                    format!("write multiplicities = {}, 2S + 1 of {}", list(&self.lowest(cluster)), self.all(cluster));
                return Err(self.statement.fault(message, help).into());
            }
        }
        Ok(())
    }

    fn remark(&self, cluster: &mut Cluster) {
        let Statement { place, comment, stated, .. } = self.statement;
        let (has_charges, has_multiplicities) = are_by_key(cluster);
        if let Some((charge, multiplicity)) = stated.hint.filter(|_| !has_charges || !has_multiplicities) {
            let message = format!("`{charge} {multiplicity}` may be a charge and a multiplicity; it was not used");
            let help = format!("write `charges` and `multiplicities`, one of each for {}", self.all(cluster));
            cluster.warnings.push(self.statement.fault(message, help).warning());
        }
        let divides = |part: &&Part| self.selected(part).is_ok_and(|group| group.len() > 1);
        if let Some(part) = stated.parts.iter().filter(|_| cluster.fragments.is_none()).find(divides) {
            let message = format!("selection_{} is several fragments, as bonds make them", part.name);
            cluster.warnings.push(self.statement.fault(message, self.fragments_help()).warning());
        }
        if stated.has_charges() || stated.has_multiplicities() {
            cluster.notes.push(("stated".to_owned(), format!("`{comment}` ({place})")));
        }
    }
}
