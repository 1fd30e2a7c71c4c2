//! PLUMED itself biases replicas that are killed and drained: an opt-in test, since no package registry has a PLUMED that GROMACS can load.
//!
//! ```text
//! PLUMED_KERNEL=/opt/plumed/lib/libplumedKernel.so cargo test --features real-plumed --test plumed_real
//! ```
//! It needs a GROMACS of 2025 or later, whose mdrun has `-plumed`, in PATH.
#![allow(clippy::unwrap_used)]
mod support;

use std::fs;
use std::path::Path;
use support::ala2::replicas_of_gromacs;
use support::replicas::{kill_rank, wait_until, working_in};

const OPES: &str = "phi: TORSION ATOMS=5,7,9,15\n\
    opes: OPES_METAD ARG=phi PACE=500 BARRIER=40 TEMP=300 SIGMA=0.15 STATE_WFILE=STATE STATE_RFILE=STATE\n\
    PRINT ARG=phi,opes.bias,opes.nker FILE=COLVAR STRIDE=50\n";
const METAD: &str = "phi: TORSION ATOMS=5,7,9,15\n\
    metad: METAD ARG=phi PACE=500 HEIGHT=1.2 SIGMA=0.35 BIASFACTOR=10 TEMP=300\n\
    PRINT ARG=phi,metad.bias FILE=COLVAR STRIDE=50\n";

/// Times of the rows of a file of PLUMED's, in steps of 2 fs.
fn steps_of(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| (row.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 0.002).round() as u64).collect()
}

#[test]
fn what_plumed_biases_goes_on_with_every_kernel_and_every_row_once() {
    const STEPS: u64 = 200_000;
    for (plumed, kernels, is_drained) in [(OPES, "KERNELS", false), (METAD, "HILLS", false), (OPES, "KERNELS", true)] {
        let keys = "plumed = \"plumed.dat\"\nmdrun_args = [\"-cpt\", \"0.005\"]\n[ensemble.files]\n\"plumed.dat\" = \"plumed.dat\"";
        let Some(campaign) = replicas_of_gromacs(STEPS, keys) else { return };
        let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
        campaign.write(&config.replace("101-108", "101-102"));
        fs::write(campaign.path("plumed.dat"), plumed).unwrap();
        let running = campaign.start(2, &[]);
        wait_until(|| [101, 102].iter().any(|seed| campaign.path(&format!("replicas/{seed}/run_prev.cpt")).is_file()));
        if is_drained {
            // There is a checkpoint of the last step then, for which PLUMED has written no state.
            campaign.ask_to_drain(&running);
            running.end();
        } else {
            kill_rank(&campaign, running, 1);
            wait_until(|| working_in(&campaign.path("replicas")) == 0);
        }
        campaign.run(2, &[]).expect(0, &["2 of 2 tasks done, 0 failed"]);
        for seed in [101, 102] {
            let folder = campaign.path(&format!("replicas/{seed}"));
            assert_eq!(steps_of(&folder.join(kernels)), (1..=STEPS / 500).map(|k| 500 * k).collect::<Vec<_>>());
            assert_eq!(steps_of(&folder.join("COLVAR")), (0..=STEPS / 50).map(|k| 50 * k).collect::<Vec<_>>());
        }
    }
}
