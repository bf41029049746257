//! `cargo xtask size`: how long files and functions are, tests left out. A report to look at, not a gate.

mod mask;
mod scan;

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{During, Outcome};
use crate::options::Options;
use crate::workspace::{Package, Workspace};
use scan::Function;

/// How many of the longest are named per list.
const TOP: u32 = 15;
/// Where a file stops being comfortable to read.
const LONG_FILE: usize = 400;
/// Where a function stops fitting on a screen.
const LONG_FUNCTION: usize = 60;

/// One source file without its tests.
#[derive(Debug)]
struct File {
    path: PathBuf,
    /// Lines with code on them.
    code: usize,
    functions: Vec<Function>,
}

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    let top = options.number("--top", TOP)? as usize;
    println!("{:24} {:>6} {:>8} {:>10} {:>10}", "package", "files", "code", "functions", "median fn");
    let mut all = Vec::new();
    for package in workspace.ours() {
        let files = files(package, &workspace.root)?;
        println!("{}", summary(&package.name, &files));
        all.extend(files);
    }
    print_longest_files(&mut all, top);
    print_longest_functions(&all, top);
    Ok(())
}

/// The sources of one package. Its tests, benches and examples are not what users read the crate for.
fn files(package: &Package, root: &Path) -> Outcome<Vec<File>> {
    let mut paths = Vec::new();
    collect(&package.folder.join("src"), &mut paths)?;
    paths.sort();
    paths.into_iter().map(|path| measure(&path, root)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Outcome {
    for entry in fs::read_dir(folder).during(folder.display())? {
        let path = entry.during(folder.display())?.path();
        let stem = path.file_stem().unwrap_or_default();
        if stem == "tests" {
            continue;
        } else if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn measure(path: &Path, root: &Path) -> Outcome<File> {
    let text = fs::read_to_string(path).during(path.display())?;
    let masked = scan::without_tests(&mask::mask(&text));
    let code = masked.lines().filter(|line| !line.trim().is_empty()).count();
    let path = path.strip_prefix(root).unwrap_or(path).to_owned();
    Ok(File { path, code, functions: scan::functions(&masked) })
}

fn summary(name: &str, files: &[File]) -> String {
    let code: usize = files.iter().map(|file| file.code).sum();
    let mut lengths: Vec<usize> = files.iter().flat_map(|file| &file.functions).map(|f| f.lines).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    format!("{name:24} {:>6} {code:>8} {:>10} {median:>10}", files.len(), lengths.len())
}

fn print_longest_files(files: &mut [File], top: usize) {
    files.sort_by(|a, b| b.code.cmp(&a.code).then_with(|| a.path.cmp(&b.path)));
    let long = files.iter().filter(|file| file.code > LONG_FILE).count();
    println!("\nlongest files ({long} over {LONG_FILE} lines of code)");
    for file in files.iter().take(top) {
        println!("{:>6}  {}", file.code, file.path.display());
    }
}

fn print_longest_functions(files: &[File], top: usize) {
    let each = files.iter().flat_map(|file| file.functions.iter().map(move |function| (file, function)));
    let mut functions: Vec<_> = each.collect();
    functions.sort_by_key(|(_, function)| std::cmp::Reverse(function.lines));
    let long = functions.iter().filter(|(_, function)| function.lines > LONG_FUNCTION).count();
    println!("\nlongest functions ({long} over {LONG_FUNCTION} lines)");
    for (file, Function { name, line, lines }) in functions.into_iter().take(top) {
        println!("{lines:>6}  {name} ({}:{line})", file.path.display());
    }
}
