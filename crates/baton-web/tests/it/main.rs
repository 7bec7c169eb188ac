//! The web crate over real sockets, on a real store.

mod app;
mod capture;
mod capture_bad_input;
mod capture_guards;
mod capture_leadbyte;
mod capture_repeats;
mod capture_waiting;
mod service;
