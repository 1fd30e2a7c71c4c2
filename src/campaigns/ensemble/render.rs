//! How is the text of a replica rendered?
//!
//! Files (`*.j2`) are Jinja templates. In words of the configuration (arguments, folders) `{seed}` is short for `{{ seed }}`, and all other
//! braces are literal. An undefined name is an error in both.
use crate::problem::Problem;
use minijinja::{Environment, ErrorKind, Template, UndefinedBehavior, value::Serde};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Why a text cannot be rendered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The line is 0 in a word.
    #[error("{}{}", line_prefix(*line), undefined(.names))]
    Undefined { line: usize, names: Vec<String> },
    #[error("line {line}: {message}")]
    Syntax { line: usize, message: String },
    #[error("`{name}` is a table, a list or null, which cannot be part of a word")]
    NotScalar { name: String },
}

impl Error {
    /// The problem of a text at `key`, which may use `names`; of the text of `file`, where the key names one.
    pub fn problem(&self, key: &str, file: Option<&Path>, names: &Names) -> Problem {
        let help = match self {
            Self::Syntax { .. } => "correct the template".to_owned(),
            Self::Undefined { .. } | Self::NotScalar { .. } => {
                let names: Vec<&str> = names.keys().map(String::as_str).collect();
                format!("define it in [ensemble.variables]; there are {}", names.join(", "))
            }
        };
        let file = file.map_or(String::new(), |file| format!("`{}`: ", file.display()));
        Problem::at_key(key, format!("{file}{self}"), help)
    }
}

fn line_prefix(line: usize) -> String {
    if line == 0 { String::new() } else { format!("line {line}: ") }
}

fn undefined(names: &[String]) -> String {
    match names {
        [] => "undefined value".to_owned(),
        [name] => format!("`{name}` is undefined"),
        several => format!("`{}` are undefined", several.join("`, `")),
    }
}

/// Whether a file is rendered.
pub fn is_template(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "j2")
}

/// The names that texts may use.
pub type Names = serde_json::Map<String, Value>;

/// Renders templates.
pub struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    /// A renderer that rejects undefined names and escapes nothing.
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        if let Ok(syntax) = minijinja::syntax::SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        Self { environment }
    }

    /// Renders the text of a file.
    ///
    /// # Errors
    /// It is not a valid template, or a name is undefined.
    pub fn file(&self, text: &str, names: &Names) -> Result<String, Error> {
        let template = self.environment.template_from_str(text).map_err(|error| error_of(&error, None, names))?;
        template.render(Serde(names)).map_err(|error| error_of(&error, Some(&template), names))
    }

    /// Renders a word.
    ///
    /// # Errors
    /// A name is undefined, or is not a string, number or boolean.
    pub fn word(&self, word: &str, names: &Names) -> Result<String, Error> {
        if !word.contains(['{', '}']) {
            return Ok(word.to_owned());
        }
        self.file(&word_template(word), &scalars(names)).map_err(|error| match error {
            Error::Undefined { names: unknown, .. } => match unknown.iter().find(|name| names.contains_key(*name)) {
                Some(name) => Error::NotScalar { name: name.clone() },
                None => Error::Undefined { line: 0, names: unknown },
            },
            other => other,
        })
    }

    /// Renders words by name.
    ///
    /// # Errors
    /// As [`word`](Self::word).
    pub fn words(&self, words: &BTreeMap<String, String>, names: &Names) -> Result<Vec<(String, String)>, Error> {
        words.iter().map(|(key, text)| Ok((key.clone(), self.word(text, names)?))).collect()
    }
}

/// The template of a word.
fn word_template(word: &str) -> String {
    let (mut template, mut rest) = (String::with_capacity(word.len()), word);
    while let Some(at) = rest.find(['{', '}']) {
        let (text, braces) = rest.split_at(at);
        template.push_str(text);
        let brace = &braces[..1];
        rest = &braces[1..];
        let literal = if brace == "{" { "{{ '{' }}" } else { "}" };
        if let Some(after) = rest.strip_prefix(brace) {
            template.push_str(literal);
            rest = after;
        } else if let Some((name, after)) = leading_name(rest).filter(|_| brace == "{") {
            template.push_str(&format!("{{{{ {name} }}}}"));
            rest = after;
        } else {
            template.push_str(literal);
        }
    }
    template + rest
}

/// The name that a text begins with, up to its closing brace, and what follows.
fn leading_name(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.split_once('}')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, after))
}

/// Names whose value can be part of a word, as text.
fn scalars(names: &Names) -> Names {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) | Value::Null => None,
    };
    names.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?.into()))).collect()
}

/// `error` with the names of `template` that are not among `names`, where it is about an undefined value.
fn error_of(error: &minijinja::Error, template: Option<&Template>, names: &Names) -> Error {
    let line = error.line().unwrap_or(0);
    if error.kind() != ErrorKind::UndefinedError {
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        return Error::Syntax { line, message };
    }
    let used = template.map_or_else(Default::default, |template| template.undeclared_variables(false));
    let mut unknown: Vec<String> = used.into_iter().filter(|name| !names.contains_key(name)).collect();
    unknown.sort();
    Error::Undefined { line, names: unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn some_names() -> Names {
        let names = json!({"seed": 7, "replica": 0, "kappa": 1.5, "tiny": 1e-7, "name": "a b", "list": [1, 2]});
        names.as_object().unwrap().clone()
    }

    #[test]
    fn a_template_is_filled_in_and_keeps_every_other_byte() {
        let render = |text: &str| Renderer::new().file(text, &some_names());
        assert_eq!(render("ld-seed = {{ seed }}\n<&>\"\n").unwrap(), "ld-seed = 7\n<&>\"\n");
        assert_eq!(render("{% for x in list %}{{ x * kappa }};{% endfor %}").unwrap(), "1.5;3.0;");
        assert_eq!(render("{{ list[replica] }}").unwrap(), "1");
    }

    #[test]
    fn an_undefined_name_is_an_error_with_its_line() {
        let refused = |text: &str| Renderer::new().file(text, &some_names()).unwrap_err().to_string();
        assert_eq!(refused("a\nb {{ sede }}\n"), "line 2: `sede` is undefined");
        assert!(refused("{{ list[9] }}").contains("undefined"), "{}", refused("{{ list[9] }}"));
        assert!(refused("{% if x").contains("line 1"));
    }

    #[test]
    fn a_word_has_names_in_braces() {
        let fill = |text: &str| Renderer::new().word(text, &some_names());
        assert_eq!(fill("run/{seed}-{replica}/{name}"), Ok("run/7-0/a b".into()));
        assert_eq!(fill("{print $1} {{seed}} {"), Ok("{print $1} {seed} {".into()));
        assert_eq!(fill("{{{seed}}} {%} {# #} {{{{ }}\n"), Ok("{7} {%} {# #} {{ }\n".into()));
        assert_eq!(fill("{kappa} {tiny}"), Ok("1.5 1e-7".into()));
        assert_eq!(fill("{HOME}"), Err(Error::Undefined { line: 0, names: vec!["HOME".into()] }));
        assert_eq!(fill("{list}"), Err(Error::NotScalar { name: "list".into() }));
    }
}
