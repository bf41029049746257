//! What the guide says of this backend: compared with the code, and written when `SIMPLON_WRITE_PAGES` is set.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::fs;
use std::path::Path;

use simplon_proto_tls_s2n::S2n;
use simplon_proto_tls_seam::Capability;

const BEGIN: &str = "<!-- begin: tls-capabilities -->\n";
const END: &str = "<!-- end: tls-capabilities -->";

/// Every backend keeps its own row of the table, as no package has all of them.
#[test]
fn the_page_on_backends_shows_what_s2n_can_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/tls-backends.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let names: String = Capability::ALL.iter().map(|capability| format!(" {capability} |")).collect();
    let head = format!("| library |{names}\n|---|{}\n", "---|".repeat(Capability::ALL.len()));
    let can = S2n::capabilities();
    let cell = |capability: &Capability| match capability {
        // A matter of the build.
        Capability::Fips => " by its crate's feature |",
        _ if can.has(*capability) => " yes |",
        _ => " – |",
    };
    let row = format!("| s2n-tls |{}", Capability::ALL.iter().map(cell).collect::<String>());
    let mut rows: Vec<&str> = table.lines().skip(2).filter(|row| !row.starts_with("| s2n-tls |")).collect();
    rows.push(&row);
    rows.sort_unstable();
    let expected = format!("{head}{}\n", rows.join("\n"));
    if std::env::var_os("SIMPLON_WRITE_PAGES").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(table == expected, "docs/src/tls-backends.md is out of date; run this test with SIMPLON_WRITE_PAGES=1");
    }
}
