//! What is demanded of servers alone.

mod connect;
mod flow;
mod requests;
mod starting;
mod streams;

use super::case::Case;

pub(super) const CASES: &[&[Case]] = &[starting::CASES, streams::CASES, flow::CASES, requests::CASES, connect::CASES];
