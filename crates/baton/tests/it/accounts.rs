//! The links that let people in, as the program prints them.

use crate::api::{Api, Connection};
use crate::process::{Baton, Database, Said, command, run};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// The link among lines, by what its path begins with.
fn link(lines: &[String], path: &str) -> Option<String> {
    let wanted = |line: &&String| line.contains(path) && line.trim().starts_with("http");
    lines.iter().find(wanted).map(|line| line.trim().to_owned())
}

fn lines(said: &Said) -> Vec<String> {
    said.out.lines().map(str::to_owned).collect()
}

async fn post(server: &str, path: &str, body: Value) -> (u16, Value) {
    let mut connection = Connection::to(server).await.unwrap();
    let headers = [("content-type", "application/json")];
    let (status, answer) =
        connection.call("POST", path, &headers, body.to_string().into_bytes()).await.unwrap();
    (status, serde_json::from_slice(&answer).unwrap_or_default())
}

async fn state(server: &str) -> Value {
    Api::new(server, "").get("/api/v1/auth/state").await
}

#[tokio::test]
async fn the_printed_link_makes_the_first_user_and_is_then_printed_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::Embedded(dir.path().join("data"));
    let first = Baton::on(&database).await;
    let early = link(&first.said, "/admin/setup#").expect("a link at the first start");
    assert!(early.starts_with(&first.url), "{early}");
    assert_eq!(state(&first.url).await["setup_needed"], true);
    first.stop().await;

    let second = Baton::on(&database).await;
    let link_now = link(&second.said, "/admin/setup#").expect("another at the next start");
    assert_ne!(link_now, early);
    let (_, token) = link_now.split_once('#').unwrap();
    let body = json!({"token": token, "email": "owner@example.com", "name": "Olive",
        "password": PASSWORD});
    let (status, me) = post(&second.url, "/api/v1/auth/setup", body).await;
    assert_eq!((status, &me["role"]), (201, &json!("owner")), "{me}");
    let log = second.log();
    assert!(!log.contains(token) && !log.contains("owner@example.com"), "{log}");
    second.stop().await;

    let third = Baton::on(&database).await;
    assert_eq!(link(&third.said, "/admin/setup#"), None);
    let body = json!({"email": "owner@example.com", "password": PASSWORD});
    assert_eq!(post(&third.url, "/api/v1/auth/sign-in", body).await.0, 200);
    third.stop().await;

    // The way back in for who has the server but no owner's password.
    let invite = async |more: &[&str]| {
        let mut invite = command();
        invite.args(["invite", "--data"]).arg(database.dir()).args(more);
        run(&mut invite).await
    };
    let taken = invite(&["owner@example.com"]).await;
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert_eq!(invite(&["nobody"]).await.code, Some(1));
    assert_eq!(invite(&["x@example.com", "--role", "boss"]).await.code, Some(2));
    let invited = invite(&["second@example.com"]).await;
    assert_eq!(invited.code, Some(0), "{invited:?}");
    let link = link(&lines(&invited), "/admin/invitation#").expect("a link");
    let (_, token) = link.split_once('#').unwrap();
    let fourth = Baton::on(&database).await;
    let path = format!("/api/v1/auth/invitations/{token}/accept");
    let body = json!({"name": "Second", "password": PASSWORD});
    let (status, me) = post(&fourth.url, &path, body).await;
    assert_eq!((status, &me["role"]), (200, &json!("owner")), "{me}");
}
