//! What is the text of a file that the configuration names?
use super::INPUT;
use crate::config::{Config, Faults};
use std::path::Path;

/// Larger files are certainly not molecules.
const MAX_BYTES: u64 = 256 << 20;

/// A text file that the configuration names.
pub struct InputFile {
    /// The path in messages.
    pub name: String,
    /// The extension in lower case.
    pub extension: String,
    /// Its lines end with a line feed, or with a carriage return and a line feed.
    pub text: String,
}

impl InputFile {
    /// Reads the file at `path`, which is the value of `key`.
    pub fn read(config: &Config, key: &str, path: &Path) -> Result<Self, Faults> {
        let path = config.resolve(path);
        let name = path.display().to_string();
        let unreadable =
            |reason: String| config.fault(key, format!("cannot read `{name}`: {reason}"), "give a text file");
        let bytes = config.inputs.bytes_up_to(MAX_BYTES, &path).map_err(|error| unreadable(error.to_string()))?;
        let text = decode(&bytes).map_err(unreadable)?;
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        Ok(Self { name, extension, text })
    }

    /// The ManyBodyInput at `path`, or the text of the configuration that is one.
    pub fn read_many_body(config: &Config, path: &Path) -> Result<Self, Faults> {
        match config.is_translated() {
            true => Ok(Self {
                name: config.path.display().to_string(),
                extension: "json".to_owned(),
                text: config.text.clone(),
            }),
            false => Self::read(config, INPUT, path),
        }
    }
}

/// The text of a file in UTF-8, or in another encoding that has the characters of ASCII; comments may contain others.
fn decode(bytes: &[u8]) -> Result<String, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is encoded as UTF-16; save it as UTF-8".to_owned());
    }
    if bytes.contains(&0) {
        return Err("it is not a text".to_owned());
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // Lines of old Macintosh files end with a carriage return alone.
    let is_old = text.contains('\r') && !text.contains('\n');
    Ok(if is_old { text.replace('\r', "\n") } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_may_end_as_on_any_system() {
        assert_eq!(decode(b"2\rHe\r").unwrap(), "2\nHe\n");
        assert_eq!(decode(b"2\r\nHe\r\n").unwrap().lines().collect::<Vec<_>>(), ["2", "He"]);
        assert_eq!(decode(b"\xef\xbb\xbf2\nHe").unwrap(), "2\nHe");
    }

    #[test]
    fn comments_may_be_in_another_encoding_but_must_be_text() {
        assert_eq!(decode(b"2\nin \xc5\nHe").unwrap(), "2\nin \u{fffd}\nHe");
        assert!(decode(b"\xff\xfe2\0").unwrap_err().contains("UTF-16"));
        assert!(decode(b"\x89HDF\0").unwrap_err().contains("not a text"));
    }
}
