//! `cargo xtask docs`: the parts of the guide that are written by programs.
//!
//! The dependency arrows come from `cargo metadata` and are written here. Tables that come from our own code (what an
//! error does on the wire, what a strict parser refuses) are compared by the test `tests/pages.rs` of the facade, and
//! written by it when `SIMPLON_WRITE_PAGES` is set: this program stands on none of our crates.

mod region;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::deps;
use crate::failure::{During, Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::workspace::Workspace;

/// Set for the test that writes what it would otherwise compare.
const WRITE: &str = "SIMPLON_WRITE_PAGES";

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    if options.has("--check") {
        return check(workspace);
    }
    let Page { path, text } = architecture(workspace)?;
    fs::write(&path, text).during(path.display())?;
    if let Some(mut test) = tables(workspace) {
        shell::run(test.env(WRITE, "1"))?;
    }
    if shell::installed("mdbook") {
        return shell::run(Command::new("mdbook").arg("build").arg(workspace.root.join("docs")));
    }
    println!(
        "mdbook is not installed (`cargo install --locked mdbook`): the pages are up to date, the book is not built"
    );
    Ok(())
}

/// Whether all generated parts say what they should. Tables of the code are compared by its own tests.
pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let Page { path, text } = architecture(workspace)?;
    if fs::read_to_string(&path).during(path.display())? != text {
        return Err(Failure::new(format!("{} is out of date; run `cargo xtask docs`", path.display())));
    }
    missing_pages(workspace)
}

struct Page {
    path: PathBuf,
    text: String,
}

/// The page on the architecture as it should be.
fn architecture(workspace: &Workspace) -> Outcome<Page> {
    let path = workspace.root.join("docs/src/architecture.md");
    let old = fs::read_to_string(&path).during(path.display())?;
    let drawing = format!("```text\n{}```\n", deps::text(workspace, &deps::arrows(workspace)));
    let text = region::replace(&old, "arrows", &drawing)
        .ok_or_else(|| Failure::new(format!("{}: no region `arrows`", path.display())))?;
    Ok(Page { path, text })
}

/// The test that knows the tables, where there is one.
fn tables(workspace: &Workspace) -> Option<Command> {
    workspace.root.join("tests/pages.rs").is_file().then(|| {
        let mut command = shell::cargo("test");
        command.args(["--package", "simplon", "--test", "pages"]);
        command
    })
}

/// Every page that the table of contents names must be there: mdBook would quietly make an empty one.
fn missing_pages(workspace: &Workspace) -> Outcome {
    let folder = workspace.root.join("docs/src");
    let summary = folder.join("SUMMARY.md");
    let text = fs::read_to_string(&summary).during(summary.display())?;
    let missing: Vec<&str> = region::links(&text).filter(|page| !folder.join(page).is_file()).collect();
    if missing.is_empty() { Ok(()) } else { Err(Failure::new(format!("SUMMARY.md names: {}", missing.join(", ")))) }
}
