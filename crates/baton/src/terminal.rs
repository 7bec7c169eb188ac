//! What commands say to people and scripts.

use std::io::Write;

/// Writes a line to standard output. Whoever closed it does not want to hear, so that is no error.
pub(crate) fn say(line: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", line.as_ref());
    let _ = out.flush();
}

/// Writes a line to standard error.
pub(crate) fn warn(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr().lock(), "{}", line.as_ref());
}

/// Asks a yes-or-no question; anything but yes is no.
pub(crate) fn ask(question: &str) -> bool {
    let _ = write!(std::io::stdout().lock(), "{question} [y/N] ");
    let _ = std::io::stdout().lock().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
