//! The engine against real sockets.

mod delivering;
mod house;
mod http_client;
mod http_dns;
mod http_pool;
mod http_tls;
mod isolation;
mod lifecycle;
mod peer;
mod simulation;
mod telling;
mod two_nodes;
mod verdicts;
