//! The same molecules with charges in the file or in the configuration, and with atoms in another order, have the same energies.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::Reader;
use std::fs;
use support::{Campaign, simmpi};

/// Hydroxide and water.
const ATOMS: [&str; 5] = ["O 0 0 0", "H 0 0 0.96", "O 2.6 0 0", "H 1.62 0.05 0.1", "H 2.9 0.8 -0.4"];

/// Interaction energies (nocp, cp, vmfc; Eh) of the atoms in the given order, with a comment line and keys.
fn energies(order: [usize; 5], comment: &str, keys: &str) -> Vec<f64> {
    let config = format!(
        "[campaign]\nkind = \"fragments\"\n[fragments]\nmolecule = \"pair.xyz\"\nbsse = [\"nocp\", \"cp\", \"vmfc\"]\nmax_order = 2\n{keys}\n\
         [[fragments.level]]\nengine = \"embedded\"\nmethod = \"mp2\"\nbasis = \"sto-3g\"\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    let rows: Vec<_> = order.iter().map(|&atom| ATOMS[atom]).collect();
    fs::write(campaign.path("pair.xyz"), format!("5\n{comment}\n{}\n", rows.join("\n"))).unwrap();
    let ended = campaign.run(0, &[]).expect(0, &["complete: "]);
    assert!(!ended.said.contains("warning"), "{}", ended.said);
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let of = |bsse: &str| reader.array::<f64>(&format!("/results/{bsse}/interaction_energy")).unwrap()[1];
    ["nocp", "cp", "vmfc"].map(of).to_vec()
}

#[test]
fn a_charge_in_the_file_or_by_key_gives_the_same_bits() {
    let order = [0, 1, 2, 3, 4];
    let by_key = energies(order, "hydroxide and water", "charges = [-1, 0]");
    assert!(by_key.iter().all(|energy| (-0.2..-0.02).contains(energy)), "{by_key:?}");
    for comment in [
        "charge=-1 charge_a=-1 charge_b=0 selection_a=1-2 selection_b=3-5",
        "Properties=species:S:1:pos:R:3 fragment_charges=\"-1 0\"",
        "-1 1 -1 1 0 1",
    ] {
        assert_eq!(energies(order, comment, ""), by_key, "{comment}");
    }
    assert_eq!(energies(order, "charge=-1", "charges = [-1, 0]"), by_key);
}

#[test]
fn the_order_of_atoms_and_fragments_changes_no_energy() {
    let as_is = energies([0, 1, 2, 3, 4], "", "charges = [-1, 0]");
    for (order, keys) in [
        ([2, 3, 4, 0, 1], "charges = [0, -1]"),
        ([3, 1, 4, 0, 2], "fragments = [[1, 3], [0, 2, 4]]\ncharges = [-1, 0]"),
        ([4, 0, 2, 1, 3], "fragments = [[0, 2, 4], [1, 3]]\ncharges = [0, -1]"),
    ] {
        let found = energies(order, "", keys);
        assert!(found.iter().zip(&as_is).all(|(a, b)| (a - b).abs() < 1e-9), "{order:?}: {found:?} and {as_is:?}");
    }
}

/// A pipe can be read once only: a second reader would wait for ever.
#[test]
fn an_input_file_is_opened_once_whatever_the_number_of_ranks() {
    let config = "[campaign]\nkind = \"fragments\"\n[fragments]\nmolecule = \"pair.xyz\"\ncharges = [-1, 0]\nmax_order = 2\n\
                  [[fragments.level]]\nengine = \"embedded\"\nmethod = \"hf\"\nbasis = \"sto-3g\"\n";
    let campaign = Campaign::with(simmpi(), config);
    let pipe = campaign.path("pair.xyz");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let running = campaign.start(3, &[]);
    fs::write(&pipe, format!("5\n\n{}\n", ATOMS.join("\n"))).unwrap();
    running.end().expect(0, &["complete: 3 of 3 tasks done"]);
}
