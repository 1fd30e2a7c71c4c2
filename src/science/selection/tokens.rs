//! How is a selection split into tokens?

pub(super) const KEYWORDS: [&str; 20] = [
    "all", "none", "protein", "backbone", "nucleic", "water", "heavy", "name", "resname", "resid", "resnum", "index",
    "bynum", "serial", "element", "chain", "segid", "not", "and", "or",
];

/// A word or a parenthesis with its column, counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub text: String,
    pub column: usize,
}

impl Token {
    /// Whether it is a keyword or a parenthesis, which ends a list of names.
    pub fn is_keyword(&self) -> bool {
        KEYWORDS.contains(&&*self.text) || self.text == "chainID" || self.is_parenthesis()
    }

    pub fn is_parenthesis(&self) -> bool {
        self.text == "(" || self.text == ")"
    }
}

pub(super) fn tokenize(selection: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut is_in_word = false;
    for (column, c) in selection.chars().enumerate() {
        match c {
            '(' | ')' => {
                tokens.push(Token { text: c.to_string(), column });
                is_in_word = false;
            }
            c if c.is_whitespace() => is_in_word = false,
            c => match tokens.last_mut().filter(|_| is_in_word) {
                Some(token) => token.text.push(c),
                None => {
                    tokens.push(Token { text: c.to_string(), column });
                    is_in_word = true;
                }
            },
        }
    }
    tokens
}
