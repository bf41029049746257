use std::time::Duration;

use super::{Done, Report, When, choose, line, steps, summarise};
use crate::failure::Failure;
use crate::options::Options;

fn names(line: &str) -> Vec<&'static str> {
    let options = Options::parse(line.split_whitespace().map(str::to_owned)).unwrap();
    choose(&options).unwrap().into_iter().map(|step| step.name).collect()
}

#[test]
fn without_words_every_step_runs_that_is_not_for_once_a_week() {
    assert_eq!(names(""), of(When::Always));
    assert_eq!(names("floods"), ["floods"]);
    assert_eq!(names("--except test").len(), of(When::Always).len() - 1);
}

#[test]
fn named_steps_run_in_the_order_of_the_list() {
    assert_eq!(names("clippy fmt"), ["fmt", "clippy"]);
}

#[test]
fn steps_can_be_left_out() {
    let names = names("--except test,fuzz --except deny");
    assert_eq!(names.len(), of(When::Always).len() - 3);
    assert!(!names.contains(&"fuzz"));
}

#[test]
fn unknown_steps_are_refused_wherever_they_stand() {
    for line in ["lint", "--except lint"] {
        let options = Options::parse(line.split_whitespace().map(str::to_owned)).unwrap();
        assert!(choose(&options).is_err());
    }
}

#[test]
fn the_workflows_name_every_step() {
    for (when, workflow) in [
        (When::Always, include_str!("../../../.github/workflows/ci.yml")),
        (When::Named, include_str!("../../../.github/workflows/weekly.yml")),
    ] {
        assert!(workflow.contains(&format!("step: [{}]", of(when).join(", "))), "{when:?}");
    }
}

/// The names of these steps.
fn of(when: When) -> Vec<&'static str> {
    steps::ALL.iter().filter(|step| step.when == when).map(|step| step.name).collect()
}

#[test]
fn one_failed_step_fails_the_run_after_the_others_ran() {
    let report = |name, outcome| Report { name, took: Duration::ZERO, outcome };
    let skipped = || Ok(Done::Skipped("no tool".to_owned()));
    assert!(summarise(&[report("fmt", Ok(Done::Checked)), report("deny", skipped())]).is_ok());
    let failed = summarise(&[report("fmt", Err(Failure::new("no"))), report("test", Ok(Done::Checked))]);
    assert_eq!(failed.unwrap_err().to_string(), "failed: fmt");
}

#[test]
fn a_skipped_step_says_why() {
    assert!(
        line("deny", Duration::from_millis(1500), &Ok(Done::Skipped("no tool".to_owned())))
            .ends_with("1.5 s  skipped: no tool")
    );
}
