//! How messages describe expected and actual values.
use super::schema::{Schemas, integer_bounds, types};
use super::source::Source;
use super::tree::{Node, TomlValue};
use serde_json::Value;

/// Describes the values that one of `alternatives` allows: "a number above 0 or "auto"".
pub(super) fn describe_expected(schemas: Schemas, alternatives: &[&Value]) -> String {
    let mut words: Vec<String> = Vec::new();
    for schema in alternatives {
        let new: Vec<_> = match schemas.choices(schema) {
            Some(choices) => choices.iter().map(|choice| format!("\"{choice}\"")).collect(),
            None => types(schema)
                .iter()
                .filter(|kind| **kind != "null")
                .map(|kind| describe_type(schemas, schema, kind))
                .collect(),
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

fn describe_type(schemas: Schemas, schema: &Value, kind: &str) -> String {
    match kind {
        "integer" => match integer_bounds(schema) {
            (i128::MIN..0, _) => "a whole number".to_owned(),
            (least, _) => format!("a whole number of at least {least}"),
        },
        "number" => match (schema.get("exclusiveMinimum"), schema.get("minimum")) {
            (Some(bound), _) => format!("a number above {}", format_bound(bound)),
            (_, Some(bound)) => format!("a number of at least {}", format_bound(bound)),
            _ => "a number".to_owned(),
        },
        "string" => "a string".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => format!("an array{}", describe_elements(schemas, schema)),
        _ => "a table".to_owned(),
    }
}

/// The type of the elements of an array, " of numbers", if they all have one type.
fn describe_elements(schemas: Schemas, schema: &Value) -> String {
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
        ["boolean"] => format!(" of {length}booleans"),
        ["array"] => format!(" of {length}arrays"),
        ["object"] => format!(" of {length}tables"),
        _ if !length.is_empty() => format!(" of {length}elements"),
        _ => String::new(),
    }
}

/// A bound as a user would write it: 0, not 0.0.
pub(super) fn format_bound(bound: &Value) -> String {
    bound.as_f64().map_or_else(|| bound.to_string(), |x| x.to_string())
}

/// Describes the actual value.
pub(super) fn describe_value(source: &Source, node: &Node) -> String {
    let text = source.excerpt(&node.span);
    match &node.value {
        TomlValue::Bool | TomlValue::Integer(_) | TomlValue::Float(_) => text,
        TomlValue::Text(_) => format!("the string {text}"),
        TomlValue::Date => format!("the date {text}"),
        TomlValue::Array(items) if items.is_empty() => "an empty array".to_owned(),
        TomlValue::Array(_) => "an array".to_owned(),
        TomlValue::Table(_) => "a table".to_owned(),
    }
}

/// Suggests how to write the value as one of the types in `alternatives`, if that can be guessed.
pub(super) fn suggest_rewrite(alternatives: &[&Value], node: &Node, source: &Source) -> Option<String> {
    let allows = |kind: &str| alternatives.iter().any(|schema| types(schema).contains(&kind));
    let text = source.excerpt(&node.span);
    match &node.value {
        TomlValue::Text(inner) => {
            let inner = inner.trim();
            let is_integer = allows("integer") && inner.parse::<i128>().is_ok();
            let is_number = allows("number") && inner.parse::<f64>().is_ok_and(f64::is_finite);
            let is_bool = allows("boolean") && matches!(inner, "true" | "false");
            let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(inner));
            match inner {
                _ if is_integer || is_number || is_bool => Some(format!("write {inner}, without quotes")),
                _ if allows("boolean") && is_one_of(&["yes", "on", "true"]) => Some("write true".to_owned()),
                _ if allows("boolean") && is_one_of(&["no", "off", "false"]) => Some("write false".to_owned()),
                _ if allows("array") => Some(format!("write [{text}]")),
                _ => None,
            }
        }
        TomlValue::Float(number) if allows("integer") && number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(format!("write {}", *number as i64))
        }
        TomlValue::Integer(0 | 1) if allows("boolean") => Some(format!("write {}", text == "1")),
        TomlValue::Bool | TomlValue::Integer(_) | TomlValue::Float(_) if allows("array") => {
            Some(format!("write [{text}]"))
        }
        TomlValue::Integer(_) | TomlValue::Float(_) | TomlValue::Date if allows("string") => {
            Some(format!("write \"{text}\""))
        }
        TomlValue::Array(items) if !allows("array") && items.len() == 1 => {
            Some(format!("write {}, without brackets", source.excerpt(&items[0].span)))
        }
        _ => None,
    }
}
