//! `/api/v1/views`: lists that people of a workspace come back to.

use super::answer;
use super::document::{Changed, new_doc};
use super::input::{Body, Creating, Faults, IfMatch, NAME_CHARS_MAX, Patch};
use crate::auth::{Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::{Screen, View};
use baton_domain::id::{TypedId, ViewId};
use baton_domain::secret::Secrets;
use baton_store::Doc;
use baton_store::docs::Expect;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Most saved views of a workspace.
pub const VIEWS_MAX: usize = 200;
/// Most parameters of a view.
const PARAMETERS_MAX: usize = 30;
/// Longest name of a parameter, in characters.
const PARAMETER_CHARS_MAX: usize = 50;
/// Longest value of a parameter, in characters.
const VALUE_CHARS_MAX: usize = 500;

/// What can be set about a view.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewInput {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, example = "Won this week")]
    name: String,
    /// The screen.
    screen: Screen,
    /// The parameters of the screen's address.
    #[serde(default)]
    #[schema(example = json!({"status": "won"}))]
    query: BTreeMap<String, String>,
}

/// A saved view.
#[derive(Serialize, ToSchema)]
pub struct ViewView {
    /// Its id.
    #[schema(value_type = String, example = "view_01h455vb4pex5vsknk084sn02q")]
    id: ViewId,
    #[serde(flatten)]
    input: ViewInput,
    /// Counts its changes.
    version: i64,
    /// When it was made.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

fn view(doc: &Doc<View>) -> ViewView {
    ViewView {
        id: ViewId::from_uuid(doc.meta.id),
        input: input_of(&doc.body),
        version: doc.meta.version,
        created_at: doc.meta.created_at.to_rfc3339(),
        updated_at: doc.meta.updated_at.to_rfc3339(),
    }
}

fn input_of(body: &View) -> ViewInput {
    ViewInput { name: body.name.clone(), screen: body.screen, query: body.query.clone() }
}

fn check(input: ViewInput) -> Result<View, Problem> {
    let mut faults = Faults::default();
    faults.text("name", &input.name, NAME_CHARS_MAX);
    if input.query.len() > PARAMETERS_MAX {
        faults.add("query", "too_many", format!("at most {PARAMETERS_MAX} parameters are taken"));
    }
    for (name, value) in input.query.iter().take(PARAMETERS_MAX) {
        let fits = (1..=PARAMETER_CHARS_MAX).contains(&name.chars().count())
            && value.chars().count() <= VALUE_CHARS_MAX;
        if !fits || name.chars().chain(value.chars()).any(char::is_control) {
            let message = format!(
                "names have 1 to {PARAMETER_CHARS_MAX} characters, values at most \
                 {VALUE_CHARS_MAX}, neither has control characters"
            );
            faults.add("query", "invalid", message);
            break;
        }
    }
    faults.into_result()?;
    let ViewInput { name, screen, query } = input;
    Ok(View { name, screen, query })
}

/// Which views to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ViewQuery {
    /// Only of this screen.
    #[param(inline)]
    screen: Option<Screen>,
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List saved views
///
/// Oldest first; all people of the workspace share them.
#[utoipa::path(get, path = "/api/v1/views", tag = "views", params(ViewQuery),
    responses((status = 200, body = answer::Listed<ViewView>)),
    security(("key" = ["leads:read"])))]
pub(super) async fn list_views(
    permit: Permit<scopes::LeadsRead>,
    Query(query): Query<ViewQuery>,
) -> Result<Response, Problem> {
    let wanted = |doc: &Doc<View>| query.screen.is_none_or(|screen| doc.body.screen == screen);
    let listed = permit.page((query.limit, query.cursor.as_deref()), wanted, view)?;
    answer::json(StatusCode::OK, &listed)
}

/// Save a view
#[utoipa::path(post, path = "/api/v1/views", tag = "views", request_body = ViewInput,
    responses((status = 201, body = ViewView)), security(("key" = ["leads:update"])))]
pub(super) async fn create_view(
    permit: Permit<scopes::LeadsUpdate>,
    creating: Creating<ViewInput>,
) -> Result<Response, Problem> {
    let body = check(creating.input)?;
    if permit.all::<View>().len() >= VIEWS_MAX {
        let detail = format!("{VIEWS_MAX} views are saved; delete one");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let (id, now) = (permit.store().new_id(), permit.store().now());
    let write = permit.write::<View>(id, Expect::New, &Changed::body(body.clone()), now)?;
    let doc = new_doc(&permit, id, body, Secrets::new(), now);
    permit.create(creating.idempotency, vec![write], &view(&doc)).await
}

/// Read a saved view
#[utoipa::path(get, path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path)),
    responses((status = 200, body = ViewView)), security(("key" = ["leads:read"])))]
pub(super) async fn get_view(
    permit: Permit<scopes::LeadsRead>,
    Path(id): Path<ViewId>,
) -> Result<Response, Problem> {
    let doc = permit.find::<View>(id).await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Change a saved view
#[utoipa::path(patch, path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path)),
    request_body = ViewInput, responses((status = 200, body = ViewView)),
    security(("key" = ["leads:update"])))]
pub(super) async fn update_view(
    permit: Permit<scopes::LeadsUpdate>,
    Path(id): Path<ViewId>,
    if_match: IfMatch,
    Body(patch): Body<Patch>,
) -> Result<Response, Problem> {
    let change = |doc: &Doc<View>| {
        let input = patch.clone().apply(&input_of(&doc.body))?;
        Ok(Changed::body(check(input)?))
    };
    let doc = permit.change::<View>(id, &if_match, change).await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Delete a saved view
#[utoipa::path(delete, path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path)),
    responses((status = 204, description = "It is gone.")),
    security(("key" = ["leads:update"])))]
pub(super) async fn delete_view(
    permit: Permit<scopes::LeadsUpdate>,
    Path(id): Path<ViewId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let doc = permit.find::<View>(id).await?;
    permit.delete(&doc, &if_match, Vec::new()).await
}
