//! What is demanded of clients alone.

mod flow;
mod responses;
mod starting;
mod streams;

use super::case::Case;

pub(super) const CASES: &[&[Case]] = &[starting::CASES, streams::CASES, flow::CASES, responses::CASES];
