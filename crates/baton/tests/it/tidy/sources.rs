//! Rules about source files: size, names, words, dead files, migrations.

use super::{expect_none, files, read, root};
use std::collections::BTreeSet;

/// A source file is read in one sitting.
const FILE_LINES_MAX: usize = 600;
/// Tests are read one by one, so their files may be longer.
const TEST_FILE_LINES_MAX: usize = 1_500;
/// Files that are longer and why; a last resort.
const LONG_FILES: &[(&str, &str)] = &[];

/// Test files that may wait for time to pass, and why nothing else will do.
const SLEEPING_TESTS: &[(&str, &str)] = &[];

/// Names that say nothing, so that everything ends up under them.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];

/// Left-overs, written in two halves so that this file does not hold them.
const LEFT_OVERS: &[&str] = &[
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("todo", "!("),
    concat!("dbg", "!("),
    concat!("unimplemented", "!("),
    concat!("#[ig", "nore"),
];

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn size_problem(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let limit = if is_test(path) { TEST_FILE_LINES_MAX } else { FILE_LINES_MAX };
    let listed = LONG_FILES.iter().any(|(long, _)| *long == path);
    (lines > limit && !listed)
        .then(|| format!("{path}: {lines} lines; split it by meaning, the limit is {limit}"))
}

fn name_problem(path: &str) -> Option<String> {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let empty = stem.split('/').find(|part| EMPTY_NAMES.contains(part))?;
    Some(format!("{path}: `{empty}` says nothing; name it after what it holds"))
}

fn word_problems(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (n, line) in text.lines().enumerate() {
        for word in LEFT_OVERS.iter().filter(|word| line.contains(**word)) {
            problems.push(format!("{path}:{}: `{word}` is a left-over; finish it", n + 1));
        }
        let sleeps = is_test(path)
            && [concat!("::", "sleep("), concat!(" ", "sleep(")].iter().any(|s| line.contains(s));
        if sleeps && !SLEEPING_TESTS.iter().any(|(file, _)| *file == path) {
            let advice = "wait for the event, or move the clock";
            problems.push(format!("{path}:{}: a test sleeps; {advice}", n + 1));
        }
    }
    problems
}

/// The names in `mod name;` lines, and the files in `#[path = "..."]` lines.
fn declared(text: &str) -> (Vec<&str>, Vec<&str>) {
    let mut modules = Vec::new();
    let mut paths = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|l| l.strip_suffix("\"]")) {
            paths.push(path);
        }
        let after_visibility = match line.strip_prefix("pub") {
            Some(rest) if rest.starts_with('(') => rest.split_once(')').map_or("", |(_, r)| r),
            Some(rest) => rest,
            None => line,
        };
        if let Some(name) =
            after_visibility.trim().strip_prefix("mod ").and_then(|l| l.strip_suffix(';'))
        {
            modules.push(name.trim());
        }
    }
    (modules, paths)
}

/// True for files that cargo itself takes as the root of a crate.
fn is_crate_root(path: &str) -> bool {
    let inside: Vec<&str> = path.split('/').skip(2).collect();
    match inside.as_slice() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["src", "bin", file] | ["benches" | "examples", file] => file.ends_with(".rs"),
        ["src", "bin", _, "main.rs"] | ["tests" | "benches" | "examples", _, "main.rs"] => true,
        _ => false,
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The files no crate root reaches through `mod` lines.
fn dead_files(all: &[String], text_of: impl Fn(&str) -> String) -> Vec<String> {
    let known: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    let mut alive = BTreeSet::new();
    let mut open: Vec<String> = all.iter().filter(|p| is_crate_root(p)).cloned().collect();
    while let Some(path) = open.pop() {
        if !alive.insert(path.clone()) {
            continue;
        }
        let text = text_of(&path);
        let (modules, paths) = declared(&text);
        let stem = path.strip_suffix(".rs").unwrap_or(&path);
        let own_folder = is_crate_root(&path) || path.ends_with("/mod.rs");
        let base = if own_folder { folder(&path) } else { stem };
        let candidates = modules
            .iter()
            .flat_map(|name| [format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")])
            .chain(paths.iter().map(|p| format!("{}/{p}", folder(&path))));
        open.extend(candidates.filter(|c| known.contains(c.as_str())));
    }
    all.iter()
        .filter(|path| !alive.contains(*path))
        .map(|path| format!("{path}: no `mod` names this file, so it is not compiled"))
        .collect()
}

fn migration_problems(sqlite: &[String], postgres: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for (n, name) in sqlite.iter().enumerate() {
        if !name.starts_with(&format!("{:04}_", n + 1)) {
            problems.push(format!("migration {name}: number {:04} was expected here", n + 1));
        }
    }
    let there: BTreeSet<&String> = sqlite.iter().collect();
    let here: BTreeSet<&String> = postgres.iter().collect();
    for name in there.symmetric_difference(&here) {
        problems.push(format!("migration {name}: both databases need it under the same name"));
    }
    problems
}

#[test]
fn sources_are_short_and_named_after_what_they_hold() {
    let all = files("crates", ".rs");
    assert!(all.iter().any(|p| p == "crates/baton-domain/src/lib.rs"), "the walk finds sources");
    let problems: Vec<String> = all
        .iter()
        .flat_map(|path| size_problem(path, &read(path)).into_iter().chain(name_problem(path)))
        .collect();
    expect_none(&problems);
}

#[test]
fn sources_hold_no_left_overs_and_tests_do_not_sleep() {
    let all = files("crates", ".rs");
    let problems: Vec<String> =
        all.iter().flat_map(|path| word_problems(path, &read(path))).collect();
    expect_none(&problems);
}

#[test]
fn every_source_file_is_compiled() {
    expect_none(&dead_files(&files("crates", ".rs"), read));
}

#[test]
fn both_databases_have_the_same_migrations() {
    let folder = |database: &str| format!("crates/baton-store/migrations/{database}");
    if !root().join(folder("sqlite")).exists() && !root().join(folder("postgres")).exists() {
        return;
    }
    let names = |database: &str| -> Vec<String> {
        let folder = folder(database);
        let found = files(&folder, ".sql");
        found.iter().map(|p| p[folder.len() + 1..].to_owned()).collect()
    };
    expect_none(&migration_problems(&names("sqlite"), &names("postgres")));
}

#[test]
fn every_crate_takes_the_lints_and_has_one_test_binary() {
    let mut problems = Vec::new();
    for manifest in files("crates", "Cargo.toml") {
        let table: toml::Table = read(&manifest).parse().unwrap();
        if table.get("lints").and_then(|l| l.get("workspace")) != Some(&true.into()) {
            problems.push(format!("{manifest}: needs [lints] workspace = true"));
        }
        let tests = format!("{}/tests", folder(&manifest));
        let extra = files(&tests, ".rs")
            .into_iter()
            .filter(|path| path[tests.len() + 1..].split('/').count() == 1);
        problems.extend(extra.map(|path| format!("{path}: tests go into tests/it, one binary")));
    }
    expect_none(&problems);
}

#[test]
fn function_length_is_kept_by_clippy() {
    let clippy: toml::Table = read("clippy.toml").parse().unwrap();
    assert_eq!(clippy.get("too-many-lines-threshold"), Some(&70.into()));
    let cargo: toml::Table = read("Cargo.toml").parse().unwrap();
    let lint = &cargo["workspace"]["lints"]["clippy"]["too_many_lines"];
    assert!(["warn", "deny"].contains(&lint.as_str().unwrap()), "{lint}");
}

#[test]
fn the_map_names_every_crate() {
    if !root().join("ARCHITECTURE.md").exists() {
        return;
    }
    let map = read("ARCHITECTURE.md");
    let manifests = files("crates", "Cargo.toml");
    let missing = manifests.iter().filter_map(|manifest| {
        let name = folder(manifest).strip_prefix("crates/")?;
        (!map.contains(name)).then(|| format!("ARCHITECTURE.md does not name {name}"))
    });
    expect_none(&missing.collect::<Vec<_>>());
}

#[test]
fn size_and_name_rules_catch_what_they_are_for() {
    let long = "x\n".repeat(FILE_LINES_MAX + 1);
    assert!(size_problem("crates/a/src/b.rs", &long).is_some());
    assert!(size_problem("crates/a/src/b/tests.rs", &long).is_none());
    assert!(size_problem("crates/a/src/b.rs", &long[2..]).is_none());
    for bad in ["crates/a/src/utils.rs", "crates/a/src/common/b.rs", "crates/a/tests/it/misc.rs"] {
        assert!(name_problem(bad).is_some(), "{bad}");
    }
    assert!(name_problem("crates/a/src/utility.rs").is_none());
}

#[test]
fn word_rules_catch_what_they_are_for() {
    for word in LEFT_OVERS {
        assert_eq!(word_problems("crates/a/src/b.rs", &format!("\n// {word}")).len(), 1, "{word}");
    }
    let sleeping = concat!("tokio::time::", "sleep(wait).await;");
    assert_eq!(word_problems("crates/a/tests/it/b.rs", sleeping).len(), 1);
    assert_eq!(word_problems("crates/a/src/b.rs", sleeping).len(), 0);
}

#[test]
fn dead_files_are_found() {
    let sources = [
        (
            "crates/a/src/lib.rs",
            "pub mod b;\npub(crate) mod c;\nmod d {}\n#[path = \"e_x.rs\"]\nmod e;",
        ),
        ("crates/a/src/b.rs", "#[cfg(test)]\nmod tests;"),
        ("crates/a/src/b/tests.rs", ""),
        ("crates/a/src/c/mod.rs", "mod inner;"),
        ("crates/a/src/c/inner.rs", ""),
        ("crates/a/src/e_x.rs", ""),
        ("crates/a/src/tests.rs", ""),
        ("crates/a/tests/it/main.rs", "mod one;"),
        ("crates/a/tests/it/one.rs", ""),
        ("crates/a/tests/it/two.rs", ""),
    ];
    let all: Vec<String> = sources.iter().map(|(path, _)| (*path).to_owned()).collect();
    let text_of = |path: &str| {
        sources.iter().find(|(p, _)| *p == path).map(|(_, t)| (*t).to_owned()).unwrap()
    };
    let dead = dead_files(&all, text_of);
    assert_eq!(dead.len(), 2, "{dead:?}");
    assert!(dead[0].starts_with("crates/a/src/tests.rs:"));
    assert!(dead[1].starts_with("crates/a/tests/it/two.rs:"));
}

#[test]
fn unequal_migrations_are_found() {
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let good = names(&["0001_leads.sql", "0002_events.sql"]);
    assert!(migration_problems(&good, &good).is_empty());
    for bad in [
        names(&["0001_leads.sql"]),
        names(&["0001_leads.sql", "0002_event.sql"]),
        names(&["0001_leads.sql", "0003_events.sql"]),
    ] {
        assert!(!migration_problems(&good, &bad).is_empty(), "{bad:?}");
        assert!(!migration_problems(&bad, &good).is_empty(), "{bad:?}");
    }
    let gap = names(&["0001_leads.sql", "0003_events.sql"]);
    assert_eq!(migration_problems(&gap, &gap).len(), 1);
}
