//! Every job of this repository as a command.
fn main() {}
