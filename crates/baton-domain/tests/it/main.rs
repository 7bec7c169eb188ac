//! The connectors as users have them, from settings to bytes and from answers to verdicts.

mod answers;
mod boberdoo;
mod guide;
mod leadbyte;
mod leadconduit;
mod leadprosper;
mod phonexa;
mod properties;
mod vendor;
mod zapier;
