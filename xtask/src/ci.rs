//! `cargo xtask ci`: every check, each under its own heading, with a summary at the end.

mod steps;

use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::skips;
use crate::workspace::Workspace;

/// What a step came to when it did not fail.
#[derive(Debug, PartialEq, Eq)]
enum Done {
    Checked,
    /// With what is missing, as `xtask/skips.txt` has it.
    Skipped(String),
}

/// One check.
struct Step {
    name: &'static str,
    about: &'static str,
    when: When,
    run: fn(&Workspace, &Clock) -> Outcome<Done>,
}

/// Whether a run that names no step has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// It takes too long for each change, and runs once a week.
    Named,
}

/// When the whole run began: steps that may be left out look at it.
struct Clock(Instant);

impl Clock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What became of a step.
struct Report {
    name: &'static str,
    took: Duration,
    outcome: Outcome<Done>,
}

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    if options.has("--list") {
        for step in steps::ALL {
            let when = if step.when == When::Named { " (once a week, or if it is named)" } else { "" };
            println!("{:10} {}{when}", step.name, step.about);
        }
        return Ok(());
    }
    let chosen = choose(options)?;
    let clock = Clock(Instant::now());
    let reports: Vec<Report> = chosen.into_iter().map(|step| run(step, workspace, &clock)).collect();
    summarise(&reports)
}

/// The named steps in the order of the list; if none is named, all that are not for once a week.
fn choose(options: &Options) -> Outcome<Vec<&'static Step>> {
    let except: Vec<&str> = options.values("--except").flat_map(|names| names.split(',')).collect();
    let named = || options.words.iter().map(String::as_str);
    let known = |name: &str| steps::ALL.iter().any(|step| step.name == name);
    if let Some(unknown) = named().chain(except.iter().copied()).find(|name| !known(name)) {
        return Err(Failure::new(format!("no step `{unknown}`; `cargo xtask ci --list` names them")));
    }
    let is_usual = |step: &Step| options.words.is_empty() && step.when == When::Always;
    let wanted = |step: &&Step| is_usual(step) || named().any(|name| name == step.name);
    Ok(steps::ALL.iter().filter(wanted).filter(|step| !except.contains(&step.name)).collect())
}

fn run(step: &'static Step, workspace: &Workspace, clock: &Clock) -> Report {
    println!("\n━━ {}: {}", step.name, step.about);
    shell::flush();
    let start = Instant::now();
    let outcome = skips::begin(workspace, step.name).and_then(|_| (step.run)(workspace, clock));
    if let Ok(Done::Skipped(what)) = &outcome {
        skips::note(what);
    }
    // What was left out is shown also where something failed.
    let judged = skips::judge(workspace, step.name);
    let outcome = outcome.and_then(|done| judged.map(|()| done));
    let took = start.elapsed();
    println!("━━ {}", line(step.name, took, &outcome));
    shell::flush();
    Report { name: step.name, took, outcome }
}

/// Prints every result once more, and fails if one did.
fn summarise(reports: &[Report]) -> Outcome {
    println!("\n━━ summary");
    reports.iter().for_each(|report| println!("{}", line(report.name, report.took, &report.outcome)));
    let failed: Vec<&str> = reports.iter().filter(|report| report.outcome.is_err()).map(|r| r.name).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("failed: {}", failed.join(", ")))) }
}

fn line(name: &str, took: Duration, outcome: &Outcome<Done>) -> String {
    let said = match outcome {
        Ok(Done::Checked) => "ok".to_owned(),
        Ok(Done::Skipped(why)) => format!("skipped: {why}"),
        Err(failure) => format!("FAILED: {failure}"),
    };
    format!("{name:10} {:>7.1} s  {said}", took.as_secs_f64())
}

#[cfg(test)]
mod tests;
