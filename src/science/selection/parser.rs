//! How is a selection parsed?
use super::condition::{Attribute, Condition};
use super::error::Error;
use super::number_ranges::{self, NumberKind};
use super::tokens::{KEYWORDS, Token, tokenize};

pub(super) fn parse(selection: &str) -> Result<Condition, Error> {
    let tokens = tokenize(selection);
    let mut parser = Parser { tokens: &tokens, position: 0 };
    if tokens.is_empty() {
        return Err(Error::Empty);
    }
    let condition = parser.disjunction()?;
    match parser.peek() {
        None => Ok(condition),
        Some(token) => Err(Error::Unexpected { word: token.text.clone(), column: token.column }),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    position: usize,
}

const CONDITION: &str = "a condition such as `name CA`";

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.position)
    }

    fn accept(&mut self, text: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.text == text);
        self.position += usize::from(is_next);
        is_next
    }

    /// The error for a missing operand after the last token.
    fn incomplete(&self, wanted: &'static str) -> Error {
        let last = self.position.checked_sub(1).and_then(|last| self.tokens.get(last));
        let (word, column) = last.map_or((String::new(), 0), |word| (word.text.clone(), word.column));
        Error::Incomplete { word, column, wanted }
    }

    fn disjunction(&mut self) -> Result<Condition, Error> {
        let mut condition = self.conjunction()?;
        while self.accept("or") {
            condition = Condition::Or(condition.into(), self.conjunction()?.into());
        }
        Ok(condition)
    }

    fn conjunction(&mut self) -> Result<Condition, Error> {
        let mut condition = self.negation_or_condition()?;
        while self.accept("and") {
            condition = Condition::And(condition.into(), self.negation_or_condition()?.into());
        }
        Ok(condition)
    }

    fn negation_or_condition(&mut self) -> Result<Condition, Error> {
        let Some(word) = self.peek() else { return Err(self.incomplete(CONDITION)) };
        self.position += 1;
        Ok(match &*word.text {
            "not" => Condition::Not(self.negation_or_condition()?.into()),
            "(" => {
                let inner = self.disjunction()?;
                match self.peek() {
                    _ if self.accept(")") => inner,
                    Some(word) => return Err(Error::Unexpected { word: word.text.clone(), column: word.column }),
                    None => return Err(Error::Unclosed { column: word.column }),
                }
            }
            "all" => Condition::All,
            "none" => Condition::None,
            "protein" => Condition::Protein,
            "backbone" => Condition::Backbone,
            "nucleic" => Condition::Nucleic,
            "water" => Condition::Water,
            "heavy" => Condition::Heavy,
            "name" => Condition::Text(Attribute::Name, self.patterns()?),
            "resname" => Condition::Text(Attribute::Residue, self.patterns()?),
            "chain" | "chainID" => Condition::Text(Attribute::Chain, self.patterns()?),
            "segid" => Condition::Text(Attribute::Segment, self.patterns()?),
            "element" => Condition::Text(Attribute::Element, self.patterns()?),
            "resid" => self.numbers(NumberKind::Residue)?,
            "resnum" => self.numbers(NumberKind::ResidueNumber)?,
            "index" => self.numbers(NumberKind::Index)?,
            "bynum" => self.numbers(NumberKind::IndexFromOne)?,
            "serial" => self.numbers(NumberKind::Serial)?,
            "and" | "or" | ")" => {
                return Err(Error::Unexpected { word: word.text.clone(), column: word.column });
            }
            text => return Err(Error::Unknown { word: text.to_owned(), column: word.column, nearest: nearest(text) }),
        })
    }

    fn list(&mut self, wanted: &'static str) -> Result<&'a [Token], Error> {
        let rest = &self.tokens[self.position..];
        let count = rest.iter().position(Token::is_keyword).unwrap_or(rest.len());
        if count == 0 {
            return Err(self.incomplete(wanted));
        }
        self.position += count;
        Ok(&rest[..count])
    }

    fn patterns(&mut self) -> Result<Vec<Vec<char>>, Error> {
        Ok(self.list("at least one name")?.iter().map(|word| word.text.chars().collect()).collect())
    }

    fn numbers(&mut self, kind: NumberKind) -> Result<Condition, Error> {
        Ok(Condition::Number(kind, number_ranges::parse(self.list("at least one number")?, kind)?))
    }
}

/// The most similar keyword, if it is similar enough for a suggestion.
fn nearest(text: &str) -> Option<&'static str> {
    let distance = |word: &&&str| strsim::damerau_levenshtein(&text.to_lowercase(), word);
    KEYWORDS.iter().min_by_key(distance).filter(|word| distance(word) <= 1.max(text.len() / 3)).copied()
}
