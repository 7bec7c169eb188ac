use crate::cli;
use crate::cli::remote::{Remote, RemoteArgs};
use crate::failure::Failure;
use crate::terminal;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

const NOTES: &str = "\
The leads are stored and sent nowhere; --deliver sends them to the campaign's destinations and tells
webhooks. --dry-run stores nothing and says what would happen. The server reads the file when all of
it is there and goes on when this command is stopped; a restart of the server loses no place.

The key needs the scopes leads:write and leads:read.

Examples:
  BATON_KEY=... baton import leads.csv --campaign SOLAR-UK --dry-run
  BATON_KEY=... baton import leads.csv --campaign SOLAR-UK --column 'E-mail=email' --column Notes=
  BATON_KEY=... baton import leads.jsonl --campaign SOLAR-UK --deliver";

/// Bytes of a part of the file: a multiple of what the API asks for.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// How often the server is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Failed looks in a row after which this gives up; the import goes on.
const LOOKS_MAX: u32 = 60;

/// Import a file of leads into a running server.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// The file: CSV, or JSON Lines when its name ends in .jsonl or .ndjson
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The campaign's reference or id
    #[arg(long, value_name = "REF")]
    campaign: String,
    /// How the file is written, when its name does not say
    #[arg(long, value_parser = ["csv", "jsonl"])]
    format: Option<String>,
    /// What a column becomes; without a field the column is left out
    #[arg(long = "column", value_name = "NAME=FIELD")]
    columns: Vec<String>,
    /// The source the leads come through, by id
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Store nothing, say what would happen
    #[arg(long)]
    dry_run: bool,
    /// Send the leads to the campaign's destinations and tell webhooks
    #[arg(long)]
    deliver: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = settings(args)?;
    let shown = args.file.display();
    let mut file =
        File::open(&args.file).map_err(|e| Failure::Settings(format!("{shown}: {e}")))?;
    cli::block_on(async {
        let remote = Remote::new(&args.remote)?;
        let made = remote.create("/api/v1/imports", &settings).await?;
        let id = made.get("id").and_then(Value::as_str).unwrap_or_default();
        let place = format!("/api/v1/imports/{id}");
        terminal::say(format!("{id}: sending {shown}"));
        upload(&remote, &place, &mut file).await?;
        let over = follow(&remote, &place).await?;
        tell(&over);
        if over.get("reported").and_then(Value::as_u64).is_some_and(|rows| rows > 0) {
            terminal::say(format!("why: {}{place}/report", remote.base()));
        }
        match over.get("fault").and_then(|fault| fault.get("message")).and_then(Value::as_str) {
            Some(why) => Err(Failure::Failed(why.to_owned())),
            None => Ok(()),
        }
    })
}

fn settings(args: &Args) -> Result<Value, Failure> {
    let mut columns = Map::new();
    for pair in &args.columns {
        let (name, field) = pair
            .split_once('=')
            .ok_or_else(|| Failure::Settings(format!("--column {pair}: NAME=FIELD is expected")))?;
        let field = if field.is_empty() { Value::Null } else { field.into() };
        columns.insert(name.to_owned(), field);
    }
    let ending = args.file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let lines = ending.eq_ignore_ascii_case("jsonl") || ending.eq_ignore_ascii_case("ndjson");
    let format = args.format.as_deref().unwrap_or(if lines { "jsonl" } else { "csv" });
    let name = args.file.file_name().and_then(|name| name.to_str());
    Ok(json!({
        "campaign": args.campaign, "source_id": args.source, "format": format, "name": name,
        "columns": columns, "dry_run": args.dry_run, "deliver": args.deliver,
    }))
}

/// Sends the file part by part; one that broke off is sent again by whoever runs this again.
async fn upload(remote: &Remote, place: &str, file: &mut File) -> Result<(), Failure> {
    let mut offset = 0;
    let mut part = read_part(file)?;
    loop {
        let next = if part.len() == PART_BYTES { read_part(file)? } else { Vec::new() };
        let more = !next.is_empty();
        let length = part.len();
        let path = format!("{place}/file?offset={offset}&more={more}");
        remote.put_bytes(&path, part).await?;
        offset += length;
        if !more {
            return Ok(());
        }
        part = next;
    }
}

fn read_part(file: &mut File) -> Result<Vec<u8>, Failure> {
    let mut part = Vec::with_capacity(PART_BYTES);
    file.take(PART_BYTES as u64).read_to_end(&mut part).map_err(Failure::new)?;
    Ok(part)
}

/// Looks until the import is over; a server that is restarted meanwhile is waited for.
async fn follow(remote: &Remote, place: &str) -> Result<Value, Failure> {
    let mut failed = 0;
    let mut told = 0;
    loop {
        match remote.call("GET", place, None).await {
            Ok(seen) => {
                failed = 0;
                let state = seen.get("state").and_then(Value::as_str).unwrap_or_default();
                if !matches!(state, "checking" | "importing") {
                    return Ok(seen);
                }
                let read = seen.get("read").and_then(Value::as_u64).unwrap_or_default();
                if read > told {
                    told = read;
                    tell(&seen);
                }
            }
            Err(error) if failed >= LOOKS_MAX => return Err(error),
            Err(_) => failed += 1,
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn tell(import: &Value) {
    let text = |name: &str| import.get(name).and_then(Value::as_str).unwrap_or_default();
    let count = |name: &str| import.get(name).and_then(Value::as_u64).unwrap_or_default();
    let percent = (count("bytes_read") * 100).checked_div(count("bytes")).unwrap_or_default();
    terminal::say(format!(
        "{} {percent} %: {} rows, {} accepted, {} duplicates, {} refused",
        text("state"),
        count("read"),
        count("accepted"),
        count("duplicates"),
        count("refused"),
    ));
}
