//! Which error did PLUMED report through GROMACS?
//!
//! GROMACS 2025 prints it as an internal error of its own ("Internal error (bug)").

/// The line of GROMACS above PLUMED's message.
const INTRODUCTION: &str = "An error occurred while ";
/// The loader's message if PLUMED's library cannot be loaded, above that of GROMACS.
const LOADER: &str = "Message from dlopen(): ";

/// PLUMED's message within an error `message` of GROMACS, with the loader's from the output `before` it; none if the error is not from
/// PLUMED.
pub fn error_message(before: &[&str], message: &str) -> Option<String> {
    let mut lines = message.lines().skip_while(|line| !line.starts_with(INTRODUCTION) || !line.contains("PLUMED"));
    let introduction = lines.next()?;
    let message: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    let mut text = format!("{introduction}\n{}", message.join("\n"));
    if text.contains("is not known.") {
        text.push_str("\n(check the spelling, and that this PLUMED was built with the module that defines it)");
    }
    let loader = before.iter().filter_map(|line| line.split_once(LOADER)).next_back();
    if let Some((_, reason)) = loader {
        text.push_str(&format!("\n({})", reason.trim_end_matches([' ', '+'])));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::error_message;

    #[test]
    fn the_message_of_plumed_is_separated_from_that_of_gromacs() {
        let message = "Internal error (bug):\nAn error occurred while initializing the PLUMED force provider:\n\nAction \"X\" is not known.\n";
        let found = error_message(&[], message).unwrap();
        assert!(found.starts_with(
            "An error occurred while initializing the PLUMED force provider:\nAction \"X\" is not known.\n(check"
        ));
        let message =
            message.replace("Action \"X\" is not known.", "You are trying to use plumed, but it is not available.");
        let before = ["+++ An error occurred. Message from dlopen(): /x.so: undefined symbol: y +++"];
        assert!(
            error_message(&before, &message)
                .unwrap()
                .ends_with("but it is not available.\n(/x.so: undefined symbol: y)")
        );
        assert_eq!(error_message(&[], "Fatal error:\nToo many LINCS warnings"), None);
    }
}
