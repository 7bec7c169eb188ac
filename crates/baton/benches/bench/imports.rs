//! A file of leads through the real binary: from the last byte of the upload to `done`.

use crate::machine::{Table, env_or};
use crate::server::Server;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// How often the server is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Imports `BENCH_IMPORT` rows (50,000) with e-mail, phone and a duplicate rule.
pub async fn run(table: &mut Table, engine: &str, data: &Path, database: Option<&str>) {
    let rows = env_or("BENCH_IMPORT", 50_000);
    let mut file = String::from("email,phone,first_name,last_name,postcode\n");
    for n in 0..rows {
        let phone = 7_400_000_000_u64 + n;
        // Writing to a text cannot fail.
        let _ = writeln!(file, "person{n}@example.com,0{phone},Ada,Lovelace,SW1A 1AA");
    }
    let server = Server::start(data, database).await;
    let campaign = r#"{"name":"Import","reference":"IMPORT","country":"GB",
        "duplicates":{"fields":["email"]}}"#;
    server.api("POST", "/api/v1/campaigns", campaign).await;
    let settings = r#"{"campaign":"IMPORT","format":"csv"}"#;
    let made = server.api("POST", "/api/v1/imports", settings).await;
    let path = format!("/api/v1/imports/{}", made["id"].as_str().expect("an id"));
    let cpu = server.cpu_seconds();
    server.api("PUT", &format!("{path}/file"), &file).await;
    let began = Instant::now();
    let done = loop {
        let seen = server.api("GET", &path, "").await;
        match seen["state"].as_str() {
            Some("importing") => tokio::time::sleep(LOOK_EVERY).await,
            _ => break seen,
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(done["accepted"].as_u64(), Some(rows), "{done}");
    let rate = rows as f64 / seconds;
    let cpu = (server.cpu_seconds() - cpu) * 1e6 / rows as f64;
    table.row(
        &format!("{engine}: import of {rows} rows"),
        &format!("{rate:.0}/s, {cpu:.0} us CPU a row"),
    );
    server.stop();
}
