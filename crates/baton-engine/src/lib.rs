//! What moves leads: so far the guarded HTTP client that every call to the outside goes through.

pub mod http;
