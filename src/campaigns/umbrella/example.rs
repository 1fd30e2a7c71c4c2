//! Which files does the example need?

/// 501 frames of alanine dipeptide (GROMACS, AMBER99SB-ILDN, vacuum, 300 K, 2 ps apart), its topology and run parameters.
pub const FILES: &[(&str, &[u8])] = &[
    ("ala2.gro", include_bytes!("../../../examples/ala2.gro")),
    ("ala2.xtc", include_bytes!("../../../examples/ala2.xtc")),
    ("ala2.top", include_bytes!("../../../examples/ala2.top")),
    ("ala2.mdp", include_bytes!("../../../examples/ala2.mdp")),
];
