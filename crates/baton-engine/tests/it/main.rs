//! The engine against real sockets.

mod clock_set_back;
mod crowds;
mod damage;
mod delivering;
mod exchanges;
mod house;
mod http_client;
mod http_dns;
mod http_pool;
mod http_tls;
mod isolation;
mod lifecycle;
mod links;
mod lost_hints;
mod panicking_loops;
mod parts;
mod peer;
mod people;
mod simulation;
mod telling;
mod two_nodes;
mod vendors;
mod verdicts;
