//! Which quantity of a restrained simulation does a column contain, according to its name?
//!
//! GROMACS' pull code titles its files `Pull COM` or `Pull force`, with `Average` where values are means since the last output (keys
//! `pull-xout-average`, `pull-fout-average`). It calls the value of coordinate 1 `1`, its reference `1 ref`, a component of its distance
//! `1 dX` (`1 g 1-2 dX`), the position of a group `1 g 1 X`, and `0 X` or `1 X` up to version 5.0. PLUMED calls outputs of a restraint
//! `label.bias`, and the center of a moving restraint `label.variable_cntr`.
use super::Column;

/// The quantity in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The value of the pull coordinate with this number.
    Coordinate(String),
    /// The reference that a pull coordinate is restrained to.
    Reference,
    /// One component of the distance between two groups.
    Component,
    /// The position of a group.
    Position,
    /// Another output of a restraint, with its description.
    Output(&'static str),
}

/// Outputs of PLUMED's restraints: suffix of the label and description.
const OUTPUTS: [(&str, &str); 4] = [
    (".bias", "the bias of a restraint"),
    (".force2", "the squared force of a restraint"),
    (".work", "the work of a restraint"),
    ("_kappa", "the force constant of a restraint"),
];

/// The quantity in the column called `name`; none where the name does not tell.
pub fn meaning(name: &str) -> Option<Meaning> {
    if let Some((_, output)) = OUTPUTS.iter().find(|(end, _)| name.len() > end.len() && name.ends_with(end)) {
        return Some(Meaning::Output(output));
    }
    if name.ends_with("_cntr") {
        return Some(Meaning::Reference);
    }
    let words: Vec<&str> = name.split_whitespace().collect();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let (first, rest) = words.split_first()?;
    if !is_number(first) {
        return None;
    }
    let is_pair = |word: &str| word.split_once('-').is_some_and(|(a, b)| is_number(a) && is_number(b));
    match rest {
        [] => Some(Meaning::Coordinate((*first).to_owned())),
        ["ref"] => Some(Meaning::Reference),
        ["dX" | "dY" | "dZ"] => Some(Meaning::Component),
        ["g", pair, "dX" | "dY" | "dZ"] if is_pair(pair) => Some(Meaning::Component),
        ["X" | "Y" | "Z"] => Some(Meaning::Position),
        ["g", group, "X" | "Y" | "Z"] if is_number(group) => Some(Meaning::Position),
        _ => None,
    }
}

/// The column of the reference that `column` was restrained to; none without one among `names`.
pub fn reference_of(names: &[String], column: &Column) -> Option<Column> {
    let name = match column {
        Column::Index(index) => names.get(*index)?,
        Column::Name(name) => name,
    };
    let is_reference = |other: &String| match meaning(name) {
        Some(Meaning::Coordinate(number)) => *other == format!("{number} ref"),
        None => other.ends_with(&format!(".{name}_cntr")),
        Some(_) => false,
    };
    Some(Column::Index(names.iter().position(is_reference)?))
}

/// The titles of all headers in `bytes`.
pub fn titles(bytes: &[u8]) -> impl Iterator<Item = String> {
    let begins_line = |at: &usize| *at == 0 || bytes[*at - 1] == b'\n';
    let title = |at: usize| {
        let line = bytes[at + 1..].split(|byte| *byte == b'\n').next()?;
        let text = String::from_utf8_lossy(line).trim().strip_prefix("title")?.to_owned();
        let (_, quoted) = text.split_once('"')?;
        Some(quoted.rsplit_once('"')?.0.to_owned())
    };
    memchr::memchr_iter(b'@', bytes).filter(begins_line).filter_map(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pull_columns_identify_their_quantity() {
        assert_eq!(meaning("1"), Some(Meaning::Coordinate("1".into())));
        assert_eq!((meaning("1 ref"), meaning("2 dZ")), (Some(Meaning::Reference), Some(Meaning::Component)));
        assert_eq!((meaning("1 g 1 X"), meaning("0 Z")), (Some(Meaning::Position), Some(Meaning::Position)));
        assert_eq!(meaning("1 g 1-2 dY"), Some(Meaning::Component));
        assert_eq!(meaning("r.bias"), Some(Meaning::Output("the bias of a restraint")));
        for name in ["Time (ps)", "phi", "1 atom", "d1", "", "bias", "x y"] {
            assert_eq!(meaning(name), None, "{name}");
        }
    }

    #[test]
    fn references_belong_to_their_coordinate() {
        let names: Vec<String> = ["Time (ps)", "1", "1 ref", "2", "2 ref"].map(str::to_owned).to_vec();
        assert_eq!(reference_of(&names, &Column::Index(3)), Some(Column::Index(4)));
        assert_eq!(reference_of(&names, &Column::Name("1".into())), Some(Column::Index(2)));
        let colvar: Vec<String> = ["time", "d", "m.d_cntr", "e"].map(str::to_owned).to_vec();
        assert_eq!(reference_of(&colvar, &Column::Index(1)), Some(Column::Index(2)));
        assert_eq!(reference_of(&colvar, &Column::Index(3)), None);
    }

    #[test]
    fn titles_come_from_all_headers() {
        let text = b"# x\n@    title \"Pull COM\"\n0 1\n@ title \"Pull Average COM\"\n@TYPE xy\n0 @title \"no\"\n";
        assert_eq!(titles(text).collect::<Vec<_>>(), ["Pull COM", "Pull Average COM"]);
    }
}
