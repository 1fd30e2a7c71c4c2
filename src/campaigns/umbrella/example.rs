//! Which files does the example need?

/// 201 frames of a peptide of ten alanines without its hydrogens (GROMACS, AMBER99SB-ILDN, vacuum, 300 K, 5 ps apart).
pub const FILES: &[(&str, &[u8])] = &[
    ("ala10.gro", include_bytes!("../../../examples/ala10.gro")),
    ("ala10.xtc", include_bytes!("../../../examples/ala10.xtc")),
];
