//! Backup under load, and restore.

use crate::load::{Acknowledged, Load};
use crate::process::{Baton, Database, command, run, until};
use crate::scene::{Scene, lead_of, sandbox};
use serde_json::json;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

#[tokio::test]
async fn a_backup_taken_under_load_has_all_that_was_acknowledged_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    // What is delivered after a restore must be what the copy held, so nothing is delivered before.
    let database = Database::Embedded(dir.path().join("data"));
    let baton = Baton::on(&database).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    let off = json!({"disabled": "until the restore"});
    let destination = scene.destination(&api, &sandbox, "/crm", off).await;
    let acknowledged = Arc::new(Acknowledged::default());
    let load = Load::start(std::slice::from_ref(&baton.url), &scene.inbound, &acknowledged);
    acknowledged.reaches(50).await;

    let before = acknowledged.leads();
    let file = dir.path().join("copy.backup");
    let mut backup = command();
    backup.arg("backup").arg(&file).arg("--with-key").arg("--data").arg(database.dir());
    let said = run(&mut backup).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("integrity ok"), "{}", said.out);
    for written in [file.clone(), dir.path().join("copy.backup.master.key")] {
        let mode = written.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is open to others", written.display());
    }
    load.stop().await;
    baton.kill().await;

    let restored = Database::Embedded(dir.path().join("restored"));
    let restore = |more: &[&str]| {
        let mut restore = command();
        restore.arg("restore").arg(&file).args(more).arg("--data").arg(restored.dir());
        restore
    };
    let said = run(&mut restore(&[])).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let baton = Baton::on(&restored).await;
    let api = baton.api();
    let there: BTreeSet<String> = api
        .all("/api/v1/leads")
        .await
        .iter()
        .map(|lead| lead["id"].as_str().unwrap().to_owned())
        .collect();
    let lost: Vec<_> = before.difference(&there).collect();
    assert!(lost.is_empty(), "{lost:?}");

    let refused = run(&mut restore(&["--force"])).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("in use"), "{}", refused.err);

    // The secrets open: the restored server signs and delivers what waited.
    let place = format!("/api/v1/destinations/{}", destination["id"].as_str().unwrap());
    api.call("PATCH", &place, Some(json!({"disabled": null}))).await;
    until("every restored lead is delivered", || async {
        let got: BTreeSet<String> = sandbox.received().iter().map(|r| lead_of(r)).collect();
        there.is_subset(&got)
    })
    .await;
    baton.stop().await;

    let refused = run(&mut restore(&[])).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("--force"), "{}", refused.err);
    let said = run(&mut restore(&["--force", "--hold-deliveries"])).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let baton = Baton::on(&restored).await;
    let held = baton.api().all("/api/v1/deliveries?state=held").await;
    assert_eq!(held.len(), there.len());
}
