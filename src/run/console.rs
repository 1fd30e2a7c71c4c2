//! Prints messages on standard output and error, and into a log file.
use crate::config::Faults;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

static LOG: Mutex<Option<File>> = Mutex::new(None);

/// Opens the log file; lines are appended to it.
///
/// # Errors
/// It cannot be created.
pub fn open_log(path: &Path) -> io::Result<()> {
    let file = File::options().create(true).append(true).open(path)?;
    if let Ok(mut log) = LOG.lock() {
        *log = Some(file);
    }
    Ok(())
}

/// Prints `text` on standard output. A reader that has gone (`simmpi ... | head`) is no fault.
pub fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush());
    log(text);
}

/// Prints `text` on standard error, without the prefix of an error.
pub fn warning(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
    log(text);
}

/// Prints warnings about an input file on standard output, if there are any.
pub fn warnings(faults: &Faults) {
    if !faults.is_empty() {
        line(rendered(faults).trim_end());
    }
}

/// Prints an error on standard error.
pub fn error(text: &str) {
    let _ = writeln!(io::stderr(), "simmpi: {text}");
    log(text);
}

/// The faults of an input file as they are printed.
pub fn rendered(faults: &Faults) -> String {
    faults.render(is_colored())
}

/// Whether messages may be coloured: standard error is a terminal, and there is no launcher in between.
fn is_colored() -> bool {
    use io::IsTerminal;
    io::stderr().is_terminal() && crate::comm::Launcher::detect().is_none() && std::env::var_os("NO_COLOR").is_none()
}

/// Writes `text` to the log file only, every line with the time.
pub fn log(text: &str) {
    if let Ok(mut log) = LOG.lock()
        && let Some(file) = log.as_mut()
    {
        let stamp = timestamp(SystemTime::now());
        // A log that cannot be written must not end a campaign.
        let _ = text.lines().try_for_each(|line| writeln!(file, "{stamp} {line}"));
    }
}

/// A moment as `2026-01-31T12:34:56.789Z`.
pub fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, ms) = (since.as_secs(), since.subsec_millis());
    let (days, rest) = (seconds / 86400, seconds % 86400);
    let (year, month, day) = date(days as i64);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ms:03}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The Gregorian date that many days after 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms", 2013).
fn date(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// A duration in readable units: `47 s`, `12 min`, `3 h 05 min`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "unknown".into(),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 600.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{} h {:02} min", (s / 3600.0) as u64, (s / 60.0) as u64 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_printed_in_iso_8601() {
        let at = |s: u64| timestamp(UNIX_EPOCH + Duration::from_millis(s * 1000 + 7));
        assert_eq!(at(0), "1970-01-01T00:00:00.007Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59.007Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.007Z");
        assert_eq!(at(1_795_219_200), "2026-11-21T00:00:00.007Z");
    }
}
