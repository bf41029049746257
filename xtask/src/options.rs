//! The command line: words, `--switches`, and `--options VALUE`.

use crate::failure::{Failure, Outcome};

/// Options that take a value; everything else that starts with two dashes is a switch.
const WITH_VALUE: [&str; 6] = ["--except", "--top", "--secs", "--rounds", "--base", "--shard"];

/// What followed the command's name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Words without a dash, in order.
    pub(crate) words: Vec<String>,
    switches: Vec<String>,
    values: Vec<(String, String)>,
}

impl Options {
    pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut options = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            if !arg.starts_with("--") {
                options.words.push(arg);
            } else if let Some((name, value)) = arg.split_once('=') {
                options.values.push((name.to_owned(), value.to_owned()));
            } else if WITH_VALUE.contains(&arg.as_str()) {
                let value = args.next().ok_or_else(|| Failure::new(format!("{arg} wants a value")))?;
                options.values.push((arg, value));
            } else {
                options.switches.push(arg);
            }
        }
        Ok(options)
    }

    /// Whether `--name` was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.switches.iter().any(|switch| switch == name)
    }

    /// Every value of `--name`, in order.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The last `--name N`, or the default.
    pub(crate) fn number(&self, name: &str, default: u32) -> Outcome<u32> {
        self.values(name).last().map_or(Ok(default), |text| {
            text.parse().map_err(|_| Failure::new(format!("{name} wants a number, not `{text}`")))
        })
    }
}

#[cfg(test)]
mod tests;
