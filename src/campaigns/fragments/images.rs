//! Are the clusters of periodic frames clear, and which images have no part in them?
use super::Frame;
use super::input::Gathered;
use super::load::Wanted;
use crate::config::{Config, Fault, Faults};
use crate::science::expansion::{Clash, Images, Need, find_images};
use crate::units::BOHR_ANGSTROM;

const MOLECULE: &str = "fragments.molecule";

/// What each frame's expansion leaves out; none of frames that are not periodic.
///
/// # Errors
/// A cluster of a frame has no clear arrangement.
pub fn find(
    config: &Config,
    frames: &[Frame],
    wanted: &Wanted,
    gathered: &[Option<Gathered>],
) -> Result<Vec<Option<Images>>, Faults> {
    let (mut images, mut faults) = (Vec::new(), Faults::default());
    for (number, (frame, gathered)) in frames.iter().zip(gathered).enumerate() {
        match find_images(&frame.system, &frame.expansion, &wanted.cutoffs, wanted.embedding.is_some()) {
            Ok(found) => images.push(found),
            Err(clash) => {
                let (message, help) = tell(clash);
                let place = gathered.as_ref().map_or("", |gathered| &gathered.place);
                faults.push(config.fault(MOLECULE, format!("{place}: frame {number}: {message}"), help));
            }
        }
    }
    faults.into_result(images)
}

/// Lengths below `bohr`, in angstrom with one digit.
fn below(bohr: f64) -> f64 {
    libm::floor(bohr * BOHR_ANGSTROM * 10.0) / 10.0
}

fn tell(clash: Clash) -> (String, String) {
    match clash {
        Clash::TwoImages { fragments: (a, b), nearest, safe } => {
            let [one, other] = [nearest.distance, nearest.next].map(|distance| distance * BOHR_ANGSTROM);
            let message = format!(
                "two images of fragment {b} are equally near to fragment {a}, at {one:.2} and {other:.2} angstrom, and the pair is \
                 computed only once"
            );
            let cutoff = safe.map(|safe| {
                format!(
                    "set cutoffs_angstrom to {:.1} or less for pairs, so that no two fragments are near in two images; or ",
                    below(safe)
                )
            });
            let others = "take a larger cell, or a cluster of whole molecules with pbc=\"F F F\"";
            (message, cutoff.unwrap_or_default() + others)
        }
        Clash::Winding { fragments: [a, b, c] } => {
            let message = format!(
                "fragments {a}, {b} and {c} cannot stand so that each is nearest to both others: their nearest images wind around \
                 the cell"
            );
            let help = "lower the cutoff of triples, set max_order = 2, or take a larger cell; a cluster of whole molecules has \
                        pbc=\"F F F\"";
            (message, help.to_owned())
        }
        Clash::NoWhole { fragments: (a, b), need } => {
            let what = match need {
                Need::Ghosts => "counterpoise needs for the basis of all fragments",
                Need::Whole => "the computation of all fragments at once needs",
                Need::Charges => "embedding charges need",
            };
            let message = format!(
                "fragments {a} and {b} are not at their nearest images in any arrangement of all fragments, which {what}"
            );
            let help = match need {
                Need::Ghosts => {
                    "choose bsse = [\"vmfc\"] or [\"nocp\"], whose tasks hold the fragments of one cluster alone"
                }
                Need::Whole => {
                    "set max_order = 2 or 3 without a level for the supersystem, or take a cluster out of the frame and \
                                give it with pbc=\"F F F\""
                }
                Need::Charges => {
                    "remove embedding_charges, or take a cluster out of the frame and give it with pbc=\"F F F\""
                }
            };
            (message, help.to_owned())
        }
    }
}

/// A warning where pairs are computed that are farther apart than images that are left out.
pub fn left_out(config: &Config, images: &[Option<Images>], gathered: &[Option<Gathered>]) -> Option<Fault> {
    let cut = |images: &&Images| images.next <= images.reach;
    let frames = images.iter().zip(gathered);
    let of_frame = |(images, gathered): (&Option<Images>, &Option<Gathered>)| {
        let found = *images.as_ref().filter(cut)?;
        Some((found, gathered.as_ref()?.place.clone()))
    };
    let mut found = frames.filter_map(of_frame);
    let (first, place) = found.next()?;
    let others = match found.count() {
        0 => String::new(),
        count => format!(" (and so in {count} other frames)"),
    };
    let message = format!(
        "{place}: pairs as far apart as {:.2} angstrom are computed, but each only at its nearest image: {} at {:.2} angstrom is left \
         out{others}",
        first.reach * BOHR_ANGSTROM,
        name(&first),
        first.next * BOHR_ANGSTROM
    );
    let help = format!(
        "set cutoffs_angstrom to {:.1} or less for pairs to have every pair within it, or take a larger cell",
        below(first.next)
    );
    Some(config.fault(MOLECULE, message, help).warning())
}

/// Which image is meant.
fn name(images: &Images) -> String {
    match images.fragments {
        (a, b) if a == b => format!("the image of fragment {a} next to itself"),
        (a, b) => format!("another image of fragments {a} and {b}"),
    }
}

/// What `check` tells of images.
pub fn understood(images: &[Option<Images>]) -> Option<(String, String)> {
    let nearest = images
        .iter()
        .flatten()
        .fold(None, |best: Option<&Images>, one| best.filter(|best| best.next <= one.next).or(Some(one)))?;
    let text = format!(
        "every cluster once, by nearest images; the next one, {}, is {:.2} angstrom away and left out",
        name(nearest),
        nearest.next * BOHR_ANGSTROM
    );
    Some(("images".to_owned(), text))
}
