//! Does a text look like the input or output of another program, whose format is not read?
use super::{fragment_blocks, is_integer, number};
use crate::problem::LineProblem;

/// What a line is a sign of, by how it begins in lower case.
const BEGINNINGS: [(&str, &str); 27] = [
    ("$coord", "a coord file of Turbomole"),
    ("$data", "an input of GAMESS"),
    ("$contrl", "an input of GAMESS"),
    ("$fmoxyz", "an input of GAMESS"),
    ("%chk", "an input of Gaussian"),
    ("%mem", "an input of Gaussian"),
    ("%nproc", "an input of Gaussian"),
    ("* xyz", "an input of ORCA"),
    ("*xyz", "an input of ORCA"),
    ("* int", "an input of ORCA"),
    ("%pal", "an input of ORCA"),
    ("geometry={", "an input of Molpro"),
    ("&force_eval", "an input of CP2K"),
    ("&coord", "an input of CP2K"),
    ("&subsys", "an input of CP2K"),
    ("&control", "an input of Quantum ESPRESSO"),
    ("atomic_positions", "an input of Quantum ESPRESSO"),
    ("_cell_length_a", "a CIF file"),
    ("_atom_site", "a CIF or mmCIF file"),
    ("@<tripos>", "a mol2 file"),
    ("<?xml", "an XML file"),
    ("<molecule", "a CML file"),
    ("item: timestep", "a dump file of LAMMPS"),
    ("[molden format]", "a Molden file"),
    ("[atoms]", "a Molden file"),
    ("entering gaussian", "an output of Gaussian"),
    ("%block positions", "an input of CASTEP or ONETEP"),
];

const HELP: &str = "convert it to xyz (Open Babel: obabel FILE -O molecule.xyz), PDB or GRO, or write symbol, x, y, z in each line; set `charges` \
    and `multiplicities` where the file has them";

/// The refusal of a text that is certainly of another kind, with the line that shows it.
pub fn recognize(text: &str) -> Option<LineProblem> {
    let lines = || (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty());
    let refuse = |line: usize, found: &str, what: &str| {
        let message = format!("`{}` looks like {what}, which is not read", super::excerpt(found));
        Some(LineProblem::new(line, message, HELP))
    };
    let (first, start) = lines().next()?;
    // An xyz file.
    if is_integer(start) {
        return None;
    }
    for (line, row) in lines() {
        let lower = row.to_ascii_lowercase();
        if let Some((_, what)) = BEGINNINGS.iter().find(|(beginning, _)| lower.starts_with(beginning)) {
            return refuse(line, row, what);
        }
        if let Some(what) = spaced_atom(&lower) {
            return refuse(line, row, what);
        }
        if lower.ends_with("v2000") || lower.ends_with("v3000") {
            return refuse(line, row, "an MDL mol or SDF file");
        }
    }
    if start.starts_with('#') && start.contains('/') {
        return refuse(first, start, "the route section of a Gaussian input");
    }
    if start.starts_with('!') && lines().any(|(_, row)| row.starts_with('*')) {
        return refuse(first, start, "an input of ORCA");
    }
    if let Some((line, row)) = lines().find(|(_, row)| is_word(row, "geometry"))
        && lines().any(|(_, row)| is_word(row, "end"))
    {
        return refuse(line, row, "the geometry block of an NWChem input");
    }
    poscar(text)
        .and_then(|line| refuse(line, text.lines().nth(line - 1)?, "a POSCAR file of VASP"))
        .or_else(|| tinker(text).and_then(|line| refuse(line, text.lines().nth(line - 1)?, "an xyz file of Tinker")))
}

/// The refusal of a Z-matrix.
pub fn z_matrix(text: &str) -> Option<LineProblem> {
    fragment_blocks::z_matrix((1..).zip(text.lines()))
}

/// What a line that begins with the word `atom`, in lower case, is a sign of.
fn spaced_atom(row: &str) -> Option<&'static str> {
    let words: Vec<&str> = row.split_whitespace().collect();
    let is_number = |index: usize| words.get(index).is_some_and(|word| number::parse(word).is_some());
    match *words.first()? {
        "atom" | "hetatm" if words.len() > 5 && is_integer(words[1]) => Some("a PDB or PQR file without fixed columns"),
        "atom" | "atom_frac" if words.len() == 5 && (1..4).all(is_number) => Some("a geometry.in file of FHI-aims"),
        _ => None,
    }
}

fn is_word(row: &str, word: &str) -> bool {
    row.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word))
}

/// Whether all of `count` first words are numbers, and there are no others.
fn are_numbers(row: &str, count: usize) -> bool {
    let words: Vec<&str> = row.split_whitespace().collect();
    words.len() == count && words.iter().all(|word| number::parse(word).is_some())
}

/// The line of the kind of coordinates: after a title, a scale and three vectors.
fn poscar(text: &str) -> Option<usize> {
    let rows: Vec<&str> = text.lines().collect();
    let is_cell = rows.len() > 7 && are_numbers(rows[1], 1) && rows[2..5].iter().all(|row| are_numbers(row, 3));
    let is_kind = |row: &&str| row.trim_start().starts_with(['D', 'd', 'C', 'c', 'K', 'k']);
    is_cell.then(|| rows[5..9.min(rows.len())].iter().position(is_kind).map(|index| index + 6)).flatten()
}

/// The line of the first atom, which begins with its number, if the first line begins with the number of atoms and a title.
fn tinker(text: &str) -> Option<usize> {
    let mut rows = (1..).zip(text.lines());
    let (_, title) = rows.next()?;
    let count = title.split_whitespace().next().filter(|word| is_integer(word))?;
    let (line, row) = rows.find(|(_, row)| row.split_whitespace().next() == Some("1"))?;
    let words: Vec<&str> = row.split_whitespace().collect();
    let is_atom = words.len() > 5 && words[2..5].iter().all(|word| number::parse(word).is_some());
    (is_atom && !is_integer(words[1]) && text.lines().count() > count.parse().ok()?).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_programs_are_named_with_a_line() {
        for (text, line, what) in [
            ("$coord\n 0.0 0.0 0.0 o\n$end\n", 1, "Turbomole"),
            ("%mem=2GB\n# HF/6-31G*\n\ntitle\n\n0 1\nO 0 0 0\n", 1, "Gaussian"),
            ("#p mp2/cc-pvdz\n\ntitle\n\n0 1\nHe 0 0 0\n", 1, "route section of a Gaussian"),
            ("! MP2 cc-pVDZ\n* xyz 0 1\nHe 0 0 0\n*\n", 2, "ORCA"),
            (" $CONTRL SCFTYP=RHF $END\n $DATA\ntitle\nC1\nO 8.0 0 0 0\n $END\n", 1, "GAMESS"),
            ("start a\ngeometry units angstrom\n He 0 0 0\nend\n", 2, "NWChem"),
            ("data_ice\n_cell_length_a 4.5\n", 2, "CIF"),
            ("water\n\n\n  3  2  0  0 V2000\n    0.0 0.0 0.0 O\n", 4, "MDL mol"),
            ("ice\n1.0\n4 0 0\n0 4 0\n0 0 4\nO H\n1 2\nDirect\n0 0 0\n", 8, "POSCAR"),
            ("ATOM   1 N ALA 1 0.0 0.0 0.0 -0.3 1.8\n", 1, "PQR"),
            ("# aims\natom 0.0 0.0 0.0 O\n", 2, "FHI-aims"),
            ("2 title\n1 He 0.0 0.0 0.0 1\n2 He 0.0 0.0 3.0 1\n", 2, "Tinker"),
        ] {
            let reported = recognize(text).unwrap_or_else(|| panic!("{text}"));
            assert!(reported.line == line && reported.problem.message.contains(what), "{text}: {reported:?}");
        }
    }

    #[test]
    fn atoms_and_molecule_blocks_are_none_of_these() {
        for text in
            ["2\n%mem\nHe 0 0 0\nHe 0 0 3", "He 0 0 0\nHe 0 0 3", "0 1\nHe 0 0 0\n--\nHe 0 0 3", "# note\nHe 0 0 0", ""]
        {
            assert!(recognize(text).is_none(), "{text}");
        }
    }
}
