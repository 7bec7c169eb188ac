//! Connectors: manifests that are data, and what is done with them.
//!
//! [`manifest`] reads them, [`settings`] checks what a destination sets, [`mapping`] and
//! [`transform`] turn lead fields into the receiver's, [`render`] makes the request, [`classify`]
//! reads the answer by [`rules`]. [`envelope`] is the shape of events for subscriptions.

pub mod classify;
pub mod rules;
