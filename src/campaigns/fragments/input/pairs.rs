//! Which whole numbers of a comment are charge and multiplicity, though no key says so?
use super::number;

/// Charge and multiplicity.
type Pair = (i32, u32);

/// Pairs of the whole and of two or more fragments, whose charges add up, as Gaussian has them: `-1 1 -1 1 0 1`.
pub fn of_whole_and_fragments(comment: &str) -> Option<(Pair, Vec<Pair>)> {
    let words: Vec<&str> = comment.split([' ', '\t', ',', '\r']).filter(|word| !word.is_empty()).collect();
    if words.len() < 6 || !words.len().is_multiple_of(2) {
        return None;
    }
    let pairs: Option<Vec<Pair>> = words.chunks(2).map(|words| pair(words[0], words[1])).collect();
    let mut pairs = pairs?;
    let whole = pairs.remove(0);
    let adds_up = pairs.iter().map(|pair| i64::from(pair.0)).sum::<i64>() == i64::from(whole.0);
    adds_up.then_some((whole, pairs))
}

/// Two whole numbers that are all of the comment.
pub fn alone(comment: &str) -> Option<Pair> {
    let words: Vec<&str> = comment.split([' ', '\t', ',', '\r']).filter(|word| !word.is_empty()).take(3).collect();
    match words[..] {
        [charge, multiplicity] => pair(charge, multiplicity),
        _ => None,
    }
}

fn pair(charge: &str, multiplicity: &str) -> Option<Pair> {
    let charge = charge.replace('\u{2212}', "-");
    let multiplicity = multiplicity.parse().ok().filter(|&multiplicity| multiplicity > 0)?;
    number::is_whole(&charge).then(|| charge.parse().ok())?.map(|charge| (charge, multiplicity))
}

/// Two whole numbers behind `charge/multiplicity` or `charge and multiplicity`.
pub fn by_words(comment: &str) -> Option<Pair> {
    let lower = comment.to_ascii_lowercase();
    let is_between = |c: char| c.is_whitespace() || matches!(c, '/' | ',' | ':' | '=' | '&' | '(' | ')' | ';');
    let words: Vec<&str> = lower.split(is_between).filter(|word| !word.is_empty() && *word != "and").collect();
    let at = words.iter().position(|word| *word == "charge")?;
    let behind = words.get(at + 1..)?;
    let behind = if behind.first() == Some(&"spin") { &behind[1..] } else { behind };
    match behind {
        [word, charge, multiplicity, ..] if word.starts_with("mult") => pair(charge, multiplicity),
        _ => None,
    }
}

/// Two whole numbers before words without digits, as psi4 reads them.
pub fn before_title(comment: &str) -> Option<Pair> {
    let words: Vec<&str> = comment.split_whitespace().collect();
    let [charge, multiplicity, title @ ..] = &words[..] else { return None };
    let is_title = !title.iter().any(|word| number::parse(word).is_some() || word.contains('='));
    pair(charge, multiplicity).filter(|_| is_title)
}
