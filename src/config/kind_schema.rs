//! A kind of campaign as the configuration sees it.

/// The name of a kind's section and its JSON schema.
pub struct KindSchema {
    /// The name of the section.
    pub(super) name: &'static str,
    /// Derives the schema of the section, which takes milliseconds.
    pub(super) schema: Box<dyn Fn() -> schemars::Schema>,
}

impl KindSchema {
    /// The kind whose section is called `name`, and a function that derives the section's schema.
    pub fn new(name: &'static str, schema: impl Fn() -> schemars::Schema + 'static) -> Self {
        Self { name, schema: Box::new(schema) }
    }
}
