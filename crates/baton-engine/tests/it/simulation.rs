//! Seeded lives of an engine: leads, partials, repeats, receivers that fail in every way, stops,
//! crashes, lost writes and panics, in an order drawn from the seed, on a clock that only the seed
//! moves. When it is over and the receivers are well again, nothing may be lost, doubled or stuck.
//!
//! `BATON_SIM_SEEDS` says how many seeds, `BATON_SIM_FIRST` where they begin: to repeat seed 17,
//! run with `BATON_SIM_SEEDS=1 BATON_SIM_FIRST=17`.

mod check;
mod draw;
mod world;

use baton_store::Location;
use draw::Draw;
use world::World;

/// Seeds per database when nobody says otherwise.
const SEEDS: u64 = 200;
const STEPS: u64 = 40;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

async fn live(seed: u64, location: Location) {
    let mut draw = Draw::new(seed);
    let mut world = World::new(seed, location).await;
    for _ in 0..STEPS {
        match draw.below(20) {
            0..=7 => world.capture_some(&mut draw).await,
            8..=10 => world.change_receiver(&mut draw),
            11..=14 => world.advance(draw.pick(&[10, 900, 5_500, 61_000])).await,
            15 => world.resend(&mut draw).await,
            16 => world.restart(draw.chance(2)).await,
            17 => world.set_faults(&mut draw),
            18 => world.switch_destination(&mut draw).await,
            _ => world.settle_a_little().await,
        }
    }
    world.recover().await;
    check::everything(&world).await;
    world.end().await;
}

/// The seeds of one of [`PARTS`] parts.
fn seeds(part: u64) -> impl Iterator<Item = u64> {
    let first = number("BATON_SIM_FIRST", 1);
    let end = first + number("BATON_SIM_SEEDS", SEEDS);
    (first..end).filter(move |seed| seed % PARTS == part)
}

async fn on_sqlite(part: u64) {
    for seed in seeds(part) {
        let dir = tempfile::tempdir().expect("a directory");
        live(seed, Location::Sqlite { dir: dir.path().to_owned() }).await;
    }
}

async fn on_postgres(part: u64) {
    let url = std::env::var("BATON_TEST_POSTGRES_URL")
        .expect("BATON_TEST_POSTGRES_URL is not set: run with scripts/with-postgres.sh");
    let url = world::new_database(&url, part).await;
    for seed in seeds(part) {
        let own = baton_domain::secret::Secret::new(url.clone());
        live(seed, Location::Postgres { url: own }).await;
        world::empty_database(&url).await;
    }
}

/// In parts, so that the runner can share them out.
const PARTS: u64 = 4;

macro_rules! nothing_is_lost_doubled_or_stuck {
    ($($name:ident: $lives:ident($part:literal);)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $lives($part).await;
        }
    )*};
}

nothing_is_lost_doubled_or_stuck! {
    lives_on_sqlite_0: on_sqlite(0);
    lives_on_sqlite_1: on_sqlite(1);
    lives_on_sqlite_2: on_sqlite(2);
    lives_on_sqlite_3: on_sqlite(3);
    lives_on_postgres_0: on_postgres(0);
    lives_on_postgres_1: on_postgres(1);
    lives_on_postgres_2: on_postgres(2);
    lives_on_postgres_3: on_postgres(3);
}
