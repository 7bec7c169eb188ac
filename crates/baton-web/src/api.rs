//! The management API, `/api/v1`. Each noun has its file: wire types beside handlers. Requests are
//! read strictly by [`input`], configuration documents change through [`document`] only.

pub mod answer;
mod audit;
mod auth;
mod base_url;
mod campaigns;
mod connectors;
mod deliveries;
mod destinations;
pub mod document;
mod events;
mod exchange;
mod hooks;
mod imports;
pub mod input;
mod jobs;
mod keys;
mod leads;
mod me;
mod reports;
mod rotation;
mod sample;
mod secret_hint;
mod sources;
pub mod span;
pub mod stream;
mod strict;
mod system;
mod trial;
mod users;
mod views;
mod webhooks;
mod workspaces;

pub(crate) use base_url::BaseUrl;
pub(crate) use leads::export::EXPORTS_MAX;
pub(crate) use sample::sample_value;

use crate::openapi;
use crate::state::AppState;
use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes, the description of itself included.
pub fn routes() -> Router<AppState> {
    Router::from(described()).merge(openapi::routes())
}

/// The routes with their description.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(workspaces::list_workspaces, workspaces::create::create_workspace))
        .routes(routes!(workspaces::update_workspace))
        .routes(routes!(campaigns::list_campaigns, campaigns::create_campaign))
        .routes(routes!(
            campaigns::get_campaign,
            campaigns::update_campaign,
            campaigns::delete_campaign
        ))
        .routes(routes!(campaigns::check_sample))
        .routes(routes!(campaigns::pause_campaign))
        .routes(routes!(campaigns::resume_campaign))
        .routes(routes!(sources::list_sources, sources::create_source))
        .routes(routes!(sources::get_source, sources::update_source, sources::delete_source))
        .routes(routes!(sources::rotate_source_secret))
        .routes(routes!(sources::finish_source_rotation))
        .routes(routes!(connectors::list_connectors))
        .routes(routes!(connectors::get_connector))
        .merge(of_destinations())
        .merge(of_leads())
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::failures::list_failures))
        .routes(routes!(deliveries::bulk::bulk_resend))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(jobs::get_job))
        .routes(routes!(jobs::cancel_job))
        .routes(routes!(views::list_views, views::create_view))
        .routes(routes!(views::get_view, views::update_view, views::delete_view))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::resend_delivery))
        .routes(routes!(events::list_events))
        .routes(routes!(stream::stream_events))
        .routes(routes!(stream::stream_all))
        .merge(of_imports())
        .merge(of_webhooks())
        .routes(routes!(hooks::subscribe_hook))
        .routes(routes!(hooks::sample_hook))
        .routes(routes!(hooks::unsubscribe_hook))
        .routes(routes!(reports::report_rejections))
        .routes(routes!(reports::list_rejected))
        .routes(routes!(system::get_system))
        .routes(routes!(keys::list_keys, keys::create_key))
        .routes(routes!(keys::get_key, keys::update_key, keys::revoke_key))
        .routes(routes!(keys::rotate_key))
        .routes(routes!(keys::finish_key_rotation))
        .merge(of_people())
}

fn of_people() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(auth::auth_state))
        .routes(routes!(auth::set_up))
        .routes(routes!(auth::sign_in))
        .routes(routes!(auth::sign_out))
        .routes(routes!(auth::invited::get_invited))
        .routes(routes!(auth::invited::accept_invitation))
        .routes(routes!(me::get_me, me::update_me))
        .routes(routes!(me::password::change_password))
        .routes(routes!(me::sessions::list_sessions, me::sessions::end_other_sessions))
        .routes(routes!(me::sessions::end_session))
        .routes(routes!(me::second_factor::ask_second_factor))
        .routes(routes!(me::second_factor::confirm_second_factor))
        .routes(routes!(me::second_factor::remove_second_factor))
        .routes(routes!(users::list_users))
        .routes(routes!(users::update_user, users::remove_user))
        .routes(routes!(users::invitations::list_invitations, users::invitations::invite_user))
        .routes(routes!(users::invitations::withdraw_invitation))
        .routes(routes!(audit::list_audit))
}

fn of_destinations() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(destinations::list_destinations, destinations::create_destination))
        .routes(routes!(destinations::preview_document))
        .routes(routes!(destinations::test_document))
        .routes(routes!(
            destinations::get_destination,
            destinations::update_destination,
            destinations::delete_destination
        ))
        .routes(routes!(destinations::rotate_destination_secret))
        .routes(routes!(destinations::finish_destination_rotation))
        .routes(routes!(destinations::preview_destination))
        .routes(routes!(destinations::test_destination))
        .routes(routes!(destinations::evaluate_responses))
        .routes(routes!(destinations::evaluate_new_responses))
        .routes(routes!(destinations::list_unmatched))
        .routes(routes!(destinations::add_group_rule))
}

fn of_leads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(leads::list_leads))
        .routes(routes!(leads::change::change_leads))
        .routes(routes!(leads::count::count_leads))
        .routes(routes!(leads::export::export_leads))
        .routes(routes!(leads::erase::erase_lead))
        .routes(routes!(leads::get_lead, leads::change::update_lead))
        .routes(routes!(leads::get_lead_timeline))
        .routes(routes!(leads::notes::list_notes, leads::notes::create_note))
        .routes(routes!(leads::notes::delete_note))
        .routes(routes!(leads::change::list_tags))
}

fn of_imports() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(imports::list_imports, imports::create_import))
        .routes(routes!(imports::get_import))
        .routes(routes!(imports::upload::put_import_file))
        .routes(routes!(imports::report::get_import_report))
        .routes(routes!(imports::run_import))
        .routes(routes!(imports::cancel_import))
}

fn of_webhooks() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::list_webhooks, webhooks::create_webhook))
        .routes(routes!(webhooks::get_webhook, webhooks::update_webhook, webhooks::delete_webhook))
        .routes(routes!(webhooks::pause_webhook))
        .routes(routes!(webhooks::resume_webhook))
        .routes(routes!(webhooks::rotate_webhook_secret))
        .routes(routes!(webhooks::finish_webhook_rotation))
        .routes(routes!(webhooks::test_webhook))
}
