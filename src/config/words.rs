//! How are an expected and a found value called in a message?
use super::schema::{Schemas, integer_bounds, types};
use super::source::Source;
use super::tree::{Node, Value as Given};
use serde_json::Value;

/// What a value must be, of several `alternatives` one: "a number above 0 or "auto"".
pub(super) fn expected(schemas: Schemas, alternatives: &[&Value]) -> String {
    let mut words: Vec<String> = Vec::new();
    for schema in alternatives {
        let new: Vec<_> = match schemas.choices(schema) {
            Some(choices) => choices.iter().map(|choice| format!("\"{choice}\"")).collect(),
            None => {
                types(schema).iter().filter(|kind| **kind != "null").map(|kind| one(schemas, schema, kind)).collect()
            }
        };
        new.into_iter().for_each(|word| {
            if !words.contains(&word) {
                words.push(word)
            }
        });
    }
    match words.split_last() {
        None => "of another type".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn one(schemas: Schemas, schema: &Value, kind: &str) -> String {
    match kind {
        "integer" => match integer_bounds(schema) {
            (i128::MIN..0, _) => "a whole number".to_owned(),
            (least, _) => format!("a whole number of at least {least}"),
        },
        "number" => match (schema.get("exclusiveMinimum"), schema.get("minimum")) {
            (Some(bound), _) => format!("a number above {}", plain(bound)),
            (_, Some(bound)) => format!("a number of at least {}", plain(bound)),
            _ => "a number".to_owned(),
        },
        "string" => "a string".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => format!("an array{}", elements(schemas, schema)),
        _ => "a table".to_owned(),
    }
}

/// " of numbers" and the like, where all elements are of one type.
fn elements(schemas: Schemas, schema: &Value) -> String {
    let alternatives = schema.get("items").map(|items| schemas.alternatives(items)).unwrap_or_default();
    let mut kinds: Vec<_> = alternatives.iter().flat_map(|schema| types(schema)).collect();
    kinds.sort();
    kinds.dedup();
    let length = match (schema.get("minItems").and_then(Value::as_u64), schema.get("maxItems").and_then(Value::as_u64))
    {
        (Some(least), Some(most)) if least == most => format!("{least} "),
        _ => String::new(),
    };
    match kinds[..] {
        ["integer"] => format!(" of {length}whole numbers"),
        ["number"] => format!(" of {length}numbers"),
        ["string"] => format!(" of {length}strings"),
        ["boolean"] => format!(" of {length}truth values"),
        ["array"] => format!(" of {length}arrays"),
        ["object"] => format!(" of {length}tables"),
        _ if !length.is_empty() => format!(" of {length}elements"),
        _ => String::new(),
    }
}

/// A bound as one writes it: 0, not 0.0.
pub(super) fn plain(bound: &Value) -> String {
    bound.as_f64().map_or_else(|| bound.to_string(), |x| x.to_string())
}

/// What was found instead.
pub(super) fn found(source: &Source, node: &Node) -> String {
    let text = source.excerpt(&node.span);
    match &node.value {
        Given::Bool | Given::Integer(_) | Given::Float(_) => text,
        Given::Text(_) => format!("the string {text}"),
        Given::Date => format!("the date {text}"),
        Given::Array(items) if items.is_empty() => "an empty array".to_owned(),
        Given::Array(_) => "an array".to_owned(),
        Given::Table(_) => "a table".to_owned(),
    }
}

/// How the value is written as one of the types in `alternatives`, where that can be guessed.
pub(super) fn rewritten(alternatives: &[&Value], node: &Node, source: &Source) -> Option<String> {
    let takes = |kind: &str| alternatives.iter().any(|schema| types(schema).contains(&kind));
    let text = source.excerpt(&node.span);
    match &node.value {
        Given::Text(inner) => {
            let inner = inner.trim();
            let is_integer = takes("integer") && inner.parse::<i128>().is_ok();
            let is_number = takes("number") && inner.parse::<f64>().is_ok_and(f64::is_finite);
            let is_bool = takes("boolean") && matches!(inner, "true" | "false");
            match inner {
                _ if is_integer || is_number || is_bool => Some(format!("write {inner}, without quotes")),
                "yes" | "on" | "True" if takes("boolean") => Some("write true".to_owned()),
                "no" | "off" | "False" if takes("boolean") => Some("write false".to_owned()),
                _ if takes("array") => Some(format!("write [{text}]")),
                _ => None,
            }
        }
        Given::Float(number) if takes("integer") && number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(format!("write {}", *number as i64))
        }
        Given::Integer(0 | 1) if takes("boolean") => Some(format!("write {}", text == "1")),
        Given::Bool | Given::Integer(_) | Given::Float(_) if takes("array") => Some(format!("write [{text}]")),
        Given::Integer(_) | Given::Float(_) | Given::Date if takes("string") => Some(format!("write \"{text}\"")),
        Given::Array(items) if !takes("array") && items.len() == 1 => {
            Some(format!("write {}, without brackets", source.excerpt(&items[0].span)))
        }
        _ => None,
    }
}
