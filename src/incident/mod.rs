//! What is true: pure data and rules. Imports nothing of ours; everything else may import it.
pub mod site;
