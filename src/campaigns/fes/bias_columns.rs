//! Is a column a bias with which samples may be reweighted: constant in time?
//!
//! PLUMED calls the bias of an action `label.bias`, and prints other outputs of the action beside it.
use crate::problem::Problem;

/// Outputs that OPES prints.
const OPES: [&str; 3] = ["zed", "neff", "nker"];

/// What a column is, beside a fault.
#[derive(Debug, PartialEq, Eq)]
pub enum BiasColumn {
    /// Constant in time, according to the outputs beside it or its label.
    Constant,
    /// The bias of metadynamics less c(t).
    Rescaled,
    /// The file does not tell.
    Unknown,
}

/// Classifies the column `name` of a file with the columns `all`.
///
/// # Errors
/// It is a bias that changes in time.
pub fn classify(name: &str, all: &[String]) -> Result<BiasColumn, Problem> {
    let has = |column: &str| all.iter().any(|known| known == column);
    if name.ends_with(".rbias") {
        return Ok(BiasColumn::Rescaled);
    }
    let Some(label) = name.strip_suffix(".bias") else { return Ok(BiasColumn::Unknown) };
    let lower = label.to_lowercase();
    if OPES.iter().any(|output| has(&format!("{label}.{output}"))) || lower.contains("opes") {
        return Ok(BiasColumn::Constant);
    }
    let rescaled = format!("{label}.rbias");
    if has(&rescaled) {
        let message = format!("`{name}` grows while hills are deposited: samples cannot be reweighted with it");
        return Err(Problem::new(message, format!("use --bias {rescaled}, which is in the same file")));
    }
    if lower.contains("metad") || lower.contains("mtd") {
        let message = format!("`{name}` seems to be the bias of metadynamics, which grows while hills are deposited");
        let help = "use the hills instead (--hills HILLS), or print the rescaled bias (METAD ... CALC_RCT, column rbias); \
                    if no hills were deposited in this run, add --constant-bias";
        return Err(Problem::new(message, help));
    }
    let prefix = format!("{label}.");
    let is_moving = |column: &&String| {
        column.strip_prefix(&prefix).is_some_and(|output| output == "work" || output.ends_with("_cntr"))
    };
    if let Some(sign) = all.iter().find(is_moving) {
        let message = format!("`{name}` changes in time: its action also prints `{sign}`");
        return Err(Problem::new(message, "reweight only simulations with a constant bias, or add --constant-bias"));
    }
    let is_known = ["wall", "restraint", "external"].iter().any(|word| lower.contains(word));
    Ok(if is_known { BiasColumn::Constant } else { BiasColumn::Unknown })
}

/// Columns of biases among `all` that are not `used`, but for those that another column of the same action replaces.
pub fn unused<'a>(used: &[String], all: &'a [String], hills: bool) -> Vec<&'a str> {
    let label = |name: &str| name.rsplit_once('.').map_or(String::new(), |(label, _)| label.to_owned());
    let labels: Vec<String> = used.iter().map(|name| label(name)).collect();
    let is_unused = |name: &&str| {
        let is_hills =
            hills && (label(name).to_lowercase().contains("metad") || all.contains(&format!("{}.rbias", label(name))));
        name.ends_with(".bias") && !labels.contains(&label(name)) && !is_hills
    };
    all.iter().map(String::as_str).filter(is_unused).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_bias_that_grows_is_refused_with_what_to_use() {
        let help = |name: &str, all: &str| classify(name, &names(all)).unwrap_err().to_string();
        let rescaled = help("m.bias", "time phi m.bias m.rbias m.rct");
        assert!(rescaled.contains("use --bias m.rbias"), "{rescaled}");
        assert!(help("metad.bias", "time phi metad.bias").contains("--hills HILLS"));
        assert!(help("r.bias", "time d r.bias r.d_cntr").contains("also prints `r.d_cntr`"));
    }

    #[test]
    fn constant_biases_are_recognised_by_their_outputs_or_labels() {
        let kind = |name: &str, all: &str| classify(name, &names(all)).unwrap();
        assert_eq!(kind("opes.bias", "time phi opes.bias"), BiasColumn::Constant);
        assert_eq!(kind("x.bias", "time phi x.bias x.rct x.zed"), BiasColumn::Constant);
        assert_eq!(kind("uwall.bias", "time phi uwall.bias"), BiasColumn::Constant);
        assert_eq!(kind("metad.rbias", "time phi metad.bias metad.rbias"), BiasColumn::Rescaled);
        assert_eq!(kind("b.bias", "time phi b.bias"), BiasColumn::Unknown);
    }

    #[test]
    fn biases_that_are_not_named_are_found() {
        let all = names("time phi metad.bias metad.rbias uwall.bias opes.bias");
        assert_eq!(unused(&names("metad.rbias"), &all, false), ["uwall.bias", "opes.bias"]);
        assert_eq!(unused(&names("opes.bias uwall.bias"), &all, true), [""; 0]);
    }
}
