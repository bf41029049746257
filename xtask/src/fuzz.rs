//! `cargo xtask fuzz`: runs each target of `fuzz/` for a while.

use std::fs;
use std::path::Path;

use crate::failure::{During, Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::workspace::Workspace;

/// How long a target runs in CI: enough to find what a change broke at once.
const SMOKE_SECS: u32 = 10;

/// Where the short run begins its random inputs: the same each time, so that a change is judged by what it did and not by luck.
/// Runs of a length that was asked for begin elsewhere each time.
const SMOKE_SEED: &str = "-seed=1";

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    let targets = targets(&workspace.root)?;
    if let Some(unknown) = options.words.iter().find(|word| !targets.contains(word)) {
        return Err(Failure::new(format!("no fuzz target `{unknown}`; there are: {}", targets.join(", "))));
    }
    have_cargo_fuzz()?;
    let chosen = if options.words.is_empty() { &targets } else { &options.words };
    let secs = options.number("--secs", SMOKE_SECS)?;
    let seed = if secs == SMOKE_SECS { SMOKE_SEED } else { "-seed=0" };
    chosen.iter().try_for_each(|target| run(workspace, target, secs, seed))
}

/// Names of the targets: the files of `fuzz/fuzz_targets`, where there are any.
pub(crate) fn targets(root: &Path) -> Outcome<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    if !folder.is_dir() {
        return Ok(names);
    }
    for entry in fs::read_dir(&folder).during(folder.display())? {
        let path = entry.during(folder.display())?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Installs cargo-fuzz where nobody is there to be asked.
pub(crate) fn have_cargo_fuzz() -> Outcome {
    match shell::installed("cargo-fuzz") {
        true => Ok(()),
        false if shell::in_ci() => shell::run(shell::cargo("install").args(["--locked", "cargo-fuzz"])),
        false => Err(Failure::new("cargo-fuzz is not installed; `cargo install --locked cargo-fuzz`")),
    }
}

/// On stable, without a sanitizer: our code has no `unsafe` to sanitize but for a few calls of the system.
fn run(workspace: &Workspace, target: &str, secs: u32, seed: &str) -> Outcome {
    let built = workspace.target.join("fuzz");
    let corpus = built.join("corpus").join(target);
    let seeds = workspace.root.join("fuzz/seeds").join(target);
    fs::create_dir_all(&corpus).during(corpus.display())?;
    let mut command = shell::cargo("fuzz");
    command.current_dir(&workspace.root).args(["run", "--sanitizer", "none", "--target-dir"]).arg(&built).arg(target);
    command.arg(corpus);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    let bound = format!("-max_total_time={secs}");
    shell::run(command.args([
        "--",
        &bound,
        seed,
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-verbosity=0",
        "-print_final_stats=1",
    ]))
}
