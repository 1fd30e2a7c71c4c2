//! Into which words does a phrase fall?

/// Every word that has a meaning of its own.
pub(super) const ALL: [&str; 20] = [
    "all", "none", "protein", "backbone", "nucleic", "water", "heavy", "name", "resname", "resid", "resnum", "index",
    "bynum", "serial", "element", "chain", "segid", "not", "and", "or",
];

/// A word or a parenthesis, and its column, counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub text: String,
    pub column: usize,
}

impl Word {
    /// Whether it has a meaning of its own, and so ends a list of names.
    pub fn is_keyword(&self) -> bool {
        ALL.contains(&&*self.text) || self.text == "chainID" || self.is_parenthesis()
    }

    pub fn is_parenthesis(&self) -> bool {
        self.text == "(" || self.text == ")"
    }
}

/// The words of a phrase.
pub(super) fn split(phrase: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut is_inside = false;
    for (column, c) in phrase.chars().enumerate() {
        match c {
            '(' | ')' => {
                words.push(Word { text: c.to_string(), column });
                is_inside = false;
            }
            c if c.is_whitespace() => is_inside = false,
            c => match words.last_mut().filter(|_| is_inside) {
                Some(word) => word.text.push(c),
                None => {
                    words.push(Word { text: c.to_string(), column });
                    is_inside = true;
                }
            },
        }
    }
    words
}
