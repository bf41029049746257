//! `cargo xtask skips STEP`: what a step of the checks left out, against what it may leave out (`xtask/skips.txt`).
//!
//! Tests write a line for each thing that they miss into the file that [`LIST`] names (`simplon_testkit::skip`), and so does this program. What
//! is not expected fails the run where nobody is watching: a check that leaves itself out for ever would be one that nobody has.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::failure::{During, Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::workspace::Workspace;

/// Names the file of the step that runs.
pub(crate) const LIST: &str = "SIMPLON_SKIPS";
/// The same for this program and the ones that it starts.
static CURRENT: Mutex<Option<PathBuf>> = Mutex::new(None);

/// `--begin STEP` empties the list of a step and prints where it is; `STEP` judges it.
pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    let [step] = &options.words[..] else { return Err(Failure::new("which step? `cargo xtask skips test`")) };
    if options.has("--begin") {
        println!("{}", begin(workspace, step)?.display());
        return Ok(());
    }
    judge(workspace, step)
}

/// From now on what is left out belongs to this step; gives the file of it, which is empty.
pub(crate) fn begin(workspace: &Workspace, step: &str) -> Outcome<PathBuf> {
    let path = list(workspace, step);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).during(folder.display())?;
    }
    fs::write(&path, "").during(path.display())?;
    *current() = Some(path.clone());
    Ok(path)
}

/// The file of the step that runs, for programs that are started.
pub(crate) fn handed_on() -> Option<PathBuf> {
    current().clone()
}

/// Writes down something that is missing, and says so.
pub(crate) fn note(what: &str) {
    eprintln!("SKIPPED: no {what}");
    if let Some(path) = handed_on() {
        let file = fs::OpenOptions::new().append(true).open(&path);
        if let Err(error) = file.and_then(|mut file| file.write_all(format!("{what}\n").as_bytes())) {
            eprintln!("{}: {error}", path.display());
        }
    }
}

/// Shows what differs from what is expected; fails for it where nobody is watching.
pub(crate) fn judge(workspace: &Workspace, step: &str) -> Outcome {
    let path = list(workspace, step);
    let seen = fs::read_to_string(&path).during(path.display())?;
    let table = workspace.root.join("xtask/skips.txt");
    let expected = fs::read_to_string(&table).during(table.display())?;
    let found = compare(step, &seen, &expected);
    found.lines.iter().for_each(|line| println!("{line}"));
    if found.wrong == 0 || !shell::in_ci() {
        return Ok(());
    }
    Err(Failure::new(format!("what `{step}` left out differs from {} in {} lines", table.display(), found.wrong)))
}

fn list(workspace: &Workspace, step: &str) -> PathBuf {
    Path::new(&workspace.target).join("skips").join(step)
}

fn current() -> std::sync::MutexGuard<'static, Option<PathBuf>> {
    CURRENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What there is to say, and how much of it is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    lines: Vec<String>,
    wrong: usize,
}

/// A line of the table: `STEP WHAT`, after `?` where it depends on the machine.
fn compare(step: &str, seen: &str, expected: &str) -> Found {
    let mut seen: Vec<&str> = seen.lines().collect();
    seen.sort_unstable();
    seen.dedup();
    let rows = expected.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<(bool, &str)> = rows
        .map(|line| line.strip_prefix('?').map_or((true, line), |rest| (false, rest.trim_start())))
        .filter_map(|(always, row)| Some((always, row.strip_prefix(step)?.strip_prefix(' ')?.trim_start())))
        .collect();
    let mut found = Found::default();
    for what in &seen {
        let is_expected = rows.iter().any(|(_, row)| row == what);
        found.lines.push(format!("left out, {}: {what}", if is_expected { "as expected" } else { "UNEXPECTED" }));
        found.wrong += usize::from(!is_expected);
    }
    for (always, row) in rows.iter().filter(|(_, row)| !seen.contains(row)) {
        let word = if *always { "NO LONGER left out, take it from the list" } else { "not left out on this machine" };
        found.lines.push(format!("{word}: {row}"));
        found.wrong += usize::from(*always);
    }
    found
}

#[cfg(test)]
mod tests;
