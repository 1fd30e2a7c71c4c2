//! Does the bias obey its definition?
