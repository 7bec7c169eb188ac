//! The sandbox over real sockets.

mod admin;
mod faults;
mod peer;
mod receiving;
mod vendors;
