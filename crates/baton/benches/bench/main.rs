//! `make bench`: everything side by side on this machine, in one run.
//!
//! Ratios of one run are what count; absolute rates move with the machine. Each part can be run by
//! itself: `cargo bench -p baton -- store`. Load is made in this process, over loopback only, and
//! is bounded in count and time.

mod machine;
mod store_alone;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let runs = |part: &str| wanted.is_empty() || wanted.iter().any(|w| part.starts_with(w.as_str()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if runs("store") {
        runtime.block_on(store_alone::run());
    }
}
