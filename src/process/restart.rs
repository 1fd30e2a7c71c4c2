//! How does a process get environment variables that libraries read? By starting anew: none may be set once libraries are loaded.
use std::os::unix::process::CommandExt;

/// Starts this program anew in the same process, with the same arguments and `name` set to `value`. Everything else that a launcher passed
/// on stays. To be called before anything else; returns where it fails.
pub fn restart_with(name: &str, value: &str) {
    let mut arguments = std::env::args_os();
    if let (Ok(program), Some(own_name)) = (std::env::current_exe(), arguments.next()) {
        let _ = std::process::Command::new(program).arg0(own_name).args(arguments).env(name, value).exec();
    }
}
