//! Connectors: manifests that are data, and what is done with them.
//!
//! [`manifest`] reads them, [`settings`] checks what a destination sets, [`mapping`] and
//! [`transform`] turn lead fields into the receiver's, [`render`] makes the request, [`classify`]
//! reads the answer by [`rules`], [`lint`] doubts rules, [`shapes`] groups what none of them matched. [`envelope`] is the shape of events for subscriptions, [`mask`]
//! hides secrets in what is shown.
//!
//! Further exchanges of a manifest, each rendered as a [`render::Variant`]: [`auth`] fetches a token
//! and puts it into requests, [`polling`] asks after queued leads. What an earlier answer gave is an
//! [`answered::Answered`]; requests and mappings name its values `answer.<name>`.

pub mod answered;
pub mod auth;
mod body;
pub mod classify;
pub mod envelope;
mod header;
pub mod lint;
pub mod manifest;
pub mod mapping;
pub mod mask;
pub mod pattern;
pub mod payload;
pub mod polling;
pub mod render;
pub mod rules;
pub mod schema;
pub mod settings;
pub mod shapes;
mod target;
mod template;
pub mod transform;
