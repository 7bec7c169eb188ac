//! The engine against real sockets.

mod http_client;
mod http_dns;
mod http_pool;
mod http_tls;
mod peer;
mod simulation;
