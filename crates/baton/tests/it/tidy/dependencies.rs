//! Rules about what may depend on what, and about what others' code may be built in.

use super::{expect_none, read, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Which of our crates a crate may name. Arrows: domain <- store <- {engine, web} <- baton.
const ARROWS: &[(&str, &[&str])] = &[
    ("baton-domain", &[]),
    ("baton-sandbox", &["baton-domain"]),
    ("baton-store", &["baton-domain"]),
    ("baton-engine", &["baton-domain", "baton-store"]),
    ("baton-web", &["baton-domain", "baton-store"]),
    ("baton", &["baton-domain", "baton-engine", "baton-sandbox", "baton-store", "baton-web"]),
];

/// Our crates that tests of every crate may name besides: they are the far side, not a layer.
const TEST_DOUBLES: &[&str] = &["baton-sandbox"];

/// What the decisions may use: nothing that does I/O, spawns, reads a clock or draws numbers.
const DOMAIN_MAY_USE: &[&str] = &[
    "base64",
    // The parser below the crate `csv`: bytes in, cells out, and nothing that reads.
    "csv-core",
    "form_urlencoded",
    "hex",
    "hmac",
    "ipnet",
    "jiff",
    "minijinja",
    "phonenumber",
    "quick-xml",
    "regex",
    "roxmltree",
    "serde",
    "serde_json",
    "serde_json_path",
    "sha2",
    "subtle",
    "thiserror",
    "toml",
    // Codes of authenticator apps; without its feature `std`, so the time is an argument.
    "totp-rs",
    "url",
    // Schemas of the nouns for the API description: derived, and only with the feature `openapi`.
    "utoipa",
    "uuid",
];

struct Edge {
    from: String,
    to: String,
    for_tests: bool,
}

fn arrow_problem(edge: &Edge) -> Option<String> {
    let (from, to) = (edge.from.as_str(), edge.to.as_str());
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == from) else {
        return Some(format!("{from}: a new crate needs its arrows in this test"));
    };
    let ours = ARROWS.iter().any(|(name, _)| *name == to);
    let fine = if ours {
        allowed.contains(&to) || (edge.for_tests && TEST_DOUBLES.contains(&to))
    } else {
        from != "baton-domain" || edge.for_tests || DOMAIN_MAY_USE.contains(&to)
    };
    (!fine).then(|| format!("{from} may not depend on {to}; ARCHITECTURE.md says why"))
}

struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// `None` for our own.
    source: Option<String>,
}

/// What may be built in, from `deny.toml`.
struct Policy {
    licenses: BTreeSet<String>,
    registries: BTreeSet<String>,
    denied: BTreeSet<String>,
    /// `name@version` of the versions that may stand beside another.
    skipped: BTreeSet<String>,
}

fn policy(deny: &str) -> Policy {
    let table: toml::Table = deny.parse().unwrap();
    let words = |section: &str, key: &str, field: Option<&str>| -> BTreeSet<String> {
        let list = table[section][key].as_array().unwrap();
        let word = |entry: &toml::Value| match field {
            Some(field) => {
                let reason = entry.get("reason").and_then(toml::Value::as_str);
                assert!(reason.is_some_and(|r| !r.is_empty()), "deny.toml: {entry} needs a reason");
                entry[field].as_str().unwrap().to_owned()
            }
            None => entry.as_str().unwrap().to_owned(),
        };
        list.iter().map(word).collect()
    };
    Policy {
        licenses: words("licenses", "allow", None),
        registries: words("sources", "allow-registry", None),
        denied: words("bans", "deny", Some("crate")),
        skipped: words("bans", "skip", Some("crate")),
    }
}

/// Whether an SPDX expression can be met with the allowed licences. An exception (`WITH ...`) only
/// adds permissions; a slash is the old way to write `OR`.
fn license_is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest, allowed).unwrap_or(false) && rest.is_empty()
}

fn any_of(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = all_of(words, allowed)?;
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        met |= all_of(words, allowed)?;
    }
    Some(met)
}

fn all_of(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = one_of(words, allowed)?;
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        met &= one_of(words, allowed)?;
    }
    Some(met)
}

fn one_of(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = any_of(words, allowed)?;
            let [")", rest @ ..] = *words else { return None };
            *words = rest;
            Some(met)
        }
        [license, "WITH", _, rest @ ..] | [license, rest @ ..] => {
            *words = rest;
            Some(allowed.contains(*license))
        }
        [] => None,
    }
}

/// Problems of packages that are built here: licences and second versions.
fn build_problems(packages: &[Package], policy: &Policy) -> Vec<String> {
    let mut problems = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Package { name, version, license, .. } in packages {
        let expression = license.as_deref().unwrap_or("none given");
        if !license_is_met(expression, &policy.licenses) {
            problems.push(format!("{name} {version}: licence {expression} is not in deny.toml"));
        }
        if !policy.skipped.contains(&format!("{name}@{version}")) {
            versions.entry(name).or_default().push(version);
        }
    }
    for (name, versions) in versions.iter().filter(|(_, v)| v.len() > 1) {
        let advice = "move one, or skip it in deny.toml with a reason";
        problems.push(format!("{name}: built twice ({}); {advice}", versions.join(", ")));
    }
    problems
}

/// Problems of everything in the lock file, whether built here or not: where it comes from, bans.
fn lock_problems(packages: &[Package], policy: &Policy) -> Vec<String> {
    let mut problems = Vec::new();
    for Package { name, version, source, .. } in packages {
        if policy.denied.contains(name) {
            problems.push(format!("{name} {version}: deny.toml bans it and says why"));
        }
        let registry = source.as_deref().map(|s| s.strip_prefix("registry+").unwrap_or(s));
        if registry.is_some_and(|registry| !policy.registries.contains(registry)) {
            problems.push(format!("{name} {version}: does not come from an allowed registry"));
        }
    }
    problems
}

/// What cargo says, run in the root for this kind of machine; `platform` is the flag that names it.
fn cargo(arguments: &[&str], platform: &str) -> Vec<u8> {
    let host = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let host = String::from_utf8(host).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", platform, host])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What cargo knows of the packages that may be built.
fn metadata() -> Value {
    let known = cargo(&["metadata", "--format-version", "1"], "--filter-platform");
    serde_json::from_slice(&known).unwrap()
}

/// `name version` of what is built: fewer than the metadata has, which counts optional
/// dependencies that no feature turns on.
fn built() -> BTreeSet<String> {
    let edges = ["tree", "--workspace", "-e", "normal,build,dev", "--prefix", "none"];
    let tree = String::from_utf8(cargo(&edges, "--target")).unwrap();
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
    };
    tree.lines().filter_map(name).collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

fn packages_of(metadata: &Value) -> Vec<Package> {
    let package = |p: &Value| Package {
        name: text(p, "name").unwrap(),
        version: text(p, "version").unwrap(),
        license: text(p, "license"),
        source: text(p, "source"),
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn edges_of(metadata: &Value) -> Vec<Edge> {
    let ours = metadata["packages"].as_array().unwrap().iter().filter(|p| p["source"].is_null());
    let edges = ours.flat_map(|p| {
        let from = text(p, "name").unwrap();
        p["dependencies"].as_array().unwrap().iter().map(move |d| Edge {
            from: from.clone(),
            to: text(d, "name").unwrap(),
            for_tests: d["kind"] == "dev",
        })
    });
    edges.collect()
}

#[test]
fn dependencies_point_the_right_way_and_may_be_built_in() {
    let metadata = metadata();
    let edges = edges_of(&metadata);
    assert!(edges.iter().any(|e| e.from == "baton" && e.to == "baton-engine"), "edges are read");
    let mut problems: Vec<String> = edges.iter().filter_map(arrow_problem).collect();
    let built = built();
    let mut packages = packages_of(&metadata);
    packages.retain(|p| built.contains(&format!("{} {}", p.name, p.version)));
    assert!(packages.len() > 100, "{} packages are built", packages.len());
    let policy = policy(&read("deny.toml"));
    problems.extend(build_problems(&packages, &policy));
    // As `cargo deny check` sees it: what nothing needs any more goes.
    let named = |p: &Package| format!("{}@{}", p.name, p.version);
    let names: BTreeSet<String> = packages.iter().map(named).collect();
    let unneeded = policy.skipped.difference(&names);
    problems.extend(unneeded.map(|name| format!("deny.toml: {name} is not built; do not skip it")));
    expect_none(&problems);
}

#[test]
fn the_lock_file_holds_nothing_banned_or_from_elsewhere() {
    let lock: toml::Table = read("Cargo.lock").parse().unwrap();
    let word = |p: &toml::Value, key: &str| p.get(key)?.as_str().map(str::to_owned);
    let packages: Vec<Package> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| Package {
            name: word(p, "name").unwrap(),
            version: word(p, "version").unwrap(),
            license: None,
            source: word(p, "source"),
        })
        .collect();
    expect_none(&lock_problems(&packages, &policy(&read("deny.toml"))));
}

#[test]
fn wrong_arrows_are_found() {
    let check = |from: &str, to: &str, for_tests: bool, fine: bool| {
        let edge = Edge { from: from.to_owned(), to: to.to_owned(), for_tests };
        assert_eq!(arrow_problem(&edge).is_none(), fine, "{from} -> {to}, tests: {for_tests}");
    };
    check("baton-engine", "baton-store", false, true);
    check("baton-engine", "baton-web", false, false);
    check("baton-web", "baton-engine", true, false);
    check("baton-store", "baton-engine", false, false);
    check("baton-domain", "tokio", false, false);
    check("baton-domain", "proptest", true, true);
    check("baton-domain", "serde", false, true);
    check("baton-engine", "baton-sandbox", true, true);
    check("baton-engine", "baton-sandbox", false, false);
    check("baton-sandbox", "baton-store", false, false);
    check("baton-new", "serde", false, false);
}

#[test]
fn licence_expressions_are_read() {
    let allowed: BTreeSet<String> = ["MIT", "Apache-2.0"].map(str::to_owned).into();
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0/MIT", true),
        ("(MIT OR GPL-3.0) AND Apache-2.0", true),
        ("(MIT OR Apache-2.0) AND GPL-3.0", false),
        ("GPL-3.0 OR MIT AND Apache-2.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("GPL-2.0 WITH Classpath-exception-2.0", false),
        ("", false),
        ("(MIT", false),
        ("MIT MIT", false),
        ("none given", false),
    ] {
        assert_eq!(license_is_met(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn what_may_not_be_built_in_is_found() {
    let policy = policy(
        r#"
        [licenses]
        allow = ["MIT"]
        [bans]
        deny = [{ crate = "openssl", reason = "r" }]
        skip = [{ crate = "syn@2.0.0", reason = "r" }]
        [sources]
        allow-registry = ["https://registry.example/index"]
        "#,
    );
    let package = |name: &str, version: &str, license: &str, source: &str| Package {
        name: name.to_owned(),
        version: version.to_owned(),
        license: Some(license.to_owned()),
        source: Some(source.to_owned()),
    };
    let good = "registry+https://registry.example/index";
    let fine = || vec![package("syn", "2.0.0", "MIT", good), package("syn", "3.0.0", "MIT", good)];
    assert_eq!(build_problems(&fine(), &policy), [""; 0]);
    assert_eq!(lock_problems(&fine(), &policy), [""; 0]);
    let with = |more: Package| fine().into_iter().chain([more]).collect::<Vec<_>>();
    assert_eq!(build_problems(&with(package("syn", "4.0.0", "MIT", good)), &policy).len(), 1);
    assert_eq!(build_problems(&with(package("a", "1.0.0", "GPL-3.0", good)), &policy).len(), 1);
    assert_eq!(lock_problems(&with(package("openssl", "1.0.0", "MIT", good)), &policy).len(), 1);
    let elsewhere = "git+https://code.example/a";
    assert_eq!(lock_problems(&with(package("a", "1.0.0", "MIT", elsewhere)), &policy).len(), 1);
}
