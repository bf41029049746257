use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Bounds, End, Tests, is_runner, watch};

const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_millis(100);

fn script(text: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", text]);
    command
}

fn watched(text: &str, patience: Duration, silence: Duration) -> (End, String) {
    let mut out = Vec::new();
    let end = watch(&mut script(text), &mut out, Bounds { patience, silence }).unwrap();
    (end, String::from_utf8(out).unwrap())
}

#[test]
fn what_the_tests_say_and_how_they_end_passes_through() {
    assert_eq!(
        watched("printf 'running\ntest a ... '; echo ok", LONG, LONG),
        (End::Code(0), "running\ntest a ... ok\n".to_owned())
    );
    assert_eq!(watched("echo failed; exit 101", LONG, LONG), (End::Code(101), "failed\n".to_owned()));
    assert_eq!(watched("kill -ABRT $$", LONG, LONG).0, End::Code(101));
}

#[test]
fn a_test_that_does_not_end_is_named_and_ended_with_all_it_started() {
    let begun = Instant::now();
    let text =
        "sleep 1000 & echo started $!; echo 'test a::b has been running for over 60 seconds'; sleep 1000; echo late";
    let (end, said) = watched(text, SOON, LONG);
    assert_eq!(end, End::Hangs(vec!["a::b".to_owned()]));
    assert!(!said.contains("late") && begun.elapsed() < LONG, "{said}");
    let started: u32 = said.lines().next().unwrap().trim_start_matches("started ").parse().unwrap();
    // Whoever takes over the orphan may not have looked at it yet.
    let is_over = || {
        let stat = std::fs::read_to_string(format!("/proc/{started}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z "))
    };
    while !is_over() {
        assert!(begun.elapsed() < LONG, "what it had started goes on");
        std::thread::yield_now();
    }
}

#[test]
fn one_test_at_a_time_is_named_by_the_line_it_began() {
    let (end, _) = watched("printf 'test a ... ok\ntest b::c ... '; exec sleep 1000", LONG, SOON);
    assert_eq!(end, End::Hangs(vec!["b::c".to_owned()]));
    let (end, _) = watched("exec sleep 1000", LONG, SOON);
    assert_eq!(end, End::Hangs(vec!["(the harness has named none)".to_owned()]));
}

#[test]
fn a_slow_test_that_ends_is_forgotten_however_its_lines_are_cut() {
    let now = Instant::now();
    let bounds = Bounds { patience: Duration::from_secs(10), silence: Duration::from_secs(100) };
    let said =
        b"test a has been running for over 60 seconds\ntest b has been running for over 60 seconds\ntest a ... ok\n";
    for cut in 0..said.len() {
        let mut tests = Tests::new(bounds, now);
        tests.heard(&said[..cut], now);
        tests.heard(&said[cut..], now);
        assert_eq!(tests.deadline(), now + bounds.patience, "{cut}");
        assert_eq!(tests.late(now + bounds.patience), ["b"], "{cut}");
        tests.heard(b"test b ... FAILED\n", now + Duration::from_secs(5));
        assert_eq!(tests.deadline(), now + Duration::from_secs(105), "{cut}");
    }
}

#[test]
fn the_runner_is_known_by_its_name() {
    assert!(is_runner(Path::new("/somewhere/target/xtask-watch")));
    assert!(!is_runner(Path::new("/somewhere/target/debug/xtask")));
}
