//! Connectors: manifests that are data, and what is done with them.

pub mod rules;
