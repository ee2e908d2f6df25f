//! Every row of the table of targets, measured.
fn main() {}
