//! The engine against real sockets.

mod clock_set_back;
mod crowds;
mod damage;
mod delivering;
mod house;
mod http_client;
mod http_dns;
mod http_pool;
mod http_tls;
mod isolation;
mod lifecycle;
mod lost_hints;
mod panicking_loops;
mod peer;
mod simulation;
mod telling;
mod two_nodes;
mod verdicts;
