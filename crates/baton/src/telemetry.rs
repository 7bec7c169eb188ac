//! What the process says about itself, on standard error: text or one JSON object a line.
//!
//! Log lines carry ids, counts and states; no personal data and no secret, whatever the level.

use crate::settings::{LogFormat, LogSettings};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Crates that speak of requests at `debug`, which may hold personal data in headers or statements.
const QUIET: [&str; 4] = ["hyper=warn", "hyper_util=warn", "tokio_postgres=warn", "rustls=warn"];

/// Starts logging and makes panics log lines. Called once, before anything is logged.
///
/// # Errors
/// The text to show when the level is none.
pub(crate) fn start(settings: &LogSettings) -> Result<(), String> {
    let mut filter = EnvFilter::try_new(&settings.level)
        .map_err(|_| format!("`{}` is not a log level or filter", settings.level))?;
    for directive in QUIET {
        let directive = directive.parse().map_err(|_| "a log directive is wrong".to_owned())?;
        filter = filter.add_directive(directive);
    }
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).try_init(),
    };
    started.map_err(|e| format!("logging cannot be started: {e}"))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // The message could hold what was being worked on, so only the place is told.
        tracing::error!(%place, "a part of the program panicked; this is a defect, please report it");
    }));
    Ok(())
}
