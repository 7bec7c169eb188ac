use crate::delivery::DeliveryState;
use crate::id::DestinationId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most destinations in one list of links.
pub const LINKS_MAX: usize = 10;
/// Longest chain of links and failovers from one destination on.
pub const LINK_DEPTH_MAX: usize = 10;

/// Destinations that get the lead after this one, each as a delivery of its own.
///
/// Their mapping can name what this one's answer gave: `answer.vendor_id`, `answer.price`,
/// `answer.redirect_url`, `answer.reason`, `answer.verdict`, `answer.destination`, and
/// `answer.<name>` for what a rule extracted into `field:<name>`.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Linked {
    /// When it was accepted; after a `queued` answer, once it turns accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, max_items = 10))]
    pub on_success: Vec<DestinationId>,
    /// When the receiver said no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, max_items = 10))]
    pub on_rejection: Vec<DestinationId>,
    /// When it was given up: no answer, one that no rule matched, or no request could be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, max_items = 10))]
    pub on_failure: Vec<DestinationId>,
}

impl Linked {
    /// Whether nothing is linked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, list)| list.is_empty())
    }

    /// All linked destinations.
    pub fn all(&self) -> impl Iterator<Item = DestinationId> + '_ {
        self.on_success.iter().chain(&self.on_rejection).chain(&self.on_failure).copied()
    }

    fn lists(&self) -> [(&'static str, &[DestinationId]); 3] {
        [
            ("on_success", &self.on_success),
            ("on_rejection", &self.on_rejection),
            ("on_failure", &self.on_failure),
        ]
    }

    /// The destinations that get the lead now that a delivery to this one is in `state`.
    ///
    /// `had` are those that got this lead already from this delivery or one it was resent for, so
    /// that a resend does not deliver twice; `failover` is the destination that takes the lead over
    /// now, if one does. States that may still change link to nothing: `queued`, `held`, `unknown`.
    #[must_use]
    pub fn after(
        &self,
        state: DeliveryState,
        had: &BTreeSet<DestinationId>,
        failover: Option<DestinationId>,
    ) -> Vec<DestinationId> {
        let list = match state {
            DeliveryState::Accepted => &self.on_success,
            DeliveryState::Rejected => &self.on_rejection,
            DeliveryState::Failed => &self.on_failure,
            DeliveryState::Pending
            | DeliveryState::InFlight
            | DeliveryState::Retrying
            | DeliveryState::Queued
            | DeliveryState::Unknown
            | DeliveryState::Held
            | DeliveryState::Cancelled
            | DeliveryState::Superseded => return Vec::new(),
        };
        let new = |id: &DestinationId| !had.contains(id) && failover != Some(*id);
        list.iter().copied().filter(new).collect()
    }
}

/// Where the leads of one destination can go on to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Onward {
    /// Its failover.
    pub failover: Option<DestinationId>,
    /// Its links.
    pub linked: Linked,
}

/// What is wrong with a destination's links.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {message}")]
pub struct LinkProblem {
    /// `linked.on_success[0]`, or `linked`.
    pub field: String,
    /// `cycle`, `not_found`, `repeated`, `too_many` or `too_long`.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// Checks the links of destination `id`, which would go on as `own` says.
///
/// `graph` has the destinations of the same campaign, as they are stored. Refused are links to
/// destinations that are not in it, repetitions within a list, chains of links and failovers that
/// lead back to `id`, and chains longer than [`LINK_DEPTH_MAX`].
#[must_use]
pub fn check_links(
    id: DestinationId,
    own: &Onward,
    graph: &BTreeMap<DestinationId, Onward>,
) -> Vec<LinkProblem> {
    let mut problems = Vec::new();
    for (name, list) in own.linked.lists() {
        let mut problem = |field: String, code, message: String| {
            problems.push(LinkProblem { field, code, message });
        };
        if list.len() > LINKS_MAX {
            let message = format!("at most {LINKS_MAX} destinations");
            problem(format!("linked.{name}"), "too_many", message);
            continue;
        }
        for (index, target) in list.iter().enumerate() {
            let field = format!("linked.{name}[{index}]");
            if list[..index].contains(target) {
                problem(field, "repeated", "is in the list twice".to_owned());
            } else if *target != id && !graph.contains_key(target) {
                let message = "there is no such destination in this campaign".to_owned();
                problem(field, "not_found", message);
            } else if reaches(*target, id, graph) {
                let message = "leads would go round in a circle: this leads back here".to_owned();
                problem(field, "cycle", message);
            } else if depth(*target, graph) >= LINK_DEPTH_MAX {
                let message =
                    format!("the chain of links and failovers is longer than {LINK_DEPTH_MAX}");
                problem(field, "too_long", message);
            }
        }
    }
    if let Some(failover) = own.failover.filter(|f| reaches(*f, id, graph)) {
        problems.push(LinkProblem {
            field: "failover_id".to_owned(),
            code: "cycle",
            message: format!("leads would go round in a circle: {failover} leads back here"),
        });
    }
    problems
}

fn onward(from: DestinationId, graph: &BTreeMap<DestinationId, Onward>) -> Vec<DestinationId> {
    let next = graph.get(&from);
    next.map(|o| o.linked.all().chain(o.failover).collect()).unwrap_or_default()
}

/// Whether leads of `from` can come to `to`. What `to` itself leads to plays no part.
fn reaches(
    from: DestinationId,
    to: DestinationId,
    graph: &BTreeMap<DestinationId, Onward>,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(onward(at, graph));
        }
    }
    false
}

/// Steps of the longest chain from `from` on, counted up to [`LINK_DEPTH_MAX`] by levels, so that
/// stored circles end too.
fn depth(from: DestinationId, graph: &BTreeMap<DestinationId, Onward>) -> usize {
    let mut level = BTreeSet::from([from]);
    for steps in 0..LINK_DEPTH_MAX {
        level = level.iter().flat_map(|at| onward(*at, graph)).collect();
        if level.is_empty() {
            return steps;
        }
    }
    LINK_DEPTH_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TypedId as _;
    use crate::time::Millis;

    fn dst(n: u8) -> DestinationId {
        DestinationId::new(Millis(1), [n; 10])
    }

    fn to(on_success: &[u8], on_failure: &[u8], failover: Option<u8>) -> Onward {
        let list = |ids: &[u8]| ids.iter().map(|n| dst(*n)).collect();
        let linked = Linked {
            on_success: list(on_success),
            on_failure: list(on_failure),
            on_rejection: Vec::new(),
        };
        Onward { failover: failover.map(dst), linked }
    }

    fn check(own: &Onward, others: &[(u8, Onward)], expect: &[(&str, &str)]) {
        let graph = others.iter().map(|(n, o)| (dst(*n), o.clone())).collect();
        let found = check_links(dst(1), own, &graph);
        let found: Vec<(&str, &str)> = found.iter().map(|p| (p.field.as_str(), p.code)).collect();
        assert_eq!(found, expect, "{own:?}");
    }

    #[test]
    fn loops_of_links_and_failovers_are_refused() {
        let none = Onward::default();
        check(&to(&[2], &[3], None), &[(2, none.clone()), (3, none.clone())], &[]);
        // A diamond is no loop.
        check(
            &to(&[2, 3], &[], None),
            &[(2, to(&[4], &[], None)), (3, to(&[], &[4], None)), (4, none.clone())],
            &[],
        );
        check(&to(&[1], &[], None), &[], &[("linked.on_success[0]", "cycle")]);
        let back = to(&[], &[1], None);
        check(&to(&[2], &[], None), &[(2, back)], &[("linked.on_success[0]", "cycle")]);
        let over = to(&[], &[], Some(1));
        check(&to(&[], &[2], None), &[(2, over)], &[("linked.on_failure[0]", "cycle")]);
        let back = to(&[1], &[], None);
        check(&to(&[], &[], Some(2)), &[(2, back)], &[("failover_id", "cycle")]);
        check(&to(&[9], &[], None), &[], &[("linked.on_success[0]", "not_found")]);
        check(&to(&[2, 2], &[], None), &[(2, none)], &[("linked.on_success[1]", "repeated")]);
        let many: Vec<u8> = (2..14).collect();
        check(&to(&many, &[], None), &[], &[("linked.on_success", "too_many")]);
    }

    #[test]
    fn chains_have_an_end() {
        let chain = |last: u8| -> Vec<(u8, Onward)> {
            (2..=last)
                .map(|n| (n, if n < last { to(&[n + 1], &[], None) } else { Onward::default() }))
                .collect()
        };
        check(&to(&[2], &[], None), &chain(11), &[]);
        check(&to(&[2], &[], None), &chain(12), &[("linked.on_success[0]", "too_long")]);
        // A circle among others, stored somehow, does not hang the check.
        let others = [(2, to(&[3], &[], None)), (3, to(&[2], &[], None))];
        check(&to(&[2], &[], None), &others, &[("linked.on_success[0]", "too_long")]);
    }

    #[test]
    fn each_end_has_its_links_once() {
        let linked = Linked {
            on_success: vec![dst(2)],
            on_rejection: vec![dst(3)],
            on_failure: vec![dst(4), dst(5)],
        };
        for state in DeliveryState::ALL {
            let expect = match state {
                DeliveryState::Accepted => vec![dst(2)],
                DeliveryState::Rejected => vec![dst(3)],
                DeliveryState::Failed => vec![dst(4), dst(5)],
                _ => vec![],
            };
            assert_eq!(linked.after(*state, &BTreeSet::new(), None), expect, "{state}");
        }
        let had = BTreeSet::from([dst(4)]);
        assert_eq!(linked.after(DeliveryState::Failed, &had, None), [dst(5)]);
        assert_eq!(linked.after(DeliveryState::Failed, &had, Some(dst(5))), []);
    }
}
