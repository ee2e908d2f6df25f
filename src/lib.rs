//! blackstart: a terminal cockpit for AWS outages.
