//! What the guide says of a backend: compared with the code, and written when `SIMPLON_WRITE_PAGES` is set.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use simplon_proto_tls_seam::{Backend, Capability};

use crate::Wire;

const BEGIN: &str = "<!-- begin: tls-capabilities -->\n";
const END: &str = "<!-- end: tls-capabilities -->";

/// Holds the backend's row of the table of capabilities to what it says of itself. Each backend keeps its own row, as no package has all of them.
pub fn shows(library: &str, backend: &Arc<dyn Backend<Wire>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/tls-backends.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let names: String = Capability::ALL.iter().map(|capability| format!(" {capability} |")).collect();
    let head = format!("| library |{names}\n|---|{}\n", "---|".repeat(Capability::ALL.len()));
    let can = backend.capabilities();
    let cell = |capability: &Capability| match capability {
        Capability::Fips => " by its build |",
        _ if can.has(*capability) => " yes |",
        _ => " – |",
    };
    let begin = format!("| {library} |");
    let row = format!("{begin}{}", Capability::ALL.iter().map(cell).collect::<String>());
    let mut rows: Vec<&str> = table.lines().skip(2).filter(|row| !row.starts_with(&begin)).collect();
    rows.push(&row);
    rows.sort_unstable();
    let expected = format!("{head}{}\n", rows.join("\n"));
    if std::env::var_os("SIMPLON_WRITE_PAGES").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(table == expected, "docs/src/tls-backends.md is out of date; run this test with SIMPLON_WRITE_PAGES=1");
    }
}
