use super::*;
use crate::lead::schema::{FieldSpec, default_fields};
use proptest::prelude::*;
use serde_json::json;

fn settings(format: ImportFormat) -> ImportSettings {
    serde_json::from_value(json!({"format": format})).unwrap()
}

fn fields() -> Vec<FieldSpec> {
    default_fields()
}

/// What a file becomes: each row as its number and line, and its fields or its problem's code.
fn read(settings: &ImportSettings, file: &[u8], piece: usize) -> Vec<String> {
    let mut reader = RowReader::new(settings.format, settings.delimiter);
    let mut pieces = file.chunks(piece);
    let mut columns: Option<Columns> = None;
    let mut out = Vec::new();
    loop {
        match reader.next_row() {
            Next::More => match pieces.next() {
                Some(piece) => reader.feed(piece),
                None => reader.end(),
            },
            Next::End => break,
            Next::Unusable(fault) => {
                out.push(format!("unusable {}", fault.code));
                break;
            }
            Next::Row(RawRow { row, line, content }) => {
                let raw = match content {
                    Ok(raw) => raw,
                    Err(problem) => {
                        out.push(format!("{row}/{line} {}", problem.code));
                        continue;
                    }
                };
                if settings.format == ImportFormat::Csv && columns.is_none() {
                    let cells: Vec<&[u8]> = raw.cells().collect();
                    match Columns::of_header(&cells, settings, &fields()) {
                        Ok(read) => {
                            reader.expect_cells(read.count());
                            columns = Some(read);
                        }
                        Err(fault) => {
                            out.push(format!("unusable {}", fault.code));
                            break;
                        }
                    }
                    continue;
                }
                let lead = read_row(&raw, columns.as_ref(), settings, (&fields(), false));
                out.push(match lead {
                    Ok(lead) => {
                        let fields = serde_json::to_string(&lead.body.fields).unwrap();
                        let at = lead.submitted_at.map(|at| format!(" at {at}"));
                        format!("{row}/{line} {fields}{}", at.unwrap_or_default())
                    }
                    Err(problem) => format!("{row}/{line} {} {}", problem.field, problem.code),
                });
            }
        }
    }
    out
}

#[track_caller]
fn check_with(settings: &ImportSettings, file: impl AsRef<[u8]>, expect: &[&str]) {
    for piece in [1, 3, 7, 1 << 20] {
        assert_eq!(read(settings, file.as_ref(), piece), expect, "in pieces of {piece}");
    }
}

#[track_caller]
fn check(file: impl AsRef<[u8]>, expect: &[&str]) {
    check_with(&settings(ImportFormat::Csv), file, expect);
}

#[test]
fn spreadsheets_files_are_read_as_they_are_written() {
    let ada = r#"2/2 {"email":"ada@x.example","city":"York"}"#;
    check("email,city\nada@x.example,York\n", &[ada]);
    check("email,city\r\nada@x.example,York", &[ada]);
    check("email;city\r\nada@x.example;York\r\n", &[ada]);
    check("email\tcity\nada@x.example\tYork\n", &[ada]);
    check("\u{FEFF}email,city\nada@x.example,York\n", &[ada]);
    check("\"email\",\"city\"\n\"ada@x.example\",\"York\"\n", &[ada]);
    check("email,city,,\nada@x.example,York,,\n", &[ada]);
    check("sep=;\nemail;city\nada@x.example;York\n", &[&ada.replace("2/2", "3/3")]);
}

#[test]
fn cells_keep_line_breaks_quotes_and_formulas() {
    check(
        "email,note\na@x.example,\"two\r\nlines, and \"\"quotes\"\"\"\nb@x.example,=1+1\n",
        &[
            r#"2/2 {"email":"a@x.example","note":"two\r\nlines, and \"quotes\""}"#,
            r#"3/4 {"email":"b@x.example","note":"=1+1"}"#,
        ],
    );
}

#[test]
fn rows_that_cannot_be_read_are_named_and_the_rest_goes_on() {
    let good = |row: &str| format!(r#"{row} {{"email":"b@x.example","city":"B"}}"#);
    check("email,city\na@x.example\nb@x.example,B\n", &["2/2 wrong_cell_count", &good("3/3")]);
    check("email,city\na,b,c\nb@x.example,B\n", &["2/2 wrong_cell_count", &good("3/3")]);
    check("email,city\n,,\n , \n\nb@x.example,B\n", &[&good("4/5")]);
    let broken = [b"email,city\na@x.example,\xE9\nb@x.example,B\n".as_slice()].concat();
    check(broken, &["2/2 city invalid_utf8", &good("3/3")]);
    check(
        "email,city\na@x.example,x\0y\nb@x.example,B\n",
        &["2/2 city nul_character", &good("3/3")],
    );
    let unclosed = "email,city\n\"a@x.example,A\nb@x.example,B\n";
    check(unclosed, &["2/2 unbalanced_quotes", &good("3/3")]);
}

#[test]
fn a_row_is_never_longer_than_its_limit() {
    let long = "x".repeat(ROW_BYTES_MAX + 10);
    let file = format!("email,city\na@x.example,{long}\nb@x.example,B\n");
    let expect = ["2/2 row_too_large", r#"3/3 {"email":"b@x.example","city":"B"}"#];
    assert_eq!(read(&settings(ImportFormat::Csv), file.as_bytes(), 1000), expect);
    let file = format!("{{\"city\":\"{long}\"}}\n{{\"email\":\"b@x.example\",\"city\":\"B\"}}\n");
    let expect = ["1/1 row_too_large", r#"2/2 {"email":"b@x.example","city":"B"}"#];
    assert_eq!(read(&settings(ImportFormat::Jsonl), file.as_bytes(), 1000), expect);
}

#[test]
fn files_of_another_kind_are_refused_as_a_whole() {
    check(b"\xFF\xFEe\0m\0\n", &["unusable wrong_format"]);
    check(b"PK\x03\x04\x14\0\n", &["unusable wrong_format"]);
    check(b"\x1F\x8B\x08\n", &["unusable wrong_format"]);
    check("email,Email\na,b\n", &["unusable duplicate_column"]);
    check("email,,city\na,b,c\n", &["unusable unnamed_column"]);
    check(b"em\xE9il\nx\n", &["unusable invalid_utf8"]);
    let quotes = "email,city\n".to_owned() + &"\"\n\n".repeat(RESYNCS_MAX as usize + 3);
    assert!(read(&settings(ImportFormat::Csv), quotes.as_bytes(), 100_000).len() < 5_000);
    check("", &[]);
    check("email,city", &[]);
}

#[test]
fn columns_become_fields_by_map_by_name_and_by_likeness() {
    check(
        "E-mail,First Name,Odd one,Submitted At\na@x.example,Ada,1,28/01/2026 14:30\n",
        &["2/2 {\"E-mail\":\"a@x.example\",\"first_name\":\"Ada\",\"Odd one\":\"1\"} \
             at 2026-01-28T14:30:00.000Z"],
    );
    let mut mapped = settings(ImportFormat::Csv);
    mapped.columns.insert("Mail".to_owned(), Some("email".to_owned()));
    mapped.columns.insert("Secret".to_owned(), None);
    check_with(&mapped, "Mail,Secret\na@x.example,x\n", &[r#"2/2 {"email":"a@x.example"}"#]);
    check_with(&mapped, "Mail,Other\na@x.example,x\n", &["unusable unknown_column"]);
    check("email,submitted_at\na@x.example,never\n", &["2/2 submitted_at invalid_date"]);
}

#[test]
fn json_lines_are_bodies() {
    let jsonl = settings(ImportFormat::Jsonl);
    check_with(
        &jsonl,
        "{\"email\":\"a@x.example\",\"n\":1.50}\r\n\n  \nnope\n[1]\n{\"a\":1,\"a\":2}\n\
         {\"fields\":{\"email\":\"b@x.example\"},\"submitted_at\":\"2026-01-28\"}",
        &[
            r#"1/1 {"email":"a@x.example","n":1.50}"#,
            "4/4  malformed_json",
            "5/5  not_an_object",
            "6/6 a duplicate_key",
            r#"7/7 {"email":"b@x.example"} at 2026-01-28T00:00:00.000Z"#,
        ],
    );
}

#[test]
fn a_reader_that_jumps_goes_on_with_the_next_row() {
    let file = "email,note\na@x.example,\"1\r\n2\"\r\nb@x.example,B\r\n\r\nc@x.example,C\r\n";
    let mut whole = RowReader::new(ImportFormat::Csv, None);
    whole.feed(file.as_bytes());
    whole.end();
    let mut seen = Vec::new();
    while let Next::Row(row) = whole.next_row() {
        whole.expect_cells(2);
        seen.push((row, whole.place()));
    }
    assert_eq!(seen.len(), 4);
    for (at, (_, place)) in seen.iter().enumerate() {
        let mut again = RowReader::new(ImportFormat::Csv, None);
        again.feed(file.as_bytes());
        assert!(matches!(again.next_row(), Next::Row(_)));
        again.expect_cells(2);
        again.jump(*place);
        again.feed(&file.as_bytes()[usize::try_from(place.offset).unwrap()..]);
        again.end();
        let rest: Vec<RawRow> = std::iter::from_fn(|| match again.next_row() {
            Next::Row(row) => Some(row),
            _ => None,
        })
        .collect();
        let expect: Vec<RawRow> = seen[at + 1..].iter().map(|(row, _)| row.clone()).collect();
        assert_eq!(rest, expect, "from {place:?}");
    }
}

proptest! {
    #[test]
    fn reading_never_panics_and_pieces_make_no_difference(
        file in proptest::collection::vec(
            prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), Just(b';'), any::<u8>()],
            0..300,
        ),
        piece in 1_usize..40,
        csv in any::<bool>(),
    ) {
        let format = if csv { ImportFormat::Csv } else { ImportFormat::Jsonl };
        let settings = settings(format);
        prop_assert_eq!(read(&settings, &file, piece), read(&settings, &file, 1_000));
    }

    #[test]
    fn moments_never_panic(text in "\\PC{0,40}") {
        let _ = read_moment(&text, true);
    }
}
