//! What is demanded of both ends.

mod compression;
mod frames;
mod framing;
mod settings;
mod windows;

use super::case::Case;

pub(super) const CASES: &[&[Case]] =
    &[framing::CASES, frames::CASES, settings::CASES, windows::CASES, compression::CASES];
