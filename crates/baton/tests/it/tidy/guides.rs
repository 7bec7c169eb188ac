//! Rules about what is written for people: guides are found, links lead somewhere, named tests exist.

use super::{expect_none, files, read, root};
use std::collections::BTreeSet;

/// The texts for people, from the root.
fn texts() -> Vec<String> {
    let mut all: Vec<String> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned).to_vec();
    all.extend(guides());
    all
}

fn guides() -> Vec<String> {
    let mut guides = files("docs", ".md");
    guides.retain(|path| path.matches('/').count() == 1);
    guides
}

/// What Markdown links to: `](target)`.
fn targets(text: &str) -> Vec<&str> {
    let after = text.split("](").skip(1);
    after.filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).collect()
}

/// The names of tests in a text: long snake-case words between backticks.
fn named_tests(text: &str) -> BTreeSet<&str> {
    let is_name = |word: &&str| {
        word.matches('_').count() >= 2
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    text.split('`').skip(1).step_by(2).filter(is_name).collect()
}

#[test]
fn every_guide_is_linked_from_the_readme() {
    let readme = read("README.md");
    let linked = targets(&readme);
    let guides = guides();
    assert!(guides.len() > 10);
    let lost = guides.iter().filter(|guide| !linked.contains(&guide.as_str()));
    let problems: Vec<String> =
        lost.map(|guide| format!("{guide}: README.md does not link it")).collect();
    expect_none(&problems);
}

#[test]
fn links_between_texts_lead_somewhere() {
    let mut problems = Vec::new();
    for path in texts() {
        let text = read(&path);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in targets(&text) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            if !root().join(folder).join(file).exists() {
                problems.push(format!("{path}: there is no {target}"));
            }
        }
    }
    expect_none(&problems);
}

#[test]
fn tests_named_in_the_list_of_failures_exist() {
    let list = read("docs/RELIABILITY.md");
    let names = named_tests(&list);
    assert!(names.len() > 100, "{}", names.len());
    let sources: Vec<String> = files("crates", ".rs").iter().map(|path| read(path)).collect();
    let mut words = BTreeSet::new();
    for source in &sources {
        words.extend(source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    }
    let lost = names.iter().filter(|name| !words.contains(**name));
    let problems: Vec<String> =
        lost.map(|name| format!("docs/RELIABILITY.md: there is no `{name}`")).collect();
    expect_none(&problems);
}

#[test]
fn links_and_names_are_found() {
    assert_eq!(targets("[a](b.md) and [c](d.md#e)"), ["b.md", "d.md#e"]);
    let names = named_tests("`a_test_of_that` · `one.rs`: `not` `Not_This_One`");
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a_test_of_that"]);
}
