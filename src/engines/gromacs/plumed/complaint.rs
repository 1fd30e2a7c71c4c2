//! What does PLUMED say of an error?
//!
//! GROMACS 2025 prints it as an error of its own ("Internal error (bug)"), which it is not.

/// What GROMACS puts before PLUMED's words.
const INTRODUCTION: &str = "An error occurred while ";
/// What the loader says where PLUMED's library cannot be loaded, above GROMACS's words.
const LOADER: &str = "Message from dlopen(): ";

/// PLUMED's words within what GROMACS `said` of an error, whose output `before` that may tell more; none where it is not of PLUMED.
pub fn words(before: &[&str], said: &str) -> Option<String> {
    let mut lines = said.lines().skip_while(|line| !line.starts_with(INTRODUCTION) || !line.contains("PLUMED"));
    let introduction = lines.next()?;
    let own: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    let mut text = format!("{introduction}\n{}", own.join("\n"));
    if text.contains("is not known.") {
        text.push_str("\n(is it spelled right, and was its module built into this PLUMED?)");
    }
    let loader = before.iter().filter_map(|line| line.split_once(LOADER)).next_back();
    if let Some((_, reason)) = loader {
        text.push_str(&format!("\n({})", reason.trim_end_matches([' ', '+'])));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn plumeds_words_are_told_apart_from_those_of_gromacs() {
        let said = "Internal error (bug):\nAn error occurred while initializing the PLUMED force provider:\n\nAction \"X\" is not known.\n";
        let found = words(&[], said).unwrap();
        assert!(found.starts_with(
            "An error occurred while initializing the PLUMED force provider:\nAction \"X\" is not known.\n(is it"
        ));
        let said = said.replace("Action \"X\" is not known.", "You are trying to use plumed, but it is not available.");
        let before = ["+++ An error occurred. Message from dlopen(): /x.so: undefined symbol: y +++"];
        assert!(words(&before, &said).unwrap().ends_with("but it is not available.\n(/x.so: undefined symbol: y)"));
        assert_eq!(words(&[], "Fatal error:\nToo many LINCS warnings"), None);
    }
}
