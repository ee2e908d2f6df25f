//! One integration-test binary: linking the SDKs once is the difference between running the tests and not.
