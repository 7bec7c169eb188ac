//! CSV as other programs read it (RFC 4180), and as spreadsheets may open it.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break, in their
//! full-width forms too, for a formula, and runs it. In the safe form such a cell gets a leading
//! apostrophe, which spreadsheets take for "this is text". Machines want the plain form: a phone
//! number begins with `+`.

/// Whether a spreadsheet could take a cell for a formula. Space and invisible characters before it
/// do not count: some programs drop them.
#[must_use]
pub fn is_formula(cell: &str) -> bool {
    if cell.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let invisible = |c: char| {
        c.is_whitespace()
            || matches!(c, '\0' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
    };
    let begins = cell.trim_start_matches(invisible);
    begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Writes a row: every cell in quotes, quotes inside doubled, CRLF at its end.
pub fn write_row<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>, safe: bool) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.push(b'"');
        if safe && is_formula(cell) {
            out.push(b'\'');
        }
        for byte in cell.bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        out.push(b'"');
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(cells: &[&str], safe: bool) -> String {
        let mut out = Vec::new();
        write_row(&mut out, cells.iter().copied(), safe);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn formulas_are_defused_in_the_safe_form_only() {
        let check = |cell: &str, formula: bool| {
            assert_eq!(is_formula(cell), formula, "{cell:?}");
            let expect =
                if formula { format!("\"'{cell}\"\r\n") } else { format!("\"{cell}\"\r\n") };
            assert_eq!(row(&[cell], true), expect);
            assert_eq!(row(&[cell], false), format!("\"{cell}\"\r\n"));
        };
        for cell in ["=1+1", "+447700900123", "-5", "@SUM(A1)", "\tx", "\rx", "\nx"] {
            check(cell, true);
        }
        for cell in ["＝1", "＋1", "－1", "＠1", "  =1", "\u{feff}=1", "\u{200b}+1", "\u{a0}-1"]
        {
            check(cell, true);
        }
        for cell in ["", "a=1", "1-2", "jane@example.com", "'=1", "(+44)", " ", "ünï"] {
            check(cell, false);
        }
    }

    #[test]
    fn cells_are_quoted_and_quotes_doubled() {
        assert_eq!(
            row(&["a,b", "say \"hi\"", "two\nlines", ""], false),
            "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"\"\r\n"
        );
        assert_eq!(row(&[], true), "\r\n");
    }

    /// The cells of one row, read as RFC 4180 says.
    fn read(row: &str) -> Vec<String> {
        let mut cells = vec![String::new()];
        let (mut quoted, mut rest) = (false, row.strip_suffix("\r\n").unwrap().chars().peekable());
        while let Some(c) = rest.next() {
            let cell = cells.last_mut().unwrap();
            match (quoted, c) {
                (true, '"') if rest.next_if_eq(&'"').is_some() => cell.push('"'),
                (_, '"') => quoted = !quoted,
                (true, c) => cell.push(c),
                (false, ',') => cells.push(String::new()),
                (false, c) => panic!("{c:?} stands outside quotes"),
            }
        }
        cells
    }

    proptest! {
        #[test]
        fn any_cells_come_back_as_they_were(cells in proptest::collection::vec(any::<String>(), 1..5)) {
            let written = row(&cells.iter().map(String::as_str).collect::<Vec<_>>(), false);
            prop_assert_eq!(read(&written), cells);
        }

        #[test]
        fn no_safe_cell_is_a_formula(cell in any::<String>()) {
            let written = row(&[&cell], true);
            prop_assert!(!is_formula(&written[1..written.len() - 3]));
        }
    }
}
