//! Which frames did a program write again after it was restarted?

/// What is known of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    /// Which file of the trajectory it is of.
    pub part: usize,
    pub time_ps: Option<f64>,
    pub step: Option<i64>,
    /// Whether its time is stored with seven digits.
    pub is_rounded: bool,
}

/// Frames that are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Repeats {
    pub left_out: usize,
    /// How often time goes back.
    pub descents: usize,
    /// The file and time that it goes back to first.
    pub part: usize,
    pub time_ps: f64,
    /// Whether that leaves out all frames before it.
    pub is_all: bool,
    /// The frame of that file before which it happens.
    pub frame: usize,
}

/// Why times are not those of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// The file `part` begins no later than one that stands before it.
    Order { part: usize, first_ps: f64, before: usize, before_ps: f64 },
    /// Frames of two runs alternate.
    TwoRuns { frame: usize, time_ps: f64, descents: usize },
}

/// Fewer descents can be restarts, however much was written again.
const FEW: usize = 5;
/// Of the frames from the first descent on two runs write about half again; restarts write less.
const MUCH: f64 = 0.4;

/// Which frames count: a frame takes the place of all before it of its own time or a later one. None where all do.
///
/// # Errors
/// The times are not those of one run.
pub(super) fn find(stamps: &[Stamp]) -> Result<Option<(Vec<bool>, Repeats)>, Fault> {
    if has_one_time(stamps) {
        return Ok(None);
    }
    check_order(stamps)?;
    let spacing = spacing(stamps);
    let mut counts = vec![true; stamps.len()];
    // Frames that count and have a time, which ascends.
    let mut kept: Vec<usize> = Vec::new();
    let mut repeats: Option<Repeats> = None;
    let (mut first, mut since) = (0, 0);
    for (place, stamp) in stamps.iter().enumerate() {
        let Some(time_ps) = stamp.time_ps else { continue };
        let mut left_out = 0;
        while let Some(&last) = kept.last().filter(|last| is_again(&stamps[**last], stamp, spacing)) {
            counts[last] = false;
            kept.pop();
            left_out += 1;
            since += usize::from(repeats.is_some() && last >= first);
        }
        if left_out > 0 {
            let part = stamp.part;
            let frame = stamps[..place].iter().rev().take_while(|before| before.part == part).count();
            let is_all = kept.is_empty();
            let found = repeats.get_or_insert_with(|| {
                first = place;
                Repeats { left_out: 0, descents: 0, part, time_ps, is_all, frame }
            });
            found.left_out += left_out;
            found.descents += 1;
        }
        kept.push(place);
    }
    let Some(found) = repeats else { return Ok(None) };
    if found.descents >= FEW && since as f64 >= MUCH * (stamps.len() - first) as f64 {
        return Err(Fault::TwoRuns { frame: first, time_ps: found.time_ps, descents: found.descents });
    }
    Ok(Some((counts, found)))
}

/// Whether all frames have the same time: then their writer knew none.
fn has_one_time(stamps: &[Stamp]) -> bool {
    let mut times = stamps.iter().filter_map(|stamp| stamp.time_ps);
    let first = times.next();
    times.all(|time| Some(time) == first)
}

/// The mean distance of frames in time, ps.
fn spacing(stamps: &[Stamp]) -> f64 {
    let times = || stamps.iter().filter_map(|stamp| stamp.time_ps);
    let (least, most) = times().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), t| (a.min(t), b.max(t)));
    (most - least) / times().count().max(2) as f64
}

/// The distance of times that are stored as numbers of seven digits, ps.
fn resolution(time_ps: f64) -> f64 {
    f64::from(f32::EPSILON) * time_ps.abs()
}

/// Decimals of times in text files, ps.
const DECIMALS: f64 = 1e-5;

/// Whether `next` is of a time that `last` has reached already.
fn is_again(last: &Stamp, next: &Stamp, spacing: f64) -> bool {
    let (Some(before), Some(time)) = (last.time_ps, next.time_ps) else { return false };
    if last.is_rounded != next.is_rounded {
        return time <= before + resolution(time) + DECIMALS;
    }
    // After microseconds frames can be closer in time than what is stored of it.
    let is_coarse = next.is_rounded && resolution(time) > 0.3 * spacing;
    let goes_on = last.step.zip(next.step).is_some_and(|(last, next)| next > last);
    time <= before && !(time == before && is_coarse && goes_on)
}

/// Whether each file begins later than the one before it.
fn check_order(stamps: &[Stamp]) -> Result<(), Fault> {
    let mut begin: Option<(usize, f64)> = None;
    for group in stamps.chunk_by(|a, b| a.part == b.part) {
        let part = group[0].part;
        let Some(first_ps) = group.iter().find_map(|stamp| stamp.time_ps) else { continue };
        match begin {
            Some((before, before_ps)) if first_ps <= before_ps => {
                return Err(Fault::Order { part, first_ps, before, before_ps });
            }
            _ => begin = Some((part, first_ps)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times of files, which are separated by `|`.
    fn stamps(text: &str) -> Vec<Stamp> {
        let parts = text.split('|').enumerate();
        let of_part = |(part, words): (usize, &str)| {
            let stamp = |word: &str| Stamp { part, time_ps: word.parse().ok(), step: None, is_rounded: true };
            words.split_whitespace().map(stamp).collect::<Vec<_>>()
        };
        parts.flat_map(of_part).collect()
    }

    fn counted(text: &str) -> String {
        let stamps = stamps(text);
        let (counts, _) = find(&stamps).unwrap().unwrap_or((vec![true; stamps.len()], NONE));
        let times = stamps.iter().zip(counts).filter(|(_, counts)| *counts);
        let show = |(stamp, _): (&Stamp, bool)| stamp.time_ps.map_or("-".to_owned(), |time| time.to_string());
        times.map(show).collect::<Vec<_>>().join(" ")
    }

    const NONE: Repeats = Repeats { left_out: 0, descents: 0, part: 0, time_ps: 0.0, is_all: false, frame: 0 };

    #[test]
    fn of_a_time_the_later_frame_counts() {
        for (text, times) in [
            ("0 1 2 3", "0 1 2 3"),
            ("0 1 2 3 2 3 4", "0 1 2 3 4"),
            ("0 1 2 3 3 4", "0 1 2 3 4"),
            ("0 1 2 3 2.5 3.5", "0 1 2 2.5 3.5"),
            ("0 1 2 3 | 2 3 4", "0 1 2 3 4"),
            ("0 1 2 | 2 3 4 | 4 5", "0 1 2 3 4 5"),
            ("0 1 2 | 5 6", "0 1 2 5 6"),
            ("0 1 2 0 1 2 3", "0 1 2 3"),
            ("0 0 0 0", "0 0 0 0"),
            ("0 0 | 0 0", "0 0 0 0"),
            ("- - -", "- - -"),
            ("0 1 - 2 | - 2 3", "0 1 - - 2 3"),
            ("-2 -1 0 -1 0 1", "-2 -1 0 1"),
        ] {
            assert_eq!(counted(text), times, "{text}");
        }
        let (counts, repeats) = find(&stamps("0 1 2 3 2 3 4")).unwrap().unwrap();
        assert_eq!(counts, [true, true, false, false, true, true, true]);
        assert_eq!(repeats, Repeats { left_out: 2, descents: 1, part: 0, time_ps: 2.0, is_all: false, frame: 4 });
    }

    #[test]
    fn many_restarts_are_no_two_runs() {
        // Each run begins with the frame that the one before ended with.
        let text = (0..30).map(|run| format!("{} {} {} {}", 3 * run, 3 * run + 1, 3 * run + 2, 3 * run + 3));
        let text = text.collect::<Vec<_>>().join(" ");
        let (_, repeats) = find(&stamps(&text)).unwrap().unwrap();
        assert_eq!((repeats.left_out, repeats.descents), (29, 29));
        assert_eq!(counted(&text), (0..=90).map(|time| time.to_string()).collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn frames_of_two_runs_that_alternate_are_refused() {
        for behind in [0, 1, 5, 99] {
            let alone = (0..200).map(|time| time.to_string());
            let both = (200..300).flat_map(|time| [time.to_string(), (time - behind).to_string()]);
            let text = alone.chain(both).collect::<Vec<_>>().join(" ");
            assert!(matches!(find(&stamps(&text)), Err(Fault::TwoRuns { .. })), "{behind}");
        }
    }

    #[test]
    fn files_that_are_not_in_the_order_of_time_are_refused() {
        let fault = Fault::Order { part: 1, first_ps: 0.0, before: 0, before_ps: 3.0 };
        assert_eq!(find(&stamps("3 4 5 | 0 1 2 3")), Err(fault));
        let fault = Fault::Order { part: 2, first_ps: 0.0, before: 0, before_ps: 0.0 };
        assert_eq!(find(&stamps("0 1 2 | - - | 0 1 2")), Err(fault));
    }

    #[test]
    fn frames_closer_than_stored_times_tell_go_on_by_their_steps() {
        let far = |step: i64| {
            let time_ps = Some(f64::from(3e7_f32 + step as f32));
            Stamp { part: 0, time_ps, step: Some(step), is_rounded: true }
        };
        let mut frames: Vec<Stamp> = (0..50).map(far).collect();
        assert!(frames.windows(2).any(|pair| pair[0].time_ps == pair[1].time_ps));
        assert_eq!(find(&frames), Ok(None));
        frames.extend((45..60).map(far));
        assert_eq!(find(&frames).unwrap().unwrap().1.left_out, 5);
    }

    #[test]
    fn times_of_a_text_and_of_a_binary_file_are_alike() {
        let stamp = |part, time_ps: f64, is_rounded| Stamp { part, time_ps: Some(time_ps), step: None, is_rounded };
        let times = [0.0, 0.1, 0.2, 0.3].map(|time: f32| stamp(0, f64::from(time), true));
        let more = [0.3, 0.4].map(|time| stamp(1, time, false));
        let (counts, _) = find(&[&times[..], &more].concat()).unwrap().unwrap();
        assert_eq!(counts, [true, true, true, false, true, true]);
    }
}
