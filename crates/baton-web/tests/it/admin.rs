//! The admin interface as browsers get it: built or not, the same rules hold.

use crate::app::TestApp;

#[tokio::test]
async fn the_start_leads_to_the_interface() {
    let app = TestApp::start().await;
    for path in ["/", "/admin"] {
        let reply = app.get(path, &[]).await;
        assert_eq!((reply.status, reply.header("location")), (307, Some("/admin/")), "{path}");
    }
}

#[tokio::test]
async fn every_place_gets_the_page_and_missing_files_are_missing() {
    let app = TestApp::start().await;
    for path in ["/admin/", "/admin/leads", "/admin/leads/lead_1?tab=raw", "/admin/sign-in"] {
        let reply = app.get(path, &[]).await;
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        assert_eq!(reply.status, 200, "{path}");
        assert!(text.to_lowercase().starts_with("<!doctype html>"), "{path}: {text}");
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-cache"), "{path}");
    }
    for path in ["/admin/assets/gone-1234.js", "/admin/gone.js", "/admin/assets/"] {
        app.get(path, &[]).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_page_is_not_sent_again_to_who_has_it() {
    let app = TestApp::start().await;
    let tag = app.get("/admin/", &[]).await.header("etag").unwrap().to_owned();
    let again = app.get("/admin/", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn no_answer_can_be_framed_sniffed_or_run_foreign_scripts() {
    let app = TestApp::start().await;
    for path in ["/admin/", "/admin/leads", "/admin/gone.js"] {
        let reply = app.get(path, &[]).await;
        let policy = reply.header("content-security-policy").unwrap();
        let parts: Vec<&str> = policy.split(';').map(str::trim).collect();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(parts.contains(&part), "{path}: {policy}");
        }
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert_eq!(reply.header("strict-transport-security"), None, "{path}");
    }
}

#[tokio::test]
async fn browsers_are_told_to_stay_on_https_where_it_is_served_so() {
    let https = Some("https://leads.example.com".to_owned());
    let app = TestApp::with(|seed| seed.web.public_url = https).await;
    let reply = app.get("/admin/", &[]).await;
    assert_eq!(reply.header("strict-transport-security"), Some("max-age=31536000"));
}

#[tokio::test]
async fn the_page_has_no_script_of_its_own() {
    let app = TestApp::start().await;
    let page = String::from_utf8(app.get("/admin/", &[]).await.body.to_vec()).unwrap();
    for script in page.split("<script").skip(1) {
        let (attributes, rest) = script.split_once('>').unwrap();
        assert!(attributes.contains("src=\"/admin/"), "{attributes}");
        assert!(rest.starts_with("</script>"), "{rest}");
    }
}
