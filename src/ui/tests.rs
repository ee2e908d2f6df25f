//! Whole frames.
