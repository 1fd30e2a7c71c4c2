//! Which frames of a trajectory did a restarted program repeat?

/// Time and step of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameStamp {
    /// Index of the frame's file.
    pub part: usize,
    pub time_ps: Option<f64>,
    pub step: Option<i64>,
    /// Whether its time is stored in single precision.
    pub is_rounded: bool,
}

/// Frames that later ones repeat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Repeats {
    /// Number of repeated frames, which are left out.
    pub left_out: usize,
    /// How often time goes back.
    pub descents: usize,
    /// Index of the file in which time goes back first.
    pub part: usize,
    /// Number of the frame in that file at which it does, counted from 0.
    pub frame: usize,
    /// The time of that frame.
    pub time_ps: f64,
    /// Whether that frame repeats all frames before it.
    pub is_all: bool,
}

/// Why times cannot be those of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TimeError {
    /// The file `part` does not begin later than the file `before`.
    PartOrder { part: usize, first_ps: f64, before: usize, before_ps: f64 },
    /// Frames of two runs alternate from `frame` on.
    TwoRuns { frame: usize, time_ps: f64, descents: usize },
}

/// Fewer descents may be restarts, however many frames they repeat.
const MIN_DESCENTS: usize = 5;
/// Two runs repeat about half of the frames after the first descent; restarts repeat fewer.
const MIN_REPEATED: f64 = 0.4;

/// For each frame whether it is kept: a frame replaces all before it of its own time or later. None where all are kept.
///
/// # Errors
/// The times cannot be those of one run.
pub(super) fn find(stamps: &[FrameStamp]) -> Result<Option<(Vec<bool>, Repeats)>, TimeError> {
    if has_one_time(stamps) {
        return Ok(None);
    }
    check_order(stamps)?;
    let spacing = spacing(stamps);
    let mut is_kept = vec![true; stamps.len()];
    // Kept frames with a time, which ascends.
    let mut kept: Vec<usize> = Vec::new();
    let mut repeats: Option<Repeats> = None;
    // The frame of the first descent, and repeated frames from there on.
    let (mut first, mut since) = (0, 0);
    for (index, stamp) in stamps.iter().enumerate() {
        let Some(time_ps) = stamp.time_ps else { continue };
        let mut left_out = 0;
        while let Some(&last) = kept.last().filter(|last| is_repeat(&stamps[**last], stamp, spacing)) {
            is_kept[last] = false;
            kept.pop();
            left_out += 1;
            since += usize::from(repeats.is_some() && last >= first);
        }
        if left_out > 0 {
            let part = stamp.part;
            let frame = stamps[..index].iter().rev().take_while(|before| before.part == part).count();
            let is_all = kept.is_empty();
            let found = repeats.get_or_insert_with(|| {
                first = index;
                Repeats { left_out: 0, descents: 0, part, frame, time_ps, is_all }
            });
            found.left_out += left_out;
            found.descents += 1;
        }
        kept.push(index);
    }
    let Some(found) = repeats else { return Ok(None) };
    if found.descents >= MIN_DESCENTS && since as f64 >= MIN_REPEATED * (stamps.len() - first) as f64 {
        return Err(TimeError::TwoRuns { frame: first, time_ps: found.time_ps, descents: found.descents });
    }
    Ok(Some((is_kept, found)))
}

/// Whether all frames have the same time: then their writer had none to store.
fn has_one_time(stamps: &[FrameStamp]) -> bool {
    let mut times = stamps.iter().filter_map(|stamp| stamp.time_ps);
    let first = times.next();
    times.all(|time| Some(time) == first)
}

/// The mean time between frames, ps.
fn spacing(stamps: &[FrameStamp]) -> f64 {
    let times = || stamps.iter().filter_map(|stamp| stamp.time_ps);
    let (least, most) = times().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), t| (a.min(t), b.max(t)));
    (most - least) / times().count().max(2) as f64
}

/// The distance of neighbouring times in single precision, ps.
fn resolution(time_ps: f64) -> f64 {
    f64::from(f32::EPSILON) * time_ps.abs()
}

/// Precision of times in text files, ps.
const TEXT_PRECISION: f64 = 1e-5;

/// Whether the time of `next` is not later than that of `last`.
fn is_repeat(last: &FrameStamp, next: &FrameStamp, spacing: f64) -> bool {
    let (Some(before), Some(time)) = (last.time_ps, next.time_ps) else { return false };
    if last.is_rounded != next.is_rounded {
        return time <= before + resolution(time) + TEXT_PRECISION;
    }
    // After microseconds frames may be closer in time than single precision resolves; then their steps decide.
    let is_coarse = next.is_rounded && resolution(time) > 0.3 * spacing;
    let is_later_step = last.step.zip(next.step).is_some_and(|(last, next)| next > last);
    time <= before && !(time == before && is_coarse && is_later_step)
}

/// Checks that each file begins later than the one before it.
fn check_order(stamps: &[FrameStamp]) -> Result<(), TimeError> {
    let mut begin: Option<(usize, f64)> = None;
    for group in stamps.chunk_by(|a, b| a.part == b.part) {
        let part = group[0].part;
        let Some(first_ps) = group.iter().find_map(|stamp| stamp.time_ps) else { continue };
        match begin {
            Some((before, before_ps)) if first_ps <= before_ps => {
                return Err(TimeError::PartOrder { part, first_ps, before, before_ps });
            }
            _ => begin = Some((part, first_ps)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stamps with these times; `|` separates files.
    fn stamps(text: &str) -> Vec<FrameStamp> {
        let parts = text.split('|').enumerate();
        let of_part = |(part, words): (usize, &str)| {
            let stamp = |word: &str| FrameStamp { part, time_ps: word.parse().ok(), step: None, is_rounded: true };
            words.split_whitespace().map(stamp).collect::<Vec<_>>()
        };
        parts.flat_map(of_part).collect()
    }

    fn kept_times(text: &str) -> String {
        let stamps = stamps(text);
        let (kept, _) = find(&stamps).unwrap().unwrap_or((vec![true; stamps.len()], NONE));
        let times = stamps.iter().zip(kept).filter(|(_, is_kept)| *is_kept);
        let show = |(stamp, _): (&FrameStamp, bool)| stamp.time_ps.map_or("-".to_owned(), |time| time.to_string());
        times.map(show).collect::<Vec<_>>().join(" ")
    }

    const NONE: Repeats = Repeats { left_out: 0, descents: 0, part: 0, frame: 0, time_ps: 0.0, is_all: false };

    #[test]
    fn the_last_frame_of_each_time_is_kept() {
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
            assert_eq!(kept_times(text), times, "{text}");
        }
        let (kept, repeats) = find(&stamps("0 1 2 3 2 3 4")).unwrap().unwrap();
        assert_eq!(kept, [true, true, false, false, true, true, true]);
        assert_eq!(repeats, Repeats { left_out: 2, descents: 1, part: 0, frame: 4, time_ps: 2.0, is_all: false });
    }

    #[test]
    fn many_restarts_are_not_taken_for_two_runs() {
        // Each run begins with the last frame of the run before.
        let text = (0..30).map(|run| format!("{} {} {} {}", 3 * run, 3 * run + 1, 3 * run + 2, 3 * run + 3));
        let text = text.collect::<Vec<_>>().join(" ");
        let (_, repeats) = find(&stamps(&text)).unwrap().unwrap();
        assert_eq!((repeats.left_out, repeats.descents), (29, 29));
        assert_eq!(kept_times(&text), (0..=90).map(|time| time.to_string()).collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn frames_of_two_runs_that_alternate_are_refused() {
        for behind in [0, 1, 5, 99] {
            let alone = (0..200).map(|time| time.to_string());
            let both = (200..300).flat_map(|time| [time.to_string(), (time - behind).to_string()]);
            let text = alone.chain(both).collect::<Vec<_>>().join(" ");
            assert!(matches!(find(&stamps(&text)), Err(TimeError::TwoRuns { .. })), "{behind}");
        }
    }

    #[test]
    fn files_out_of_time_order_are_refused() {
        let error = TimeError::PartOrder { part: 1, first_ps: 0.0, before: 0, before_ps: 3.0 };
        assert_eq!(find(&stamps("3 4 5 | 0 1 2 3")), Err(error));
        let error = TimeError::PartOrder { part: 2, first_ps: 0.0, before: 0, before_ps: 0.0 };
        assert_eq!(find(&stamps("0 1 2 | - - | 0 1 2")), Err(error));
    }

    #[test]
    fn steps_order_frames_closer_than_stored_times_resolve() {
        let far = |step: i64| {
            let time_ps = Some(f64::from(3e7_f32 + step as f32));
            FrameStamp { part: 0, time_ps, step: Some(step), is_rounded: true }
        };
        let mut frames: Vec<FrameStamp> = (0..50).map(far).collect();
        assert!(frames.windows(2).any(|pair| pair[0].time_ps == pair[1].time_ps));
        assert_eq!(find(&frames), Ok(None));
        frames.extend((45..60).map(far));
        assert_eq!(find(&frames).unwrap().unwrap().1.left_out, 5);
    }

    #[test]
    fn times_of_a_text_file_and_a_binary_file_compare_equal() {
        let stamp =
            |part, time_ps: f64, is_rounded| FrameStamp { part, time_ps: Some(time_ps), step: None, is_rounded };
        let times = [0.0, 0.1, 0.2, 0.3].map(|time: f32| stamp(0, f64::from(time), true));
        let more = [0.3, 0.4].map(|time| stamp(1, time, false));
        let (kept, _) = find(&[&times[..], &more].concat()).unwrap().unwrap();
        assert_eq!(kept, [true, true, true, false, true, true]);
    }
}
