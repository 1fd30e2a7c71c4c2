//! Which methods does the engine nwchem support?

/// A supported method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    HartreeFock,
    Mp2,
}

impl Method {
    /// The method of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "hf" | "scf" => Some(Self::HartreeFock),
            "mp2" => Some(Self::Mp2),
            _ => None,
        }
    }

    /// The theory in NWChem's `task` directive.
    pub fn theory(self) -> &'static str {
        match self {
            Self::HartreeFock => "scf",
            Self::Mp2 => "mp2",
        }
    }
}
