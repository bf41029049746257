use std::fs;
use std::path::Path;

use super::*;

/// The functions of a source that are marked as ignored.
fn ignored(source: &str) -> Vec<&str> {
    let after = source.split("#[ignore").skip(1);
    after.filter_map(|rest| rest.split("fn ").nth(1)?.split('(').next()).collect()
}

/// All sources below a folder, but not what was built.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") && !path.components().any(|part| part.as_os_str() == "xtask") {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_ignored_test_runs_somewhere() {
    let mut texts = Vec::new();
    sources(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap(), &mut texts);
    let mut marked: Vec<&str> = texts.iter().flat_map(|text| ignored(text)).collect();
    marked.sort_unstable();
    // The floods are a step of their own.
    let mut run: Vec<&str> = TESTS.iter().chain(OF_THE_SYSTEM).map(|(_, _, test)| *test).collect();
    run.push("each_flood_for_ten_seconds");
    run.sort_unstable();
    assert_eq!(marked, run);
}
