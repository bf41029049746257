//! What was said and heard, line by line; the middle of what is long is left out.

use std::collections::VecDeque;
use std::fmt;

use super::Frame;

#[derive(Debug, Default)]
pub(super) struct Transcript {
    first: Vec<String>,
    last: VecDeque<String>,
    left_out: u64,
    /// The line that is being repeated, and how often it was.
    repeated: Option<(String, u64)>,
}

impl Transcript {
    pub(super) fn say(&mut self, frame: &Frame) {
        self.note(&format!("→ {frame}"));
    }

    pub(super) fn hear(&mut self, frame: &Frame) {
        self.note(&format!("← {frame}"));
    }

    /// One more of the same.
    pub(super) fn repeat(&mut self, what: &str) {
        match &mut self.repeated {
            Some((known, times)) if known == what => *times += 1,
            _ => {
                self.settle();
                self.repeated = Some((what.to_owned(), 1));
            }
        }
    }

    pub(super) fn note(&mut self, line: &str) {
        self.settle();
        self.push(line.to_owned());
    }

    fn settle(&mut self) {
        if let Some((what, times)) = self.repeated.take() {
            self.push(format!("→ {what}, {times} times"));
        }
    }

    fn push(&mut self, line: String) {
        if self.first.len() < KEPT {
            self.first.push(line);
            return;
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(line);
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        if self.left_out > 0 {
            writeln!(f, "… {} lines …", self.left_out)?;
        }
        self.last.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        match &self.repeated {
            Some((what, times)) => writeln!(f, "→ {what}, {times} times"),
            None => Ok(()),
        }
    }
}

/// Lines kept at either end.
const KEPT: usize = 32;
