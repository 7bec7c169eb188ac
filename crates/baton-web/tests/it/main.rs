//! The web crate over real sockets, on a real store.

mod accounts;
mod accounts_factor;
mod accounts_people;
mod admin;
mod api_authority;
mod api_client;
mod api_damage;
mod api_document;
mod api_documents;
mod api_events;
mod api_hooks;
mod api_imports;
mod api_repeats;
mod api_responses;
mod api_secrets;
mod api_trials;
mod app;
mod browser;
mod capture;
mod capture_bad_input;
mod capture_guards;
mod capture_leadbyte;
mod capture_overload;
mod capture_repeats;
mod capture_waiting;
mod service;
