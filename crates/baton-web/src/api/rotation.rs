//! Changing the secret that requests are signed with, and the text of a key, with a time in which
//! both count.

use super::document::{Changed, Document};
use super::input::{Faults, IfMatch};
use super::span::Span;
use crate::auth::Access;
use crate::problem::{Code, Problem};
use baton_domain::config::{Destination, Source, SourceKind, Subscription};
use baton_domain::secret::{
    CAPTURE_HMAC, CAPTURE_HMAC_PREVIOUS, SIGNING, SIGNING_PREVIOUS, Secret, Secrets,
};
use baton_domain::signature::new_secret;
use baton_domain::time::Millis;
use baton_store::Doc;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long both secrets count when the caller does not say: 24 hours.
pub const GRACE_MS_DEFAULT: i64 = 24 * 3_600_000;
/// Longest time both secrets count: 30 days.
pub const GRACE_MS_MAX: i64 = 30 * 24 * 3_600_000;

/// How to change a secret.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateInput {
    /// How long the former secret counts too, such as `24h` (the default), at most `30d`; `0s`:
    /// it ends at once.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "24h")]
    pub grace: Option<Span>,
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishInput {}

/// When the grace period ends; `None`: the former one counts no more.
pub(super) fn grace_end(now: Millis, input: &RotateInput) -> Result<Option<Millis>, Problem> {
    let grace = input.grace.map_or(GRACE_MS_DEFAULT, |Span(ms)| ms);
    if grace > GRACE_MS_MAX {
        let mut faults = Faults::default();
        faults.add("grace", "out_of_range", "must be at most 30d");
        faults.into_result()?;
    }
    Ok((grace > 0).then(|| now.plus_ms(grace)))
}

/// A document with a secret that can be changed.
pub(super) trait Rotates: Document {
    /// Name of the secret.
    const SECRET: &'static str;
    /// Name of the former one.
    const PREVIOUS: &'static str;
    /// When the former one's grace period ends.
    fn previous_until(&mut self) -> &mut Option<Millis>;
    /// Refuses where there is nothing to change.
    fn check_rotates(&self) -> Result<(), Problem> {
        Ok(())
    }
}

impl Rotates for Destination {
    const SECRET: &'static str = SIGNING;
    const PREVIOUS: &'static str = SIGNING_PREVIOUS;
    fn previous_until(&mut self) -> &mut Option<Millis> {
        &mut self.signing_previous_until
    }
}

impl Rotates for Subscription {
    const SECRET: &'static str = SIGNING;
    const PREVIOUS: &'static str = SIGNING_PREVIOUS;
    fn previous_until(&mut self) -> &mut Option<Millis> {
        &mut self.signing_previous_until
    }
}

impl Rotates for Source {
    const SECRET: &'static str = CAPTURE_HMAC;
    const PREVIOUS: &'static str = CAPTURE_HMAC_PREVIOUS;
    fn previous_until(&mut self) -> &mut Option<Millis> {
        &mut self.hmac_previous_until
    }
    fn check_rotates(&self) -> Result<(), Problem> {
        if self.kind == SourceKind::Api {
            let detail = "captures with an API key are not signed; rotate the key instead";
            return Err(Problem::new(Code::Conflict, detail));
        }
        Ok(())
    }
}

/// Gives a document a new secret.
pub(super) async fn rotate<D: Rotates>(
    access: &Access,
    id: D::Id,
    if_match: &IfMatch,
    input: &RotateInput,
) -> Result<Arc<Doc<D>>, Problem> {
    let rotated = |doc: &Doc<D>| {
        doc.body.check_rotates()?;
        let now = access.store().now();
        let mut body = doc.body.clone();
        let until = body.previous_until();
        let end = grace_end(now, input)?;
        let new = new_secret(access.store().random());
        let (secrets, ends) = renewed::<D>(&doc.secrets, *until, new, end, now);
        *until = ends;
        Ok(Changed { body, secrets: Some(secrets) })
    };
    access.change::<D>(id, if_match, rotated).await
}

/// Ends a document's grace period.
pub(super) async fn finish<D: Rotates>(
    access: &Access,
    id: D::Id,
    if_match: &IfMatch,
) -> Result<Arc<Doc<D>>, Problem> {
    let finished = |doc: &Doc<D>| {
        let mut body = doc.body.clone();
        *body.previous_until() = None;
        let mut secrets = doc.secrets.clone();
        secrets.remove(D::PREVIOUS);
        Ok(Changed { body, secrets: Some(secrets) })
    };
    access.change::<D>(id, if_match, finished).await
}

/// The secrets with a new one, and until when the former one counts.
///
/// While a rotation runs, another one replaces the new secret and keeps the former: the others
/// know that one.
fn renewed<D: Rotates>(
    secrets: &Secrets,
    previous_until: Option<Millis>,
    new: Secret,
    end: Option<Millis>,
    now: Millis,
) -> (Secrets, Option<Millis>) {
    let mut next = secrets.clone();
    let former = next.insert(D::SECRET.to_owned(), new);
    let running = next.contains_key(D::PREVIOUS) && previous_until.is_none_or(|end| end > now);
    match former {
        Some(former) if end.is_some() => {
            if !running {
                next.insert(D::PREVIOUS.to_owned(), former);
            }
            (next, end)
        }
        _ => {
            next.remove(D::PREVIOUS);
            (next, None)
        }
    }
}
