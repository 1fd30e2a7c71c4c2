//! Is each cluster of a periodic frame at unique nearest images, and which images are left out?
use super::input::{MOLECULE, PeriodicFrame};
use super::{ExpansionOptions, Frame};
use crate::config::{Config, Fault, Faults};
use crate::problem::Problem;
use crate::science::expansion::{Clash, Images, Need, find_images};
use crate::units::BOHR_ANGSTROM;

/// The images that each periodic frame's expansion leaves out. Fails where a cluster has no unique arrangement of nearest images.
pub fn find(
    config: &Config,
    frames: &[Frame],
    options: &ExpansionOptions,
    periodic: &[Option<PeriodicFrame>],
) -> Result<Vec<Option<Images>>, Faults> {
    let (mut images, mut faults) = (Vec::new(), Faults::default());
    for (number, (frame, periodic)) in frames.iter().zip(periodic).enumerate() {
        match find_images(&frame.system, &frame.expansion, &options.cutoffs, options.embedding.is_some()) {
            Ok(found) => images.push(found),
            Err(clash) => {
                let Problem { message, help, .. } = diagnose(clash);
                let location = periodic.as_ref().map_or("", |periodic| &periodic.location);
                faults.push(config.fault(MOLECULE, format!("{location}: frame {number}: {message}"), help));
            }
        }
    }
    faults.into_result(images)
}

/// A length in angstrom, rounded down to one decimal.
fn rounded_down(bohr: f64) -> f64 {
    libm::floor(bohr * BOHR_ANGSTROM * 10.0) / 10.0
}

fn diagnose(clash: Clash) -> Problem {
    match clash {
        Clash::TwoImages { fragments: (a, b), nearest, safe } => {
            let [one, other] = [nearest.distance, nearest.next].map(|distance| distance * BOHR_ANGSTROM);
            let message = format!(
                "two images of fragment {b} are equally close to fragment {a}, at {one:.2} and {other:.2} angstrom, and the pair is \
                 computed only once"
            );
            let cutoff = safe.map(|safe| {
                let cutoff = rounded_down(safe);
                format!(
                    "set cutoffs_angstrom to {cutoff:.1} or less for pairs, so that no pair is close in two images; or "
                )
            });
            let others = "use a larger cell, or a cluster of whole molecules with pbc=\"F F F\"";
            Problem::new(message, cutoff.unwrap_or_default() + others)
        }
        Clash::Winding { fragments: [a, b, c] } => Problem::new(
            format!(
                "fragments {a}, {b} and {c} cannot all be nearest images of one another: their nearest images wind around the cell"
            ),
            "lower the cutoff of triples, set max_order = 2, or use a larger cell, or a cluster of whole molecules with pbc=\"F F F\"",
        ),
        Clash::NoWhole { fragments: (a, b), need } => {
            let (what, help) = match need {
                Need::Ghosts => (
                    "counterpoise needs for the basis of all fragments",
                    "set bsse = [\"vmfc\"] or [\"nocp\"], whose tasks contain only the fragments of one cluster",
                ),
                Need::Whole => (
                    "the computation of all fragments at once needs",
                    "set max_order = 2 or 3 without a level for the supersystem, or cut a cluster out of the frame and write it with \
                     pbc=\"F F F\"",
                ),
                Need::Charges => (
                    "embedding charges need",
                    "remove embedding_charges, or cut a cluster out of the frame and write it with pbc=\"F F F\"",
                ),
            };
            let message = format!(
                "fragments {a} and {b} are not at their nearest images in any arrangement of all fragments, which {what}"
            );
            Problem::new(message, help)
        }
    }
}

/// A warning where pairs are computed although closer images are left out.
pub fn warning(config: &Config, images: &[Option<Images>], periodic: &[Option<PeriodicFrame>]) -> Option<Fault> {
    let cut = |images: &&Images| images.next <= images.reach;
    let frames = images.iter().zip(periodic);
    let of_frame = |(images, periodic): (&Option<Images>, &Option<PeriodicFrame>)| {
        Some((*images.as_ref().filter(cut)?, periodic.as_ref()?.location.clone()))
    };
    let mut affected = frames.filter_map(of_frame);
    let (first, location) = affected.next()?;
    let others = match affected.count() {
        0 => String::new(),
        count => format!(" (also in {count} other frames)"),
    };
    let (name, [reach, next]) = (name(&first), [first.reach, first.next].map(|length| length * BOHR_ANGSTROM));
    let message = format!(
        "{location}: pairs as far apart as {reach:.2} angstrom are computed, but each only at its nearest image: {name} at {next:.2} \
         angstrom is left out{others}"
    );
    let cutoff = rounded_down(first.next);
    let help = format!(
        "set cutoffs_angstrom to {cutoff:.1} or less for pairs to include every pair within it, or use a larger cell"
    );
    Some(config.fault(MOLECULE, message, help).warning())
}

/// The image in messages.
fn name(images: &Images) -> String {
    match images.fragments {
        (a, b) if a == b => format!("the image of fragment {a} next to itself"),
        (a, b) => format!("another image of fragments {a} and {b}"),
    }
}

/// A named line for `check` on the nearest image that is left out.
pub fn summary(images: &[Option<Images>]) -> Option<(String, String)> {
    let nearest = images.iter().flatten().min_by(|a, b| a.next.total_cmp(&b.next))?;
    let (name, next) = (name(nearest), nearest.next * BOHR_ANGSTROM);
    let text =
        format!("every cluster once, by nearest images; the next one, {name}, is {next:.2} angstrom away and left out");
    Some(("images".to_owned(), text))
}
