//! The binary: reads surroundings and arguments once, and hands over to the library.
fn main() {}
