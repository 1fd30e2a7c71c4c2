//! Does a document have the structure that a schema asks for?
//!
//! Knows the part of JSON Schema that `schemars` derives from our types: objects, lists, scalars with bounds, optional
//! values, choices among texts, and tables told apart by their key `kind`.
use super::document::{Document, Member, Node, NodeKind};
use super::fault::Faults;
use super::names::nearest;
use super::sections::KindSchema;
use serde_json::{Map, Value};

/// Every fault of the document's structure.
pub fn check(document: &Document, schema: &Value, kinds: &[KindSchema]) -> Faults {
    let mut check = Check { document, schema, faults: Faults::default() };
    let chosen = document.root.get("campaign").and_then(|member| member.node.get("kind"));
    let chosen =
        chosen.and_then(|kind| if let NodeKind::String(text) = &kind.node.kind { Some(text.as_str()) } else { None });
    check.value(&document.root, schema, "");
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    if let Some(chosen) = chosen.filter(|chosen| names.contains(chosen)) {
        for member in document.root.members().iter().filter(|m| m.key != chosen && names.contains(&m.key.as_str())) {
            check.fault(
                member,
                "",
                format!("[{}] has no meaning in a campaign of kind \"{chosen}\"", member.key),
                "remove it",
            );
        }
        if document.root.get(chosen).is_none() {
            let section = &schema["properties"][chosen];
            let wanted = section["required"].as_array().is_some_and(|keys| !keys.is_empty());
            if wanted || is_choice(section) {
                let fault = document.fault(
                    "campaign.kind",
                    format!("the section [{chosen}] is missing"),
                    "add it; `simmpi init` shows one".into(),
                    super::Severity::Error,
                );
                check.faults.push(fault);
            }
        }
    }
    check.faults
}

struct Check<'a> {
    document: &'a Document,
    schema: &'a Value,
    faults: Faults,
}

impl Check<'_> {
    fn value(&mut self, node: &Node, schema: &Value, key: &str) {
        if let Some(variants) = choice(schema) {
            return self.choice(node, schema, variants, key);
        }
        match &node.kind {
            NodeKind::Table(_) if allows(schema, "object") => self.table(node, schema, key),
            NodeKind::Array(items) if allows(schema, "array") => self.array(node, items, schema, key),
            NodeKind::String(text) if allows(schema, "string") => {
                let texts = texts(schema);
                if !texts.is_empty() && !texts.contains(&text.as_str()) {
                    self.unknown_text(node, text, &texts, key);
                }
            }
            NodeKind::Boolean(_) if allows(schema, "boolean") => {}
            NodeKind::Number(number) if allows(schema, "number") || (allows(schema, "integer") && !number.is_f64()) => {
                self.bounds(node, number.as_f64().unwrap_or(f64::NAN), number.is_f64(), schema, key);
            }
            _ => {
                let message = format!("`{key}` is {}, but must be {}", node.type_name(), expected(schema));
                self.fault_at(node, key, message, "");
            }
        }
    }

    fn bounds(&mut self, node: &Node, value: f64, is_float: bool, schema: &Value, key: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let mut refuse = |text: String| {
            let message = format!("`{key}` is {}, but must be {text}", node.to_json());
            self.fault_at(node, key, message, "");
        };
        match (bound("minimum"), bound("exclusiveMinimum"), bound("maximum"), bound("exclusiveMaximum")) {
            (Some(low), ..) if value < low => refuse(format!("at least {low}")),
            (_, Some(low), ..) if value <= low => refuse(format!("greater than {low}")),
            (_, _, Some(high), _) if value > high => refuse(format!("at most {high}")),
            (.., Some(high)) if value >= high => refuse(format!("less than {high}")),
            _ if value < 0.0 && !is_float && schema["format"].as_str().is_some_and(|f| f.starts_with("uint")) => {
                refuse("at least 0".into());
            }
            _ => {}
        }
    }

    fn table(&mut self, node: &Node, schema: &Value, key: &str) {
        let nothing = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&nothing);
        let others = schema.get("additionalProperties");
        for member in node.members() {
            let inner = join(key, &member.key);
            match (properties.get(&member.key), others) {
                (Some(property), _) => self.value(&member.node, property, &inner),
                (None, Some(Value::Bool(false))) => self.unknown_key(member, &inner, properties),
                (None, Some(other @ Value::Object(_))) => self.value(&member.node, other, &inner),
                (None, _) => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| node.get(name).is_none()) {
            let inner = join(key, name);
            let about = properties.get(name).and_then(|p| p["description"].as_str()).unwrap_or("");
            let place = if key.is_empty() {
                format!("the section [{name}] is missing")
            } else {
                format!("`{inner}` is missing")
            };
            let fault = self.document.fault(&inner, place, about.into(), super::Severity::Error);
            self.faults.push(fault);
        }
    }

    fn unknown_key(&mut self, member: &Member, key: &str, properties: &Map<String, Value>) {
        let candidates: Vec<&str> = properties.keys().map(String::as_str).collect();
        let what = if key.contains('.') { "key" } else { "section" };
        let elsewhere = || {
            let sections = self.schema["properties"].as_object()?;
            let holds = |section: &&String| sections[*section]["properties"].get(&member.key).is_some();
            sections.keys().find(holds).map(|section| format!("it belongs in [{section}]"))
        };
        let near = nearest(&member.key, &candidates);
        let help = match (elsewhere(), near) {
            (Some(place), None) => place,
            (_, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("known here: {}", candidates.join(", ")),
        };
        self.fault(member, key, format!("unknown {what} `{}`", member.key), &help);
    }

    fn array(&mut self, node: &Node, items: &[Node], schema: &Value, key: &str) {
        let length = |name: &str| schema.get(name).and_then(Value::as_u64);
        let count = items.len() as u64;
        let wanted = match (length("minItems"), length("maxItems")) {
            (Some(low), Some(high)) if low == high && count != low => Some(format!("exactly {low}")),
            (Some(low), _) if count < low => Some(format!("at least {low}")),
            (_, Some(high)) if count > high => Some(format!("at most {high}")),
            _ => None,
        };
        if let Some(wanted) = wanted {
            self.fault_at(node, key, format!("`{key}` has {count} entries, but must have {wanted}"), "");
        }
        let fixed = schema.get("prefixItems").and_then(Value::as_array);
        for (k, item) in items.iter().enumerate() {
            let of_place = fixed.and_then(|schemas| schemas.get(k)).or_else(|| schema.get("items"));
            if let Some(of_item) = of_place.filter(|schema| schema.is_object()) {
                self.value(item, of_item, &join(key, &k.to_string()));
            }
        }
    }

    /// A value of one of several forms: a text out of a list, a table told by its `kind`, or one of several types.
    fn choice(&mut self, node: &Node, schema: &Value, variants: &[Value], key: &str) {
        let tagged: Vec<(&str, &Value)> =
            variants.iter().filter_map(|v| Some((v["properties"]["kind"]["const"].as_str()?, v))).collect();
        if !tagged.is_empty() {
            return self.tagged(node, &tagged, key);
        }
        let texts: Vec<&str> = variants.iter().flat_map(texts).collect();
        match &node.kind {
            NodeKind::String(text) if texts.contains(&text.as_str()) => {}
            NodeKind::String(text) if !texts.is_empty() && !variants.iter().any(is_any_text) => {
                self.unknown_text(node, text, &texts, key);
            }
            _ => match variants.iter().find(|variant| fits(node, variant)) {
                Some(variant) => self.value(node, variant, key),
                None => {
                    let message = format!("`{key}` is {}, but must be {}", node.type_name(), expected(schema));
                    self.fault_at(node, key, message, "");
                }
            },
        }
    }

    fn tagged(&mut self, node: &Node, variants: &[(&str, &Value)], key: &str) {
        let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
        if !matches!(node.kind, NodeKind::Table(_)) {
            let message = format!("`{key}` is {}, but must be a table with a key `kind`", node.type_name());
            return self.fault_at(node, key, message, &format!("write [{key}] and kind = \"{}\"", names[0]));
        }
        let inner = join(key, "kind");
        match node.get("kind").map(|member| &member.node) {
            None => {
                let help = format!("one of {}", names.join(", "));
                self.faults.push(self.document.fault(
                    &inner,
                    format!("`{inner}` is missing"),
                    help,
                    super::Severity::Error,
                ));
            }
            Some(Node { kind: NodeKind::String(name), .. }) if names.contains(&name.as_str()) => {
                let variant = variants.iter().find(|(other, _)| other == name).map(|(_, variant)| *variant);
                self.table(node, variant.unwrap_or(&Value::Null), key);
            }
            Some(kind @ Node { kind: NodeKind::String(name), .. }) => self.unknown_text(kind, name, &names, &inner),
            Some(kind) => {
                self.fault_at(kind, &inner, format!("`{inner}` is {}, but must be a string", kind.type_name()), "")
            }
        }
    }

    fn unknown_text(&mut self, node: &Node, text: &str, known: &[&str], key: &str) {
        let all = known.join(", ");
        let help = match nearest(text, known) {
            Some(near) => format!("did you mean \"{near}\"? Known: {all}"),
            None => format!("known: {all}"),
        };
        self.fault_at(node, key, format!("`{key}` cannot be \"{text}\""), &help);
    }

    fn fault(&mut self, member: &Member, key: &str, message: String, help: &str) {
        let fault = self.document.fault_at(member.span.clone(), key.to_owned(), message, help.to_owned());
        self.faults.push(fault);
    }

    fn fault_at(&mut self, node: &Node, key: &str, message: String, help: &str) {
        let fault = self.document.fault_at(node.span.clone(), key.to_owned(), message, help.to_owned());
        self.faults.push(fault);
    }
}

fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// The forms that a schema lets a value have, where there are several.
fn choice(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array)
}

fn is_choice(schema: &Value) -> bool {
    choice(schema).is_some()
}

/// The texts that a schema lists.
fn texts(schema: &Value) -> Vec<&str> {
    let constant = schema.get("const").and_then(Value::as_str);
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    constant.into_iter().chain(listed).chain(choice(schema).into_iter().flatten().flat_map(texts)).collect()
}

fn is_any_text(schema: &Value) -> bool {
    allows(schema, "string") && texts(schema).is_empty()
}

/// Whether a schema names `kind` among its types.
fn allows(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == kind,
        Some(Value::Array(names)) => names.iter().any(|name| name == kind),
        _ if schema.get("const").is_some() || schema.get("enum").is_some() => kind == "string",
        _ => schema.get("properties").is_some() && kind == "object",
    }
}

/// Whether a value is of a type that the schema allows; what is inside is looked at later.
fn fits(node: &Node, schema: &Value) -> bool {
    if let Some(variants) = choice(schema) {
        return variants.iter().any(|variant| fits(node, variant));
    }
    match &node.kind {
        NodeKind::Table(_) => allows(schema, "object"),
        NodeKind::Array(_) => allows(schema, "array"),
        NodeKind::String(_) => allows(schema, "string"),
        NodeKind::Boolean(_) => allows(schema, "boolean"),
        NodeKind::Number(number) => allows(schema, "number") || (allows(schema, "integer") && !number.is_f64()),
        NodeKind::Date => false,
    }
}

/// What a schema asks for, in words.
fn expected(schema: &Value) -> String {
    if let Some(variants) = choice(schema) {
        let mut words: Vec<String> = Vec::new();
        for word in variants.iter().map(expected).filter(|word| word != "nothing") {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        return words.join(" or ");
    }
    let texts = texts(schema);
    if !texts.is_empty() {
        return texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(" or ");
    }
    let word = |name: &str| match name {
        "object" => "a table",
        "array" => "a list",
        "string" => "a string",
        "number" => "a number",
        "integer" => "an integer",
        "boolean" => "true or false",
        _ => "nothing",
    };
    match schema.get("type") {
        Some(Value::String(name)) => word(name).into(),
        Some(Value::Array(names)) => {
            let words = names.iter().filter_map(Value::as_str).map(word).filter(|word| *word != "nothing");
            words.collect::<Vec<_>>().join(" or ")
        }
        _ => "a table".into(),
    }
}
