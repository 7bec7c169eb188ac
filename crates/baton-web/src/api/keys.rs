//! `/api/v1/keys`.

use super::answer;
use super::document::{Changed, new_doc};
use super::input::{Body, Creating, Faults, IfMatch, MaybeBody, NAME_CHARS_MAX, Patch};
use super::rotation::{FinishInput, RotateInput, grace_end};
use crate::auth::{Access, Permit, scopes};
use crate::keys;
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::{ApiKey, FormerKey, Scope};
use baton_domain::id::{KeyId, TypedId};
use baton_domain::secret::Secrets;
use baton_domain::time::Millis;
use baton_store::Doc;
use baton_store::docs::Expect;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What can be set about a key.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyInput {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, example = "ci")]
    pub name: String,
    /// What it may do; nothing that the key which makes it may not.
    #[schema(min_items = 1)]
    pub scopes: Vec<Scope>,
    /// When it ends by itself, RFC 3339; null: never.
    #[serde(default)]
    pub expires_at: Option<String>,
}

/// An API key, without its text.
#[derive(Serialize, ToSchema)]
pub struct KeyView {
    /// Its id.
    #[schema(value_type = String, example = "key_01h455vb4pex5vsknk084sn02q")]
    pub id: KeyId,
    #[serde(flatten)]
    input: KeyInput,
    /// Its first characters.
    pub shown: String,
    /// The key itself; shown when it is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Until when its former text works too, while it is being changed.
    pub previous_key_until: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// When it was last used, up to a minute too early; null: never, or not since Baton notes it.
    pub last_used_at: Option<String>,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

fn view(doc: &Doc<ApiKey>) -> KeyView {
    KeyView {
        id: KeyId::from_uuid(doc.meta.id),
        input: input_of(&doc.body),
        shown: format!("{}…", doc.body.shown),
        key: None,
        previous_key_until: doc.body.former.as_ref().map(|former| former.until.to_rfc3339()),
        revoked_at: doc.body.revoked_at.map(Millis::to_rfc3339),
        last_used_at: None,
        version: doc.meta.version,
        created_at: doc.meta.created_at.to_rfc3339(),
        updated_at: doc.meta.updated_at.to_rfc3339(),
    }
}

/// The key with its last use.
async fn view_of(access: &Access, doc: &Doc<ApiKey>) -> Result<KeyView, Problem> {
    let mut shown = [view(doc)];
    put_uses(access, &mut shown).await?;
    let [shown] = shown;
    Ok(shown)
}

/// Says of keys when they were last used.
async fn put_uses(access: &Access, shown: &mut [KeyView]) -> Result<(), Problem> {
    let ids: Vec<KeyId> = shown.iter().map(|key| key.id).collect();
    let uses = access.workspace().key_uses(&ids).await?;
    for key in shown {
        key.last_used_at = uses.get(&key.id).copied().map(Millis::to_rfc3339);
    }
    Ok(())
}

fn input_of(body: &ApiKey) -> KeyInput {
    KeyInput {
        name: body.name.clone(),
        scopes: body.scopes.clone(),
        expires_at: body.expires_at.map(Millis::to_rfc3339),
    }
}

/// Refuses scopes the caller does not have: nobody can make themselves a better key.
fn within(access: &Access, scopes: &[Scope]) -> Result<(), Problem> {
    match access.lacks(scopes) {
        None => Ok(()),
        Some(scope) => {
            let detail = format!("who lacks the scope `{}` cannot give it", scope.as_str());
            Err(Problem::new(Code::Forbidden, detail).with("scope", scope.as_str()))
        }
    }
}

fn check(input: KeyInput, key: ApiKey) -> Result<ApiKey, Problem> {
    let mut faults = Faults::default();
    faults.text("name", &input.name, NAME_CHARS_MAX);
    let mut scopes = input.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        faults.add("scopes", "required", "must name at least one scope");
    }
    let expires_at = input.expires_at.as_deref().map(Millis::parse_rfc3339);
    if expires_at == Some(None) {
        faults.add(
            "expires_at",
            "invalid",
            "must be an RFC 3339 time such as 2030-01-31T00:00:00Z",
        );
    }
    faults.into_result()?;
    Ok(ApiKey { name: input.name, scopes, expires_at: expires_at.flatten(), ..key })
}

/// Which keys to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyQuery {
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List keys
///
/// Redacted; revoked ones too.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", params(KeyQuery),
    responses((status = 200, body = answer::Listed<KeyView>)), security(("key" = ["keys"])))]
pub(super) async fn list_keys(
    permit: Permit<scopes::Keys>,
    Query(query): Query<KeyQuery>,
) -> Result<Response, Problem> {
    let place = (query.limit, query.cursor.as_deref());
    let mut page = permit.page::<ApiKey, _>(place, |_| true, view)?;
    put_uses(&permit, &mut page.data).await?;
    answer::json(StatusCode::OK, &page)
}

/// Create a key
///
/// Its text is in this answer only.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = KeyInput,
    responses((status = 201, body = KeyView)), security(("key" = ["keys"])))]
pub(super) async fn create_key(
    permit: Permit<scopes::Keys>,
    creating: Creating<KeyInput>,
) -> Result<Response, Problem> {
    let text = keys::new_key(permit.store());
    let empty = ApiKey {
        name: String::new(),
        sha256: keys::sha256_hex(text.reveal()),
        shown: keys::shown(text.reveal()),
        scopes: Vec::new(),
        expires_at: None,
        revoked_at: None,
        former: None,
    };
    let body = check(creating.input, empty)?;
    within(&permit, &body.scopes)?;
    let now = permit.store().now();
    let id: KeyId = permit.store().new_id();
    let doc = new_doc(&permit, id, body, Secrets::new(), now);
    let writes = vec![permit.write(id, Expect::New, &Changed::body(doc.body.clone()), now)?];
    let shown = KeyView { key: Some(text.reveal().to_owned()), ..view(&doc) };
    permit.create(creating.idempotency, writes, &shown).await
}

/// Read a key
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "keys", params(("id" = String, Path)),
    responses((status = 200, body = KeyView)), security(("key" = ["keys"])))]
pub(super) async fn get_key(
    permit: Permit<scopes::Keys>,
    Path(id): Path<KeyId>,
) -> Result<Response, Problem> {
    let doc = permit.find::<ApiKey>(id).await?;
    answer::document(doc.meta.version, &view_of(&permit, &doc).await?)
}

/// Change a key
#[utoipa::path(patch, path = "/api/v1/keys/{id}", tag = "keys", params(("id" = String, Path)),
    request_body = KeyInput, responses((status = 200, body = KeyView)),
    security(("key" = ["keys"])))]
pub(super) async fn update_key(
    permit: Permit<scopes::Keys>,
    Path(id): Path<KeyId>,
    if_match: IfMatch,
    Body(patch): Body<Patch>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<ApiKey>(id, &if_match, |doc| {
            let input: KeyInput = patch.clone().apply(&input_of(&doc.body))?;
            let body = check(input, doc.body.clone())?;
            within(&permit, &body.scopes)?;
            if !body.is_live(permit.store().now()) || !body.allows(Scope::Keys) {
                keep_one(&permit, id)?;
            }
            Ok(Changed::body(body))
        })
        .await?;
    answer::document(doc.meta.version, &view_of(&permit, &doc).await?)
}

/// Revoke a key
///
/// It stops working at once and stays in the list as revoked.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "keys", params(("id" = String, Path)),
    responses((status = 204, description = "It is revoked.")), security(("key" = ["keys"])))]
pub(super) async fn revoke_key(
    permit: Permit<scopes::Keys>,
    Path(id): Path<KeyId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    permit
        .change::<ApiKey>(id, &if_match, |doc| {
            keep_one(&permit, id)?;
            let now = permit.store().now();
            let revoked_at = doc.body.revoked_at.or(Some(now));
            Ok(Changed::body(ApiKey { revoked_at, ..doc.body.clone() }))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses to switch off the last key that can make keys.
///
/// A person who has signed in can make another.
fn keep_one(access: &Access, going: KeyId) -> Result<(), Problem> {
    if access.person().is_ok() {
        return Ok(());
    }
    let now = access.store().now();
    let others = access.all::<ApiKey>().into_iter().any(|key| {
        key.meta.id != going.uuid() && key.body.is_live(now) && key.body.allows(Scope::Keys)
    });
    if others {
        return Ok(());
    }
    let detail = "this is the last key that can make keys; make another one before";
    Err(Problem::new(Code::Conflict, detail))
}

/// Replace a key's text
///
/// The new text is in this answer only. The former one works until the grace period ends; `0s` ends
/// it at once.
#[utoipa::path(post, path = "/api/v1/keys/{id}/rotate", tag = "keys",
    params(("id" = String, Path)), request_body = Option<RotateInput>,
    responses((status = 200, body = KeyView)), security(("key" = ["keys"])))]
pub(super) async fn rotate_key(
    permit: Permit<scopes::Keys>,
    Path(id): Path<KeyId>,
    if_match: IfMatch,
    MaybeBody(input): MaybeBody<RotateInput>,
) -> Result<Response, Problem> {
    let text = keys::new_key(permit.store());
    let doc = permit
        .change::<ApiKey>(id, &if_match, |doc| {
            within(&permit, &doc.body.scopes)?;
            let now = permit.store().now();
            if !doc.body.is_live(now) {
                let detail = "the key was revoked or has ended; make a new one";
                return Err(Problem::new(Code::Conflict, detail));
            }
            let end = grace_end(now, &input)?;
            Ok(Changed::body(ApiKey {
                sha256: keys::sha256_hex(text.reveal()),
                shown: keys::shown(text.reveal()),
                former: end.map(|until| former(&doc.body, until, now)),
                ..doc.body.clone()
            }))
        })
        .await?;
    let shown = view_of(&permit, &doc).await?;
    let shown = KeyView { key: Some(text.reveal().to_owned()), ..shown };
    answer::document(doc.meta.version, &shown)
}

/// The text that goes on working. While a rotation runs, another one replaces the new text and
/// keeps the former: callers know that one.
fn former(key: &ApiKey, until: Millis, now: Millis) -> FormerKey {
    let running = key.former.as_ref().filter(|former| now < former.until);
    let sha256 = running.map_or(&key.sha256, |former| &former.sha256);
    FormerKey { sha256: sha256.clone(), until }
}

/// End a key's grace period
///
/// From now on only its new text works.
#[utoipa::path(post, path = "/api/v1/keys/{id}/rotate/finish", tag = "keys",
    params(("id" = String, Path)), request_body = Option<FinishInput>,
    responses((status = 200, body = KeyView)), security(("key" = ["keys"])))]
pub(super) async fn finish_key_rotation(
    permit: Permit<scopes::Keys>,
    Path(id): Path<KeyId>,
    if_match: IfMatch,
    MaybeBody(FinishInput {}): MaybeBody<FinishInput>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<ApiKey>(id, &if_match, |doc| {
            Ok(Changed::body(ApiKey { former: None, ..doc.body.clone() }))
        })
        .await?;
    answer::document(doc.meta.version, &view_of(&permit, &doc).await?)
}
