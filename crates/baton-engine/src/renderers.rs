//! Destinations prepared for rendering, one for each version of a document.

use baton_domain::config::Destination;
use baton_domain::connector::classify::{CompiledRules, unsendable};
use baton_domain::connector::manifest::Registry;
use baton_domain::connector::render::{RenderProblem, Renderer, SetupProblem};
use baton_domain::connector::rules::{Match, ResponseRule};
use baton_domain::id::DestinationId;
use baton_domain::verdict::{Classified, Verdict};
use baton_store::{Doc, Snapshot};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// A prepared destination, or why it cannot make requests.
pub(crate) type Prepared = Arc<Result<Renderer, RenderProblem>>;

/// The prepared destinations of the present configuration.
#[derive(Default)]
pub(crate) struct Renderers(Mutex<HashMap<DestinationId, (i64, Prepared)>>);

impl Renderers {
    /// The destination as of its present version.
    pub(crate) fn of(
        &self,
        registry: &Registry,
        id: DestinationId,
        doc: &Doc<Destination>,
    ) -> Prepared {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&id) {
            Some((version, prepared)) if *version == doc.meta.version => Arc::clone(prepared),
            _ => {
                let prepared = Arc::new(prepare(registry, &doc.body));
                known.insert(id, (doc.meta.version, Arc::clone(&prepared)));
                prepared
            }
        }
    }

    /// Forgets destinations that are no longer there.
    pub(crate) fn keep_only(&self, snapshot: &Snapshot) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|id, _| snapshot.destinations.contains_key(id));
    }
}

/// Prepares a destination.
pub(crate) fn prepare(
    registry: &Registry,
    destination: &Destination,
) -> Result<Renderer, RenderProblem> {
    let Some(manifest) = registry.get(&destination.connector) else {
        return Err(RenderProblem::Setup(vec![SetupProblem {
            field: "connector".to_owned(),
            message: format!("`{}` is not installed", destination.connector),
        }]));
    };
    Renderer::prepare(manifest, destination).map_err(RenderProblem::Setup)
}

/// What a lead whose request cannot be made comes to.
pub(crate) fn not_rendered(problem: &RenderProblem) -> Classified {
    unsendable(&problem.to_string())
}

/// The rules for answers of event subscriptions: 2xx is accepted.
pub(crate) fn subscription_rules() -> &'static CompiledRules {
    static RULES: LazyLock<CompiledRules> = LazyLock::new(|| {
        let rule = ResponseRule {
            matching: Match::Status,
            path: None,
            value: "2xx".to_owned(),
            verdict: Verdict::Accepted,
            reason: None,
            extract: BTreeMap::new(),
        };
        // This rule compiles; a test holds it to that.
        CompiledRules::compile(&[rule]).unwrap_or_default()
    });
    &RULES
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_domain::connector::classify::classify;
    use baton_domain::exchange::{Answer, Got};
    use baton_domain::time::Millis;

    #[test]
    fn subscriptions_accept_by_status_alone() {
        for (status, expect) in
            [(200, Verdict::Accepted), (204, Verdict::Accepted), (302, Verdict::Unmatched)]
        {
            let got = Got::Answer(Answer {
                status,
                headers: Vec::new(),
                body: b"error".to_vec(),
                truncated: false,
            });
            assert_eq!(classify(subscription_rules(), &got, Millis(0)).verdict, expect);
        }
    }
}
