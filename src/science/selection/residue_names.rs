//! Which residue names belong to proteins, nucleic acids and water?
//!
//! Names as in MDAnalysis 2 (`core/selection.py`), which takes them from the force fields CHARMM, AMBER, GROMOS and OPLS-AA.

#[rustfmt::skip]
pub(super) const PROTEIN: [&str; 115] = [
    "ACE", "ALA", "ALAD", "ARG", "ARGN", "ASF", "ASH", "ASN", "ASN1", "ASP", "ASPH", "CALA", "CARG", "CASF", "CASN", "CASP", "CCYS", "CCYX",
    "CGLN", "CGLU", "CGLY", "CHID", "CHIE", "CHIP", "CILE", "CLEU", "CLYS", "CME", "CMET", "CPHE", "CPRO", "CSER", "CTHR", "CTRP",
    "CTYR", "CVAL", "CYM", "CYS", "CYS1", "CYS2", "CYSH", "CYX", "DAB", "GLH", "GLN", "GLU", "GLUH", "GLY", "HIS", "HIS1", "HIS2", "HISA", "HISB",
    "HISD", "HISE", "HISH", "HID", "HIE", "HIP", "HSD", "HSE", "HSP", "HYP", "ILE", "LEU", "LYN", "LYS", "LYSH", "MET", "MSE", "NALA", "NARG",
    "NASN", "NASP", "NCYS", "NCYX", "NGLN", "NGLU", "NGLY", "NHID", "NHIE", "NHIP", "NILE", "NLEU", "NLYS", "NME", "NMET", "NPHE",
    "NPRO", "NSER", "NTHR", "NTRP", "NTYR", "NVAL", "NHE", "ORN", "PGLU", "PHE", "PRO", "QLN", "SER", "THR", "TRP", "TYR", "VAL",
    "CCYX1", "LSN", "CASH", "NMA", "AIB", "SEC", "PYL", "TPO", "SEP", "PTR",
];
#[rustfmt::skip]
pub(super) const NUCLEIC: [&str; 31] = [
    "ADE", "URA", "CYT", "GUA", "THY", "DA", "DC", "DG", "DT", "RA", "RU", "RG", "RC", "A", "T", "U", "C", "G", "DA5", "DC5", "DG5",
    "DT5", "DA3", "DC3", "DG3", "DT3", "RA5", "RU5", "RG5", "RC5", "RA3",
];
#[rustfmt::skip]
pub(super) const WATER: [&str; 18] = [
    "H2O", "HOH", "OH2", "HHO", "OHH", "TIP", "T3P", "T4P", "T5P", "SOL", "WAT", "TIP2", "TIP3", "TIP4", "TIP5", "SPC", "SPCE", "DOD",
];

/// Whether a residue of this name, in capitals, is water.
pub fn is_water(residue: &str) -> bool {
    WATER.contains(&residue)
}

/// Names of the atoms of a protein's backbone.
pub(super) const BACKBONE: [&str; 4] = ["N", "CA", "C", "O"];
