//! `cargo xtask mutants`: changes the code in small ways, one at a time, and asks whether a test notices (cargo-mutants).
//!
//! Without words: what differs from a base. With files: those. With `--all`: everything, of which `--shard K/N` is a part. What cannot be noticed
//! is left out by name and reason in `.cargo/mutants.toml`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{During, Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::skips;
use crate::workspace::Workspace;

/// Of one hundred, so many are to be noticed.
const WANTED: usize = 97;
/// What is compared with, the first that there is.
const BASES: [&str; 2] = ["origin/main", "main"];

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    if !shell::installed("cargo-mutants") {
        if !shell::in_ci() {
            skips::note("cargo-mutants (`cargo install --locked cargo-mutants`)");
            return Ok(());
        }
        shell::run(shell::cargo("install").args(["--locked", "cargo-mutants"]))?;
    }
    let folder = workspace.target.join("mutants");
    fs::create_dir_all(&folder).during(folder.display())?;
    let Some(chosen) = choose(workspace, options, &folder)? else {
        println!("nothing differs in the code");
        return Ok(());
    };
    let mut command = shell::cargo("mutants");
    command.current_dir(&workspace.root).arg("--output").arg(&folder).args(chosen);
    if let Some(shard) = options.values("--shard").last() {
        command.args(["--shard", shard]);
    }
    // It fails for a single one that was missed; the share is judged here, and an interrupted run has no list of what was caught.
    let ended = shell::run(&mut command);
    let counts = Counts::read(&folder.join("mutants.out")).map_err(|missing| ended.err().unwrap_or(missing))?;
    counts.judge()
}

/// Which mutants; `None` if nothing was changed.
fn choose(workspace: &Workspace, options: &Options, folder: &Path) -> Outcome<Option<Vec<String>>> {
    if options.has("--all") {
        return Ok(Some(vec!["--workspace".to_owned()]));
    }
    if !options.words.is_empty() {
        return Ok(Some(options.words.iter().flat_map(|file| ["--file".to_owned(), file.clone()]).collect()));
    }
    let git = |args: &[&str]| shell::capture(Command::new("git").current_dir(&workspace.root).args(args));
    let is_there = |base: &&str| git(&["rev-parse", "--verify", "--quiet", base]).is_ok();
    let named = options.values("--base").last();
    let base = named.or_else(|| BASES.into_iter().find(is_there));
    let base = base.ok_or_else(|| Failure::new("nothing to compare with: `--base REVISION`, files, or `--all`"))?;
    let diff = git(&["diff", "--merge-base", base, "--", "*.rs"])?;
    if diff.trim().is_empty() {
        return Ok(None);
    }
    let path = folder.join("changes.diff");
    fs::write(&path, diff).during(path.display())?;
    Ok(Some(vec!["--in-diff".to_owned(), path.display().to_string()]))
}

/// What became of all mutants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    noticed: usize,
    missed: usize,
}

impl Counts {
    /// Counts the lines of what cargo-mutants has written. One that hangs is ended, and noticed.
    fn read(folder: &Path) -> Outcome<Self> {
        let lines = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).during(path.display()).map(|text| text.lines().count())
        };
        Ok(Self { noticed: lines("caught.txt")? + lines("timeout.txt")?, missed: lines("missed.txt")? })
    }

    fn judge(self) -> Outcome {
        let Self { noticed, missed } = self;
        let all = noticed + missed;
        println!("{noticed} of {all} mutants were noticed; those that were not: target/mutants/mutants.out/missed.txt");
        if noticed * 100 >= all * WANTED {
            return Ok(());
        }
        Err(Failure::new(format!("{missed} of {all} mutants were not noticed; {WANTED} in 100 are to be")))
    }
}

#[cfg(test)]
mod tests;
