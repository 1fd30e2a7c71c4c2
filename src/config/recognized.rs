//! Which other programs' inputs may be given where a configuration is expected?
use super::fault::Fault;
use super::format::Format;
use super::source::Source;
use super::tree::TomlTable;

/// Names of QCSchema for the inputs of a many-body expansion.
const MANY_BODY: [&str; 2] = ["qcschema_manybodyinput", "qcschema_many_body_input"];

/// Whether a file is a ManyBodyInput of QCManyBody, by its name or the keys that only it has.
fn is_many_body_input(tree: &TomlTable) -> bool {
    let has_name = tree.text("schema_name").is_some_and(|name| MANY_BODY.contains(&name));
    has_name || (tree.get("molecule").is_some() && tree.get("specification").is_some())
}

/// The fault of a file that is another program's input; none for a configuration. A ManyBodyInput may have values that configurations cannot
/// have, such as null.
pub(super) fn fault(source: &Source, tree: &TomlTable) -> Option<Fault> {
    let is_foreign =
        Format::for_path(source.path) == Format::Json && tree.get("campaign").is_none() && is_many_body_input(tree);
    is_foreign.then(|| {
        let path = source.path.display();
        let help = format!("`simmpi init --from {path}` prints the configuration that it amounts to");
        Fault::new(source, &(0..0), "", "this is a ManyBodyInput of QCManyBody, not a configuration", help)
    })
}
