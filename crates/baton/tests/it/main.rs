//! Tests of the program and of the repository as a whole.

mod samples;
mod tidy;
