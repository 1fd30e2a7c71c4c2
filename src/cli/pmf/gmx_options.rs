//! Which options of gmx wham does `pmf` take, and in which form?
//!
//! GROMACS writes all options with one dash. They are translated before the command line is parsed: `-temp 300` becomes `--temp 300`.
use std::ffi::OsString;

/// What happens to an option.
enum Treatment {
    /// It has the same name and meaning here.
    Pass,
    /// It changes nothing here.
    Drop,
    /// It cannot be honored; what to do.
    Refuse(&'static str),
}

use Treatment::{Drop, Pass, Refuse};

const ERRORS: &str =
    "errors here come from blocks of each window's time series, longer than its correlation time: leave it out";

/// Options of gmx wham with a value.
const VALUES: &[(&str, Treatment)] = &[
    ("it", Pass),
    ("ix", Pass),
    ("if", Pass),
    ("is", Pass),
    ("hist", Pass),
    ("bsres", Pass),
    ("min", Pass),
    ("max", Pass),
    ("bins", Pass),
    ("temp", Pass),
    ("unit", Pass),
    ("zprof0", Pass),
    ("nBootstrap", Pass),
    ("bs-seed", Pass),
    // The equations are solved to 1e-8 kT.
    ("tol", Drop),
    ("tab", Refuse("restraints are harmonic here: tabulated potentials are not supported")),
    ("dt", Refuse("all samples are used, correlated ones too: leave it out")),
    ("xvg", Refuse("files are written for xmgrace: leave it out")),
    ("iiact", Refuse(ERRORS)),
    (
        "oiact",
        Refuse(
            "statistical inefficiencies are in /results/windows/statistical_inefficiency of the HDF5 file: leave it out",
        ),
    ),
    ("acsig", Refuse(ERRORS)),
    ("ac-trestart", Refuse(ERRORS)),
    ("bsprof", Refuse("the covariance of all bins is in /results/pmf/covariance of the HDF5 file: leave it out")),
    ("bs-method", Refuse(ERRORS)),
    ("bs-tau", Refuse(ERRORS)),
    ("histbs-block", Refuse(ERRORS)),
];

/// Options of gmx wham without a value, all but `auto` and `log` with the default `no`.
const FLAGS: &[(&str, Treatment)] = &[
    ("cycl", Pass),
    ("auto", Pass),
    ("log", Drop),
    ("v", Drop),
    ("quiet", Drop),
    ("histonly", Refuse("histograms are written with the profile, by -hist: leave it out")),
    ("boundsonly", Refuse("the range is that of the samples without -min and -max: leave it out")),
    ("sym", Refuse("profiles are not symmetrized: average the two halves of the profile yourself")),
    ("ac", Refuse("windows are not weighted by their correlation times, and errors always include them: leave it out")),
    ("vbs", Refuse(ERRORS)),
];

/// The words of a command line with the options of gmx wham, if it is that of `pmf`, as `--option`.
///
/// # Errors
/// One or more options of gmx wham cannot be honored: what to do instead, a line each.
pub fn translated(words: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, String> {
    let mut words = words.into_iter();
    let mut translated: Vec<OsString> = words.by_ref().take(2).collect();
    if translated.get(1).is_none_or(|command| command != "pmf") {
        return Ok(translated.into_iter().chain(words).collect());
    }
    let mut refused = Vec::new();
    while let Some(word) = words.next() {
        let name = word.to_str().and_then(|word| word.strip_prefix('-')).filter(|name| !name.starts_with('-'));
        let Some((treatment, long, has_value)) = name.and_then(treatment) else {
            translated.push(word);
            continue;
        };
        match treatment {
            Pass => translated.push(long.into()),
            Drop | Refuse(_) if has_value => drop(words.next()),
            Drop | Refuse(_) => {}
        }
        if let Refuse(help) = treatment {
            refused.push(format!("gmx wham's {} is not supported: {help}", word.to_string_lossy()));
        }
    }
    if refused.is_empty() { Ok(translated) } else { Err(refused.join("\n")) }
}

/// What happens to the option `name`, its form here, and whether a value follows; none if gmx wham does not have it.
fn treatment(name: &str) -> Option<(&'static Treatment, String, bool)> {
    let find = |table: &'static [(&str, Treatment)], name: &str| table.iter().find(|(known, _)| *known == name);
    if let Some((name, treatment)) = find(VALUES, name) {
        return Some((treatment, format!("--{name}"), true));
    }
    if let Some((name, treatment)) = find(FLAGS, name) {
        return Some((treatment, format!("--{name}"), false));
    }
    let (flag, _) = find(FLAGS, name.strip_prefix("no")?)?;
    const PROBABILITY: Treatment = Refuse("the profile is a free energy: exp(-F/kT) is the probability");
    match *flag {
        "auto" => Some((&Pass, "--no-auto".to_owned(), false)),
        "log" => Some((&PROBABILITY, String::new(), false)),
        _ => Some((&Drop, String::new(), false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translate(text: &str) -> Result<String, String> {
        let words = translated(text.split(' ').map(OsString::from))?;
        Ok(words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn options_of_gmx_wham_become_long_ones() {
        let given = "simmpi pmf -it tpr.dat -ix pullx.dat -o profile.xvg -hist -b 100 -min -0.5 -cycl -nov -tol 1e-4 -noauto -unit kCal";
        let expected = "simmpi pmf --it tpr.dat --ix pullx.dat -o profile.xvg --hist -b 100 --min -0.5 --cycl --no-auto --unit kCal";
        assert_eq!(translate(given).as_deref(), Ok(expected));
        for other in ["simmpi run -it a", "simmpi pmf windows.toml -o pmf.h5 --force", "simmpi", "simmpi -min"] {
            assert_eq!(translate(other).as_deref(), Ok(other));
        }
    }

    #[test]
    fn options_that_cannot_be_honored_are_refused_by_name() {
        for name in [
            "tab",
            "dt",
            "iiact",
            "acsig",
            "bsprof",
            "bs-method",
            "bs-tau",
            "histbs-block",
            "sym",
            "ac",
            "nolog",
            "vbs",
        ] {
            let refused = translate(&format!("simmpi pmf -{name} 1 -it a")).unwrap_err();
            assert!(refused.contains(&format!("gmx wham's -{name} is not supported")), "{refused}");
        }
        assert_eq!(translate("simmpi pmf -sym -tab a -ac").unwrap_err().lines().count(), 3);
        assert_eq!(translate("simmpi pmf -nosym -noac x").as_deref(), Ok("simmpi pmf x"));
    }
}
