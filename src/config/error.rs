//! Why can a configuration file not be read as text?
use std::io;
use std::path::PathBuf;

/// Why there is no text to parse.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("configuration `{path}` not found: name an existing file, or create one with `simmpi init KIND`")]
    Missing { path: PathBuf },
    #[error("`{path}` is a directory: name the configuration file in it")]
    Directory { path: PathBuf },
    #[error("cannot read the configuration `{path}`: check that it is a file you have permission to read")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` is larger than {limit_mb} MB: name the configuration, not a data file")]
    TooLarge { path: PathBuf, limit_mb: u64 },
    #[error(
        "`{path}` is not UTF-8 text (byte 0x{byte:02x} in line {line}): save the configuration as UTF-8, or name another file"
    )]
    NotText { path: PathBuf, line: usize, byte: u8 },
}
