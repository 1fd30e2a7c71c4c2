//! How do processes agree on which of them creates a file?
use serde::de::DeserializeOwned;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a file that was created without hard links may be incomplete.
const WRITING: Duration = Duration::from_secs(2);

/// Creates the file `path` with its contents, as only one of many processes can; false if it exists. `part` is a name beside it that no
/// other process uses. A hard link is atomic on network file systems too; where there are none, the file is created and then written: see
/// [`read_complete`].
///
/// # Errors
/// The folder is not writable, or the disk is full.
pub fn create_once(path: &Path, part: &Path, contents: &[u8]) -> io::Result<bool> {
    // Shows whether the folder is writable: permission bits prove nothing for root or on a read-only mount.
    write(fs::File::create(part)?, part, contents)?;
    let linked = fs::hard_link(part, path);
    fs::remove_file(part)?;
    let created = linked.or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::File::create_new(path).and_then(|file| write(file, path, contents)),
    });
    match created {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes the contents completely, or leaves no file.
fn write(mut file: fs::File, path: &Path, contents: &[u8]) -> io::Result<()> {
    file.write_all(contents).inspect_err(|_| _ = fs::remove_file(path))
}

/// Reads a JSON file that another process may be writing; none if it does not exist.
///
/// # Errors
/// It cannot be read, or stays incomplete.
pub fn read_complete<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let since = Instant::now();
    loop {
        let contents = match fs::read(path) {
            Ok(contents) => contents,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice(&contents) {
            Ok(value) => return Ok(Some(value)),
            Err(error) if since.elapsed() > WRITING => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_creates_the_file_and_its_contents_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(create_once(&path, &folder.path().join("a"), b"1").unwrap());
        assert!(!create_once(&path, &folder.path().join("b"), b"2").unwrap());
        assert_eq!(read_complete::<u64>(&path).unwrap(), Some(1));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(read_complete::<u64>(&folder.path().join("none")).unwrap(), None);
    }

    #[test]
    fn a_file_that_is_being_written_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        fs::write(&path, "[1, 2").unwrap();
        let writer = std::thread::spawn({
            let path = path.clone();
            move || {
                std::thread::sleep(Duration::from_millis(200));
                fs::write(path, "[1, 2]").unwrap();
            }
        });
        assert_eq!(read_complete::<Vec<u64>>(&path).unwrap(), Some(vec![1, 2]));
        writer.join().unwrap();
        fs::write(&path, "[1,").unwrap();
        assert!(read_complete::<Vec<u64>>(&path).is_err(), "it stays incomplete");
    }
}
