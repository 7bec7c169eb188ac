//! The committed description of the API is the code's.

use baton_web::openapi::{document, pretty};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");

/// `UPDATE_OPENAPI=1 cargo test -p baton-web openapi` writes the file anew.
#[test]
fn the_committed_openapi_json_is_current() {
    let current = pretty(&document());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &current).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == current,
        "openapi.json is not what the handlers say; \
         run UPDATE_OPENAPI=1 cargo test -p baton-web openapi, and review the difference"
    );
}

#[tokio::test]
async fn the_description_is_served_without_a_key() {
    let app = crate::app::TestApp::start().await;
    let reply = app.get("/api/openapi.json", &[]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), document());
}
