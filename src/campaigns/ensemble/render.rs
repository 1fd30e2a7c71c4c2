//! What becomes of a text for one replica?
//!
//! Two languages: whole files (`*.j2`) are Jinja templates; words (arguments, folders) have names in braces, as in `{seed}`. In both, a
//! name that nobody defines is an error, never nothing.
use minijinja::{Environment, UndefinedBehavior, value::Serde};
use std::collections::BTreeMap;

/// What is wrong with a text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{}line {line}: {message}", names(.undefined))]
    Template { line: usize, message: String, undefined: Vec<String> },
    #[error("`{{{name}}}` names nothing")]
    Unknown { name: String },
    #[error("`{name}` is a table or list, which a word cannot hold")]
    NotPlain { name: String },
}

fn names(undefined: &[String]) -> String {
    match undefined {
        [] => String::new(),
        some => format!("nobody defines `{}`: ", some.join("`, `")),
    }
}

/// The names that texts may use.
pub type Names = serde_json::Map<String, serde_json::Value>;

/// Renders templates.
pub struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    /// A renderer that forgives nothing.
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        if let Ok(syntax) = minijinja::syntax::SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        Self { environment }
    }

    /// A file's `text` with `names` filled in.
    ///
    /// # Errors
    /// It is no template, or asks for a name that is not there.
    pub fn file(&self, text: &str, names: &Names) -> Result<String, Error> {
        let fault = |error: &minijinja::Error, undefined: Vec<String>| {
            let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            Error::Template { line: error.line().unwrap_or(0), message: detail, undefined }
        };
        let template = self.environment.template_from_str(text).map_err(|error| fault(&error, Vec::new()))?;
        template.render(Serde(names)).map_err(|error| {
            let is_undefined = error.kind() == minijinja::ErrorKind::UndefinedError;
            let mut unknown: Vec<String> = match is_undefined {
                true => template.undeclared_variables(false).into_iter().filter(|n| !names.contains_key(n)).collect(),
                false => Vec::new(),
            };
            unknown.sort();
            fault(&error, unknown)
        })
    }
}

/// A `word` with every `{name}` filled in; `{{` and `}}` are braces, and so is one with no name behind it.
///
/// # Errors
/// A name is not there, or is no plain value.
pub fn word(word: &str, names: &Names) -> Result<String, Error> {
    let mut filled = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            filled.push_str(brace);
            rest = after;
        } else if let Some((name, after)) = name_in(rest).filter(|_| brace == "{") {
            filled.push_str(&plain(name, names)?);
            rest = after;
        } else {
            filled.push_str(brace);
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The name that a text begins with, up to its closing brace, and what follows.
fn name_in(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.split_once('}')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, after))
}

fn plain(name: &str, names: &Names) -> Result<String, Error> {
    match names.get(name) {
        None => Err(Error::Unknown { name: name.to_owned() }),
        Some(serde_json::Value::String(text)) => Ok(text.clone()),
        Some(serde_json::Value::Array(_) | serde_json::Value::Object(_) | serde_json::Value::Null) => {
            Err(Error::NotPlain { name: name.to_owned() })
        }
        Some(value) => Ok(value.to_string()),
    }
}

/// Words by name, filled in.
///
/// # Errors
/// As [`word`].
pub fn words(words: &BTreeMap<String, String>, names: &Names) -> Result<Vec<(String, String)>, Error> {
    words.iter().map(|(key, text)| Ok((key.clone(), word(text, names)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn some_names() -> Names {
        json!({"seed": 7, "replica": 0, "kappa": 1.5, "name": "a b", "list": [1, 2]}).as_object().unwrap().clone()
    }

    #[test]
    fn a_template_is_filled_in_and_keeps_every_other_byte() {
        let render = |text: &str| Renderer::new().file(text, &some_names());
        assert_eq!(render("ld-seed = {{ seed }}\n<&>\"\n").unwrap(), "ld-seed = 7\n<&>\"\n");
        assert_eq!(render("{% for x in list %}{{ x * kappa }};{% endfor %}").unwrap(), "1.5;3.0;");
        assert_eq!(render("{{ list[replica] }}").unwrap(), "1");
    }

    #[test]
    fn what_nobody_defines_is_an_error_with_its_line_and_name() {
        let refused = |text: &str| Renderer::new().file(text, &some_names()).unwrap_err().to_string();
        let said = refused("a\nb {{ sede }}\n");
        assert!(said.contains("`sede`") && said.contains("line 2"), "{said}");
        assert!(refused("{{ list[9] }}").contains("undefined"), "{}", refused("{{ list[9] }}"));
        assert!(refused("{% if x").contains("line 1"));
    }

    #[test]
    fn a_word_has_names_in_braces() {
        let fill = |text: &str| word(text, &some_names());
        assert_eq!(fill("run/{seed}-{replica}/{name}"), Ok("run/7-0/a b".into()));
        assert_eq!(fill("{print $1} {{seed}} {"), Ok("{print $1} {seed} {".into()));
        assert_eq!(fill("{kappa}"), Ok("1.5".into()));
        assert_eq!(fill("{HOME}"), Err(Error::Unknown { name: "HOME".into() }));
        assert_eq!(fill("{list}"), Err(Error::NotPlain { name: "list".into() }));
    }
}
