//! Which integers of a comment are charge and multiplicity without a key?
use super::number;

/// Charge and multiplicity.
pub type Pair = (i32, u32);

fn words(comment: &str) -> Vec<&str> {
    comment.split([' ', '\t', ',', '\r']).filter(|word| !word.is_empty()).collect()
}

/// The pairs of the molecule and of two or more fragments, whose charges add up, as in Gaussian: `-1 1 -1 1 0 1`.
pub fn total_and_fragments(comment: &str) -> Option<(Pair, Vec<Pair>)> {
    let words = words(comment);
    if words.len() < 6 || !words.len().is_multiple_of(2) {
        return None;
    }
    let pairs: Option<Vec<Pair>> = words.chunks(2).map(|words| pair(words[0], words[1])).collect();
    let mut pairs = pairs?;
    let total = pairs.remove(0);
    let adds_up = pairs.iter().map(|pair| i64::from(pair.0)).sum::<i64>() == i64::from(total.0);
    adds_up.then_some((total, pairs))
}

/// Two integers that are the whole comment.
pub fn bare(comment: &str) -> Option<Pair> {
    match words(comment)[..] {
        [charge, multiplicity] => pair(charge, multiplicity),
        _ => None,
    }
}

/// A pair of an integer and a positive one.
pub fn pair(charge: &str, multiplicity: &str) -> Option<Pair> {
    let charge = charge.replace('\u{2212}', "-");
    let multiplicity = multiplicity.parse().ok().filter(|&multiplicity| multiplicity > 0)?;
    number::is_integer(&charge).then(|| charge.parse().ok())?.map(|charge| (charge, multiplicity))
}

/// Two integers after `charge/multiplicity` or `charge and multiplicity`.
pub fn labelled(comment: &str) -> Option<Pair> {
    let lower = comment.to_ascii_lowercase();
    let is_separator = |c: char| c.is_whitespace() || matches!(c, '/' | ',' | ':' | '=' | '&' | '(' | ')' | ';');
    let words: Vec<&str> = lower.split(is_separator).filter(|word| !word.is_empty() && *word != "and").collect();
    let charge = words.iter().position(|word| *word == "charge")?;
    match &words[charge + 1..] {
        [word, charge, multiplicity, ..] | ["spin", word, charge, multiplicity, ..] if word.starts_with("mult") => {
            pair(charge, multiplicity)
        }
        _ => None,
    }
}

/// Two integers before words that contain no number, as psi4 reads them.
pub fn before_title(comment: &str) -> Option<Pair> {
    let words: Vec<&str> = comment.split_whitespace().collect();
    let [charge, multiplicity, title @ ..] = &words[..] else { return None };
    let is_title = !title.iter().any(|word| number::parse(word).is_some() || word.contains('='));
    pair(charge, multiplicity).filter(|_| is_title)
}
