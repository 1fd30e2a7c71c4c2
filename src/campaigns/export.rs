//! How are results written as JSON?
use crate::results::{Array, ArrayValues, Complex, Error, Reader};
use serde_json::{Map, Value, json};

/// What every result file tells about itself.
///
/// # Errors
/// The file cannot be read.
pub fn about(reader: &Reader) -> Result<Value, Error> {
    Ok(json!({
        "simmpi_version": reader.text_attribute("simmpi_version")?,
        "campaign_kind": reader.text_attribute("campaign_kind")?,
        "seed": reader.attribute::<u64>("seed")?,
        "fingerprint": reader.text_attribute("fingerprint")?,
        "complete": reader.attribute::<u8>("complete")? == 1,
        "tasks_total": reader.attribute::<u64>("tasks_total")?,
        "tasks_done": reader.attribute::<u64>("tasks_done")?,
        "tasks_failed": reader.attribute::<u64>("tasks_failed")?,
        "config": reader.text_attribute("config")?,
    }))
}

/// Everything below `/results`: groups are objects, a dataset is `{values, units, description, ...}` with its attributes, and a group's
/// own attributes stand in `attributes`. Complex numbers are `{r, i}`, and what is no number is null.
///
/// # Errors
/// The file cannot be read.
pub fn everything(reader: &Reader) -> Result<Value, Error> {
    let mut exported = about(reader)?;
    exported["results"] = group(reader, "/results")?;
    Ok(exported)
}

fn group(reader: &Reader, path: &str) -> Result<Value, Error> {
    let mut found = Map::new();
    let attributes = attributes(reader, path)?;
    if !attributes.is_empty() {
        found.insert("attributes".to_owned(), attributes.into());
    }
    for name in reader.groups(path)? {
        let inner = group(reader, &format!("{path}/{name}"))?;
        found.insert(name, inner);
    }
    for name in reader.datasets(path)? {
        let inner = format!("{path}/{name}");
        let mut dataset = Map::from_iter([("values".to_owned(), json_of(&reader.dataset_values(&inner)?))]);
        dataset.extend(self::attributes(reader, &inner)?);
        found.insert(name, dataset.into());
    }
    Ok(found.into())
}

fn attributes(reader: &Reader, path: &str) -> Result<Map<String, Value>, Error> {
    let attributes = reader.attributes(path)?;
    Ok(attributes.iter().map(|(name, array)| (name.clone(), json_of(array))).collect())
}

/// An array as nested lists, a single value as itself.
pub fn json_of(array: &Array) -> Value {
    let mut flat: Vec<Value> = match &array.values {
        // What is no number becomes null.
        ArrayValues::Float(numbers) => numbers.iter().map(|&x| x.into()).collect(),
        ArrayValues::Signed(numbers) => numbers.iter().map(|&n| n.into()).collect(),
        ArrayValues::Unsigned(numbers) => numbers.iter().map(|&n| n.into()).collect(),
        ArrayValues::Complex(numbers) => numbers.iter().map(|&Complex { r, i }| json!({ "r": r, "i": i })).collect(),
        ArrayValues::Text(texts) => texts.iter().map(|text| text.as_str().into()).collect(),
    };
    nested(&mut flat.drain(..), &array.shape)
}

/// Nested lists of `shape`, row-major.
pub fn nested(flat: &mut dyn Iterator<Item = Value>, shape: &[usize]) -> Value {
    match shape {
        [] => flat.next().unwrap_or_default(),
        [count, inner @ ..] => (0..*count).map(|_| nested(flat, inner)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Writer;

    #[test]
    fn everything_below_results_is_exported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.h5");
        let mut out = Writer::create(&path).unwrap();
        for name in ["simmpi_version", "campaign_kind", "fingerprint", "config"] {
            out.text_attribute("/", name, name).unwrap();
        }
        for name in ["seed", "tasks_total", "tasks_done", "tasks_failed"] {
            out.attribute("/", name, 3_u64).unwrap();
        }
        out.attribute("/", "complete", 1_u8).unwrap();
        out.array("/results/x", &[2, 2], &[1.5, f64::NAN, 0.0, -1.0], "nm", "places").unwrap();
        out.list_attribute("/results/x", "missing", &[7_u64]).unwrap();
        out.array("/results/deep/z", &[1], &[Complex { r: 1.0, i: -2.0 }], "none", "a number").unwrap();
        out.strings("/results/deep/names", &["a", "b"], "names").unwrap();
        out.attribute("/results/deep", "point", 4_i32).unwrap();
        out.array("/run/x", &[1], &[1.0], "none", "not a result").unwrap();
        out.publish().unwrap();
        let exported = everything(&Reader::open_results(&path).unwrap()).unwrap();
        assert_eq!((&exported["seed"], &exported["complete"]), (&json!(3), &json!(true)));
        assert_eq!(
            exported["results"],
            json!({
                "deep": {
                    "attributes": { "point": 4 },
                    "names": { "values": ["a", "b"], "units": "none", "description": "names" },
                    "z": { "values": [{ "r": 1.0, "i": -2.0 }], "units": "none", "description": "a number" },
                },
                "x": { "values": [[1.5, null], [0.0, -1.0]], "units": "nm", "description": "places", "missing": [7] },
            })
        );
    }
}
