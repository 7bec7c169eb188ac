//! `make bench`: everything side by side on this machine, in one run.
//!
//! Ratios of one run are what count; absolute rates move with the machine. A part can be run by
//! itself: `cargo bench -p baton -- burst`. Load is made in this process, over loopback only, and
//! is bounded in count and time. `BENCH_OUT` names a file for the table.

mod fill;
mod floors;
mod imports;
mod load;
mod machine;
mod over_http;
mod server;
mod store_alone;

use machine::{Table, env_or};
use std::path::PathBuf;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut table = Table::default();
    runtime.block_on(run(&wanted, &mut table));
    if let Ok(path) = std::env::var("BENCH_OUT") {
        std::fs::write(path, table.markdown()).expect("the table is written");
    }
}

async fn run(wanted: &[String], table: &mut Table) {
    if wanted.iter().any(|part| part == "fill") {
        // Not a measurement: what `make bench-ui` looks at.
        let data = std::env::var("BENCH_FILL_DIR").expect("BENCH_FILL_DIR names a directory");
        let database = std::env::var("BENCH_FILL_DATABASE").ok();
        let leads = env_or("BENCH_MILLION", 1_000_000);
        return fill::run(&PathBuf::from(data), database.as_deref(), leads).await;
    }
    let runs = |part: &str| wanted.is_empty() || wanted.iter().any(|w| w == part);
    // Beside the build's output, not in memory: a sync there would cost nothing.
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let dir = tempfile::Builder::new().prefix("bench").tempdir_in(root).expect("a directory");
    let sub = |name: &str| -> PathBuf {
        let path = dir.path().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        path
    };
    let postgres = std::env::var("BATON_TEST_POSTGRES_URL").ok();
    let mut ratios = Ratios::default();
    if runs("floors") {
        ratios.floor = floors::bare_route(table).await;
        floors::syncs(table, dir.path());
    }
    if runs("store") {
        let database = new_database(postgres.as_deref(), "bench_store");
        ratios.store = store_alone::run(table, &sub("store"), database.as_deref()).await;
    }
    if runs("burst") {
        ratios.sqlite = over_http::burst(table, "sqlite", &sub("burst"), None).await;
        if let Some(url) = new_database(postgres.as_deref(), "bench_burst") {
            let data = sub("burst-pg");
            ratios.postgres = over_http::burst(table, "postgres", &data, Some(&url)).await;
        }
    }
    if runs("handoff") {
        over_http::hand_off(table, &sub("handoff")).await;
    }
    if runs("neighbour") {
        over_http::bad_neighbour(table, &sub("neighbour")).await;
    }
    if runs("steady") {
        over_http::steady(table, &sub("steady")).await;
    }
    if runs("waiting") {
        over_http::waiting(table, &sub("waiting"), env_or("BENCH_MILLION", 1_000_000)).await;
    }
    if runs("import") {
        imports::run(table, "sqlite", &sub("import"), None).await;
        if let Some(url) = new_database(postgres.as_deref(), "bench_import") {
            imports::run(table, "postgres", &sub("import-pg"), Some(&url)).await;
        }
    }
    if runs("million") {
        let (stored, data) = (env_or("BENCH_MILLION", 1_000_000), sub("million"));
        let sqlite = over_http::million(table, "sqlite", &data, None, stored).await;
        store_alone::claim_cost(table, &sub("claims"), &data).await;
        drop(std::fs::remove_dir_all(&data));
        if let Some(url) = new_database(postgres.as_deref(), "bench_million") {
            let data = sub("million-pg");
            let rate = over_http::million(table, "postgres", &data, Some(&url), stored).await;
            table.row("ratio: PostgreSQL to SQLite at that size", &format!("{:.2}", rate / sqlite));
        }
    }
    ratios.show(table);
}

/// Makes a database of its own on the server the URL names.
fn new_database(url: Option<&str>, name: &str) -> Option<String> {
    let url = url?;
    let (head, _) = url.rsplit_once('/')?;
    let made = std::process::Command::new("psql")
        .args([url, "-q", "-c", &format!("CREATE DATABASE {name}")])
        .status();
    made.is_ok_and(|s| s.success()).then(|| format!("{head}/{name}"))
}

#[derive(Default)]
struct Ratios {
    floor: f64,
    store: f64,
    sqlite: f64,
    postgres: f64,
}

impl Ratios {
    fn show(&self, table: &mut Table) {
        for (what, a, b) in [
            ("ratio: burst on SQLite to the store alone", self.sqlite, self.store),
            ("ratio: burst on SQLite to the bare route", self.sqlite, self.floor),
            ("ratio: burst on PostgreSQL to SQLite", self.postgres, self.sqlite),
        ] {
            if a > 0.0 && b > 0.0 {
                table.row(what, &format!("{:.2}", a / b));
            }
        }
    }
}
