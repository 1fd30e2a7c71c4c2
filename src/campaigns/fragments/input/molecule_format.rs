//! Which format does the text of a molecule have?
use super::{foreign, gro, is_integer, pdb, psi4_input, qchem_input};
use crate::campaigns::fragments::section::MoleculeFormat;

/// The format of `text`, by its content where that is characteristic, else by the extension of its file.
pub fn detect(text: &str, extension: &str) -> MoleculeFormat {
    if text.trim_start().starts_with(['{', '[']) {
        return MoleculeFormat::Qcschema;
    }
    if gro::is_gro(text) {
        return MoleculeFormat::Gro;
    }
    let by_extension = match extension {
        "pdb" | "ent" | "brk" => MoleculeFormat::Pdb,
        "gro" => MoleculeFormat::Gro,
        "json" | "qcschema" => MoleculeFormat::Qcschema,
        "psi4" => MoleculeFormat::Psi4,
        "qchem" | "qcin" => MoleculeFormat::Qchem,
        _ => MoleculeFormat::Xyz,
    };
    let is_counted = text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| is_integer(line.trim()));
    if is_counted {
        return by_extension;
    }
    if text.lines().any(pdb::is_atom) {
        return MoleculeFormat::Pdb;
    }
    if text.lines().any(qchem_input::is_start) {
        return MoleculeFormat::Qchem;
    }
    let is_block = text.lines().any(|line| psi4_input::block_start(line).is_some());
    let is_bare = || psi4_input::is_bare_block(text) && foreign::recognize(text).is_none();
    if is_block || (by_extension == MoleculeFormat::Xyz && is_bare()) {
        return MoleculeFormat::Psi4;
    }
    by_extension
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_where_it_is_characteristic() {
        let pdb = "REMARK\nATOM      1  O   HOH A   1       0.000   0.000   0.000  1.00  0.00           O\n";
        let gro = "water\n1\n    1SOL     OW    1   0.126   1.624   1.679\n 1 1 1\n";
        for (text, extension, format) in [
            (" {\"symbols\": []}", "xyz", MoleculeFormat::Qcschema),
            ("2\n0 1\nHe 0 0 0\nHe 0 0 3", "", MoleculeFormat::Xyz),
            ("2\nmolecule a {\nHe 0 0 0\nHe 0 0 3", "dat", MoleculeFormat::Xyz),
            (pdb, "txt", MoleculeFormat::Pdb),
            (gro, "txt", MoleculeFormat::Gro),
            ("", "pdb", MoleculeFormat::Pdb),
            ("nothing", "gro", MoleculeFormat::Gro),
            ("$rem\n$end\n $Molecule\n0 1\n", "inp", MoleculeFormat::Qchem),
            ("molecule {\nHe 0 0 0\n}", "in", MoleculeFormat::Psi4),
            ("0 1\nHe 0 0 0\nHe 0 0 3", "xyz", MoleculeFormat::Psi4),
            ("He 0 0 0\nHe 0 0 3", "dat", MoleculeFormat::Xyz),
            ("geometry units au\nsymmetry c1\nHe 0 0 0\nend\n", "nw", MoleculeFormat::Xyz),
        ] {
            assert_eq!(detect(text, extension), format, "{text}");
        }
    }
}
