//! Cells on their way out, into files that a spreadsheet opens.

use std::fmt::Write as _;

/// What makes a spreadsheet run a cell rather than show it.
const RUN: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Adds a record to a CSV text (RFC 4180): quoted where needed, and with `'` before a text that a
/// spreadsheet would run. Numbers stay numbers.
pub fn push_record(out: &mut String, cells: &[&str]) {
    for (at, text) in cells.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let guard = if text.starts_with(RUN) && !is_number(text) { "'" } else { "" };
        if text.contains(['"', ',', ';', '\n', '\r', '\t']) {
            // Writing to a text cannot fail.
            let _ = write!(out, "\"{guard}{}\"", text.replace('"', "\"\""));
        } else {
            out.push_str(guard);
            out.push_str(text);
        }
    }
    out.push_str("\r\n");
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cells: &[&str], expect: &str) {
        let mut out = String::new();
        push_record(&mut out, cells);
        assert_eq!(out, format!("{expect}\r\n"));
    }

    #[test]
    fn cells_are_quoted_and_never_run() {
        check(&["a", "b c", ""], "a,b c,");
        check(&["a,b", "say \"x\"", "two\nlines"], "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"");
        check(&["=1+1", "@SUM(A1)", "+44 7700", "-x"], "'=1+1,'@SUM(A1),'+44 7700,'-x");
        check(&["=HYPERLINK(\"x\",\"y\")"], "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        check(&["\t=1", "\rx"], "\"'\t=1\",\"'\rx\"");
        check(&["-5", "+447700900123", "-1.5", "-"], "-5,+447700900123,-1.5,'-");
    }
}
