//! Which behaviour and which secret a path has.

use crate::behaviour::{Behaviour, ScriptError};
use crate::query;
use crate::vendor::script::VendorName;
use baton_domain::secret::Secret;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most rules, and most secrets, of one sandbox. The same bound holds for the paths, with what was
/// asked of them, whose requests are counted for behaviour asked by query.
pub const RULES_MAX: usize = 1_000;

/// A path pattern and its behaviour.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A path, or a prefix of paths when it ends in `*`.
    pub path: String,
    /// What requests to it get.
    pub behaviour: Behaviour,
}

#[derive(Default)]
struct Tables {
    rules: Vec<Counted>,
    secrets: Vec<(String, Secret)>,
    /// Requests so far by path and what they asked for, for behaviour asked by query.
    asked: HashMap<String, u64>,
}

struct Counted {
    rule: Rule,
    requests: u64,
}

#[derive(Default)]
pub(crate) struct Rules(Mutex<Tables>);

fn check_pattern(pattern: &str) -> Result<(), ScriptError> {
    let path = pattern.strip_suffix('*').unwrap_or(pattern);
    if path.starts_with('/') && !path.contains('*') {
        Ok(())
    } else {
        Err(ScriptError::Pattern(pattern.to_owned()))
    }
}

/// How well a pattern fits a path: `None` not at all, otherwise the larger the better.
fn fit(pattern: &str, path: &str) -> Option<usize> {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix).then_some(prefix.len()),
        None => (pattern == path).then_some(usize::MAX),
    }
}

impl Rules {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        // The tables are whole at every await-free step, so a panic elsewhere leaves them usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, pattern: &str, behaviour: Behaviour) -> Result<(), ScriptError> {
        check_pattern(pattern)?;
        behaviour.check()?;
        let mut tables = self.lock();
        tables.rules.retain(|c| c.rule.path != pattern);
        if tables.rules.len() >= RULES_MAX {
            return Err(ScriptError::Full);
        }
        let rule = Rule { path: pattern.to_owned(), behaviour };
        tables.rules.push(Counted { rule, requests: 0 });
        Ok(())
    }

    /// Puts these rules in place of all others; on an error the others stay.
    pub(crate) fn replace(&self, rules: Vec<Rule>) -> Result<(), ScriptError> {
        let fresh = Self::default();
        for rule in rules {
            fresh.set(&rule.path, rule.behaviour)?;
        }
        self.lock().rules = std::mem::take(&mut fresh.lock().rules);
        Ok(())
    }

    pub(crate) fn all(&self) -> Vec<Rule> {
        self.lock().rules.iter().map(|c| c.rule.clone()).collect()
    }

    pub(crate) fn set_secret(&self, pattern: &str, secret: Secret) -> Result<(), ScriptError> {
        check_pattern(pattern)?;
        let mut tables = self.lock();
        tables.secrets.retain(|(p, _)| p != pattern);
        if tables.secrets.len() >= RULES_MAX {
            return Err(ScriptError::Full);
        }
        tables.secrets.push((pattern.to_owned(), secret));
        Ok(())
    }

    /// Puts these secrets in place of all others; on an error the others stay.
    pub(crate) fn replace_secrets(
        &self,
        secrets: Vec<(String, Secret)>,
    ) -> Result<(), ScriptError> {
        let fresh = Self::default();
        for (pattern, secret) in secrets {
            fresh.set_secret(&pattern, secret)?;
        }
        self.lock().secrets = std::mem::take(&mut fresh.lock().secrets);
        Ok(())
    }

    /// The secret that fits the path best.
    pub(crate) fn secret(&self, path: &str) -> Option<Secret> {
        let tables = self.lock();
        let fitting = tables.secrets.iter().filter_map(|(p, s)| Some((fit(p, path)?, s)));
        fitting.max_by_key(|(fit, _)| *fit).map(|(_, s)| s.clone())
    }

    /// True when a rule covers the path.
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.lock().rules.iter().any(|c| fit(&c.rule.path, path).is_some())
    }

    /// What this request gets. A rule goes before the query, so that lead fields in the query of a
    /// GET delivery script nothing. Counts the request.
    pub(crate) fn decide(&self, path: &str, query: &str) -> Result<Behaviour, ScriptError> {
        let mut tables = self.lock();
        let fitting = tables.rules.iter_mut().filter_map(|c| Some((fit(&c.rule.path, path)?, c)));
        if let Some((_, counted)) = fitting.max_by_key(|(fit, _)| *fit) {
            let step = counted.rule.behaviour.step(counted.requests);
            counted.requests += 1;
            return Ok(step);
        }
        let behaviour = match VendorName::of_path(path) {
            Some(name) => query::vendor(query, name)?,
            None => query::behaviour(query)?,
        };
        if !matches!(behaviour, Behaviour::Sequence(_) | Behaviour::Chance(_)) {
            return Ok(behaviour);
        }
        // Counted by what is asked, too: requests that asked for nothing use up no failures.
        let asked = serde_json::to_string(&behaviour).unwrap_or_default();
        let key = format!("{path}\n{asked}");
        if tables.asked.len() >= RULES_MAX && !tables.asked.contains_key(&key) {
            tables.asked.clear();
        }
        let requests = tables.asked.entry(key).or_default();
        let step = behaviour.step(*requests);
        *requests += 1;
        Ok(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::Reply;

    fn status(rules: &Rules, path: &str, query: &str) -> u16 {
        match rules.decide(path, query).unwrap() {
            Behaviour::Reply(reply) => reply.status,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_best_fitting_pattern_decides() {
        let rules = Rules::default();
        for (pattern, code) in [("/*", 201), ("/a/*", 202), ("/a/b", 203), ("/a/b*", 204)] {
            rules.set(pattern, Reply::status(code).into()).unwrap();
        }
        for (path, expect) in
            [("/x", 201), ("/a/x", 202), ("/a/b", 203), ("/a/bc", 204), ("/a", 201)]
        {
            assert_eq!(status(&rules, path, ""), expect, "{path}");
        }
    }

    #[test]
    fn a_rule_goes_before_the_query() {
        let rules = Rules::default();
        rules.set("/a", Reply::status(500).into()).unwrap();
        assert_eq!(status(&rules, "/a", "status=new"), 500);
        assert_eq!(status(&rules, "/b", "status=404"), 404);
        assert!(rules.decide("/b", "status=new").is_err());
    }

    #[test]
    fn requests_are_counted_per_rule_and_per_asked_path() {
        let rules = Rules::default();
        let script = Behaviour::Sequence(vec![Reply::status(500).into(), Reply::default().into()]);
        rules.set("/a", script.clone()).unwrap();
        assert_eq!([status(&rules, "/a", ""), status(&rules, "/a", "")], [500, 200]);
        rules.set("/a", script).unwrap();
        assert_eq!(status(&rules, "/a", ""), 500, "setting a rule starts it again");
        let asked = |path| status(&rules, path, "fail_first=1");
        assert_eq!(status(&rules, "/b", ""), 200);
        assert_eq!([asked("/b"), asked("/c"), asked("/b")], [503, 503, 200]);
    }

    #[test]
    fn the_best_fitting_secret_is_taken() {
        let rules = Rules::default();
        rules.set_secret("/*", Secret::new("all")).unwrap();
        rules.set_secret("/a", Secret::new("one")).unwrap();
        assert_eq!(rules.secret("/a"), Some(Secret::new("one")));
        assert_eq!(rules.secret("/b"), Some(Secret::new("all")));
        rules.replace_secrets(Vec::new()).unwrap();
        assert_eq!(rules.secret("/a"), None);
    }

    #[test]
    fn patterns_and_table_sizes_are_checked() {
        let rules = Rules::default();
        for pattern in ["", "a", "*", "/a*b", "/**"] {
            let expect = Err(ScriptError::Pattern(pattern.to_owned()));
            assert_eq!(rules.set(pattern, Behaviour::Hang), expect, "{pattern:?}");
        }
        for n in 0..RULES_MAX {
            rules.set(&format!("/{n}"), Behaviour::Hang).unwrap();
        }
        assert_eq!(rules.set("/more", Behaviour::Hang), Err(ScriptError::Full));
        assert_eq!(rules.set("/0", Behaviour::Reset), Ok(()), "an old one can be replaced");
    }

    #[test]
    fn a_refused_replacement_leaves_the_rules() {
        let rules = Rules::default();
        rules.set("/a", Behaviour::Hang).unwrap();
        let bad = Rule { path: "b".to_owned(), behaviour: Behaviour::Hang };
        let good = Rule { path: "/c".to_owned(), behaviour: Behaviour::Hang };
        assert!(rules.replace(vec![good, bad]).is_err());
        assert_eq!(rules.all().len(), 1);
        assert!(rules.covers("/a") && !rules.covers("/c"));
    }
}
